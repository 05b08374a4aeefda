// The linear controls over repeated splits: whether a difference holds for other test rows.
import type { Cohort } from "../cohort/cohort.js";
import { checkOptions, required } from "../options.js";
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

/** Test MSE of the dual ridge and of the ridge with a cis path, over several splits. */
export interface SplitComparison {
  readonly modality: string;
  readonly splits: number;
  /** Mean over splits of the test MSE of a constant, the mean of observed training entries. */
  readonly mean: number;
  readonly ridge: number;
  readonly ridgeWithCis: number;
  /** Mean of (ridge with cis - ridge) over splits: negative if the cis path helps. */
  readonly difference: number;
  /** Low and high bound the difference's 95 % interval by Student's t, which is too narrow because splits share samples. */
  readonly low: number;
  readonly high: number;
}

export interface SplitComparisonOptions extends SplitOptions {
  /** Number of splits, at least 2; their seeds are consecutive. */
  readonly splits: number;
}

/**
 * Fits and scores the linear controls on splits of consecutive seeds.
 * @returns one row for each inferred modality.
 * @throws RangeError if there are fewer than 2 splits.
 */
export async function compareOverSplits(
  cohort: Cohort,
  options: SplitComparisonOptions,
): Promise<SplitComparison[]> {
  const {
    splits,
    seed = 42,
    by = "patient",
  } = checkOptions("compareOverSplits", options, {
    splits: required("number"),
    seed: "number",
    by: ["patient", "sample"],
  });
  if (!Number.isInteger(splits) || splits < 2) {
    throw new RangeError(`compareOverSplits: expected at least 2 splits, got ${splits}`);
  }
  const inferred = cohort.modalities.slice(1);
  const found = inferred.map(() => ({ mean: [], ridge: [], cis: [] }) as Record<string, number[]>);
  for (let i = 0; i < splits; i++) {
    const split = splitSamples(cohort.samples, { seed: seed + i, by });
    const prepared = prepareCohort(cohort, split);
    const { test } = prepared;
    const predictors: Predictor[] = [
      constantPredictor("mean", observedMean(prepared)),
      fitRidge(prepared, { name: "ridge" }),
      fitRidgeWithCis(prepared, { name: "cis" }),
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
