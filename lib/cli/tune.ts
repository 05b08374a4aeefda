// The command that tunes: a resumable study of trials on a profile's cohort.
import { chooseEngine } from "../engine/choose.js";
import { formatCell, textTable } from "../figures/table.js";
import type { Profile } from "../study/profile.js";
import { openStudy } from "../study/study.js";
import { type Setup, summarizeTuning, tuneAro, tunedSettings } from "../study/tuning.js";
import { STOPPED } from "../train/interrupt.js";
import type { Trial } from "../train/trial.js";
import type { Given, SEARCH_OPTIONS, TUNE_OPTIONS } from "./options.js";
import { profileOf } from "./profile.js";

/** The search that options ask for; the number of trials is the profile's by default. */
export function readSearch(
  { method = "bayes", inputDropout, trials }: Given<typeof SEARCH_OPTIONS>,
  { tuning }: Profile,
): { readonly setup: Setup; readonly trials: number } {
  return {
    setup: { method, inputDropout: inputDropout === "on" },
    trials: trials ?? tuning.trials,
  };
}

/**
 * `aro tune` searches one setup; exits with 75 if it was stopped before its last trial. With `--shared on` other
 * processes may work on the same study at the same time.
 */
export async function tune(given: Given<typeof TUNE_OPTIONS>): Promise<number> {
  const { json = false } = given;
  const { profile } = profileOf(given);
  const { setup, trials } = readSearch(given, profile);
  const shared = given.shared === "on";
  const study = await openStudy(profile);
  const { engine } = await chooseEngine();
  const tell = (trial: Trial) => console.log(describeTrial(trial, trials));
  const tuning = await tuneAro(study, setup, engine, {
    trials,
    shared,
    ...(json ? {} : { onTrial: tell }),
  });
  const ended = tuning.trials.filter(({ status }) => status !== "running");
  const summary = summarizeTuning(tuning);
  const settings = tuning.best && tunedSettings(tuning.best.point);
  if (json) {
    console.log(
      JSON.stringify({ folder: tuning.folder, summary, settings, trials: ended }, null, 2),
    );
  } else {
    console.log(`\n${textTable([summary], { digits: 4 })}\n\nin ${tuning.folder}`);
    if (settings) console.log(`to train with the best: npm start -- --set ${settings}`);
  }
  return ended.length < trials ? STOPPED : 0;
}

/** One line: number, verdict, loss, epochs, point. */
function describeTrial({ number, status, loss, epochs, point }: Trial, trials: number): string {
  const values = Object.entries(point).map(
    ([name, value]) =>
      `${name} ${typeof value === "number" ? Number(value.toPrecision(3)) : value}`,
  );
  const place = `${number + 1}/${trials}`.padEnd(7);
  return `${place} ${status.padEnd(8)} ${formatCell(loss, 4)}  ${epochs} epochs  ${values.join(", ")}`;
}
