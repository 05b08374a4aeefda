// ARO as in the paper, as a way to impute. It predicts log1p(max(0, z)), so what lies below a feature's training mean is
// one value to it: imputed values are never below that mean, and an interval that reaches it has no lower bound.
import type { Cohort } from "../cohort/cohort.js";
import { emptyMatrix, joinColumns, type Matrix } from "../cohort/matrix.js";
import type { Engine } from "../engine/engine.js";
import { drawWeights, type Estimate } from "../evaluate/bootstrap.js";
import { stratifiedGroupFolds } from "../evaluate/folds.js";
import { ARO, type AroSpec, PAPER_MODEL } from "../model/aro.js";
import { buildAutoencoder } from "../model/autoencoder.js";
import { dealRows } from "../model/deal.js";
import type { Weights } from "../model/model.js";
import { prepareCohort } from "../preprocess/prepare.js";
import { applyScaler, type Scaler } from "../preprocess/scaler.js";
import type { TrainOptions } from "../train/settings.js";
import { train } from "../train/train.js";
import type { Inference, Method, ModalityChoice, SharedDecoder } from "./decoder.js";
import { DRAWS, estimateError } from "./fallback.js";
import type { OpenedModel } from "./infer.js";
import { shrinkDeviations } from "./paths.js";

/** An ARO that sees the first modality, with what its intervals take. */
export interface ClampedModel {
  readonly spec: AroSpec;
  readonly weights: Weights;
  /** Out-of-fold deviation of each inferred feature's error in the paper's space, `[features]`. */
  readonly spread: Float32Array;
}

/** What differs from the paper's model and training. */
export interface ClampedOptions {
  readonly model?: Partial<Pick<AroSpec, "width" | "hiddenLayers" | "inputDropout">>;
  readonly training?: Omit<TrainOptions, "seed">;
}

const FOLDS = 5;

/**
 * Trains one ARO on the cohort, and one without each of five folds by patient for its out-of-fold predictions. The next
 * fold is each one's validation rows.
 * @returns the model, and its predictions in the paper's space of all rows.
 */
export async function fitClamped(
  cohort: Cohort,
  rows: readonly number[],
  scaler: Scaler,
  { model = {}, training = {} }: ClampedOptions,
  {
    engine,
    seed,
    onProgress = () => {},
  }: {
    readonly engine: Engine;
    readonly seed: number;
    readonly onProgress?: (share: number, what: string) => void;
  },
): Promise<ClampedModel & { readonly outOfFold: Pick<Inference, "mean" | "deviation"> }> {
  const first = cohort.modalities[0].end;
  const { columns } = cohort.matrix;
  const spec: AroSpec = {
    ...{ ...PAPER_MODEL, ...model },
    ...{ features: columns, visible: { start: 0, end: first } },
  };
  const patients = rows.map((row) => cohort.samples[row].patient);
  const folds = stratifiedGroupFolds(new Array<number>(rows.length).fill(0), patients, {
    ...{ folds: FOLDS, seed },
  }).map(({ test }) => test);
  const of = (fold: readonly number[]) => fold.map((i) => rows[i]);
  const outOfFold = emptyMatrix(rows.length, columns - first);
  let weights: Weights = new Map();
  for (let f = 0; f <= FOLDS; f++) {
    // The last one is the model itself: nothing is held out but its validation rows.
    const held = f < FOLDS ? folds[f] : [];
    const validation = (f + 1) % FOLDS;
    const kept = folds.flatMap((fold, other) =>
      other === f || other === validation ? [] : of(fold),
    );
    const prepared = prepareCohort(cohort, {
      ...{ train: kept, validation: of(folds[validation]), test: of(held) },
    });
    const aro = buildAutoencoder(engine, ARO, spec, { seed });
    try {
      const epochs = train(aro, dealRows(prepared, spec), { ...training, seed });
      for await (const _ of epochs); // each epoch's losses: nobody looks at them here
      if (f === FOLDS) weights = await aro.readWeights();
      else {
        const out = await aro.reconstruct(prepared.test.matrix);
        held.forEach((sample, i) => {
          for (let j = first; j < columns; j++) {
            const value = toUnits(prepared.scaler, j, out[i * columns + j]);
            const at = sample * (columns - first) + j - first;
            outOfFold.values[at] = toPaper(scaler, j, value);
            outOfFold.observed[at] = Number(prepared.scaler.std[j] > 0 && scaler.std[j] > 0);
          }
        });
      }
    } finally {
      aro.dispose();
    }
    onProgress((f + 1) / (FOLDS + 1), f < FOLDS ? `ARO without fold ${f + 1} of ${FOLDS}` : "ARO");
  }
  const truth = inPaperSpace(cohort, scaler).matrix;
  const spread = spreadOf(truth, rows, first, outOfFold);
  const deviation = new Float32Array(outOfFold.values.length);
  for (let i = 0; i < rows.length; i++) deviation.set(spread, i * spread.length);
  return { spec, weights, spread, outOfFold: { mean: outOfFold, deviation } };
}

/** A value in measured units from one in the paper's space; the training mean for 0. */
export function toUnits({ mean, std }: Scaler, column: number, value: number): number {
  return mean[column] + std[column] * Math.expm1(Math.max(0, value));
}

function toPaper({ mean, std }: Scaler, column: number, value: number): number {
  return std[column] > 0 ? Math.log1p(Math.max(0, (value - mean[column]) / std[column])) : 0;
}

/** The cohort with its inferred features in the paper's space, not clamped from above. */
export function inPaperSpace(cohort: Cohort, scaler: Scaler): Cohort {
  const first = cohort.modalities[0].end;
  const { columns, values } = cohort.matrix;
  const out = values.slice();
  for (let at = 0; at < out.length; at++) {
    const column = at % columns;
    if (column >= first) out[at] = toPaper(scaler, column, values[at]);
  }
  return { ...cohort, matrix: { ...cohort.matrix, values: out } };
}

function spreadOf(
  truth: Matrix,
  rows: readonly number[],
  first: number,
  guess: Matrix,
): Float32Array {
  const { columns } = guess;
  const [squares, counts] = [new Float64Array(columns), new Float64Array(columns)];
  rows.forEach((row, i) => {
    for (let j = 0; j < columns; j++) {
      const from = row * truth.columns + first + j;
      const at = i * columns + j;
      if (!truth.observed[from] || !guess.observed[at]) continue;
      squares[j] += (truth.values[from] - guess.values[at]) ** 2;
      counts[j]++;
    }
  });
  return Float32Array.from(shrinkDeviations(squares, counts));
}

/** Puts ARO on an engine; it predicts new samples in the paper's space, with each feature's spread. */
export function openClamped(
  { spec, weights, spread }: ClampedModel,
  { scaler, standard }: SharedDecoder["paths"],
  engine: Engine,
): OpenedModel<Pick<Inference, "mean" | "deviation">> {
  const aro = buildAutoencoder(engine, ARO, spec, weights);
  const width = spread.length;
  const first = spec.features - width;
  return {
    async infer(seen) {
      const whole = joinColumns([seen, emptyMatrix(seen.rows, width)]);
      const rows = Array.from({ length: seen.rows }, (_, i) => i);
      const out = await aro.reconstruct(applyScaler(scaler, whole, rows));
      const mean = emptyMatrix(seen.rows, width);
      const deviation = new Float32Array(mean.values.length);
      for (let i = 0; i < seen.rows; i++) {
        for (let j = 0; j < width; j++) {
          if (standard.scale[j] === 0 || scaler.std[first + j] === 0) continue;
          mean.values[i * width + j] = out[i * spec.features + first + j];
          mean.observed[i * width + j] = 1;
        }
        deviation.set(spread, i * width);
      }
      return { mean, deviation };
    },
    dispose: () => aro.dispose(),
  };
}

/** Scores ARO beside the control in the paper's space, where alone it predicts; patients drawn again. */
export function scoreClamped(
  cohort: Cohort,
  rows: readonly number[],
  guess: Matrix,
  { paths, outOfFold }: Pick<SharedDecoder, "paths" | "outOfFold">,
  seed: number,
): ModalityChoice[] {
  const first = cohort.modalities[0].end;
  const truth = inPaperSpace(cohort, paths.scaler).matrix;
  const patients = rows.map((row) => cohort.samples[row].patient);
  const draws = drawWeights(patients, { draws: DRAWS, seed });
  return cohort.modalities.slice(1).map(({ name: modality, start, end }) => {
    const predictions: readonly (readonly [Method, (at: number, j: number) => number])[] = [
      ["aro", (at) => guess.values[at]],
      ["ridge-cis", (at) => outOfFold.preprocessed[at]],
      ["mean", (_, j) => paths.level[j]],
    ];
    const errors: Partial<Record<Method, Estimate>> = {};
    for (const [method, predict] of predictions) {
      const [sums, counts] = [new Float64Array(rows.length), new Float64Array(rows.length)];
      rows.forEach((row, i) => {
        for (let j = start - first; j < end - first; j++) {
          const from = row * truth.columns + first + j;
          const at = i * guess.columns + j;
          if (!truth.observed[from] || !guess.observed[at] || !outOfFold.mean.observed[at])
            continue;
          sums[i] += (truth.values[from] - predict(at, j)) ** 2;
          counts[i]++;
        }
      });
      const error = estimateError(sums, counts, draws);
      if (error) errors[method] = error;
    }
    return { modality, method: "aro", errors };
  });
}
