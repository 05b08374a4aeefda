// ARO as in the paper, as a way to impute. It predicts log1p(max(0, z)), so what lies below a feature's training mean is
// one value to it: imputed values are never below that mean, and an interval that reaches it has no lower bound.
import { type Cohort, patientsOf } from "../cohort/cohort.js";
import { emptyMatrix, joinColumns, type Matrix } from "../cohort/matrix.js";
import type { Engine } from "../engine/engine.js";
import { drawWeights, type Estimate } from "../evaluate/bootstrap.js";
import { groupFolds } from "../evaluate/folds.js";
import { ARO, type AroSpec, PAPER_MODEL } from "../model/aro.js";
import { buildAutoencoder } from "../model/autoencoder.js";
import { dealRows } from "../model/batches.js";
import { measureStep } from "../model/cost.js";
import { estimateMemory, requireMemory } from "../model/memory.js";
import type { Weights } from "../model/model.js";
import { checkOptions, either } from "../options.js";
import { prepareCohort } from "../preprocess/prepare.js";
import { applyScaler, type Scaler } from "../preprocess/scaler.js";
import { formatDuration } from "../train/progress.js";
import { completeSettings, type TrainOptions, type TrainSettings } from "../train/settings.js";
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
  readonly model?: Partial<Omit<AroSpec, "features" | "visible">>;
  readonly training?: Omit<TrainOptions, "seed" | "earlyStopping" | "criterion">;
}

const FOLDS = 5;

/** The trainings of `fitClamped`. */
interface ClampedPlan {
  readonly spec: AroSpec;
  readonly training: TrainSettings;
  /** Rows of the cohort; each fold has its own patients. */
  readonly folds: readonly (readonly number[])[];
}

/**
 * Plans one training on the cohort, and one without each of five folds by patient for its out-of-fold predictions. The
 * next fold is each one's validation rows.
 * @throws RangeError if a setting makes no sense; TypeError for an unknown one.
 */
export function planClamped(
  cohort: Cohort,
  rows: readonly number[],
  { model = {}, training = {} }: ClampedOptions,
  seed: number,
): ClampedPlan {
  const spec: AroSpec = {
    ...PAPER_MODEL,
    ...model,
    features: cohort.matrix.columns,
    visible: { start: 0, end: cohort.modalities[0].end },
  };
  ARO.check(spec);
  checkOptions("fitImputer: aro.training", training, {
    epochs: "number",
    batchSize: "number",
    learningRate: "number",
    weightDecay: "number",
    plateau: either("object", "null"),
  });
  const dealt = groupFolds(patientsOf(cohort, rows), { folds: FOLDS, seed });
  const folds = dealt.map(({ test }) => test.map((i) => rows[i]));
  return { spec, training: completeSettings({ ...training, seed }), folds };
}

/**
 * Times some steps, and says what the planned trainings take.
 * @throws RangeError if the model does not fit into memory.
 */
export async function estimateClamped(
  { spec, training: { epochs, batchSize }, folds }: ClampedPlan,
  engine: Engine,
): Promise<string> {
  const { backend } = engine;
  requireMemory(ARO, spec, engine);
  const rows = folds.reduce((sum, fold) => sum + fold.length, 0);
  // All but the last training leave out the fold that they predict, and each one its validation rows.
  const inFold = rows / folds.length;
  const steps = (out: number) => Math.ceil((rows - out * inFold) / batchSize);
  const all = epochs * (folds.length * steps(2) + steps(1));
  const step = await measureStep(engine, spec, Math.min(batchSize, rows));
  const number = (value: number) => value.toLocaleString("en-US");
  const time = step
    ? `about ${formatDuration(step.secondsPerStep * all)}, as busy as this machine is now, and `
    : "";
  const gib = estimateMemory(ARO, spec, backend).total / 2 ** 30;
  return (
    `ARO is trained ${folds.length + 1} times for ${number(epochs)} epochs, with ${number(spec.features)} features, ` +
    `${number(spec.width)} units wide: ${time}${gib.toFixed(1)} GiB of memory`
  );
}

/**
 * Trains ARO as planned.
 * @returns the model, and its predictions in the paper's space of all rows.
 */
export async function fitClamped(
  cohort: Cohort,
  rows: readonly number[],
  scaler: Scaler,
  { spec, training, folds }: ClampedPlan,
  engine: Engine,
  onProgress: (share: number, what: string) => void,
) {
  const first = cohort.modalities[0].end;
  const { columns } = cohort.matrix;
  const { epochs, seed } = training;
  const placeOf = new Map(rows.map((row, sample) => [row, sample]));
  const outOfFold = emptyMatrix(rows.length, columns - first);
  const trainings = folds.length + 1;
  const started = performance.now();
  let weights: Weights = new Map();
  for (let f = 0; f < trainings; f++) {
    // The last one is the model itself: nothing is held out but its validation rows.
    const held = folds[f] ?? [];
    const validation = folds[(f + 1) % folds.length];
    const kept = folds.flatMap((fold) => (fold === held || fold === validation ? [] : fold));
    const prepared = prepareCohort(cohort, { train: kept, validation, test: held });
    const aro = buildAutoencoder(engine, ARO, spec, { seed });
    try {
      const what = f < folds.length ? `ARO without fold ${f + 1} of ${folds.length}` : "ARO";
      for await (const { epoch } of train(aro, dealRows(prepared, spec), training)) {
        const share = (f + epoch / epochs) / trainings;
        const left = formatDuration(((performance.now() - started) / 1000) * (1 / share - 1));
        onProgress(share, `${what}, epoch ${epoch} of ${epochs}, about ${left} left`);
      }
      if (held.length === 0) weights = await aro.readWeights();
      else {
        const out = await aro.reconstruct(prepared.test.matrix);
        held.forEach((row, i) => {
          const sample = placeOf.get(row)!;
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
  }
  const truth = inPaperSpace(cohort, scaler).matrix;
  const [squares, counts] = [0, 1].map(() => new Float64Array(outOfFold.columns));
  forEachGuess(truth, rows, outOfFold, (at, j, measured) => {
    squares[j] += (measured - outOfFold.values[at]) ** 2;
    counts[j]++;
  });
  const spread = Float32Array.from(shrinkDeviations(squares, counts));
  const deviation = new Float32Array(outOfFold.values.length);
  for (let i = 0; i < rows.length; i++) deviation.set(spread, i * spread.length);
  const model: ClampedModel = { spec, weights, spread };
  return { model, outOfFold: { mean: outOfFold, deviation } };
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

/** Visits the entries of the inferred columns that were both measured, in the rows of the truth, and guessed. */
function forEachGuess(
  truth: Matrix,
  rows: readonly number[],
  guess: Matrix,
  visit: (at: number, j: number, measured: number, sample: number) => void,
): void {
  const first = truth.columns - guess.columns;
  rows.forEach((row, i) => {
    for (let j = 0; j < guess.columns; j++) {
      const from = row * truth.columns + first + j;
      const at = i * guess.columns + j;
      if (truth.observed[from] && guess.observed[at]) visit(at, j, truth.values[from], i);
    }
  });
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
  const patients = patientsOf(cohort, rows);
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
      forEachGuess(truth, rows, guess, (at, j, measured, i) => {
        if (j < start - first || j >= end - first || !outOfFold.mean.observed[at]) return;
        sums[i] += (measured - predict(at, j)) ** 2;
        counts[i]++;
      });
      const error = estimateError(sums, counts, draws);
      if (error) errors[method] = error;
    }
    return { modality, method: "aro", errors };
  });
}
