// A study in one picture: the settings of a profile and the sizes of its cohort, for the overview figure.
import { type Cohort, summarizeModalities } from "../cohort/cohort.js";
import { countPatients } from "../cohort/labels.js";
import type { OverviewOptions } from "../figures/overview.js";
import { ARO } from "../model/aro.js";
import { countParameters } from "../model/model.js";
import { describeStages } from "../preprocess/scaler.js";
import type { Profile } from "./profile.js";
import { chooseTasks } from "./tasks.js";

/**
 * Describes a profile and its cohort for `overviewFigure`.
 * @param cohort without the features that are empty in every sample.
 * @throws RangeError if the cohort can answer none of the profile's tasks.
 */
export function describeStudy(profile: Profile, cohort: Cohort): OverviewOptions {
  const { model } = profile;
  const features = cohort.features.length;
  return {
    cohort: cohort.name,
    samples: cohort.samples.length,
    patients: countPatients(cohort.samples),
    modalities: summarizeModalities(cohort).map(({ modality, features }, i) => ({
      name: modality,
      features,
      seen: i === 0, // as trainAro masks them
    })),
    steps: describeStages(),
    model: { ...model, parameters: countParameters(ARO, { ...model, features, visible: null }) },
    loss: "Huber loss over observed entries",
    tasks: chooseTasks({ profile, cohort }).asked,
  };
}
