// The commands behind `npx aro`, by name.
import { data, engines } from "./data.js";
import { checkNotebooks, lab, runAll } from "./notebooks.js";
import { claims, readme } from "./report.js";
import { tensorflow } from "./tensorflow.js";
import { tune } from "./tune.js";

/** Each takes the arguments behind its name and resolves to the exit status. */
export const commands: Readonly<Record<string, (args: readonly string[]) => Promise<number>>> = {
  start: runAll,
  notebooks: runAll,
  check: checkNotebooks,
  lab,
  data,
  tune,
  engines,
  tensorflow,
  claims,
  readme,
};
