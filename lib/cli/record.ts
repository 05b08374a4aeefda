// The command that keeps the scores of a finished experiment under version control.
import { relative } from "node:path";
import { chooseEngine } from "../engine/choose.js";
import { findExperiment, planExperiment } from "../study/experiments.js";
import { recordMeasurement } from "../study/measurement.js";
import { MEASUREMENTS } from "../study/measurements.js";
import { readProfile } from "../study/profile.js";
import { recordExperiment, recordFile } from "../study/record.js";
import { openStudy } from "../study/study.js";
import type { ProfileChoice } from "./options.js";
import { profileOf } from "./profile.js";

/** `aro record NAME` scores the finished runs of an experiment and writes its record, which the notebooks read. */
export async function record(given: ProfileChoice, [name]: readonly string[]): Promise<number> {
  const { profile: asked, env } = profileOf(given);
  const measurement = Object.values(MEASUREMENTS).find((one) => one.name === name);
  if (!measurement) findExperiment(asked, name); // before a cohort is fetched
  const { engine } = await chooseEngine();
  const study = await openStudy(readProfile(env, engine));
  if (measurement) {
    console.log(relative(process.cwd(), await recordMeasurement(measurement, study)));
    return 0;
  }
  const plan = planExperiment(study, name);
  const { runs, date } = await recordExperiment(plan, engine);
  const file = relative(process.cwd(), recordFile(study.profile, name));
  console.log(`${file}: scores of ${runs.length} of ${plan.runs.length} runs, ${date}`);
  return 0;
}
