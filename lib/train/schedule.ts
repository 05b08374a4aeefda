// The learning rate's schedule: lowered when the validation loss reaches a plateau, as in PyTorch.

export interface PlateauOptions {
  /** What the rate is multiplied by, in (0, 1). */
  readonly factor?: number;
  /** Steps without improvement that are tolerated; the one after lowers the rate. */
  readonly patience?: number;
  /** An improvement is a metric below `best * (1 - threshold)`. */
  readonly threshold?: number;
  /** Steps after a reduction in which nothing is counted. */
  readonly cooldown?: number;
  /** The rate never falls below this. */
  readonly minimum?: number;
  /** A reduction smaller than this is not made. */
  readonly epsilon?: number;
}

/** What the schedule remembers; plain numbers, so that it can be saved as JSON. */
export interface PlateauState {
  readonly learningRate: number;
  /** The lowest metric that counted as an improvement; null before the first. */
  readonly best: number | null;
  /** Steps since the last improvement or reduction. */
  readonly badSteps: number;
  /** Steps of the cooldown still to come. */
  readonly cooldownLeft: number;
}

/** Starts the schedule at a learning rate. */
export function startPlateau(learningRate: number): PlateauState {
  return { learningRate, best: null, badSteps: 0, cooldownLeft: 0 };
}

/**
 * Takes one step on a metric that shall fall, and gives the state after it.
 * Source: torch.optim.lr_scheduler.ReduceLROnPlateau, mode "min", threshold_mode "rel".
 * @throws RangeError if the metric is not finite.
 */
export function stepPlateau(
  state: PlateauState,
  metric: number,
  {
    factor = 0.1,
    patience = 10,
    threshold = 1e-4,
    cooldown = 0,
    minimum = 0,
    epsilon = 1e-8,
  }: PlateauOptions = {},
): PlateauState {
  if (!Number.isFinite(metric)) {
    throw new RangeError(`stepPlateau: expected a finite metric, got ${metric}`);
  }
  let { learningRate, best, badSteps, cooldownLeft } = state;
  if (best === null || metric < best * (1 - threshold)) {
    best = metric;
    badSteps = 0;
  } else {
    badSteps++;
  }
  if (cooldownLeft > 0) {
    cooldownLeft--;
    badSteps = 0;
  }
  if (badSteps > patience) {
    const lowered = Math.max(learningRate * factor, minimum);
    if (learningRate - lowered > epsilon) learningRate = lowered;
    cooldownLeft = cooldown;
    badSteps = 0;
  }
  return { learningRate, best, badSteps, cooldownLeft };
}
