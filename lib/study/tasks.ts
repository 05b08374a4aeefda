// The labels of a cohort that classifiers can be asked for: at least two classes that every fold can contain.
import type { Cohort } from "../cohort/cohort.js";
import { labelValues } from "../cohort/labels.js";
import { counted } from "../figures/text.js";
import type { Profile } from "./profile.js";

/** A profile's tasks, by whether its cohort can answer them. */
export interface Tasks {
  /** In the profile's order. */
  readonly asked: readonly string[];
  /** A sentence for each task that cannot be asked, with the reason, and for classes that are left out of one. */
  readonly refused: readonly string[];
}

/**
 * Chooses a profile's tasks: a label can be asked for if at least two of its classes have as many patients as there
 * are folds.
 * @throws RangeError if there is none, with the reasons.
 */
export function chooseTasks({
  profile,
  cohort,
}: {
  readonly profile: Profile;
  readonly cohort: Pick<Cohort, "name" | "samples">;
}): Tasks {
  const { labels, evaluation } = profile;
  const asked: string[] = [];
  const refused: string[] = [];
  for (const task of labels.tasks) {
    const reason = reasonAgainst(task, cohort, evaluation.folds);
    if (reason === null) {
      asked.push(task);
      refused.push(...leftOut(task, cohort, evaluation.folds));
    } else refused.push(`${task} cannot be asked of ${cohort.name}: ${reason}`);
  }
  if (asked.length === 0) {
    throw new RangeError(
      `chooseTasks: expected a label with two classes for profile ${profile.name}, got none; ${refused.join("; ")}`,
    );
  }
  return { asked, refused };
}

/** Why a task cannot be asked; null if it can. */
function reasonAgainst(
  task: string,
  { samples }: Pick<Cohort, "samples">,
  folds: number,
): string | null {
  const names = new Set(samples.flatMap(({ labels }) => Object.keys(labels)));
  if (!names.has(task)) return `no such label, there are ${[...names].join(", ") || "none"}`;
  if (labelValues(samples, task).every((value) => value === null)) return "no sample records it";
  const classes = new Set(
    labelValues(samples, task, { atLeast: folds }).filter((value) => value !== null),
  );
  if (classes.size >= 2) return null;
  const which = classes.size === 0 ? "no class" : `only "${[...classes][0]}"`;
  return `${which} has ${folds} patients or more, and a task needs two such classes`;
}

/** Says which classes of a task are too rare to be in every fold, and how many samples have them. */
function leftOut(
  task: string,
  { samples }: Pick<Cohort, "samples">,
  folds: number,
): readonly string[] {
  const kept = labelValues(samples, task, { atLeast: folds });
  const rare = labelValues(samples, task).filter((value, row) => value !== kept[row]);
  if (rare.length === 0) return [];
  const classes = [...new Set(rare)];
  return [
    `${task}: left out ${counted(rare.length, "sample")} of ${counted(classes.length, "class", "classes")} with fewer than ${folds} patients: ${classes.join(", ")}`,
  ];
}
