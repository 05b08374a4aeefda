// Predictors that mix training rows: a recipe gives each new row its weights of them, the same for every column.
import { multiply, type Rows } from "../engine/linear-algebra.js";
import type { Prepared, PreparedCohort } from "../preprocess/prepare.js";
import {
  type Chosen,
  chooseSetting,
  clampTo,
  inferredColumns,
  meanSquaredErrorOf,
} from "./predictor.js";

/** A recipe whose setting the validation rows choose. */
export interface Mixture<T> {
  readonly name: string;
  /** What the setting is, in an error. */
  readonly what: string;
  /** Tried in order; a single one is used as given. */
  readonly settings: readonly T[];
  /** Prepares rows once, for the weights `[rows, training rows]` of any setting. */
  mix(rows: Prepared): (setting: T) => Rows;
  /** What to say of the setting that was chosen. */
  note(setting: T): readonly string[];
}

/**
 * Chooses the setting with the lowest validation error over the inferred columns, and predicts weighted sums of training
 * rows, clamped at 0 in the paper's space.
 * @throws RangeError if there is more than one setting and no validation entry is observed to choose by.
 */
export function fitMixture<T>(
  prepared: PreparedCohort,
  { name, what, settings, mix, note }: Mixture<T>,
): Chosen<T> {
  const { train, validation, space } = prepared;
  const columns = inferredColumns(prepared);
  const setting = chooseSetting(what, settings, () => {
    const weightsOf = mix(validation);
    return (tried) => {
      const predicted = clampTo(space, multiply(weightsOf(tried), train.matrix, columns));
      return meanSquaredErrorOf(validation, predicted, columns);
    };
  });
  return {
    name,
    sees: "RNA",
    notes: note(setting),
    setting,
    predict: (rows) => new Float32Array(clampTo(space, multiply(mix(rows)(setting), train.matrix))),
  };
}
