// The command that keeps the scores of a finished experiment under version control.
import { relative } from "node:path";
import { chooseEngine } from "../engine/choose.js";
import { findExperiment, planExperiment } from "../study/experiments.js";
import { readProfile } from "../study/profile.js";
import { recordExperiment, recordFile } from "../study/record.js";
import { recordSplits, SPLITS, splitsFile } from "../study/splits.js";
import { openStudy } from "../study/study.js";
import { type ProfileChoice, profileOf } from "./options.js";

/** `aro record NAME` scores the finished runs of an experiment and writes its record, which notebook 8 reads. */
export async function record(given: ProfileChoice, [name]: readonly string[]): Promise<number> {
  const { profile: asked, env } = profileOf(given);
  if (name !== SPLITS) findExperiment(asked, name); // before a cohort is fetched
  const { engine } = await chooseEngine();
  const study = await openStudy(readProfile(env, engine));
  if (name === SPLITS) {
    const { splits, date } = await recordSplits(study);
    console.log(
      `${relative(process.cwd(), splitsFile(study))}: scores of ${splits.length} splits, ${date}`,
    );
    return 0;
  }
  const plan = planExperiment(study, findExperiment(study.profile, name));
  const { runs, date } = await recordExperiment(plan, engine);
  const file = relative(process.cwd(), recordFile(plan));
  console.log(`${file}: scores of ${runs.length} runs, ${date}`);
  return 0;
}
