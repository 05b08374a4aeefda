// The evidence: the tables and figures that the notebooks have published for a profile, and its recorded scores.
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import type { AccuracyDifference } from "../evaluate/compare.js";
import type { PairedDifference } from "../evaluate/paired.js";
import type { RepeatedScore } from "../evaluate/repeated-splits.js";
import type { FlatScore } from "../evaluate/summary.js";
import type { SeedRow } from "../study/experiment-scores.js";
import { foldersOf, type Profile, replicatesPaper } from "../study/profile.js";
import { readRecord } from "../study/record.js";
import { findResults } from "../study/results.js";
import type { RunRow } from "../study/runs.js";
import type { ClusterRow, DownstreamRow } from "../study/sentences.js";

/** A classifier on one representation, as notebook 6 publishes it; shares in [0, 1]. */
export type Downstream = Pick<
  DownstreamRow,
  | ("task" | "representation" | "classifier" | "accuracy" | "accuracyLow" | "accuracyHigh")
  | ("balancedAccuracy" | "balancedLow" | "balancedHigh")
>;

/** Two representations compared by the MLP's balanced accuracy of one task. */
export interface EmbeddingDifference extends AccuracyDifference {
  readonly task: string;
  /** Whether each column was standardized before classification. */
  readonly columns: "standardized" | "as they are";
}

/** A table is null if the notebook that makes it has not been run. */
export interface Evidence {
  readonly profile: Profile;
  /** Whether the cohort and the training settings are the paper's, so that a number may replicate one of the paper's. */
  readonly replicates: boolean;
  /** The runs behind the numbers, with their settings. */
  readonly runs: readonly RunRow[] | null;
  readonly reconstruction: readonly FlatScore[] | null;
  readonly differences: readonly PairedDifference[] | null;
  /** Losses over seeds, and those of controls. */
  readonly seeds: readonly SeedRow[] | null;
  /** Scores over repeated splits; null without a record of them. */
  readonly splits: readonly RepeatedScore[] | null;
  readonly downstream: readonly Downstream[] | null;
  /** Paired differences between representations, as notebook 6 publishes them. */
  readonly embeddings: readonly EmbeddingDifference[] | null;
  /** As notebook 5 publishes it. */
  readonly latent: readonly Pick<ClusterRow, "representation" | "label" | "adjustedRand">[] | null;
  /** Names of the published figures. */
  readonly figures: readonly string[];
}

/** Reads the evidence of a profile, as much as there is. */
export async function readEvidence(profile: Profile): Promise<Evidence> {
  const runs = await findResults<RunRow>(profile, "runs");
  const { figures } = foldersOf(profile);
  const names = existsSync(figures) ? await readdir(figures) : [];
  return {
    profile,
    replicates: mayReplicate(profile, runs),
    runs,
    reconstruction: await findResults<FlatScore>(profile, "reconstruction"),
    differences: await findResults<PairedDifference>(profile, "differences"),
    seeds: await findResults<SeedRow>(profile, "seeds"),
    splits: (await readRecord(profile, "splits"))?.scores ?? null,
    downstream: await findResults<Downstream>(profile, "downstream"),
    embeddings: await findResults<EmbeddingDifference>(profile, "downstream-differences"),
    latent: await findResults<ClusterRow>(profile, "latent"),
    figures: names.filter((name) => name.endsWith(".svg")).map((name) => name.slice(0, -4)),
  };
}

/** Whether the numbers come from the paper's own cohorts, and from models trained as it states. */
export function mayReplicate(profile: Profile, runs: Evidence["runs"]): boolean {
  const asStated = runs?.every(({ departures }) => departures === "none") ?? false;
  return replicatesPaper(profile) && asStated;
}
