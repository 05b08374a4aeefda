// The learning rate's schedule: lowered when the validation loss reaches a plateau, as in PyTorch.
import type { PlateauSettings } from "./settings.js";

/** An improvement is a metric below `best (1 - THRESHOLD)`; PyTorch's default. */
const THRESHOLD = 1e-4;
/** A smaller reduction of the rate is not made; PyTorch's default. */
const EPSILON = 1e-8;

/** What the schedule remembers: plain numbers, so that it can be saved as JSON. */
export interface PlateauState {
  readonly learningRate: number;
  /** The lowest metric that counted as an improvement; null before the first. */
  readonly best: number | null;
  /** Steps since the last improvement or reduction of the rate. */
  readonly badSteps: number;
}

/** Starts the schedule at a learning rate. */
export function startPlateau(learningRate: number): PlateauState {
  return { learningRate, best: null, badSteps: 0 };
}

/**
 * Takes one step on a metric that should fall, and returns the state after it.
 * Source: torch.optim.lr_scheduler.ReduceLROnPlateau with mode "min", threshold_mode "rel" and no cooldown.
 * @throws RangeError if the metric is not finite.
 */
export function stepPlateau(
  state: PlateauState,
  metric: number,
  { factor, patience }: Pick<PlateauSettings, "factor" | "patience">,
): PlateauState {
  if (!Number.isFinite(metric)) {
    throw new RangeError(`stepPlateau: expected a finite metric, got ${metric}`);
  }
  const { learningRate, best, badSteps } = state;
  if (best === null || metric < best * (1 - THRESHOLD)) {
    return { learningRate, best: metric, badSteps: 0 };
  }
  if (badSteps < patience) return { learningRate, best, badSteps: badSteps + 1 };
  const lowered = learningRate * factor;
  const isLowered = learningRate - lowered > EPSILON;
  return { learningRate: isLowered ? lowered : learningRate, best, badSteps: 0 };
}
