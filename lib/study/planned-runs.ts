// Planned runs: listed, carried out and resumed in one way, whatever they compute.
import type { Engine } from "../engine/engine.js";
import type { RepeatedScore } from "../evaluate/repeated-splits.js";
import type { RunEnvironment } from "../train/environment.js";
import type { RunState } from "../train/folder.js";
import { withInterrupt } from "../train/interrupt.js";
import type { Progress } from "../train/progress.js";
import type { TrainingMeans } from "./study.js";
import type { Variant } from "./variants.js";

/** A run: carried out once, kept in a place of its own, and found there by every later plan of the same run. */
export interface PlannedRun {
  /** From 0. */
  readonly number: number;
  readonly name: string;
  /** Where it is kept. */
  readonly folder: string;
  /** That it trains at most; null if nothing is trained epoch by epoch. */
  readonly epochs: number | null;
  /** Tells how far it is. */
  state(): Promise<RunState>;
  /**
   * Carries out what is left of it.
   * @returns false if the signal stopped it; call it again to resume.
   */
  carryOut(means: RunMeans): Promise<boolean>;
}

/** What a run is carried out with. */
export interface RunMeans extends TrainingMeans {
  readonly signal: AbortSignal;
}

/** A run of an experiment: it scores the variants that share it. */
export interface ScoredRun extends PlannedRun {
  /** Of the training, or of the split. */
  readonly seed: number;
  /** SHA-256 of its settings and data. */
  readonly hash: string;
  /** Reads what carried it out; only of a finished run. */
  environment(): Promise<RunEnvironment>;
  /** Scores some of its variants; only of a finished run. */
  score(variants: readonly Variant[], engine: Engine): Promise<RunScores>;
}

/** The scores of a run's variants. */
export interface RunScores {
  readonly scores: readonly RepeatedScore[];
  /** Of the variants that concern embeddings. */
  readonly accuracies: readonly SeedAccuracy[];
}

/** The accuracy of a classifier on one variant's embeddings with one seed; shares in [0, 1]. */
export interface SeedAccuracy {
  readonly variant: string;
  readonly seed: number;
  /** Number of test samples. */
  readonly samples: number;
  readonly accuracy: number;
  /** The accuracy of always predicting the most frequent class of these samples. */
  readonly majorityRate: number;
}

/** A run in a list. */
export type ListedRun = RunState & Pick<PlannedRun, "number" | "name" | "folder" | "epochs">;

/** Lists runs in order, with the state of each. */
export async function listRuns(runs: readonly PlannedRun[]): Promise<ListedRun[]> {
  return await Promise.all(
    runs.map(async (run) => {
      const { number, name, folder, epochs } = run;
      return { number, name, folder, epochs, ...(await run.state()) };
    }),
  );
}

/** Describes how far a run has come: "done", "partial at epoch 12", "missing". */
export function describeState({ state, epoch }: RunState): string {
  return state === "partial" ? `partial at epoch ${epoch}` : state;
}

/**
 * Carries out the unfinished ones of some runs, one after another. A first interrupt stops the current run gracefully.
 * @param progressOf shows the progress of a run; by default nothing is shown.
 * @returns false if it was interrupted; call it again to resume.
 */
export async function carryOut(
  runs: readonly PlannedRun[],
  engine: Engine,
  progressOf?: (run: PlannedRun) => Progress,
): Promise<boolean> {
  return await withInterrupt(async (signal) => {
    for (const run of runs) {
      if ((await run.state()).state === "done") continue;
      if (signal.aborted) return false; // interrupted when the previous run had nothing left to stop
      if (!(await run.carryOut({ engine, signal, progress: progressOf?.(run) }))) return false;
    }
    return true;
  });
}
