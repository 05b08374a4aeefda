// The median rule, which ends hopeless trials early.
import { median } from "simple-statistics";
import type { Epoch } from "./train.js";

/** When the rule applies. */
export interface MedianRule {
  /** Epochs before a trial is judged, at least 1. */
  readonly afterEpochs: number;
  /** Number of earlier trials that must have reached the same epoch. */
  readonly afterTrials: number;
}

/** The lowest validation loss up to each epoch, of one trial. */
export type Curve = readonly number[];

export function curveOf(epochs: readonly Epoch[]): Curve {
  return epochs.map(({ best }) => best.huber);
}

/**
 * Whether a trial's lowest validation loss up to this epoch is above the median of what the earlier trials that came
 * as far had reached at it. Source: Golovin et al. 2017 (Vizier), section 3.2.2, with losses instead of their averages.
 */
export function isHopeless(
  { epoch, best }: Pick<Epoch, "epoch" | "best">,
  earlier: readonly Curve[],
  { afterEpochs, afterTrials }: MedianRule,
): boolean {
  if (epoch <= afterEpochs) return false;
  const reached = earlier.flatMap((curve) => (curve.length >= epoch ? [curve[epoch - 1]] : []));
  return reached.length >= afterTrials && best.huber > median(reached);
}

/** @throws RangeError if a count makes no sense. */
export function checkRule({ afterEpochs, afterTrials }: MedianRule): void {
  for (const [name, count] of Object.entries({ afterEpochs, afterTrials })) {
    if (!Number.isInteger(count) || count < 1) {
      throw new RangeError(
        `tune: expected stopping.${name} to be a positive whole number, got ${count}`,
      );
    }
  }
}
