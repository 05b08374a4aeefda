// The command that keeps the scores of a finished experiment or measurement under version control.
import { chooseEngine } from "../engine/choose.js";
import { findEntry, recordEntry } from "../study/catalog.js";
import { readProfile } from "../study/profile.js";
import { openStudy } from "../study/study.js";
import type { ProfileChoice } from "./options.js";
import { profileOf } from "./profile.js";

/** `aro record NAME` scores the finished runs of an experiment and writes its record, which the notebooks read. */
export async function record(given: ProfileChoice, [name]: readonly string[]): Promise<number> {
  const { profile: asked, env } = profileOf(given);
  findEntry(asked, name); // before a cohort is fetched
  const { engine } = await chooseEngine();
  const study = await openStudy(readProfile(env, engine));
  console.log(await recordEntry(study, findEntry(study.profile, name), engine));
  return 0;
}
