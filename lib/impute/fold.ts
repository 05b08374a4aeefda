// One fold of a cross-fit: its samples, described by paths that were fitted without them.
import { patientsOf } from "../cohort/cohort.js";
import { groupFolds } from "../evaluate/folds.js";
import { type FeatureTable, packFeatures } from "./infer.js";
import type { Material } from "./material.js";
import { fitPaths, followPaths, type Paths, type PathValues } from "./paths.js";
import { inParallel } from "./threads.js";

const INNER_FOLDS = 5;

/** What all folds share. */
export interface Folds {
  readonly material: Material;
  readonly seed: number;
}

/** Rows of the cohort that paths are fitted on, and rows that they describe. */
export interface FoldRows {
  readonly train: readonly number[];
  readonly test: readonly number[];
}

/** The test rows as the paths of the training rows describe them; the paths themselves where there are none. */
export interface FoldValues extends PathValues {
  readonly table: FeatureTable;
  /** The features' statistics, `packFeatures`. */
  readonly packed: Float32Array;
  readonly paths: Paths | null;
}

/** Fits paths on the training rows of each fold, residuals by five folds of those, and describes its test rows. */
export const describeFolds = inParallel(
  import.meta.url,
  ({ material, seed }: Folds, { train, test }: FoldRows): FoldValues => {
    const inner = groupFolds(patientsOf(material.cohort, train), { folds: INNER_FOLDS, seed });
    const paths = fitPaths(material, train, inner);
    if (test.length === 0) requireFeatures(paths);
    const { scaler, standard, unit } = paths;
    return {
      ...followPaths(paths, material.seen, test),
      table: { scaler, standard, unit },
      packed: packFeatures(paths),
      paths: test.length === 0 ? paths : null,
    };
  },
);

/** @throws RangeError if no feature can be inferred. */
function requireFeatures({ standard }: Paths): void {
  if (standard.scale.some((scale) => scale > 0)) return;
  throw new RangeError(
    "fitSharedDecoder: expected a feature behind the first modality that at least 10 training samples measured and " +
      `that varies, got none of ${standard.scale.length}; give more samples`,
  );
}
