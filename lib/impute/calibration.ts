// How far the spread of an inference can be trusted: intervals scaled out of fold, their coverage, and the rule for r.
import { quantileSorted } from "simple-statistics";
import type { Modality } from "../cohort/cohort.js";
import type { Matrix } from "../cohort/matrix.js";
import { MINIMUM_OBSERVED } from "../evaluate/correlation.js";
import { quantile } from "../evaluate/statistics.js";
import type { Inference } from "./decoder.js";

/** The shares of entries that intervals are meant to cover. */
export const LEVELS = [0.5, 0.8, 0.9, 0.95] as const;

/** The share that features are rated by, and the default of imputed intervals. */
export const LEVEL = 0.9;

/** By how much an inferred deviation is multiplied for an interval; one row a modality and level. */
export interface SpreadFactor {
  readonly modality: string;
  /** Nominal coverage, in (0, 1). */
  readonly level: number;
  /** The interval is `mean ± factor deviation`. */
  readonly factor: number;
  /** Out-of-fold entries that it was taken from. */
  readonly entries: number;
}

/**
 * Takes each factor from out-of-fold predictions: the quantile of `|measured - mean| / deviation` over the observed
 * entries of a modality. Measured values are as they are, not clamped to training percentiles.
 * @param modalities the inferred ones; their ranges are columns of `measured`.
 * @param measured the training samples in measured units, `[samples, inferred features]`.
 * @throws RangeError if a modality has no observed entry that was inferred.
 */
export function calibrateSpread(
  outOfFold: Pick<Inference, "mean" | "deviation">,
  measured: Matrix,
  modalities: readonly Modality[],
): SpreadFactor[] {
  return modalities.flatMap(({ name, start, end }) => {
    const errors: number[] = [];
    forEachPair(outOfFold, measured, start, end, (_, __, error) => errors.push(error));
    if (errors.length === 0) {
      throw new RangeError(
        `calibrateSpread: expected measured entries of ${name} that were inferred, got none; ` +
          "give more samples, or leave the modality out",
      );
    }
    const sorted = Array.from(Float64Array.from(errors).sort());
    return LEVELS.map((level) => ({
      modality: name,
      level,
      factor: quantileSorted(sorted, level),
      entries: errors.length,
    }));
  });
}

/**
 * Looks up the factor of a modality.
 * @throws RangeError if there is none for this level.
 */
export function factorOf(
  factors: readonly SpreadFactor[],
  modality: string,
  level: number,
): number {
  const own = factors.filter((one) => one.modality === modality);
  const found = own.find((one) => one.level === level);
  if (found) return found.factor;
  const known = own.map((one) => one.level).join(", ");
  throw new RangeError(
    `factorOf: expected a level of ${known || "none"} for ${modality}, got ${level}`,
  );
}

/** How often intervals hold the measured value; one row a modality and level. */
export interface Coverage {
  readonly modality: string;
  readonly level: number;
  /** Share of measured entries inside their interval. */
  readonly coverage: number;
  readonly entries: number;
  /** Percentiles over features with at least 10 measured entries of each one's share; null if there are none. */
  readonly percentile5: number | null;
  readonly percentile95: number | null;
  /** Mean width of the intervals, each as a multiple of its feature's measured deviation; null as above. */
  readonly width: number | null;
}

/**
 * Measures the coverage of intervals on samples that the factors were not taken from. It is marginal: single samples and
 * features may be covered more or less.
 * @param measured `[samples, inferred features]`, in measured units.
 */
export function measureCoverage(
  inference: Pick<Inference, "mean" | "deviation">,
  measured: Matrix,
  modalities: readonly Modality[],
  factors: readonly SpreadFactor[],
): Coverage[] {
  return modalities.flatMap(({ name, start, end }) =>
    factors
      .filter(({ modality }) => modality === name)
      .flatMap(({ level, factor }): Coverage[] => {
        const width = end - start;
        const [inside, count, widths] = Array.from({ length: 3 }, () => new Float64Array(width));
        const [sums, squares] = [new Float64Array(width), new Float64Array(width)];
        forEachPair(inference, measured, start, end, (at, j, error) => {
          if (error <= factor) inside[j]++;
          count[j]++;
          widths[j] += 2 * factor * inference.deviation[at];
          sums[j] += measured.values[at];
          squares[j] += measured.values[at] ** 2;
        });
        const total = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0);
        if (total(count) === 0) return [];
        const judged = [...count.keys()].filter((j) => count[j] >= MINIMUM_OBSERVED);
        const shares = judged.map((j) => inside[j] / count[j]);
        const relative = judged.flatMap((j) => {
          const variance = squares[j] / count[j] - (sums[j] / count[j]) ** 2;
          return variance > 0 ? [widths[j] / count[j] / Math.sqrt(variance)] : [];
        });
        const at = (q: number) => (shares.length > 0 ? quantile(shares, q) : null);
        const summed = relative.reduce((sum, value) => sum + value, 0);
        return [
          {
            modality: name,
            level,
            coverage: total(inside) / total(count),
            entries: total(count),
            percentile5: at(0.05),
            percentile95: at(0.95),
            width: relative.length > 0 ? summed / relative.length : null,
          },
        ];
      }),
  );
}

/** How often intervals hold the values of patients whose errors had no part in the factors. */
export interface CrossCoverage {
  readonly modality: string;
  readonly level: number;
  readonly coverage: number;
  /** The lowest and the highest of the groups of patients. */
  readonly lowest: number;
  readonly highest: number;
}

/**
 * Measures coverage on training patients: each of five groups of them by factors of the other four. The factors of all
 * samples together cover those samples by construction, so their coverage would say nothing.
 * @param patients of the rows.
 * @returns one row a modality for the level; none where a group leaves no entry of it to take a factor from.
 */
export function crossCoverage(
  outOfFold: Pick<Inference, "mean" | "deviation">,
  measured: Matrix,
  modalities: readonly Modality[],
  patients: readonly string[],
  level: number,
): CrossCoverage[] {
  const groupOf = new Map([...new Set(patients)].map((patient, i) => [patient, i % GROUPS]));
  return modalities.flatMap(({ name, start, end }) => {
    const errors = Array.from({ length: GROUPS }, (): number[] => []);
    forEachPair(outOfFold, measured, start, end, (at, _, error) => {
      errors[groupOf.get(patients[Math.floor(at / measured.columns)])!].push(error);
    });
    const groups = errors.flatMap((own, group) => {
      const others = errors.flatMap((one, other) => (other === group ? [] : one));
      if (own.length === 0 || others.length === 0) return [];
      const factor = quantile(others, level);
      return [{ inside: own.filter((error) => error <= factor).length, entries: own.length }];
    });
    if (groups.length === 0) return [];
    const sum = (of: (group: (typeof groups)[number]) => number) =>
      groups.reduce((total, group) => total + of(group), 0);
    const shares = groups.map(({ inside, entries }) => inside / entries);
    const coverage = sum((one) => one.inside) / sum((one) => one.entries);
    const [lowest, highest] = [Math.min(...shares), Math.max(...shares)];
    return [{ modality: name, level, coverage, lowest, highest }];
  });
}

const GROUPS = 5;

/** Whether a feature is predicted well enough to be used. */
export type Verdict = "strong" | "usable" | "weak";

/** Strong: the lower limit of r is above 0.3; usable: r is at least 0.3 and its lower limit above 0; else weak. */
export function judgeCorrelation(r: number, low: number): Verdict {
  if (low > 0.3) return "strong";
  return r >= 0.3 && low > 0 ? "usable" : "weak";
}

/** Visits the entries that were both measured and inferred with a spread; the error is in deviations. */
function forEachPair(
  { mean, deviation }: Pick<Inference, "mean" | "deviation">,
  { rows, columns, observed, values }: Matrix,
  start: number,
  end: number,
  visit: (at: number, j: number, error: number) => void,
): void {
  for (let i = 0; i < rows; i++) {
    for (let j = start; j < end; j++) {
      const at = i * columns + j;
      if (!observed[at] || !mean.observed[at] || !(deviation[at] > 0)) continue;
      visit(at, j - start, Math.abs(values[at] - mean.values[at]) / deviation[at]);
    }
  }
}
