// Checks of a model's settings: each refusal names the setting, what it may be, and what it is.
import { either, required } from "../options.js";
import type { Sight } from "./autoencoder.js";

/** Kinds of settings, for `checkOptions`. */
export const NUMBER = required("number");
export const OUTPUT = required(["softplus", "relu"]);
export const SIGHT = { features: NUMBER, visible: required(either("object", "null")) };

/**
 * Makes the checks of one model's settings.
 * @returns functions that throw a RangeError naming the model, the setting, what was expected and what was found.
 */
export function demandsOf(model: string) {
  const demand = (name: string, holds: boolean, expected: string, got: unknown): void => {
    if (!holds) throw new RangeError(`${model}: expected ${name} to be ${expected}, got ${got}`);
  };
  return {
    demand,
    demandCount(name: string, value: number, least = 1): void {
      const holds = Number.isInteger(value) && value >= least;
      demand(name, holds, `a whole number of at least ${least}`, value);
    },
    /** A share of units that dropout sets to 0. */
    demandShare: (name: string, value: number) =>
      demand(name, value >= 0 && value < 1, "in [0, 1)", value),
    /** The weight of a term of the loss. */
    demandWeight: (name: string, value: number) =>
      demand(name, Number.isFinite(value) && value >= 0, "finite and at least 0", value),
  };
}

/** @throws RangeError if there are no features, or the visible columns are not a range of them. */
export function checkSight(model: string, { features, visible }: Sight): void {
  const { demand, demandCount } = demandsOf(model);
  demandCount("features", features);
  if (!visible) return;
  const { start, end } = visible;
  const isRange = start >= 0 && start < end && end <= features;
  demand("visible", isRange, `a range in [0, ${features})`, `[${start}, ${end})`);
}
