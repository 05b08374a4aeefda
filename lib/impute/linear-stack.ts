// The pooled linear stack, a control: the shared decoder's paths, weighed by one regression for each modality.
import type { Cohort, Modality } from "../cohort/cohort.js";
import { factorCholesky } from "../engine/linear-algebra.js";
import { outputsOf } from "../model/shared-decoder.js";
import { type CrossFit, crossFit, FIT_DEFAULTS } from "./fit.js";
import { type Described, type FixedDecoder, type PairList, specOf } from "./infer.js";
import { inferredRanges } from "./material.js";
import { PATHS, shrinkDeviations } from "./paths.js";

/**
 * Fits the pooled linear stack. All features of a modality share one weight for each path and an intercept, by least
 * squares over the observed training pairs in units of the features' residual deviations, with a penalty of 1; paths
 * describe each sample without its fold. A feature's spread is the deviation of its errors, drawn to the modality's.
 * @param rows training rows.
 * @param crossFitted what `crossFit` made of them; by default it is called here.
 * @throws RangeError as `fitSharedDecoder`.
 */
export async function fitLinearStack(
  cohort: Cohort,
  rows: readonly number[],
  crossFitted?: CrossFit,
): Promise<FixedDecoder> {
  const { paths, described, pairs } =
    crossFitted ?? (await crossFit(cohort, { ...FIT_DEFAULTS, rows, networks: 2 }));
  const spec = specOf(paths, { hidden: 1, objective: "standardized" });
  const width = outputsOf(spec);
  const fixed = new Float32Array(paths.unit.length * width);
  for (const modality of inferredRanges(cohort.modalities)) {
    const { weights, deviations } = weighPaths(described, pairs, modality);
    for (let j = modality.start; j < modality.end; j++) {
      const spread = Math.log(deviations[j - modality.start] / paths.unit[j]);
      fixed.set([...weights, spread], j * width);
    }
  }
  const trainedOn = rows.map((row) => cohort.samples[row].id);
  const gates = { trained: new Uint8Array(paths.unit.length), fixed };
  return { trainedOn, paths, spec, networks: [], gates };
}

/**
 * Regresses the observed pairs of one modality on their paths.
 * @returns one weight for each path and the intercept, in units of residual deviations; and each feature's deviation of
 *   errors in z-scores, `sqrt((sum e^2 + 4 pooled) / (c + 4))`.
 */
export function weighPaths(
  { values, features, tables }: Pick<Described, "values" | "features" | "tables">,
  { codes, targets }: PairList,
  { start, end }: Pick<Modality, "start" | "end">,
): { readonly weights: Float64Array; readonly deviations: Float64Array } {
  const size = PATHS.length + 1;
  const products = new Float64Array(size * size);
  const right = new Float64Array(size);
  const row = new Float64Array(size).fill(1); // the paths, then the intercept
  const each = (visit: (j: number, unit: number, target: number) => void) => {
    for (let i = 0; i < codes.length; i++) {
      const sample = Math.floor(codes[i] / features);
      const j = codes[i] - sample * features;
      if (j < start || j >= end) continue;
      for (let p = 0; p < PATHS.length; p++) row[p] = values[codes[i] * PATHS.length + p];
      visit(j, tables[sample].unit[j], targets[i]);
    }
  };
  each((_, unit, target) => {
    for (let p = 0; p < size; p++) {
      right[p] += (row[p] * target) / unit;
      for (let q = 0; q < size; q++) products[p * size + q] += row[p] * row[q];
    }
  });
  for (let p = 0; p < size; p++) products[p * (size + 1)] += 1;
  const weights = factorCholesky(products).solve(right);
  const [squares, counts] = [new Float64Array(end - start), new Float64Array(end - start)];
  each((j, unit, target) => {
    const predicted = weights.reduce((sum, weight, p) => sum + weight * row[p], 0);
    squares[j - start] += (target - unit * predicted) ** 2;
    counts[j - start]++;
  });
  return { weights, deviations: shrinkDeviations(squares, counts) };
}
