// What the overview figure shows of a study: the settings of its profile and the sizes of its cohort.
import { type Cohort, summarizeModalities } from "../cohort/cohort.js";
import { countPatients } from "../cohort/labels.js";
import type { OverviewOptions } from "../figures/overview.js";
import { ARO } from "../model/aro.js";
import { countParameters } from "../model/model.js";
import { describeStages } from "../preprocess/scaler.js";
import type { Profile } from "./profile.js";
import { chooseTasks } from "./tasks.js";

/** Describes a profile's study of a cohort without empty features. */
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
