// The command that tunes: a study of trials on a profile's cohort, which goes on where it stood.
import { chooseEngine } from "../engine/choose.js";
import { formatCell, textTable } from "../jupyter/table.js";
import type { Profile } from "../study/profile.js";
import { openStudy } from "../study/study.js";
import { type Setup, summarizeTuning, tuneAro, tunedSettings } from "../study/tuning.js";
import type { Trial } from "../train/trial.js";
import { choose } from "./options.js";

const METHODS = ["bayes", "random"] as const;
const SWITCH = ["on", "off"] as const;

/** The options that say what is searched. */
export const TUNE_OPTIONS = ["method", "input-dropout", "trials"] as const;

/** What they amount to. */
export interface Search {
  readonly setup: Setup;
  readonly trials: number;
}

/**
 * Reads the options that say what is searched.
 * @throws RangeError naming what there is, or that a number is none.
 */
export function readSearch(
  own: Readonly<Partial<Record<(typeof TUNE_OPTIONS)[number], string>>>,
  profile: Profile,
): Search {
  const method = oneOf("method", METHODS, own.method);
  const inputDropout = oneOf("input-dropout", SWITCH, own["input-dropout"]) === "on";
  const trials = Number(own.trials ?? profile.tuning.trials);
  if (!Number.isInteger(trials) || trials < 1) {
    throw new RangeError(
      `aro tune: expected --trials to be a positive whole number, got "${own.trials}"`,
    );
  }
  return { setup: { method, inputDropout }, trials };
}

/**
 * `aro tune` searches one setup; exits with 1 if it was interrupted before its last trial. With `--shared on` other
 * processes may do the same at the same time.
 */
export async function tune(args: readonly string[]): Promise<number> {
  const { profile, json, own, positionals } = choose(args, [...TUNE_OPTIONS, "shared"]);
  if (positionals.length > 0) {
    throw new RangeError(`aro tune: expected options alone, got "${positionals.join(" ")}"`);
  }
  const { setup, trials } = readSearch(own, profile);
  const shared = oneOf("shared", SWITCH, own.shared ?? "off") === "on";
  const study = await openStudy(profile);
  const { engine } = await chooseEngine();
  const tell = (trial: Trial) => console.log(describeTrial(trial, trials));
  const tuning = await tuneAro(study, setup, engine, {
    ...{ trials, shared },
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
  return ended.length < trials ? 1 : 0;
}

function oneOf<T extends string>(name: string, choices: readonly T[], given?: string): T {
  const chosen = choices.find((choice) => choice === (given ?? choices[0]));
  if (chosen === undefined) {
    throw new RangeError(
      `aro tune: expected --${name} to be ${choices.join(" or ")}, got "${given}"`,
    );
  }
  return chosen;
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
