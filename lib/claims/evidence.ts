// The evidence: what the notebooks have published for a profile, as far as they have been run.
import { readdir } from "node:fs/promises";
import type { PairedDifference } from "../evaluate/paired.js";
import type { FlatScore } from "../evaluate/summary.js";
import type { SeedRow } from "../study/experiment-tables.js";
import { foldersOf, type Profile } from "../study/profile.js";
import { findResults } from "../study/results.js";

/** A classifier on one representation, as notebook 6 publishes it; shares in [0, 1]. */
export interface Downstream {
  readonly task: string;
  readonly representation: string;
  readonly classifier: string;
  readonly accuracy: number;
  readonly accuracyLow: number;
  readonly accuracyHigh: number;
  readonly balancedAccuracy: number;
  readonly balancedLow: number;
  readonly balancedHigh: number;
}

/** How far two clusters of a representation are a label's classes, as notebook 5 publishes it. */
export interface Clustering {
  readonly representation: string;
  readonly label: string;
  readonly adjustedRand: number;
}

/** Null where the notebook that makes a table has not been run. */
export interface Evidence {
  readonly profile: Profile;
  /** Whether the cohort is the paper's own, so that a number may replicate one of the paper's. */
  readonly replicates: boolean;
  readonly reconstruction: readonly FlatScore[] | null;
  readonly differences: readonly PairedDifference[] | null;
  /** Losses over seeds, beside controls. */
  readonly seeds: readonly SeedRow[] | null;
  readonly downstream: readonly Downstream[] | null;
  readonly latent: readonly Clustering[] | null;
  /** Names of the published figures. */
  readonly figures: readonly string[];
}

/** Reads what there is of a profile; nothing of it needs to be there. */
export async function readEvidence(profile: Profile): Promise<Evidence> {
  return {
    profile,
    replicates: (profile.name as string) === PAPER_PROFILE,
    reconstruction: await findResults<FlatScore>(profile, "reconstruction"),
    differences: await findResults<PairedDifference>(profile, "differences"),
    seeds: await findResults<SeedRow>(profile, "seeds"),
    downstream: await findResults<Downstream>(profile, "downstream"),
    latent: await findResults<Clustering>(profile, "latent"),
    figures: await listFigures(foldersOf(profile).figures),
  };
}

/** What to say where a claim needs a run that has not been made. */
export function needsRun({ profile }: Evidence): string {
  const chosen = profile.name === "ucec" ? "" : ` -- --profile ${profile.name}`;
  return `no run of profile ${profile.name} yet: npm start${chosen}`;
}

/** The profile of the paper's two cohorts at the paper's size. */
const PAPER_PROFILE = "paper";

async function listFigures(folder: string): Promise<string[]> {
  try {
    const names = await readdir(folder);
    return names.filter((name) => name.endsWith(".svg")).map((name) => name.slice(0, -4));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
