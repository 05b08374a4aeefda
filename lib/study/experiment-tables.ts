// Tables of an experiment: means and deviations over seeds, and differences paired by seed.
import { summarizeRepeats } from "../evaluate/repeats.js";
import type { FlatScore } from "../evaluate/summary.js";
import type { SeedAccuracy, SeedScore } from "./experiment-scores.js";
import type { Variant } from "./variants.js";

/** A row of the paper's Tables 1, 2, 4 and 5 at once; a control has no seed, and so no deviation. */
export interface SeedRow {
  readonly predictor: string;
  readonly part: string;
  /** Behind the means; null for a control. */
  readonly seeds: number | null;
  readonly mse: number;
  /** Sample standard deviation over seeds; null for a control and for one seed. */
  readonly mseDeviation: number | null;
  readonly huber: number;
  readonly huberDeviation: number | null;
}

/** Lays out each variant's losses over seeds by part, and below them those of controls over all modalities. */
export function tabulateSeeds(
  scores: readonly SeedScore[],
  controls: readonly FlatScore[] = [],
): SeedRow[] {
  const rows = groupBy(scores, ({ variant, part }) => `${variant}\n${part}`).map((own): SeedRow => {
    const [{ variant, part }] = own;
    const mse = summarizeRepeats(own.map((score) => score.mse));
    const huber = summarizeRepeats(own.map((score) => score.huber));
    return {
      ...{ predictor: variant, part, seeds: mse.n },
      ...{ mse: rounded(mse.mean), mseDeviation: rounded(mse.deviation) },
      ...{ huber: rounded(huber.mean), huberDeviation: rounded(huber.deviation) },
    };
  });
  const below = controls.flatMap(({ predictor, part, modality, mse, huber }): SeedRow[] =>
    modality === "all" && mse !== null && huber !== null
      ? [{ predictor, part, seeds: null, mse, mseDeviation: null, huber, huberDeviation: null }]
      : [],
  );
  return [...rows, ...below];
}

/** One variant beside the one that it is compared with. */
export interface ComparedVariant {
  readonly variant: string;
  /** Seeds behind the mean. */
  readonly seeds: number;
  readonly mean: number;
  readonly deviation: number | null;
  /** Seeds that both have. */
  readonly pairs: number;
  /** Mean over those seeds of this variant minus the other; null for the other itself, and without pairs. */
  readonly difference: number | null;
  /**
   * Limits of its 95 % interval by Student's t over seeds; null with fewer than two pairs, and where all differences
   * are equal, which accuracies of few samples may be: that is no certainty.
   */
  readonly low: number | null;
  readonly high: number | null;
  /** Why the difference is not one of like with like; empty if it is. */
  readonly caveat: string;
}

/** A number by variant and seed. */
export interface SeedValue {
  readonly variant: string;
  readonly seed: number;
  readonly value: number;
}

/**
 * Compares each variant that has values with one of them, seed by seed, in the order of `variants`. The interval holds
 * another seed: initial weights, dropout, batches and the classifier's, and where that is tested on a new quarter of the
 * samples, the quarter too. It does not hold another split or other samples.
 */
export function compareVariants(
  values: readonly SeedValue[],
  against: string,
  variants: readonly Variant[],
): ComparedVariant[] {
  const of = (name: string) => values.filter(({ variant }) => variant === name);
  const base = new Map(of(against).map(({ seed, value }) => [seed, value]));
  return variants.flatMap(({ name, caveat = "" }): ComparedVariant[] => {
    const own = of(name);
    if (own.length === 0) return [];
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
    const limits = (gap.deviation ?? 0) < 1e-12 ? null : gap.interval;
    const paired = {
      ...{ pairs: gap.n, difference: rounded(gap.mean) },
      ...{ low: rounded(limits?.low ?? null), high: rounded(limits?.high ?? null) },
    };
    return [{ ...about, ...paired, caveat }];
  });
}

/** Takes one measure of one part, to compare variants by. */
export function lossesOf(
  scores: readonly SeedScore[],
  part: string,
  measure: "mse" | "huber" | "skill" = "mse",
): SeedValue[] {
  return scores.flatMap(({ variant, seed, part: own, ...score }) => {
    const value = score[measure];
    return own === part && value !== null ? [{ variant, seed, value }] : [];
  });
}

/** Takes the accuracies, to compare variants by. */
export function accuraciesOf(accuracies: readonly SeedAccuracy[]): SeedValue[] {
  return accuracies.map(({ variant, seed, accuracy }) => ({ variant, seed, value: accuracy }));
}

/** Writes a mean with its deviation: "0.1283 ± 0.0004"; without one the mean alone. */
export function withDeviation(mean: number, deviation: number | null, digits = 4): string {
  return deviation === null
    ? mean.toFixed(digits)
    : `${mean.toFixed(digits)} ± ${deviation.toPrecision(2)}`;
}

/** To six significant digits: more would be noise in a file that people compare. */
function rounded<T extends number | null>(value: T): T {
  return (value === null ? null : Number(value.toPrecision(6))) as T;
}

/** In the order in which each key first occurs. */
function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return [...groups.values()];
}
