// A cohort as the shared decoder takes it apart: what is seen, a row a sample, and what is inferred, a row a feature.
import type { Cohort, Modality } from "../cohort/cohort.js";
import { type Matrix, sliceColumns, transposeMatrix } from "../cohort/matrix.js";
import { findPartners } from "../evaluate/cis.js";

export interface Material {
  readonly cohort: Cohort;
  /** The first modality, `[samples, its features]`, in measured units. */
  readonly seen: Matrix;
  /** The other modalities, `[inferred features, samples]`, in measured units. */
  readonly inferred: Matrix;
  readonly links: FeatureLinks;
}

/** What each inferred feature belongs to, and which others are the same gene's; `[inferred features]` each. */
export interface FeatureLinks {
  /** Index of its modality among the inferred ones. */
  readonly modality: Uint8Array;
  /** Column of the first modality with the same identifier, or -1. */
  readonly partner: Int32Array;
  /** Inferred feature of another modality with the same identifier, the first of them, or -1. */
  readonly other: Int32Array;
}

/**
 * Takes a cohort apart.
 * @throws RangeError if it has only one modality, so that there is nothing to infer.
 */
export function takeApart(cohort: Cohort): Material {
  const { modalities, matrix } = cohort;
  if (modalities.length < 2) {
    throw new RangeError(
      `fitSharedDecoder: expected a modality behind ${modalities[0].name} to infer, got none`,
    );
  }
  const { start, end } = modalities[0];
  return {
    cohort,
    seen: sliceColumns(matrix, start, end),
    inferred: transposeMatrix(sliceColumns(matrix, end, matrix.columns)),
    links: linkFeatures(cohort),
  };
}

/** The modalities behind the first, their ranges counted from its end. */
export function inferredRanges([{ end: first }, ...others]: readonly Modality[]): Modality[] {
  return others.map(({ name, start, end }) => ({ name, start: start - first, end: end - first }));
}

function linkFeatures(cohort: Pick<Cohort, "modalities" | "features" | "genes">): FeatureLinks {
  const { end: first } = cohort.modalities[0];
  const { start: seenStart } = cohort.modalities[0];
  const inferred = cohort.modalities.slice(1);
  const size = cohort.features.length - first;
  const partner = findPartners(cohort)
    .slice(first)
    .map((column) => (column < 0 ? -1 : column - seenStart));
  const modality = new Uint8Array(size);
  const columnsOf = inferred.map(
    ({ start, end }: Modality) =>
      new Map(cohort.features.slice(start, end).map((feature, j) => [feature, start - first + j])),
  );
  const other = new Int32Array(size).fill(-1);
  inferred.forEach(({ start, end }, own) => {
    for (let column = start; column < end; column++) {
      modality[column - first] = own;
      const found = columnsOf
        .filter((_, i) => i !== own)
        .map((columns) => columns.get(cohort.features[column]))
        .find((at) => at !== undefined);
      if (found !== undefined) other[column - first] = found;
    }
  });
  return { modality, partner, other };
}
