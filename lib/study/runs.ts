// The runs behind a result: engine and settings, as each run folder records them, and departures from the paper's.
import { groupBy } from "../cohort/group.js";
import { nameEngine } from "../engine/engine.js";
import { ARO, PAPER_MODEL } from "../model/aro.js";
import { countParameters } from "../model/model.js";
import type { Run } from "../train/folder.js";
import { completeSettings, type TrainSettings } from "../train/settings.js";
import type { Profile } from "./profile.js";

/** A run and its name in tables. */
export interface NamedRun {
  /** Such as "ARO masked". */
  readonly name: string;
  readonly run: Pick<Run, "config" | "environment">;
}

/** The engine and settings of a run. */
export interface RunRow {
  readonly run: string;
  /** The engine and the version of its library. */
  readonly engine: string;
  readonly width: number;
  readonly hiddenLayers: number;
  readonly parameters: number;
  readonly learningRate: string;
  readonly epochs: number;
  readonly batchSize: number;
  readonly seed: number;
  readonly output: string;
  readonly inputDropout: number;
  readonly weightDecay: number;
  /** Of the plateau schedule; null if there is none. */
  readonly plateauFactor: number | null;
  /** In epochs. */
  readonly plateauPatience: number | null;
  /** Settings that differ from the paper's, such as "width 256 for 2,048"; "none" if all are the paper's. */
  readonly departures: string;
}

/** Lists the engine and settings of runs, as their config.json and environment.json record them. */
export function describeRuns(runs: readonly NamedRun[]): RunRow[] {
  return runs.map(({ name, run: { config, environment } }) => ({
    run: name,
    engine: nameEngine(environment.engine),
    parameters: countParameters(ARO, config.spec),
    ...settingsOf(config),
    departures: departuresOf(config).join(", ") || "none",
  }));
}

/** The settings of a training run. */
export type RunSettings = Omit<RunRow, "run" | "engine" | "parameters" | "departures">;

/** Lists the settings of one training run. */
export function settingsOf({
  spec,
  training,
}: {
  readonly spec: Profile["model"];
  readonly training: TrainSettings;
}): RunSettings {
  const { plateau } = training;
  return {
    width: spec.width,
    hiddenLayers: spec.hiddenLayers,
    learningRate: training.learningRate.toExponential(),
    epochs: training.epochs,
    batchSize: training.batchSize,
    seed: training.seed,
    output: spec.output,
    inputDropout: spec.inputDropout,
    weightDecay: training.weightDecay,
    plateauFactor: plateau?.factor ?? null,
    plateauPatience: plateau && plateau.patience / plateau.stepsPerEpoch,
  };
}

/** Describes runs in one sentence each; runs that differ only in their name share a sentence. */
export function summarizeRuns(rows: readonly RunRow[]): string {
  const sentenceOf = (row: RunRow) =>
    `engine ${row.engine}, ${row.width.toLocaleString("en-US")} units wide, ${row.hiddenLayers} hidden layers, ` +
    `learning rate ${row.learningRate}, ${row.epochs} epochs, batches of ${row.batchSize}, trained once; ` +
    (row.departures === "none"
      ? "model and optimizer settings are the paper's"
      : `not the paper's settings: ${row.departures}`);
  return [...groupBy(rows, sentenceOf)]
    .map(([sentence, alike]) => `${alike.map(({ run }) => run).join(" and ")}: ${sentence}.`)
    .join(" ");
}

function departuresOf({ spec, training }: Run["config"]): string[] {
  const paper = { ...PAPER_MODEL, ...completeSettings({ seed: training.seed }) };
  const ours: Record<string, unknown> = { ...spec, ...training };
  return Object.entries(paper)
    .filter(([name, value]) => JSON.stringify(ours[name]) !== JSON.stringify(value))
    .map(([name, value]) => `${words(name)} ${show(ours[name])} for ${show(value)}`);
}

/** "learningRate" as "learning rate". */
function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function show(value: unknown): string {
  if (typeof value !== "number") return typeof value === "string" ? value : JSON.stringify(value);
  return value > 0 && value < 0.01 ? value.toExponential() : value.toLocaleString("en-US");
}
