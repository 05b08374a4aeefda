// Runs of the experiment over splits: each fits one model, or all controls, on a split of its own and keeps the scores.
import { createHash } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { replaceJson } from "../cohort/durable-file.js";
import { readOptionalJson } from "../cohort/optional-file.js";
import { projectRoot } from "../cohort/root.js";
import type { Engine } from "../engine/engine.js";
import { fitControls } from "../evaluate/controls.js";
import { modelPredictor, type Predictor } from "../evaluate/predictor.js";
import { type RepeatedScore, scoreRepeat } from "../evaluate/repeated-splits.js";
import { fitSharedDecoder } from "../impute/fit.js";
import { sharedDecoderPredictor } from "../impute/infer.js";
import type { Part } from "../preprocess/prepare.js";
import { hashRows } from "../train/config.js";
import { describeEnvironment, type RunEnvironment } from "../train/environment.js";
import type { Progress } from "../train/progress.js";
import { completeSettings } from "../train/settings.js";
import { foldersOf } from "./profile.js";
import { describeAro, openTrained, prepareStudy, type Study, trainDescribed } from "./study.js";
import type { Variant } from "./variants.js";

/** A run of the experiment over splits: one model, or the controls together, on one split. */
export interface SplitRun {
  readonly kind: "split";
  /** From 0. */
  readonly number: number;
  readonly name: string;
  /** Of the split. */
  readonly seed: number;
  readonly folder: string;
  /** SHA-256 of version, cohort, split and variants. */
  readonly hash: string;
  /** At most; null if nothing is trained epoch by epoch. */
  readonly epochs: number | null;
  readonly variants: readonly Variant[];
  /** That are scored. */
  readonly parts: readonly Part[];
  /** Splits and preprocesses the cohort, or returns what the previous run of the same split did. */
  readonly open: () => Study;
}

/** What a finished run leaves. */
export interface ScoredSplit {
  readonly hash: string;
  readonly environment: RunEnvironment;
  readonly scores: readonly RepeatedScore[];
}

const VERSION = 1; // of what a run computes; scores of another version are other scores
const FILE = "scores.json";

/** Returns what describes the run of a variant on the split of a seed; all controls of a split are one run. */
export function describeSplit(study: Study, parts: readonly Part[]) {
  const { profile, cohort } = study;
  const cohortHash = hashRows([{ ids: cohort.samples.map(({ id }) => id), matrix: cohort.matrix }]);
  const about = [cohortHash, cohort.features, cohort.samples.map(({ patient }) => patient)];
  const fingerprint = createHash("sha256").update(JSON.stringify(about)).digest("hex");
  const controls = (all: readonly Variant[]) => all.filter(({ kind }) => kind === "control");
  let opened: { readonly seed: number; readonly study: Study } | null = null;
  const open = (seed: number): Study => {
    if (opened?.seed !== seed) {
      const own = { ...profile, split: { ...profile.split, seed } };
      opened = { seed, study: prepareStudy(own, cohort) };
    }
    return opened.study;
  };
  return (variant: Variant, seed: number, all: readonly Variant[]): Omit<SplitRun, "number"> => {
    const variants = variant.kind === "control" ? controls(all) : [variant];
    const { kind = "ARO", name, model, training, decoder } = variant;
    const isNetwork = kind === "ARO";
    const epochs = isNetwork
      ? completeSettings({ ...profile.training, ...training, seed: profile.training.seed }).epochs
      : null;
    const what = {
      ...{ version: VERSION, kind, seed, by: profile.split.by, cohort: fingerprint },
      ...(parts.join() === "test" ? {} : { parts }),
      ...(decoder ? { decoder } : {}),
      ...(kind === "control" ? { names: variants.map((one) => one.name) } : {}),
      ...(isNetwork
        ? { model: { ...profile.model, ...model }, training: { ...profile.training, ...training } }
        : {}),
    };
    const hash = createHash("sha256").update(JSON.stringify(what)).digest("hex");
    const title = kind === "control" ? "linear controls" : name;
    const folder = `${words(title)}-${seed}-${hash.slice(0, 8)}`;
    return {
      ...{ kind: "split", name: `${title}, seed ${seed}`, seed, hash, epochs, variants, parts },
      folder: join(foldersOf(profile).runs, "splits", folder),
      open: () => open(seed),
    };
  };
}

function words(name: string): string {
  return (name.toLowerCase().match(/[a-z0-9]+/g) ?? []).join("-");
}

/**
 * Fits the run's predictors on the training rows of its split, scores its parts in the paper's space, and keeps the
 * scores. The folder of a network that is trained here is removed afterwards; one that was trained before stays.
 * @returns false if it was interrupted.
 */
export async function fitSplit(
  run: SplitRun,
  engine: Engine,
  progress?: Progress,
  signal?: AbortSignal,
): Promise<boolean> {
  const { seed, hash, folder, variants, parts, open } = run;
  const study = open();
  const keep = async (predictors: readonly Predictor[], steps: number | null) => {
    const scores = await scoreRepeat(predictors, study.prepared, { seed, parts, steps });
    const environment = await describeEnvironment(engine);
    await mkdir(folder, { recursive: true });
    const scored: ScoredSplit = { hash, environment, scores };
    await replaceJson(join(folder, FILE), scored);
    return true;
  };
  const [{ kind = "ARO", name, decoder: choices }] = variants;
  const { cohort, split, prepared } = study;
  if (kind === "control") {
    return await keep(fitControls(prepared, { only: variants.map((one) => one.name) }), null);
  }
  if (kind === "shared decoder") {
    const decoder = await fitSharedDecoder(cohort, { ...choices, rows: split.train, engine });
    return await keep([sharedDecoderPredictor(decoder, prepared, cohort, { engine, name })], null);
  }
  return await trainAndScore(study, variants[0], { engine, progress, signal }, keep);
}

interface Means {
  readonly engine: Engine;
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
}

async function trainAndScore(
  study: Study,
  { name, setting, model: shape, training }: Variant,
  { engine, progress, signal }: Means,
  keep: (predictors: readonly Predictor[], steps: number) => Promise<boolean>,
): Promise<boolean> {
  const described = describeAro(study, setting, { model: shape, training });
  const { result, epochs, reused } = await trainDescribed(
    study,
    described,
    engine,
    progress,
    signal,
  );
  if (result.status === "stopped") return false;
  const last = result.weights === "best" ? (result.best?.epoch ?? 0) : result.epochs;
  const steps = epochs.slice(0, last).reduce((sum, epoch) => sum + epoch.steps, 0);
  const model = await openTrained(described, engine);
  try {
    await keep([modelPredictor(name, model)], steps);
  } finally {
    model.dispose();
  }
  if (!reused) await rm(described.folder, { recursive: true }); // hundreds of megabytes a split
  return true;
}

/**
 * Reads what a finished run left, or null if it is not finished.
 * @throws Error if the file is damaged.
 */
export async function readSplit({
  folder,
  hash,
}: Pick<SplitRun, "folder" | "hash">): Promise<ScoredSplit | null> {
  const file = join(folder, FILE);
  const found = await readOptionalJson<ScoredSplit>(
    file,
    (content) => content !== null,
    (start) =>
      `readSplit: expected JSON in ${relative(projectRoot(), file)}, got "${start}"; delete it`,
  );
  return found?.hash === hash ? found : null;
}
