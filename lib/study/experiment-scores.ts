// Tables of an experiment's scores: over seeds, over splits, and of one variant beside another.

import { groupBy } from "../cohort/group.js";
import type { ScoredIn } from "../evaluate/reconstruction.js";
import {
  correctedInterval,
  type RepeatedScore,
  summarizeRepeats,
} from "../evaluate/repeated-splits.js";
import type { FlatScore } from "../evaluate/summary.js";
import type { RunScores } from "./planned-runs.js";
import type { Variant } from "./variants.js";

/** A row of the paper's Tables 1, 2, 4 and 5 together; a control has no seed, and so no deviation. */
export interface SeedRow {
  readonly predictor: string;
  readonly part: string;
  /** Seeds averaged; null for a control. */
  readonly seeds: number | null;
  readonly mse: number;
  /** Sample standard deviation over seeds; null for a control and for one seed. */
  readonly mseDeviation: number | null;
  readonly huber: number;
  readonly huberDeviation: number | null;
}

/** Tabulates each variant's mean losses over seeds by part, over all modalities as the paper does, then the losses of controls over all modalities. */
export function tabulateSeeds(
  scores: readonly RepeatedScore[],
  controls: readonly FlatScore[] = [],
): SeedRow[] {
  const all = scores.filter(({ modality }) => modality === "all");
  const groups = groupBy(all, ({ variant, part }) => `${variant}\n${part}`);
  const rows = [...groups.values()].map((own): SeedRow => {
    const [{ variant, part }] = own;
    const mse = summarizeRepeats(own.map((score) => score.mse));
    const huber = summarizeRepeats(own.map((score) => score.huber));
    return {
      predictor: variant,
      part,
      seeds: mse.n,
      mse: rounded(mse.mean),
      mseDeviation: rounded(mse.deviation),
      huber: rounded(huber.mean),
      huberDeviation: rounded(huber.deviation),
    };
  });
  const below = controls.flatMap(({ predictor, part, modality, mse, huber }): SeedRow[] =>
    modality === "all" && mse !== null && huber !== null
      ? [{ predictor, part, seeds: null, mse, mseDeviation: null, huber, huberDeviation: null }]
      : [],
  );
  return [...rows, ...below];
}

/** The mean scores of one variant over splits, on one part's rows of one modality. */
export interface SplitRow {
  readonly variant: string;
  readonly part: string;
  readonly modality: string;
  /** Splits averaged. */
  readonly splits: number;
  readonly mse: number;
  readonly huber: number;
  readonly skill: number | null;
  readonly r: number | null;
  readonly varianceRatio: number | null;
  /** Training steps behind the weights, fewest to most, as "200" or "82 to 110"; "none" in closed form. */
  readonly steps: string;
}

/**
 * Averages scores over splits, modality by modality. Means of different numbers of splits do not compare: use
 * `compareOverSplits`.
 * @param asked what the scores are in.
 */
export function tabulateSplits(
  scores: readonly RepeatedScore[],
  asked: ScoredIn = "paper",
): SplitRow[] {
  const tested = scores.filter(
    ({ modality, space = "paper" }) => modality !== "all" && space === asked,
  );
  const rows = [...groupBy(tested, ({ modality }) => modality).values()].flatMap((own) => [
    ...groupBy(own, ({ variant, part }) => `${variant}\n${part}`).values(),
  ]);
  return rows.map((own) => {
    const meanOf = (values: readonly (number | null)[]) => {
      const known = values.filter((value) => value !== null);
      return known.length === 0 ? null : rounded(summarizeRepeats(known).mean);
    };
    const steps = own.flatMap((score) => (score.steps === null ? [] : [score.steps]));
    const [fewest, most] = [Math.min(...steps), Math.max(...steps)];
    return {
      variant: own[0].variant,
      part: own[0].part,
      modality: own[0].modality,
      splits: own.length,
      mse: meanOf(own.map(({ mse }) => mse))!,
      huber: meanOf(own.map(({ huber }) => huber))!,
      skill: meanOf(own.map(({ skill }) => skill)),
      r: meanOf(own.map(({ r }) => r)),
      varianceRatio: meanOf(own.map(({ varianceRatio }) => varianceRatio)),
      steps: steps.length === 0 ? "none" : fewest === most ? `${most}` : `${fewest} to ${most}`,
    };
  });
}

/** One variant beside the one that it is compared with. */
export interface ComparedVariant {
  readonly variant: string;
  /** Seeds averaged. */
  readonly seeds: number;
  readonly mean: number;
  readonly deviation: number | null;
  /** Seeds that both have. */
  readonly pairs: number;
  /** Mean over those seeds of this variant minus the other; null for the other itself, and without pairs. */
  readonly difference: number | null;
  /**
   * Limits of its 95 % interval by Student's t over seeds; null with fewer than two pairs. Also null where all
   * differences are equal, as accuracies on few samples may be: an interval of no width would suggest certainty.
   */
  readonly low: number | null;
  readonly high: number | null;
  /** Why the two are not directly comparable; empty if they are. */
  readonly caveat: string;
}

/** What variants are compared by: a loss on the test rows, its skill, or the accuracy of a classifier. */
export type Measure = "mse" | "huber" | "skill" | "accuracy";

/**
 * Compares each variant that has values with one of them, seed by seed, in the experiment's order. The interval covers
 * another seed: initial weights, dropout, batches and the classifier's, and the test quarter if that is drawn anew. It
 * ignores variation between splits and samples.
 * @throws RangeError if the experiment has no variant of the name `against`.
 */
export function compareVariants(
  { variants, ...found }: RunScores & { readonly variants: readonly Variant[] },
  measure: Measure,
  against: string,
): ComparedVariant[] {
  const names = variants.map(({ name }) => name);
  if (!names.includes(against)) {
    const known = names.join("; ");
    throw new RangeError(`compareVariants: expected a variant of ${known}, got "${against}"`);
  }
  const values = groupBy(valuesOf(found, measure), ({ variant }) => variant);
  const base = new Map(values.get(against)?.map(({ seed, value }) => [seed, value]));
  return variants.flatMap(({ name, caveat = "" }): ComparedVariant[] => {
    const own = values.get(name);
    if (!own) return [];
    const { n, mean, deviation } = summarizeRepeats(own.map(({ value }) => value));
    const about = { variant: name, seeds: n, mean: rounded(mean), deviation: rounded(deviation) };
    const none = { pairs: 0, difference: null, low: null, high: null };
    if (name === against) return [{ ...about, ...none, caveat: "" }];
    const gaps = own.flatMap(({ seed, value }) => {
      const other = base.get(seed);
      return other === undefined ? [] : [value - other];
    });
    if (gaps.length === 0) return [{ ...about, ...none, caveat }];
    const gap = summarizeRepeats(gaps);
    const limits = (gap.deviation ?? 0) < 1e-12 ? null : correctedInterval(gaps, 0);
    const paired = {
      pairs: gap.n,
      difference: rounded(gap.mean),
      low: rounded(limits?.low ?? null),
      high: rounded(limits?.high ?? null),
    };
    return [{ ...about, ...paired, caveat }];
  });
}

function valuesOf({ scores, accuracies }: RunScores, measure: Measure) {
  if (measure === "accuracy") {
    return accuracies.map(({ variant, seed, accuracy }) => ({ variant, seed, value: accuracy }));
  }
  return scores.flatMap(({ variant, seed, part, modality, [measure]: value }) =>
    part === "test" && modality === "all" && value !== null ? [{ variant, seed, value }] : [],
  );
}

/** Writes a mean with its deviation, if it has one: "0.1283 ± 0.0004". */
export function withDeviation(mean: number, deviation: number | null): string {
  return mean.toFixed(4) + (deviation === null ? "" : ` ± ${deviation.toPrecision(2)}`);
}

/** Rounds to six significant digits; more would be noise in a file that people compare. */
export function rounded<T extends number | null>(value: T): T {
  return (value === null ? null : Number(value.toPrecision(6))) as T;
}
