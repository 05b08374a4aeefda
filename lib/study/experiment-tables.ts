// Tables of an experiment: means and deviations over seeds, and differences paired by seed.
import { summarizeRepeats } from "../evaluate/repeats.js";
import type { FlatScore } from "../evaluate/summary.js";
import type { ExperimentScores, SeedScore } from "./experiment-scores.js";

/** A row of the paper's Tables 1, 2, 4 and 5 at once. A control has no seed, so no deviation. */
export interface SeedRow {
  readonly predictor: string;
  readonly part: string;
  /** Number of seeds behind the means; null for a control. */
  readonly seeds: number | null;
  readonly mse: number;
  /** Sample standard deviation over seeds; null for a control and for one seed. */
  readonly mseDeviation: number | null;
  readonly huber: number;
  readonly huberDeviation: number | null;
}

/**
 * Averages each variant's losses over seeds, by part.
 * @returns one row per variant and part, then one per control and part, over all modalities.
 */
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

/** A variant, compared with another one. */
export interface ComparedVariant {
  readonly variant: string;
  /** Number of seeds behind the mean. */
  readonly seeds: number;
  readonly mean: number;
  readonly deviation: number | null;
  /** Number of seeds that both have. */
  readonly pairs: number;
  /** The mean over these seeds of this variant minus the other; null for the other itself, and without pairs. */
  readonly difference: number | null;
  /**
   * Low and high bound its 95 % interval by Student's t over seeds; null with fewer than two pairs, and if all
   * differences are equal, as accuracies of few samples may be.
   */
  readonly low: number | null;
  readonly high: number | null;
  /** Why the comparison is not like with like; empty if it is. */
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
  { variants, ...found }: Pick<ExperimentScores, "variants" | "scores" | "accuracies">,
  measure: Measure,
  against: string,
): ComparedVariant[] {
  const names = variants.map(({ name }) => name);
  if (!names.includes(against)) {
    const known = names.join("; ");
    throw new RangeError(`compareVariants: expected a variant of ${known}, got "${against}"`);
  }
  const values = valuesOf(found, measure);
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

/** A number by variant and seed. */
interface SeedValue {
  readonly variant: string;
  readonly seed: number;
  readonly value: number;
}

function valuesOf(
  { scores, accuracies }: Pick<ExperimentScores, "scores" | "accuracies">,
  measure: Measure,
): SeedValue[] {
  if (measure === "accuracy") {
    return accuracies.map(({ variant, seed, accuracy }) => ({ variant, seed, value: accuracy }));
  }
  return scores.flatMap(({ variant, seed, part, [measure]: value }) =>
    part === "test" && value !== null ? [{ variant, seed, value }] : [],
  );
}

/** Formats a mean with its deviation, "0.1283 ± 0.0004", or alone if there is none. */
export function withDeviation(mean: number, deviation: number | null, digits = 4): string {
  return deviation === null
    ? mean.toFixed(digits)
    : `${mean.toFixed(digits)} ± ${deviation.toPrecision(2)}`;
}

/** To six significant digits: more would be noise in a file that people compare. */
function rounded<T extends number | null>(value: T): T {
  return (value === null ? null : Number(value.toPrecision(6))) as T;
}

/** Groups items by key, in the order in which keys first occur. */
function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return [...groups.values()];
}
