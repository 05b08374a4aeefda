// How well each feature was predicted out of fold, and whether that is enough to use it.
import { type Cohort, patientsOf } from "../cohort/cohort.js";
import { drawWeights, type Estimate, estimate } from "../evaluate/bootstrap.js";
import { findPartners } from "../evaluate/cis.js";
import { MINIMUM_OBSERVED } from "../evaluate/correlation.js";
import {
  factorOf,
  judgeCorrelation,
  LEVEL,
  type SpreadFactor,
  type Verdict,
} from "./calibration.js";
import type { Inference } from "./decoder.js";

/** A feature's cross-validated quality; intervals are 95 %, patients drawn with replacement. */
export interface FeatureQuality {
  readonly modality: string;
  readonly feature: string;
  /** Training samples that measured it and were predicted out of fold. */
  readonly n: number;
  readonly r: Estimate;
  /** `1 - squared error / squared error of the mean of the other samples`. */
  readonly skill: Estimate;
  /** Share of the measured values that lie in their interval. */
  readonly coverage: number;
  readonly ownGene: boolean;
  readonly verdict: Verdict;
  readonly why: string;
}

const DRAWS = 200;

/**
 * Scores each inferred feature by predictions of samples that were held out, in the order of the cohort's columns.
 * @param rows of the cohort, one a row of the inference.
 * @throws RangeError if a modality has no factor for 90 %.
 */
export function rateFeatures(
  cohort: Cohort,
  rows: readonly number[],
  { mean, deviation }: Pick<Inference, "mean" | "deviation">,
  factors: readonly SpreadFactor[],
  seed = 42,
): FeatureQuality[] {
  const first = cohort.modalities[0].end;
  const partners = findPartners(cohort);
  const patients = patientsOf(cohort, rows);
  const draws = drawWeights(patients, { draws: DRAWS, seed });
  return cohort.modalities.slice(1).flatMap(({ name: modality, start, end }) => {
    const factor = factorOf(factors, modality, LEVEL);
    return Array.from({ length: end - start }, (_, k): FeatureQuality => {
      const column = start + k;
      const truth: number[] = [];
      const guess: number[] = [];
      const used: number[] = [];
      let inside = 0;
      rows.forEach((row, i) => {
        const from = row * cohort.matrix.columns + column;
        const at = i * mean.columns + column - first;
        if (!cohort.matrix.observed[from] || !mean.observed[at]) return;
        used.push(i);
        truth.push(cohort.matrix.values[from]);
        guess.push(mean.values[at]);
        const error = Math.abs(cohort.matrix.values[from] - mean.values[at]);
        if (error <= factor * deviation[at]) inside++;
      });
      const n = used.length;
      const { r, skill } = score(truth, guess, used, draws);
      return {
        modality,
        feature: cohort.features[column],
        n,
        r,
        skill,
        coverage: n > 0 ? inside / n : 0,
        ownGene: partners[column] >= 0,
        ...judge(n, r),
      };
    });
  });
}

/** The features of a modality that enough samples measured to be rated. */
export function ratedFeatures(
  quality: readonly FeatureQuality[],
  modality: string,
): FeatureQuality[] {
  return quality.filter((one) => one.modality === modality && one.n >= MINIMUM_OBSERVED);
}

/** Judges a feature's r by `judgeCorrelation`, and says why. */
export function judge(
  n: number,
  { value, low }: Estimate,
): { readonly verdict: Verdict; readonly why: string } {
  if (n < MINIMUM_OBSERVED) {
    const why = `predicted out of fold in ${n} samples, fewer than ${MINIMUM_OBSERVED}`;
    return { verdict: "weak", why };
  }
  const verdict = judgeCorrelation(value, low);
  const reasons = {
    strong: "lower bound of r above 0.3",
    usable: "r of at least 0.3, lower bound above 0",
    weak: value < 0.3 ? "r below 0.3" : "lower bound of r not above 0",
  };
  return { verdict, why: reasons[verdict] };
}

function score(
  truth: readonly number[],
  guess: readonly number[],
  used: readonly number[],
  draws: readonly Float64Array[],
): { readonly r: Estimate; readonly skill: Estimate } {
  const n = truth.length;
  const nothing = { value: 0, low: 0, high: 0 };
  if (n < 3) return { r: nothing, skill: nothing };
  const center = truth.reduce((sum, value) => sum + value, 0) / n;
  const of = (weightOf: (i: number) => number) => {
    let [w, y, p, yy, pp, yp, errors, spread] = [0, 0, 0, 0, 0, 0, 0, 0];
    for (let i = 0; i < n; i++) {
      const weight = weightOf(i);
      const [a, b] = [truth[i] - center, guess[i] - center];
      w += weight;
      y += weight * a;
      p += weight * b;
      yy += weight * a * a;
      pp += weight * b * b;
      yp += weight * a * b;
      errors += weight * (a - b) ** 2;
      spread += weight * ((a * n) / (n - 1)) ** 2; // from the mean of the others
    }
    const scale = Math.sqrt((yy - y ** 2 / w) * (pp - p ** 2 / w));
    return {
      r: scale > 0 ? (yp - (y * p) / w) / scale : 0, // a constant prediction orders nothing
      skill: spread > 0 ? 1 - errors / spread : Number.NaN,
    };
  };
  const whole = of(() => 1);
  const drawn = draws.map((weights) => of((i) => weights[used[i]]));
  const [rs, skills] = [drawn.map(({ r }) => r), drawn.map(({ skill }) => skill)];
  const skill = Number.isFinite(whole.skill) ? whole.skill : 0;
  return { r: estimate(whole.r, rs), skill: estimate(skill, skills) };
}
