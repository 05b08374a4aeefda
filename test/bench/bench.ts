// Measures this library beside the usual Python stack: `npm run bench [-- --only NAME --rounds N --json FILE]`.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { findPython } from "../../lib/cohort/python.js";
import { fetchSource } from "../../lib/cohort/sources.js";
import { textTable } from "../../lib/figures/table.js";
import { type Contest, measure } from "./contests.js";
import {
  type ShapeName,
  writeEmbeddings,
  writeInputs,
  writeLinked,
  writeSettings,
  writeTables,
  writeTypedTable,
  writeWorkbook,
} from "./inputs.js";
import { readOptions } from "./options.js";
import { benchPython, referenceEnvironment } from "./python.js";
import { printable, type Row, rowOf } from "./rows.js";

async function main(args: string[]): Promise<void> {
  const { contests, rounds, json, withoutPython } = readOptions(args);
  const python = withoutPython ? null : await benchPython(console.error).catch(complain);
  describeMachine();
  if (python === null)
    console.log("without Python: where the reference is, ours alone is measured");
  const folder = mkdtempSync(join(tmpdir(), "aro-bench-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(130));
  writeSettings(folder);
  const rows: Row[] = [];
  const written = new Set<ShapeName>();
  for (const contest of contests) {
    const { name, about, shape } = contest;
    if (shape && !written.has(shape)) writeInputs(folder, shape);
    if (shape) written.add(shape);
    const settings = { folder, python, env: referenceEnvironment() };
    const outcome =
      (await missingData(contest, settings)) ??
      (await measure(contest, { ...settings, rounds: rounds ?? contest.rounds }));
    if (typeof outcome === "string") {
      console.log(`${name}: skipped, ${outcome}`);
      continue;
    }
    const row = rowOf(contest, outcome);
    rows.push(row);
    // At once, so that a bench that is interrupted has told what it found.
    if (json) writeFileSync(json, `${JSON.stringify(rows, null, 2)}\n`);
    console.log(`${name}: ${about}`);
    console.log(`  ours: ${outcome.ours.with}; reference: ${outcome.reference?.with ?? "none"}`);
    console.log(textTable([printable(row)]));
  }
  if (rows.length > 0) console.log(`\n${textTable(rows.map(printable))}`);
  for (const { shareOfStep } of rows) {
    if (shareOfStep === undefined) continue;
    console.log(
      `\nits matrix products alone would take ${(100 * shareOfStep).toFixed(0)} % of our step`,
    );
  }
}

function describeMachine(): void {
  const cores = cpus();
  const memory = `${(totalmem() / 2 ** 30).toFixed(0)} GiB`;
  const node = `Node ${process.versions.node} on ${process.platform}`;
  console.log(
    `${cores[0]?.model.trim() ?? "processor"}, ${cores.length} cores, ${memory}, ${node}`,
  );
  const [load] = loadavg(); // 0 where the system does not count it
  if (load > cores.length / 2) {
    console.log(
      `busy: ${load.toFixed(1)} programs want its ${cores.length} cores already; threads that wait for each other, as ` +
        "PyTorch's and NumPy's do, suffer more than others do, so these ratios are not those of a quiet machine",
    );
  }
}

/** Says why the files of the contest's task cannot be had; fetches or makes them where they are missing. */
async function missingData(
  { ours }: Contest,
  { folder, python }: { readonly folder: string; readonly python: string | null },
): Promise<string | undefined> {
  const provide: Readonly<Record<string, () => Promise<unknown>>> = {
    load: () => fetchSource("ucec"),
    classifier: async () => writeEmbeddings(folder),
    "read-ccle": async () => writeTables(folder, "ccle"),
    "read-tall": async () => writeTables(folder, "tall"),
    "read-wide": async () => writeTables(folder, "wide"),
    "read-h5ad": () => writeTypedTable(folder, "h5ad"),
    "read-parquet": () => writeTypedTable(folder, "parquet"),
    "shared-decoder": async () => writeLinked(folder),
    fit: async () => writeLinked(folder),
    impute: async () => writeLinked(folder),
    xlsx: async () => writeWorkbook(folder, python ?? (await findPython())),
  };
  return provide[ours]?.().then(
    () => undefined,
    (error: Error) => error.message,
  );
}

function complain(error: Error): null {
  console.error(error.message);
  return null;
}

main(process.argv.slice(2)).catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
