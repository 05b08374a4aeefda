// Times reading the paper's glioblastoma workbook against pandas with openpyxl, on a made-up one of the same shape:
// `npx tsx test/bench/workbook.ts --python PYTHON [--file WORKBOOK] [--rounds N] [--json FILE]`.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { median } from "simple-statistics";
import { readGbmSheets } from "../../lib/cohort/gbm-workbook.js";

const SHEETS = ["gene_expression_fpkm_uq", "proteome_normalized", "metabolome_normalized"];
const SCRIPT = join(import.meta.dirname, "workbook.py");

/** What each side reports of one reading in a process of its own. */
interface Reading {
  readonly seconds: number;
  /** Of them, and of other threads, on a processor: what a busy machine does not change much. */
  readonly cpuSeconds: number;
  /** The largest resident memory that the process had. */
  readonly megabytes: number;
  /** Cells that hold a number, and their sum: by them both sides have read the same. */
  readonly numbers: number;
  readonly sum: number;
}

const { values } = parseArgs({
  options: {
    python: { type: "string" },
    file: { type: "string" },
    rounds: { type: "string", default: "3" },
    json: { type: "string" },
    read: { type: "string" },
  },
});

if (values.read) console.log(JSON.stringify(await readOurs(values.read)));
else compare(values.python ?? process.env.ARO_PYTHON ?? "python3");

/** Reads the sheets from the workbook itself, and writes what the cache would keep. */
async function readOurs(file: string): Promise<Reading> {
  const folder = mkdtempSync(join(tmpdir(), "aro-bench-cache-"));
  try {
    const start = performance.now();
    const before = process.cpuUsage();
    const sheets = await readGbmSheets(file, { folder });
    const seconds = (performance.now() - start) / 1000;
    const { user, system } = process.cpuUsage(before);
    let numbers = 0;
    let sum = 0;
    for (const { matrix } of Object.values(sheets)) {
      for (let i = 0; i < matrix.values.length; i++) {
        numbers += matrix.observed[i];
        sum += matrix.values[i];
      }
    }
    const megabytes = process.resourceUsage().maxRSS / 1024;
    return { seconds, cpuSeconds: (user + system) / 1e6, megabytes, numbers, sum };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Both in turn, a process each time, so that a busy machine is busy for both. */
function compare(python: string): void {
  const folder = mkdtempSync(join(tmpdir(), "aro-bench-"));
  try {
    const file = values.file ?? join(folder, "workbook.xlsx");
    if (!existsSync(file)) execFileSync(python, [SCRIPT, "make", file], { stdio: "inherit" });
    const ours: Reading[] = [];
    const reference: Reading[] = [];
    for (let round = 0; round < Number(values.rounds); round++) {
      ours.push(run(process.execPath, ["--import", "tsx", import.meta.filename, "--read", file]));
      reference.push(run(python, [SCRIPT, "read", file, ...SHEETS]));
      checkSame(ours[round], reference[round]);
    }
    const middle = (readings: readonly Reading[], of: "seconds" | "cpuSeconds") =>
      median(readings.map((one) => one[of]));
    const megabytes = (readings: readonly Reading[]) =>
      Math.round(Math.max(...readings.map((one) => one.megabytes)));
    const row = {
      name: "xlsx",
      unit: "s",
      ours: middle(ours, "seconds"),
      reference: middle(reference, "seconds"),
      ratio: middle(reference, "seconds") / middle(ours, "seconds"),
      cpu: { ours: middle(ours, "cpuSeconds"), reference: middle(reference, "cpuSeconds") },
      megabytes: { ours: megabytes(ours), reference: megabytes(reference) },
    };
    console.log(row);
    if (values.json) writeFileSync(values.json, `${JSON.stringify([row], null, 2)}\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(program: string, args: readonly string[]): Reading {
  const text = execFileSync(program, args, { encoding: "utf8", maxBuffer: 1 << 20 });
  return JSON.parse(text.trim().split("\n").at(-1) ?? "") as Reading;
}

/** The sums differ by what float32 rounds, no more. */
function checkSame(a: Reading, b: Reading): void {
  const tolerance = 1e-6 * Math.sqrt(a.numbers) * 10;
  if (a.numbers === b.numbers && Math.abs(a.sum - b.sum) < tolerance) return;
  throw new Error(`expected both to read the same, got ${JSON.stringify([a, b])}`);
}
