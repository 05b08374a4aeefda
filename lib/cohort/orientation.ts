// Decides whether samples are rows or columns, by the ids that each side shares with the sample sheet.
import { explainAlmostEqual, undoR } from "./ids.js";
import { quoteSome } from "./problems.js";

/** Whether samples are the rows or the columns of a table. */
export type Orientation = "samples-in-rows" | "features-in-rows";

export interface OrientationClues {
  readonly stated?: Orientation;
  /** The ids of the sample sheet, or of the tables before. */
  readonly sampleIds?: readonly string[];
  /** What has these ids. */
  readonly where: string;
}

/**
 * Decides by which side has ids of the sample sheet, also once R's changes to names are undone, and checks the stated
 * orientation against it. If neither side has any, or both have, returns a problem instead.
 */
export function decideOrientation(
  { stated, sampleIds, where }: OrientationClues,
  rowIds: readonly string[],
  columnIds: readonly string[],
): Orientation | { readonly problem: string } {
  if (sampleIds === undefined) {
    if (stated) return stated;
    return {
      problem: `expected an orientation, got none and no sample ids to find it by; pass orientation: "samples-in-rows" or "features-in-rows"`,
    };
  }
  const rows = countKnown(rowIds, sampleIds);
  const columns = countKnown(columnIds, sampleIds);
  const seen = `rows ${quoteSome(rowIds)}, columns ${quoteSome(columnIds)}`;
  const here = stated === undefined ? undefined : stated === "samples-in-rows" ? rows : columns;
  if (here?.exact) return stated!;
  if (here && !here.alike && (rows.exact || columns.exact)) {
    const other = stated === "samples-in-rows" ? "features-in-rows" : "samples-in-rows";
    return { problem: `expected ${stated}, got ${seen}; pass orientation: "${other}"` };
  }
  if (!here && rows.alike && columns.alike) {
    const undone =
      rows.exact && columns.exact ? "" : ', some of them once R\'s "X" and dots are undone';
    return {
      problem:
        `expected the ids of ${where} in rows or in columns, got ${rows.alike} in rows and ${columns.alike} in columns` +
        `${undone}; pass orientation`,
    };
  }
  if (!here && rows.exact) return "samples-in-rows";
  if (!here && columns.exact) return "features-in-rows";
  const ids =
    stated === "samples-in-rows" ? rowIds : stated ? columnIds : [...rowIds, ...columnIds];
  const remedy =
    explainAlmostEqual(ids, sampleIds, where) ??
    "check that the id column is the first or named, and that both name the samples in the same way, or pass samples: " +
      "a table of the names here and there";
  return {
    problem: `expected samples that ${where} has too (${quoteSome(sampleIds)}), got ${seen}; ${remedy}`,
  };
}

/** How many ids are known as they are, and once R's changes are undone. */
function countKnown(
  ids: readonly string[],
  sampleIds: readonly string[],
): { exact: number; alike: number } {
  const known = new Set(sampleIds);
  const undone = new Set(sampleIds.map(undoR));
  undone.delete("");
  return {
    exact: ids.filter((id) => known.has(id)).length,
    alike: ids.filter((id) => known.has(id) || undone.has(undoR(id))).length,
  };
}
