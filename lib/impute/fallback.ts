// The rule that falls back to a control: per modality, where the shared decoder errs more out of fold.
import type { Cohort } from "../cohort/cohort.js";
import { fitControls } from "../evaluate/controls.js";
import { stratifiedGroupFolds } from "../evaluate/folds.js";
import { checkOptions } from "../options.js";
import { prepareCohort } from "../preprocess/prepare.js";
import type { SharedDecoder } from "./decoder.js";

/** What the decoder may fall back to, best first among equals. */
export const FALLBACKS = [
  "training mean, observed",
  "dual ridge",
  "ridge + cis of its residual + offset",
] as const;

/** By how much the decoder's error may exceed the best control's. Its networks each see three quarters of the rows. */
const TOLERANCE = 0.02;
const FOLDS = 8;
const LEAST_PATIENTS = 8;

/** What infers a modality, and why. */
export interface ModalityChoice {
  readonly modality: string;
  /** "shared decoder", or one of `FALLBACKS`. */
  readonly predictor: string;
  /** Mean squared error of each out of fold, in z-scores over the same entries. */
  readonly errors: Readonly<Record<string, number>>;
}

/**
 * Chooses per modality by out-of-fold error on the training samples. Controls are fitted without a fold of patients,
 * and choose their settings on the next fold, so that they learn from three quarters of the samples, as each network
 * does.
 * @param cohort that the decoder was fitted on.
 * @throws RangeError if the decoder was trained on samples that the cohort lacks, or on fewer than 8 patients.
 */
export function chooseFallbacks(
  decoder: SharedDecoder,
  cohort: Cohort,
  options: { readonly seed?: number } = {},
): ModalityChoice[] {
  const { seed = 42 } = checkOptions("chooseFallbacks", options, { seed: "number" });
  const rows = findRows(decoder, cohort);
  const patients = rows.map((row) => cohort.samples[row].patient);
  if (new Set(patients).size < LEAST_PATIENTS) {
    throw new RangeError(
      `chooseFallbacks: expected training samples of at least ${LEAST_PATIENTS} patients, got ` +
        `${new Set(patients).size}; with fewer, controls cannot be fitted out of fold`,
    );
  }
  const folds = stratifiedGroupFolds(new Array<number>(rows.length).fill(0), patients, {
    ...{ folds: FOLDS, seed },
  });
  const sums = sumErrors(
    decoder,
    cohort,
    rows,
    folds.map(({ test }) => test),
  );
  return decoder.modalities.slice(1).map(({ name }, at) => {
    const { count, squared } = sums[at];
    const errors = Object.fromEntries(
      Object.entries(squared).map(([predictor, sum]) => [predictor, count > 0 ? sum / count : 0]),
    );
    return { modality: name, predictor: choosePredictor(errors), errors };
  });
}

/** The shared decoder, unless its error is more than 2 % above that of the best control. */
export function choosePredictor(errors: Readonly<Record<string, number>>): string {
  const best = FALLBACKS.reduce((a, b) => (errors[b] < errors[a] ? b : a));
  return errors["shared decoder"] > (1 + TOLERANCE) * errors[best] ? best : "shared decoder";
}

function findRows({ trainedOn }: SharedDecoder, { samples, name }: Cohort): number[] {
  const rowOf = new Map(samples.map(({ id }, row) => [id, row]));
  return trainedOn.map((id) => {
    const row = rowOf.get(id);
    if (row !== undefined) return row;
    throw new RangeError(
      `chooseFallbacks: expected the cohort that the decoder was fitted on, got ${name}, which lacks the sample ${id}`,
    );
  });
}

interface ErrorSums {
  count: number;
  readonly squared: Record<string, number>;
}

/** Sums squared errors in the z-scores of all training samples, over entries that the decoder inferred out of fold. */
function sumErrors(
  { paths, outOfFold, modalities }: SharedDecoder,
  cohort: Cohort,
  rows: readonly number[],
  folds: readonly (readonly number[])[],
): ErrorSums[] {
  const { columns, values, observed } = cohort.matrix;
  const first = modalities[0].end;
  const width = columns - first;
  const { scale } = paths.standard;
  const inferred = modalities.slice(1);
  const sums = inferred.map(
    (): ErrorSums => ({
      ...{
        count: 0,
        squared: Object.fromEntries(["shared decoder", ...FALLBACKS].map((n) => [n, 0])),
      },
    }),
  );
  const of = (fold: readonly number[]) => fold.map((i) => rows[i]);
  folds.forEach((held, f) => {
    const next = (f + 1) % folds.length;
    const kept = folds.flatMap((fold, other) => (other === f || other === next ? [] : of(fold)));
    const split = { train: kept, validation: of(folds[next]), test: of(held) };
    const prepared = prepareCohort(cohort, split, { space: "z" });
    const { mean, std } = prepared.scaler;
    const controls = fitControls(prepared, { only: FALLBACKS }).map(({ name, predict }) => ({
      ...{ name, predicted: predict(prepared.test) as Float32Array }, // controls predict at once
    }));
    inferred.forEach(({ start, end }, at) => {
      const sum = sums[at];
      held.forEach((sample, i) => {
        for (let column = start; column < end; column++) {
          const j = column - first;
          const entry = rows[sample] * columns + column;
          const own = sample * width + j;
          if (!observed[entry] || scale[j] === 0 || !outOfFold.mean.observed[own]) continue;
          const { low, high } = paths.scaler;
          const truth = Math.min(Math.max(values[entry], low[column]), high[column]);
          const add = (name: string, guess: number) => {
            sum.squared[name] += ((guess - truth) / scale[j]) ** 2;
          };
          sum.count++;
          add("shared decoder", outOfFold.mean.values[own]);
          for (const { name, predicted } of controls) {
            add(name, predicted[i * columns + column] * std[column] + mean[column]);
          }
        }
      });
    });
  });
  return sums;
}
