// Every measurement, for the commands that make and record them.
import { HIDDEN_CELLS } from "./hidden-cells.js";
import type { Measurement } from "./measurement.js";
import { SETS } from "./sets.js";
import { UNCERTAINTY } from "./uncertainty.js";

/** By name. */
export const MEASUREMENTS: Readonly<Record<string, Measurement<unknown>>> = {
  [UNCERTAINTY.name]: UNCERTAINTY,
  [SETS.name]: SETS,
  [HIDDEN_CELLS.name]: HIDDEN_CELLS,
};
