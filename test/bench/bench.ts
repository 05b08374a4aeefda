// Measures this library beside the usual Python stack: `npm run bench [-- --only NAME --rounds N --json FILE]`.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fetchSource } from "../../lib/cohort/sources.js";
import { textTable } from "../../lib/jupyter/table.js";
import { CONTESTS, type Contest, measure } from "./contests.js";
import { type ShapeName, writeInputs, writeSettings } from "./inputs.js";
import { benchPython, referenceEnvironment } from "./python.js";
import { printable, type Row, rowOf, shareOfStep } from "./rows.js";

const { values: options } = parseArgs({
  options: {
    only: { type: "string", multiple: true, default: [] },
    rounds: { type: "string" },
    json: { type: "string" },
    "without-python": { type: "boolean", default: false },
  },
});

const chosen = chooseContests(options.only);
const rounds = options.rounds === undefined ? undefined : readRounds(options.rounds);
const alone = options["without-python"];
const python = alone ? null : await benchPython(console.error).catch(complain);
const [processor] = cpus();
console.log(
  `${processor?.model.trim() ?? "an unknown processor"}, ${cpus().length} cores, ` +
    `${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node ${process.versions.node}, ${process.platform}`,
);
if (python === null) console.log(`without Python: ours alone${alone ? ", as asked for" : ""}`);

const folder = mkdtempSync(join(tmpdir(), "aro-bench-"));
const rows: Row[] = [];
const written = new Set<ShapeName>();
try {
  writeSettings(folder);
  for (const contest of chosen) {
    const reason = await prepare(contest);
    const outcome =
      reason ??
      (await measure(contest, {
        ...{ folder, python, env: referenceEnvironment() },
        rounds: rounds ?? contest.rounds,
      }));
    if (typeof outcome === "string") console.log(`${contest.name}: skipped, ${outcome}`);
    else {
      rows.push(rowOf(contest, outcome));
      console.log(`${contest.name}: ${contest.about}`);
      console.log(`  ours: ${outcome.ours.with}; reference: ${outcome.reference?.with ?? "none"}`);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (rows.length > 0) console.log(`\n${textTable(rows.map(printable))}`);
const share = shareOfStep(rows);
if (share !== null) {
  console.log(
    `\nits matrix products alone would take ${(100 * share).toFixed(0)} % of our step at the paper's size`,
  );
}
if (options.json) writeFileSync(options.json, `${JSON.stringify(rows, null, 2)}\n`);

/** Sees to the contest's inputs; says why there are none. */
async function prepare({ name, shape }: Contest): Promise<string | undefined> {
  if (shape && !written.has(shape)) {
    writeInputs(folder, shape);
    written.add(shape);
  }
  if (name !== "load") return undefined;
  return fetchSource("ucec").then(
    () => undefined,
    (error: Error) => error.message,
  );
}

function chooseContests(names: readonly string[]): readonly Contest[] {
  const known = CONTESTS.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new RangeError(`bench: expected --only ${known.join(", ")}, got "${unknown}"`);
  }
  return CONTESTS.filter(({ name }) => names.length === 0 || names.includes(name));
}

function readRounds(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1) return count;
  throw new RangeError(`bench: expected a whole number of rounds, at least 1, got "${text}"`);
}

function complain(error: Error): null {
  console.error(error.message);
  return null;
}
