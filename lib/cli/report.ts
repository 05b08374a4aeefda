// The commands that print what the notebooks found: the results table, the ledger, the README's part.
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { readEvidence } from "../claims/evidence.js";
import {
  countByGround,
  countVerdicts,
  judgeClaims,
  type LedgerEntry,
  type Verdict,
} from "../claims/judge.js";
import { judgeDifferences } from "../claims/splits.js";
import { replaceFile } from "../cohort/durable-file.js";
import { groupBy } from "../cohort/group.js";
import { projectRoot } from "../cohort/root.js";
import type { FlatScore } from "../evaluate/summary.js";
import { markdownTable, type TableOptions, textTable } from "../figures/table.js";
import { foldersOf, type Profile, readProfile } from "../study/profile.js";
import { readResults } from "../study/results.js";
import { type RunRow, summarizeRuns } from "../study/runs.js";
import type { ProfileChoice } from "./options.js";
import { profileOf } from "./profile.js";

/** The parts of the documentation that the program writes, each between its two marks. */
type WrittenPart = "results" | "ledger" | "commands";

/** Prints the ledger of the paper's claims; as JSON with --json. Claims that need a run say so if there is none. */
export async function claims({
  json,
  ...given
}: ProfileChoice & { readonly json?: true }): Promise<number> {
  const { profile } = profileOf(given);
  const evidence = await readEvidence(profile);
  const ledger = judgeClaims(evidence);
  if (json) {
    const rows = ledger.map(({ paper, ...entry }) => ({ ...entry, value: paper }));
    const all = [...rows, ...judgeDifferences(evidence)];
    console.log(JSON.stringify({ claims: all, counts: countVerdicts(ledger) }, null, 2));
  } else {
    const columns = [...LEDGER_COLUMNS, ["source", "authors' code"] as const];
    console.log(`${textTable(ledger, { columns })}\n`);
    console.log(textTable(countByGround(ledger), { columns: COUNT_COLUMNS }));
  }
  return 0;
}

/** Writes the default profile's results and the ledger into README.md, and the table of commands into environment.md. */
export async function readme(commands: string): Promise<number> {
  const profile = readProfile({});
  const parts = [
    ["README.md", "results", await resultsAsMarkdown(profile)],
    ["README.md", "ledger", await ledgerAsMarkdown(profile)],
    ["environment.md", "commands", commands],
  ] as const;
  for (const [name, part, body] of parts) {
    const file = join(projectRoot(), name);
    const text = await readFile(file, "utf8");
    const next = replacePart(text, part, body);
    if (next !== text) await replaceFile(file, (handle) => handle.writeFile(next));
    console.log(`${name}: ${part} ${next === text ? "up to date" : "written anew"}`);
  }
  return 0;
}

/** Prints the reconstruction table of the profile's last run. */
export async function printResults(profile: Profile): Promise<void> {
  const rows = await testRows(profile);
  console.log(`\n${await caption(rows, profile)}\n\n${textTable(rows, COLUMNS)}\n`);
  console.log(`${reading(rows)}\n`);
  console.log(`figures and tables: ${foldersOf(profile).figures}`);
}

/** Renders the part of the README that holds results. */
export async function resultsAsMarkdown(profile: Profile): Promise<string> {
  const rows = await testRows(profile);
  return `${await caption(rows, profile)}\n\n${markdownTable(rows, COLUMNS)}\n\n${reading(rows)}`;
}

/** Renders the README's ledger: the counts, and the claims that do not hold or are undecided. */
export async function ledgerAsMarkdown(profile: Profile): Promise<string> {
  const ledger = judgeClaims(await readEvidence(profile));
  const having = (...verdicts: readonly Verdict[]) =>
    ledger.filter(({ verdict }) => verdicts.includes(verdict));
  const failed = having("contradicts itself", "not reproduced");
  const undecided = having("undecided");
  const held = having("reproduced", "paper and code agree");
  const ground = ({ judgedOn, source }: LedgerEntry) =>
    source === null ? judgedOn : `${judgedOn}, [${basename(source)}](${source})`;
  return [
    `${ledger.length} statements of the paper, by verdict and by what the verdict rests on.`,
    markdownTable(countByGround(ledger), { columns: COUNT_COLUMNS }),
    `<details><summary>The ${failed.length} that do not hold and the ${undecided.length} that ${undecided.length === 1 ? "is" : "are"} undecided</summary>`,
    markdownTable(
      [...failed, ...undecided].map((entry) => ({
        ...entry,
        verdict: `${entry.verdict} (${ground(entry)})`,
      })),
      { columns: LEDGER_COLUMNS },
    ),
    "</details>",
    `The ${held.length} that hold: ${placesOf(held)}. A verdict on ${profile.name} answers the paper's question for another cohort and is no replication. \`npx aro claims\` lists all of them.`,
  ].join("\n\n");
}

/**
 * Puts new text between the two marks of a part.
 * @throws Error if the marks are not there.
 */
export function replacePart(text: string, part: WrittenPart, body: string): string {
  const start = `<!-- ${part}: written by \`npx aro readme\`; do not edit -->`;
  const end = `<!-- /${part} -->`;
  const from = text.indexOf(start);
  const to = text.indexOf(end);
  if (from < 0 || to < from)
    throw new Error(`readme: expected "${start}" and "${end}", got a text without them`);
  return `${text.slice(0, from + start.length)}\n${body}\n${text.slice(to)}`;
}

/** "Table 3 (10), Appendix A (5)". */
function placesOf(entries: readonly LedgerEntry[]): string {
  const places = groupBy(entries, ({ where }) => where);
  return [...places].map(([where, { length }]) => `${where} (${length})`).join(", ");
}

const LEDGER_COLUMNS = [
  ["where", "where"],
  ["what", "statement"],
  ["paper", "paper"],
  ["ours", "found"],
  ["verdict", "verdict"],
] as const;

const COUNT_COLUMNS = [
  ["verdict", "verdict"],
  ["judgedOn", "judged on"],
  ["claims", "claims"],
] as const;

type ResultRow = Pick<FlatScore, "predictor" | "sees" | "mse" | "huber"> & {
  readonly skill: string;
  readonly r: number | null;
};

const COLUMNS: TableOptions<ResultRow> = {
  columns: [
    ["predictor", "predictor"],
    ["sees", "sees"],
    ["mse", "MSE"],
    ["huber", "Huber"],
    ["skill", "skill, 95 % interval"],
    ["r", "median r, proteins"],
  ],
};

/** Loss over the inferred modalities and the median r of the first inferred modality, on the test rows. */
async function testRows(profile: Profile): Promise<ResultRow[]> {
  const scores = await readResults<FlatScore>(profile, "reconstruction", "03-train");
  const test = scores.filter(({ part }) => part === "test");
  const [, inferred] = [...new Set(test.map(({ modality }) => modality))];
  const isHeadline = (name: string) => test.some(({ modality }) => modality === name);
  const headline = isHeadline("inferred") ? "inferred" : "all"; // a single modality infers itself
  return test
    .filter(({ modality }) => modality === headline)
    .map(({ predictor, sees, mse, huber, skill, skillLow, skillHigh }) => {
      const own = test.find((row) => row.predictor === predictor && row.modality === inferred);
      const interval =
        skill === null || skillLow === null || skillHigh === null
          ? "–"
          : `${skill.toFixed(3)} (${skillLow.toFixed(3)} to ${skillHigh.toFixed(3)})`;
      return { predictor, sees, mse, huber, skill: interval, r: own?.medianR ?? null };
    });
}

async function caption(rows: readonly ResultRow[], profile: Profile): Promise<string> {
  const runs = await readResults<RunRow>(profile, "runs", "03-train");
  return (
    `Reconstruction of the held-out test samples of profile ${profile.name}, ` +
    `the inferred modalities together, ${rows.length} predictors. Skill is the share removed of the squared error of a constant, the mean of observed training values. ` +
    summarizeRuns(runs)
  );
}

/**
 * Reads the table by its control rows: how many of those that see no more than ARO masked err less than it.
 * @throws Error if the table lacks ARO masked, the training mean, or controls that see what ARO masked sees.
 */
export function reading(rows: readonly Pick<ResultRow, "predictor" | "sees" | "mse">[]): string {
  const mseOf = (name: string) => rows.find(({ predictor }) => predictor === name)?.mse ?? null;
  const [aro, mean] = [mseOf("ARO masked"), mseOf("training mean")];
  const sees = rows.find(({ predictor }) => predictor === "ARO masked")?.sees;
  const rivals = rows
    .flatMap(({ mse, ...row }) => (mse === null ? [] : [{ mse, ...row }]))
    .filter((row) => row.sees === sees && row.predictor !== "ARO masked")
    .sort((a, b) => a.mse - b.mse);
  if (aro === null || mean === null || rivals.length === 0) {
    throw new Error("reading: expected rows of ARO masked, the training mean and rivals");
  }
  const better = rivals.filter(({ mse }) => mse < aro).length;
  return (
    `Of the ${rivals.length} controls that see ${sees} alone, ${better} have a lower MSE on these samples than ARO masked ` +
    `(${aro.toFixed(3)}); the lowest is ${rivals[0].predictor} (${rivals[0].mse.toFixed(3)}). ` +
    `The training mean, which sees nothing, has ${mean.toFixed(3)}.`
  );
}
