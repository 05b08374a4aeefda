// Which way a table lies: samples in its rows, or samples in its columns.
import { quoteSome } from "./problems.js";

export type Orientation = "samples-in-rows" | "features-in-rows";

export interface OrientationQuestion {
  /** What the reader was told, if anything. */
  readonly stated: Orientation | undefined;
  /** The ids of the sample sheet, if there is one. */
  readonly sampleIds: readonly string[] | undefined;
  readonly rowIds: readonly string[];
  readonly columnIds: readonly string[];
}

/**
 * Decides by which side has ids of the sample sheet, and checks what was stated against it.
 * Where neither side has, or both have, it says so instead, for the reader to name the file.
 */
export function decideOrientation({
  stated,
  sampleIds,
  rowIds,
  columnIds,
}: OrientationQuestion): Orientation | { readonly problem: string } {
  if (sampleIds === undefined) {
    if (stated) return stated;
    return {
      problem: `expected an orientation, got none and no sample ids to find it by; pass orientation: "samples-in-rows" or "features-in-rows"`,
    };
  }
  const known = new Set(sampleIds);
  const inRows = rowIds.filter((id) => known.has(id)).length;
  const inColumns = columnIds.filter((id) => known.has(id)).length;
  const seen = `rows ${quoteSome(rowIds)}, columns ${quoteSome(columnIds)}`;
  if (inRows === 0 && inColumns === 0) {
    const alike = findAlike([...rowIds, ...columnIds], sampleIds);
    const remedy = alike
      ? `write the ids alike: ${alike}`
      : "check that both name the samples in the same way";
    return {
      problem: `expected samples that the sample sheet has too (${quoteSome(sampleIds)}), got ${seen}; ${remedy}`,
    };
  }
  const found = inRows > 0 ? "samples-in-rows" : "features-in-rows";
  if (stated === undefined) {
    if (inRows === 0 || inColumns === 0) return found;
    return {
      problem: `expected the sample sheet's ids in rows or in columns, got ${inRows} in rows and ${inColumns} in columns; pass orientation`,
    };
  }
  if ((stated === "samples-in-rows" ? inRows : inColumns) > 0) return stated;
  return { problem: `expected ${stated}, got ${seen}; pass orientation: "${found}"` };
}

/** Two ids that differ only in letter case or punctuation, as when R turns `TCGA-01` into `TCGA.01`. */
function findAlike(ids: readonly string[], sampleIds: readonly string[]): string | undefined {
  const bare = (id: string) => id.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
  const known = new Map(sampleIds.map((id) => [bare(id), id]));
  const match = ids.find((id) => bare(id) !== "" && known.has(bare(id)));
  return match === undefined
    ? undefined
    : `"${match}" here, "${known.get(bare(match))}" in the sample sheet`;
}
