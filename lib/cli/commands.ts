// The commands behind `npx aro`, by name.
import { data } from "./data.js";
import { doctor } from "./doctor.js";
import { checkNotebooks, lab, runAll } from "./notebooks.js";
import { plan } from "./plan.js";
import { claims, readme } from "./report.js";
import { submit } from "./submit.js";
import { tensorflow } from "./tensorflow.js";
import { train } from "./train.js";
import { tune } from "./tune.js";

/** Each takes the arguments behind its name and resolves to the exit status. */
export const commands: Readonly<Record<string, (args: readonly string[]) => Promise<number>>> = {
  start: runAll,
  notebooks: runAll,
  check: checkNotebooks,
  lab,
  data,
  doctor,
  plan,
  train,
  tune,
  submit,
  tensorflow,
  claims,
  readme,
};
