// The losses of the discriminator of MODIS with their slopes, in float64.
import { crossEntropy, softmax } from "../layers/losses.js";

/** The discriminator's outputs for the rows of all modalities, one modality after another. */
interface Judgment {
  /** Its last hidden layer, `[rows, units]`. */
  readonly hidden: Float32Array;
  /** Logits, `[rows, modalities]`. */
  readonly modality: Float32Array;
  /** Logits, `[rows, classes]`. */
  readonly label: Float32Array;
}

/**
 * Measures a judgment by modality: the adversarial loss, the cross-entropy of the classes, and the clustering loss.
 * Source: modis/training/losses.py@1dcb345.
 * @param classes by modality, one per row, in [0, classes); -1 if unknown.
 * @param isForGenerators measures the adversarial loss of the generators instead of the discriminator's.
 * @returns the losses, each summed over modalities, and the slopes of their sum.
 */
export function judgmentLosses(
  { hidden, modality, label }: Judgment,
  classes: readonly ArrayLike<number>[],
  isForGenerators: boolean,
) {
  const rows = classes.reduce((sum, { length }) => sum + length, 0);
  const slopes = {
    hidden: new Float32Array(hidden.length),
    modality: new Float32Array(modality.length),
    label: new Float32Array(label.length),
  };
  const losses = { adversarial: 0, classes: 0, clustering: 0 };
  let start = 0;
  classes.forEach((targets, m) => {
    const end = start + targets.length;
    const part = (values: Float32Array) => {
      const columns = values.length / rows;
      return values.subarray(start * columns, end * columns);
    };
    const foe = adversarial(part(modality), targets.length, m, isForGenerators);
    const friend = crossEntropy(part(label), targets);
    const cluster = clusteringLoss(part(hidden), part(label), targets.length);
    losses.adversarial += foe.loss;
    losses.classes += friend.loss;
    losses.clustering += cluster.loss;
    part(slopes.modality).set(foe.slope);
    part(slopes.label).set(friend.slope.map((slope, i) => slope + cluster.logits[i]));
    part(slopes.hidden).set(cluster.hidden);
    start = end;
  });
  return { losses, slopes };
}

/**
 * The discriminator's loss is the cross-entropy with the rows' modality as the target; the generators' loss is the mean
 * of the cross-entropies with each other modality as the target.
 */
function adversarial(
  logits: Float32Array,
  rows: number,
  modality: number,
  isForGenerators: boolean,
) {
  const targets = Array.from({ length: logits.length / rows }, (_, m) => m).filter(
    (m) => (m !== modality) === isForGenerators,
  );
  const parts = targets.map((target) => crossEntropy(logits, new Int32Array(rows).fill(target)));
  const meanOf = (number: (part: (typeof parts)[number]) => number) =>
    parts.reduce((sum, part) => sum + number(part), 0) / parts.length;
  return {
    loss: meanOf(({ loss }) => loss),
    slope: parts[0].slope.map((_, i) => meanOf(({ slope }) => slope[i])),
  };
}

const EPSILON = 1e-9;
/** The kernel's width, relative to the median squared distance. */
const WIDTH = 0.15;

/**
 * Adds the divergence of assignments `softmax(logits)`, that of their closeness `exp(-|a - e_k|^2)` to the simplex's
 * corners, both by a Gaussian kernel over the hidden layer, and `sum p log p` of the mean assignments p.
 * The kernel's width is 0.15 times the median of all squared distances, self-distances among them, and is held fixed.
 * Source: Trosten et al. 2021, equations 6 to 9; modis/training/losses.py@1dcb345, which leaves out their second term.
 * @returns the loss and its slopes, `[rows, units]` of the hidden layer and `[rows, clusters]` of the logits.
 */
export function clusteringLoss(hidden: ArrayLike<number>, logits: ArrayLike<number>, rows: number) {
  const clusters = logits.length / rows;
  const units = hidden.length / rows;
  const assigned = softmax(logits, rows);
  const { kernel, width } = gaussianKernel(hidden, rows);
  // |a - e_k|^2 = |a|^2 - 2 a_k + 1
  const corners = assigned.map((_, i) => {
    const start = i - (i % clusters);
    let squares = 1 - 2 * assigned[i];
    for (let k = start; k < start + clusters; k++) squares += assigned[k] ** 2;
    return Math.exp(-squares);
  });
  const apart = divergence(assigned, kernel, rows);
  const sharp = divergence(corners, kernel, rows);
  const spread = negativeEntropy(assigned, rows);

  const slope = apart.assigned.map((value, i) => value + spread.assigned[i]);
  for (let row = 0; row < rows; row++) {
    const at = row * clusters;
    let through = 0;
    for (let k = 0; k < clusters; k++) through += sharp.assigned[at + k] * corners[at + k];
    for (let k = 0; k < clusters; k++) {
      slope[at + k] += 2 * (sharp.assigned[at + k] * corners[at + k] - assigned[at + k] * through);
    }
  }
  const onHidden = new Float64Array(hidden.length);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < rows; j++) {
      if (i === j) continue;
      const onKernel = apart.kernel[i * rows + j] + sharp.kernel[i * rows + j];
      const pull = (-onKernel * kernel[i * rows + j]) / width; // d|h_i - h_j|^2 / dh_i is 2 (h_i - h_j)
      for (let u = 0; u < units; u++) {
        const difference = pull * (hidden[i * units + u] - hidden[j * units + u]);
        onHidden[i * units + u] += difference;
        onHidden[j * units + u] -= difference;
      }
    }
  }
  return {
    loss: apart.loss + sharp.loss + spread.loss,
    hidden: onHidden,
    logits: softmaxSlope(assigned, slope, rows),
  };
}

/** `p (s - sum p s)` of each row: the slope through a softmax with output p. */
function softmaxSlope(p: Float64Array, slope: Float64Array, rows: number): Float64Array {
  const columns = p.length / rows;
  return p.map((share, i) => {
    const start = i - (i % columns);
    let mean = 0;
    for (let k = start; k < start + columns; k++) mean += p[k] * slope[k];
    return share * (slope[i] - mean);
  });
}

/** `exp(-|h_i - h_j|^2 / (2 width))`, `[rows, rows]`. */
function gaussianKernel(hidden: ArrayLike<number>, rows: number) {
  const units = hidden.length / rows;
  const distances = new Float64Array(rows * rows);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < i; j++) {
      let sum = 0;
      for (let u = 0; u < units; u++) sum += (hidden[i * units + u] - hidden[j * units + u]) ** 2;
      distances[i * rows + j] = sum;
      distances[j * rows + i] = sum;
    }
  }
  // The lower of the two middle values if the count is even, as in torch.median.
  const median = distances.toSorted()[(distances.length - 1) >> 1];
  const width = Math.max(EPSILON, WIDTH * median);
  return { kernel: distances.map((distance) => Math.exp(-distance / (2 * width))), width };
}

/** `2 / (k (k - 1))` times the sum over pairs of clusters of `N_ab / sqrt(N_aa N_bb)`, where `N = A^T K A`. */
function divergence(assigned: Float64Array, kernel: Float64Array, rows: number) {
  const k = assigned.length / rows;
  const smooth = new Float64Array(rows * k); // K A
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < rows; j++) {
      for (let a = 0; a < k; a++) smooth[i * k + a] += kernel[i * rows + j] * assigned[j * k + a];
    }
  }
  const overlap = new Float64Array(k * k);
  for (let i = 0; i < rows; i++) {
    for (let a = 0; a < k; a++) {
      for (let b = 0; b < k; b++) overlap[a * k + b] += assigned[i * k + a] * smooth[i * k + b];
    }
  }
  const share = 2 / (k * (k - 1));
  const onOverlap = new Float64Array(k * k);
  let loss = 0;
  for (let a = 0; a < k; a++) {
    for (let b = a + 1; b < k; b++) {
      const [aa, bb] = [a * k + a, b * k + b];
      const product = overlap[aa] * overlap[bb];
      const root = Math.sqrt(Math.max(EPSILON, product));
      const term = (share * overlap[a * k + b]) / root;
      loss += term;
      onOverlap[a * k + b] += share / root;
      if (product < EPSILON) continue; // the denominator is a constant there
      onOverlap[aa] -= term / (2 * overlap[aa]);
      onOverlap[bb] -= term / (2 * overlap[bb]);
    }
  }
  const onAssigned = new Float64Array(rows * k);
  const onKernel = new Float64Array(rows * rows);
  for (let i = 0; i < rows; i++) {
    const weighed = new Float64Array(k); // of A's row i, by the slopes
    for (let a = 0; a < k; a++) {
      for (let b = 0; b < k; b++) {
        weighed[b] += assigned[i * k + a] * onOverlap[a * k + b];
        // K is symmetric, so A appears in the same way on both sides.
        onAssigned[i * k + a] += (onOverlap[a * k + b] + onOverlap[b * k + a]) * smooth[i * k + b];
      }
    }
    for (let j = 0; j < rows; j++) {
      for (let b = 0; b < k; b++) onKernel[i * rows + j] += weighed[b] * assigned[j * k + b];
    }
  }
  return { loss, assigned: onAssigned, kernel: onKernel };
}

/** `sum p log p` of the mean assignments p: lowest when all clusters have the same size. */
function negativeEntropy(assigned: Float64Array, rows: number) {
  const k = assigned.length / rows;
  const mean = new Float64Array(k);
  assigned.forEach((value, i) => {
    mean[i % k] += value / rows;
  });
  const kept = mean.map((value) => Math.max(EPSILON, value));
  return {
    loss: kept.reduce((sum, p) => sum + p * Math.log(p), 0),
    assigned: assigned.map((_, i) =>
      mean[i % k] < EPSILON ? 0 : (Math.log(kept[i % k]) + 1) / rows,
    ),
  };
}
