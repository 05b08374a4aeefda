// Skills over repeated splits, one cell of a table at a time: their means, their intervals, and which predictor is best.
import { groupBy } from "../cohort/group.js";
import {
  type ComparedScore,
  compareOverSplits,
  correctedInterval,
} from "../evaluate/repeated-splits.js";

/** How well one predictor did on one split, in one cell of a table. */
export interface SplitSkill {
  readonly predictor: string;
  /** Of the split. */
  readonly seed: number;
  readonly trainSamples: number;
  /** That were scored. */
  readonly samples: number;
  readonly mse: number;
  /** `1 - MSE / MSE of the training mean`; null if the latter is 0. */
  readonly skill: number | null;
}

/** The skill of one predictor, averaged over splits. */
export interface MeanSkill {
  readonly predictor: string;
  readonly splits: number;
  readonly skill: number;
  /** Low and high bound the 95 % interval with Nadeau and Bengio's correction for shared training samples. */
  readonly low: number;
  readonly high: number;
  /** "best": the highest skill; "clearly best": its MSE is below every other's, with intervals that exclude 0. */
  readonly rank: "clearly best" | "best" | "";
}

/**
 * Averages skills over splits, and marks the best predictor of each cell.
 * @param cellOf what tells the cells apart, with the names that the rows get.
 * @throws RangeError if a predictor has a skill on fewer than two splits.
 */
export function averageSkills<S extends SplitSkill, Cell extends object>(
  scores: readonly S[],
  cellOf: (score: S) => Cell,
): (Cell & MeanSkill)[] {
  const cells = groupBy(scores, (score) => JSON.stringify(cellOf(score)));
  return [...cells.values()].flatMap((own) => {
    const cell = cellOf(own[0]);
    const skills = [...groupBy(own, (score) => score.predictor)].map(([predictor, rows]) => {
      const values = rows.flatMap(({ skill }) => (skill === null ? [] : [skill]));
      if (values.length < 2) {
        throw new RangeError(
          `averageSkills: expected at least 2 splits with a skill of "${predictor}" in ${JSON.stringify(cell)}, ` +
            `got ${values.length}`,
        );
      }
      const shares = rows.map(({ samples, trainSamples }) => samples / trainSamples);
      const share = shares.reduce((sum, value) => sum + value, 0) / shares.length;
      const { difference: skill, low, high } = correctedInterval(values, share);
      return { predictor, splits: values.length, skill, low, high };
    });
    const best = skills.reduce((a, b) => (b.skill > a.skill ? b : a));
    const pairs = skills
      .filter((one) => one !== best)
      .map(({ predictor }) => [best.predictor, predictor] as const);
    const compared = own.map((score) => asCompared(score, ""));
    const isClear =
      pairs.length > 0 &&
      compareOverSplits(compared, pairs).every(({ better }) => better === best.predictor);
    const rank = isClear ? "clearly best" : "best";
    return skills.map((one) => ({ ...cell, ...one, rank: one === best ? rank : "" }) as const);
  });
}

/** A score for `compareOverSplits`, by its error alone; a cell of the table takes the place of a modality. */
export function asCompared(score: SplitSkill, cell: string): ComparedScore {
  const { predictor: variant, seed, trainSamples, samples, mse } = score;
  return { variant, seed, part: "test", modality: cell, trainSamples, samples, mse, r: null };
}
