// What MODIS asks of its latent space and of its reconstructions, each loss with its slope; float64.
import type { Matrix } from "../cohort/matrix.js";
import type { Table } from "./dense.js";
import { softmaxRows } from "./divergence.js";

export interface WithSlope {
  readonly loss: number;
  /** In the layout of what the loss was reckoned from. */
  readonly slope: Float64Array;
}

/**
 * Averages `-log softmax(logits)[target]` over the rows that have a target; 0 where none has.
 * @param targets one a row; -1 for none.
 */
export function crossEntropy(logits: ArrayLike<number>, targets: ArrayLike<number>): WithSlope {
  const rows = targets.length;
  const columns = logits.length / rows;
  const p = softmaxRows(logits, rows);
  let count = 0;
  for (let i = 0; i < rows; i++) if (targets[i] >= 0) count++;
  let loss = 0;
  const slope = new Float64Array(p.length);
  for (let i = 0; i < rows; i++) {
    if (targets[i] < 0) continue;
    for (let k = 0; k < columns; k++) {
      const hit = k === targets[i] ? 1 : 0;
      slope[i * columns + k] = (p[i * columns + k] - hit) / count;
      // Through the row's largest logit, so that a share of 0 has a finite logarithm.
      if (hit) loss += logSumExp(logits, i * columns, columns) - logits[i * columns + k];
    }
  }
  return { loss: count === 0 ? 0 : loss / count, slope };
}

/**
 * The adversarial loss of rows of one modality: for the discriminator the cross-entropy of the modality that they are
 * of; for the generators the mean of those of every other modality.
 */
export function adversarial(
  logits: ArrayLike<number>,
  rows: number,
  modality: number,
  forGenerators: boolean,
): WithSlope {
  const modalities = logits.length / rows;
  const targets = Array.from({ length: modalities }, (_, m) => m).filter(
    (m) => (m !== modality) === forGenerators,
  );
  const parts = targets.map((target) => crossEntropy(logits, new Int32Array(rows).fill(target)));
  return {
    loss: parts.reduce((sum, { loss }) => sum + loss / parts.length, 0),
    slope: parts[0].slope.map((_, i) =>
      parts.reduce((sum, { slope }) => sum + slope[i] / parts.length, 0),
    ),
  };
}

/** What a reconstruction misses of a batch, over its observed entries. */
export interface ReconstructionLoss {
  readonly observed: number;
  /** Sums; divided by `observed`, means. */
  readonly squares: number;
  readonly huber: number;
  /** Of the mean of squares, `[rows, features]`. */
  readonly slope: Float32Array;
}

/** Compares a reconstruction with what was observed; all is 0 where nothing was. */
export function reconstructionLoss(reconstruction: Table, batch: Matrix): ReconstructionLoss {
  const slope = new Float32Array(batch.values.length);
  let observed = 0;
  let squares = 0;
  let huber = 0;
  for (let i = 0; i < slope.length; i++) {
    if (!batch.observed[i]) continue;
    const difference = reconstruction.values[i] - batch.values[i];
    const size = Math.abs(difference);
    observed++;
    squares += difference * difference;
    huber += size <= 1 ? (difference * difference) / 2 : size - 0.5;
    slope[i] = difference;
  }
  const scale = observed > 0 ? 2 / observed : 0;
  for (let i = 0; i < slope.length; i++) slope[i] *= scale;
  return { observed, squares, huber, slope };
}

/**
 * Sums the divergence from the standard normal, `-(1 + l - m^2 - e^l) / 2`, over rows and latent units.
 * @returns the loss, and `m` and `(e^l - 1) / 2`, its slopes.
 */
export function klDivergence(
  mean: ArrayLike<number>,
  logVariance: ArrayLike<number>,
): { loss: number; mean: Float64Array; logVariance: Float64Array } {
  let loss = 0;
  const onLogVariance = new Float64Array(mean.length);
  for (let i = 0; i < mean.length; i++) {
    const variance = Math.exp(logVariance[i]);
    loss -= (1 + logVariance[i] - mean[i] ** 2 - variance) / 2;
    onLogVariance[i] = (variance - 1) / 2;
  }
  return { loss, mean: Float64Array.from(mean), logVariance: onLogVariance };
}

function logSumExp(values: ArrayLike<number>, start: number, count: number): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let k = start; k < start + count; k++) largest = Math.max(largest, values[k]);
  let sum = 0;
  for (let k = start; k < start + count; k++) sum += Math.exp(values[k] - largest);
  return largest + Math.log(sum);
}
