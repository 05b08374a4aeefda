// The rule that falls back to a control: per modality, where the shared decoder errs more out of fold.
import type { Modality } from "../cohort/cohort.js";
import { drawWeights, type Estimate, estimate } from "../evaluate/bootstrap.js";
import {
  CONTROLS,
  type Inference,
  type ModalityChoice,
  PATH_METHODS,
  type PathMethod,
} from "./decoder.js";
import type { Described, PairList } from "./infer.js";
import { PATHS, type Paths } from "./paths.js";

/** By how much the decoder's error may exceed the best control's. Its networks each see three quarters of the rows. */
const TOLERANCE = 0.02;
/** Draws of patients for the interval of an error. */
export const DRAWS = 200;

/** The training samples out of fold, and what is known of them. */
export interface OutOfFold {
  readonly described: Described;
  readonly pairs: PairList;
  /** Of all training samples: features that they do not infer do not count. */
  readonly paths: Pick<Paths, "standard">;
  /** By the networks; undefined where none was trained. */
  readonly inference: Inference | undefined;
  /** Of each training sample. */
  readonly patients: readonly string[];
  readonly seed: number;
}

/**
 * Scores the controls, and the networks where there are some, on the same out-of-fold entries, and takes the method
 * that was asked for. Where that is the shared decoder, `choosePathMethod` decides if it may fall back.
 * @param modalities the inferred ones, with ranges of inferred features.
 */
export function chooseMethods(
  modalities: readonly Modality[],
  outOfFold: OutOfFold,
  { method, fallback }: { readonly method: PathMethod; readonly fallback: boolean },
): (ModalityChoice & { readonly method: PathMethod })[] {
  const { patients, seed } = outOfFold;
  const draws = drawWeights(patients, { draws: DRAWS, seed });
  return modalities.map((modality) => {
    const { counts, squared } = sumErrors(modality, outOfFold);
    const errors: Partial<Record<PathMethod, Estimate>> = {};
    for (const [name, sums] of squared) {
      const error = estimateError(sums, counts, draws);
      if (error) errors[name] = error;
    }
    const chosen = method === "shared-decoder" && fallback ? choosePathMethod(errors) : method;
    return { modality: modality.name, method: chosen, errors };
  });
}

/**
 * Estimates a mean squared error from sums of squares and counts of entries, one a sample.
 * @param draws weights of the samples.
 * @returns undefined if there are no entries.
 */
export function estimateError(
  sums: Float64Array,
  counts: Float64Array,
  draws: readonly Float64Array[],
): Estimate | undefined {
  const mean = (weights?: Float64Array) => {
    let [sum, count] = [0, 0];
    sums.forEach((value, i) => {
      sum += value * (weights?.[i] ?? 1);
      count += counts[i] * (weights?.[i] ?? 1);
    });
    return sum / count;
  };
  const value = mean();
  return Number.isFinite(value) ? estimate(value, draws.map(mean)) : undefined;
}

/** The shared decoder, unless its error is more than 2 % above that of the best control. */
export function choosePathMethod(
  errors: Readonly<Partial<Record<PathMethod, Pick<Estimate, "value">>>>,
): PathMethod {
  const of = (name: PathMethod) => errors[name]?.value ?? Number.POSITIVE_INFINITY;
  const controls = PATH_METHODS.filter((name) => name !== "shared-decoder");
  const best = controls.reduce((a, b) => (of(b) < of(a) ? b : a));
  return of("shared-decoder") > (1 + TOLERANCE) * of(best) ? best : "shared-decoder";
}

/** Sums squared errors of each training sample, in the z-scores of its fold, over the modality's inferred entries. */
function sumErrors(
  { start, end }: Modality,
  { described, pairs, paths, inference, patients }: OutOfFold,
): { readonly counts: Float64Array; readonly squared: Map<PathMethod, Float64Array> } {
  const { features, values, tables } = described;
  const width = PATHS.length;
  const counts = new Float64Array(patients.length);
  const squared = new Map(
    PATH_METHODS.filter((name) => name !== "shared-decoder" || inference).map((name) => [
      name,
      new Float64Array(patients.length),
    ]),
  );
  const controls = Object.entries(CONTROLS).map(
    ([name, gates]) => [squared.get(name as PathMethod)!, gates] as const,
  );
  const networks = squared.get("shared-decoder");
  pairs.codes.forEach((code, i) => {
    const sample = Math.floor(code / features);
    const j = code - sample * features;
    if (j < start || j >= end || paths.standard.scale[j] === 0) return;
    const { standard, unit } = tables[sample];
    counts[sample]++;
    for (const [sums, gates] of controls) {
      let guess = 0;
      for (let p = 0; p < width; p++) guess += gates[p] * values[code * width + p];
      sums[sample] += (unit[j] * guess - pairs.targets[i]) ** 2;
    }
    if (!networks) return;
    const guess = (inference!.mean.values[code] - standard.center[j]) / standard.scale[j];
    networks[sample] += (guess - pairs.targets[i]) ** 2;
  });
  return { counts, squared };
}
