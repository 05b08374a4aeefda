// The catalog: the experiments and measurements of a profile by name, for the commands that run and record them.

import type { Engine } from "../engine/engine.js";
import { findNamed } from "../nearest.js";
import { type Experiment, experimentsOf, planExperiment } from "./experiments.js";
import { HIDDEN_CELLS } from "./hidden-cells.js";
import { type Measurement, planMeasurement, recordMeasurement } from "./measurement.js";
import type { PlannedRun } from "./planned-runs.js";
import type { Profile } from "./profile.js";
import { recordExperiment } from "./record.js";
import { SETS } from "./sets.js";
import type { Study } from "./study.js";
import { UNCERTAINTY } from "./uncertainty.js";

/** Something that is carried out run by run and then recorded: an experiment, or a measurement, which is one run. */
export interface Entry {
  readonly name: string;
  /** One line for a list. */
  readonly about: string;
  /** Runs at most; variants that need the same training share one. */
  readonly mostRuns: number;
  plan(study: Study): readonly PlannedRun[];
  /**
   * Keeps what the finished runs found in the profile's records, which the notebooks read.
   * @returns what the record holds, in words.
   * @throws Error if no run is finished, with the command that carries it out.
   */
  record(study: Study, engine: Engine): Promise<string>;
}

const MEASUREMENTS: readonly Measurement<unknown>[] = [UNCERTAINTY, SETS, HIDDEN_CELLS];

/** Lists the experiments of a profile, then the measurements. */
export function entriesOf(profile: Profile): readonly Entry[] {
  return [...experimentsOf(profile).map(experimentEntry), ...MEASUREMENTS.map(measurementEntry)];
}

/**
 * Finds an entry by name.
 * @throws RangeError naming those that exist.
 */
export function findEntry(profile: Profile, name: string): Entry {
  return findNamed("findEntry", entriesOf(profile), name);
}

function experimentEntry(experiment: Experiment): Entry {
  const { name, about, variants, seeds } = experiment;
  return {
    name,
    about,
    mostRuns: variants.length * seeds.length,
    plan: (study) => planExperiment(study, experiment).runs,
    record: async (study, engine) => {
      const plan = planExperiment(study, experiment);
      const { runs, date } = await recordExperiment(plan, engine);
      return `scores of ${runs.length} of ${plan.runs.length} runs, ${date}`;
    },
  };
}

function measurementEntry(measurement: Measurement<unknown>): Entry {
  const { name, about } = measurement;
  return {
    name,
    about,
    mostRuns: 1,
    plan: (study) => [planMeasurement(measurement, study)],
    record: async (study) => `measured ${(await recordMeasurement(measurement, study)).date}`,
  };
}
