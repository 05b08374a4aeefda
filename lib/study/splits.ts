// The experiment "splits": the shared decoder and the linear controls on repeated splits by patient, a run a split.
import { createHash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { replaceFile } from "../cohort/durable-file.js";
import { readOptional } from "../cohort/optional-file.js";
import { projectRoot } from "../cohort/root.js";
import { type Engine, nameEngine } from "../engine/engine.js";
import { fitControls } from "../evaluate/controls.js";
import { type SplitScore, scoreSplit } from "../evaluate/repeated-splits.js";
import { fitSharedDecoder } from "../impute/fit.js";
import { sharedDecoderPredictor } from "../impute/infer.js";
import { prepareCohort } from "../preprocess/prepare.js";
import { splitSamples } from "../preprocess/split.js";
import { foldersOf } from "./profile.js";
import type { Study } from "./study.js";

/** The name of the experiment. */
export const SPLITS = "splits";

/** Controls beside the shared decoder. */
export const SPLIT_CONTROLS = [
  "training mean, observed",
  "dual ridge",
  "ridge + cis of its residual",
  "ridge + cis of its residual + offset",
] as const;

export const SHARED = "shared decoder";

/** What the shared decoder is compared with. */
export const SPLIT_PAIRS = SPLIT_CONTROLS.slice(1).map((control) => [SHARED, control] as const);

/** One split of the experiment: what it would be scored from, and where its scores are kept. */
export interface PlannedSplit {
  /** From 0. */
  readonly number: number;
  readonly seed: number;
  /** SHA-256 of version, seed, cohort and predictors. */
  readonly hash: string;
  readonly file: string;
}

/** The scores of one split. */
export interface ScoredSplit {
  readonly seed: number;
  readonly hash: string;
  readonly engine: string;
  readonly scores: readonly SplitScore[];
}

/** The committed scores of all splits. */
export interface SplitsRecord {
  readonly profile: string;
  readonly command: string;
  /** E.g. "2026-11-29". */
  readonly date: string;
  readonly splits: readonly ScoredSplit[];
}

const VERSION = 1; // of what a split computes; scores of another version are other scores
const SIMULATED_COUNT = 3;
const DEFAULT_COUNT = 20;

/** Plans the splits of a study: consecutive seeds from that of its own split. */
export function planSplits({ profile, cohort }: Study): PlannedSplit[] {
  const data = createHash("sha256");
  const { values, observed } = cohort.matrix;
  data.update(
    JSON.stringify([cohort.features, cohort.samples.map(({ id, patient }) => [id, patient])]),
  );
  data.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  data.update(observed);
  const fingerprint = data.digest("hex");
  const count = profile.cohort === "simulate" ? SIMULATED_COUNT : DEFAULT_COUNT;
  return Array.from({ length: count }, (_, number) => {
    const seed = profile.split.seed + number;
    const settings = [VERSION, seed, profile.split.by, SPLIT_CONTROLS, fingerprint];
    const hash = createHash("sha256").update(JSON.stringify(settings)).digest("hex");
    const name = `${SPLITS}-${seed}-${hash.slice(0, 8)}.json`;
    return { number, seed, hash, file: join(foldersOf(profile).runs, SPLITS, name) };
  });
}

/** Splits, preprocesses, fits every predictor on the training rows, and scores the test rows in the paper's space. */
export async function runSplit(
  { profile, cohort }: Study,
  { seed, hash }: Pick<PlannedSplit, "seed" | "hash">,
  engine: Engine,
): Promise<ScoredSplit> {
  const split = splitSamples(cohort.samples, { ...profile.split, seed });
  const prepared = prepareCohort(cohort, split);
  const decoder = await fitSharedDecoder(cohort, { rows: split.train, engine });
  const predictors = [
    ...fitControls(prepared, { only: SPLIT_CONTROLS }),
    sharedDecoderPredictor(decoder, prepared, cohort, { engine, name: SHARED }),
  ];
  const scores = await scoreSplit(predictors, prepared, seed);
  return {
    seed,
    hash,
    engine: `${nameEngine(engine)} ${engine.version}`,
    scores: scores.map(rounded),
  };
}

/** Runs what is left of a plan and keeps each split's scores in a file of its own. */
export async function runSplits(
  study: Study,
  plan: readonly PlannedSplit[],
  engine: Engine,
  onSplit: (split: PlannedSplit) => void = () => {},
): Promise<ScoredSplit[]> {
  const out: ScoredSplit[] = [];
  for (const planned of plan) {
    let found = await readSplit(planned);
    if (found === null) {
      onSplit(planned);
      found = await runSplit(study, planned, engine);
      await writeJson(planned.file, found);
    }
    out.push(found);
  }
  return out;
}

/** Reads the scores of a planned split, or null if it has not been run. */
export async function readSplit({ file, hash }: PlannedSplit): Promise<ScoredSplit | null> {
  const found = await readJson<ScoredSplit>(file);
  return found?.hash === hash ? found : null;
}

/** The file that holds the record. */
export function splitsFile({ profile }: Pick<Study, "profile">): string {
  return join(foldersOf(profile).records, `${SPLITS}.json`);
}

/**
 * Writes the record of finished splits, replacing the file in one step.
 * @throws Error if a split has not been run, with the command that runs it.
 */
export async function recordSplits(study: Study): Promise<SplitsRecord> {
  const splits: ScoredSplit[] = [];
  for (const planned of planSplits(study)) {
    const found = await readSplit(planned);
    if (found === null) {
      throw new Error(
        `recordSplits: expected scores of the split of seed ${planned.seed}, got none; npx aro train ${SPLITS} makes them`,
      );
    }
    splits.push(found);
  }
  const record = {
    profile: study.profile.name,
    command: `npx aro train ${SPLITS} && npx aro record ${SPLITS}`,
    date: new Date().toISOString().slice(0, 10),
    splits,
  };
  await writeJson(splitsFile(study), record);
  return record;
}

/** Reads the record of a profile, or null if there is none. */
export async function readSplitsRecord(
  study: Pick<Study, "profile">,
): Promise<SplitsRecord | null> {
  return await readJson<SplitsRecord>(splitsFile(study));
}

function rounded(score: SplitScore): SplitScore {
  const entries = Object.entries(score).map(([key, value]) => [
    key,
    typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value,
  ]);
  return Object.fromEntries(entries) as SplitScore;
}

async function readJson<T>(file: string): Promise<T | null> {
  const text = await readOptional(file);
  if (text === null) return null;
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new Error(
      `readSplits: expected JSON in ${relative(projectRoot(), file)}, got "${text.slice(0, 40)}"; delete it, or restore it with git`,
    );
  }
}

async function writeJson(file: string, value: unknown): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  // One line a score, so that a change is readable.
  const text = JSON.stringify(value, null, 1).replace(
    /\{\n\s+"seed": \d+,\n\s+"predictor"[^}]*\}/g,
    (row) => JSON.stringify(JSON.parse(row)),
  );
  await replaceFile(file, (handle) => handle.writeFile(`${text}\n`));
}
