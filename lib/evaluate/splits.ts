// The linear controls over repeated patient-grouped splits: whether a difference outlives the draw of the test rows.
import type { Cohort } from "../cohort/cohort.js";
import { prepareCohort } from "../preprocess/prepare.js";
import { type SplitOptions, splitSamples } from "../preprocess/split.js";
import {
  constantPredictor,
  meanSquaredErrorOf,
  observedMean,
  type Predictor,
} from "./predictor.js";
import { summarizeRepeats } from "./repeats.js";
import { fitRidge } from "./ridge.js";
import { fitRidgeWithCis } from "./ridge-cis.js";
import { pickColumns } from "./rows.js";

/** The dual ridge and the ridge with a cis path, on the test rows of several splits. */
export interface SplitComparison {
  readonly modality: string;
  readonly splits: number;
  /** Mean over splits of the test MSE of a constant, the mean of observed training entries. */
  readonly mean: number;
  readonly ridge: number;
  readonly ridgeWithCis: number;
  /** Mean of (ridge with cis - ridge) within splits; negative where the cis path helps. */
  readonly difference: number;
  /** Limits of the difference's 95 % interval by Student's t; too narrow, since splits share samples. */
  readonly low: number;
  readonly high: number;
}

export interface SplitComparisonOptions extends SplitOptions {
  /** How many splits; their seeds follow the first. */
  readonly splits: number;
}

/**
 * Repeats fit and score over splits of consecutive seeds, a row for each modality that is inferred.
 * @throws RangeError if there are fewer than 2 splits.
 */
export async function compareOverSplits(
  cohort: Cohort,
  { splits, seed = 42, by = "patient" }: SplitComparisonOptions,
): Promise<SplitComparison[]> {
  if (!Number.isInteger(splits) || splits < 2) {
    throw new RangeError(`compareOverSplits: expected at least 2 splits, got ${splits}`);
  }
  const inferred = cohort.modalities.slice(1);
  const found = inferred.map(() => ({ mean: [], ridge: [], cis: [] }) as Record<string, number[]>);
  for (let i = 0; i < splits; i++) {
    const split = splitSamples(cohort.samples, { seed: seed + i, by });
    const prepared = prepareCohort(cohort, split);
    const { test } = prepared;
    const options = { cohort, input: "standardized" } as const;
    const predictors: Predictor[] = [
      constantPredictor("mean", observedMean(prepared)),
      fitRidge(prepared, { ...options, name: "ridge" }),
      fitRidgeWithCis(prepared, {
        ...options,
        name: "cis",
        patients: split.train.map((row) => cohort.samples[row].patient),
      }),
    ];
    for (const { name, predict } of predictors) {
      const values = await predict(test);
      const predicted = { rows: test.matrix.rows, columns: test.matrix.columns, values };
      inferred.forEach((modality, at) => {
        const mse = meanSquaredErrorOf(test, pickColumns(predicted, modality), modality);
        if (!Number.isNaN(mse)) found[at][name].push(mse); // else its test rows hold nothing of it
      });
    }
  }
  return inferred.map(({ name: modality }, at) => {
    const { mean, ridge, cis } = found[at];
    const difference = summarizeRepeats(cis.map((value, i) => value - ridge[i]));
    return {
      modality,
      splits,
      mean: summarizeRepeats(mean).mean,
      ridge: summarizeRepeats(ridge).mean,
      ridgeWithCis: summarizeRepeats(cis).mean,
      difference: difference.mean,
      ...difference.interval!, // of two splits at least
    };
  });
}
