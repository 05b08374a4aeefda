// Result tables and figures: published by the notebook that computes them, read by the ledger, the README and the terminal.
import { basename, join } from "node:path";
import { readOptional } from "../cohort/optional-file.js";
import { libraryVersion } from "../cohort/root.js";
import type { Figure } from "../figures/figure.js";
import { saveFigure } from "../figures/save.js";
import { showFigure } from "../figures/show.js";
import { foldersOf, type Profile } from "./profile.js";
import { writeRecord } from "./record-file.js";

/** A row of plain values; null if a value does not exist. */
export type Row = Readonly<Record<string, string | number | null>>;

/**
 * Writes a table to the profile's figures folder, as tables/NAME.json, aside and renamed.
 * @param source the notebook that computed it.
 * @throws RangeError if there are no rows, or a number is not finite.
 */
export async function publishTable(
  profile: Profile,
  name: string,
  source: string,
  rows: readonly object[],
): Promise<void> {
  if (rows.length === 0)
    throw new RangeError(`publishTable: expected rows for "${name}", got none`);
  rows.forEach((row, i) => {
    for (const [key, value] of Object.entries(row)) {
      if (typeof value === "number" && !Number.isFinite(value)) {
        throw new RangeError(
          `publishTable: expected finite numbers, got ${value} in "${name}", row ${i}, column ${key}; use null for "none"`,
        );
      }
    }
  });
  await writeRecord(tableFile(profile, name), { source, profile: profile.name, rows });
}

/**
 * Reads a published table.
 * @throws Error naming the notebook to run, if there is no such table.
 */
export async function readResults<T>(profile: Profile, name: string, madeBy: string): Promise<T[]> {
  const rows = await findResults<T>(profile, name);
  if (rows === null) {
    throw new Error(
      `readResults: expected the table "${name}" of profile ${profile.name}, got none; run notebook ${madeBy} first`,
    );
  }
  return rows;
}

/**
 * Reads a published table; null if it does not exist.
 * @throws Error if it cannot be read.
 */
export async function findResults<T>(profile: Profile, name: string): Promise<T[] | null> {
  const text = await readOptional(tableFile(profile, name));
  if (text === null) return null;
  return (JSON.parse(text) as { readonly rows: T[] }).rows;
}

function tableFile(profile: Profile, name: string): string {
  return join(foldersOf(profile).figures, "tables", `${name}.json`);
}

/**
 * Writes a figure's SVG, spec and data to the profile's figures folder, and shows it in the running cell.
 * @param source the notebook and the id of the cell that drew it: "notebooks/03-train.ipynb#cell-16".
 * @throws RangeError if the figure's data or fields are wrong.
 */
export async function publishFigure(
  profile: Profile,
  source: string,
  figure: Figure,
): Promise<void> {
  const made = { source, command: commandOf(profile, source), library: `aro ${libraryVersion()}` };
  await showFigure(await saveFigure(figure, foldersOf(profile).figures, made));
}

/** The command that runs a notebook as it runs now. */
function commandOf({ name, cohort }: Profile, source: string): string {
  const notebook = basename(source.split("#")[0], ".ipynb");
  const choice = typeof cohort === "object" ? `--cohort ${cohort.file}` : `--profile ${name}`;
  const settings = process.env.ARO_SET ? ` --set ${process.env.ARO_SET}` : "";
  return `npx aro notebooks --only ${notebook} ${choice}${settings}`;
}
