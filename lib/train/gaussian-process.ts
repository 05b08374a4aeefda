// Gaussian process regression on the unit cube.
import { factorCholesky } from "../engine/linear-algebra.js";

/** Kernel parameters, in units of the cube's sides and of the signal's variance. */
export interface Kernel {
  /** Length scale of each dimension. */
  readonly lengths: readonly number[];
  /** Variance of the noise; that of the signal is 1. */
  readonly noise: number;
}

export interface GaussianProcess {
  readonly kernel: Kernel;
  /** Log marginal likelihood of the values. */
  readonly logLikelihood: number;
  /** Posterior mean and deviation of the noiseless value at each place. */
  predict(places: readonly ArrayLike<number>[]): {
    readonly mean: Float64Array;
    readonly deviation: Float64Array;
  };
}

const JITTER = 1e-9;

/**
 * Conditions a process with mean 0, variance 1 and a Matérn 5/2 kernel on values at places.
 * Source: Rasmussen and Williams 2006, algorithm 2.1 and equation 4.17.
 */
export function conditionProcess(
  places: readonly ArrayLike<number>[],
  values: ArrayLike<number>,
  kernel: Kernel,
): GaussianProcess {
  const count = places.length;
  const covariance = new Float64Array(count * count);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < i; j++)
      covariance[i * count + j] = matern(places[i], places[j], kernel.lengths);
    covariance[i * (count + 1)] = 1 + kernel.noise + JITTER;
  }
  const factor = factorCholesky(covariance); // which reads the lower triangle
  const weights = factor.solve(Float64Array.from(values));
  const fit = weights.reduce((sum, weight, i) => sum + weight * values[i], 0);
  return {
    kernel,
    logLikelihood: -0.5 * (fit + factor.logDeterminant + count * Math.log(2 * Math.PI)),
    predict: (targets) => {
      const mean = new Float64Array(targets.length);
      const deviation = new Float64Array(targets.length);
      const cross = Float64Array.from({ length: targets.length * count }, (_, at) =>
        matern(places[at % count], targets[Math.floor(at / count)], kernel.lengths),
      );
      const solved = factor.solve(cross);
      for (let t = 0; t < targets.length; t++) {
        let explained = 0;
        for (let at = t * count; at < (t + 1) * count; at++) {
          mean[t] += weights[at - t * count] * cross[at];
          explained += solved[at] * cross[at];
        }
        deviation[t] = Math.sqrt(Math.max(0, 1 - explained));
      }
      return { mean, deviation };
    },
  };
}

/**
 * Fits the kernel to standardized values, and conditions the process on them. Lengths and noise maximize likelihood times
 * prior, by a deterministic coordinate search with halving steps.
 * Source: log-normal priors of Hvarfner et al. 2024, whose lengths grow with the number of dimensions.
 */
export function fitProcess(
  places: readonly ArrayLike<number>[],
  values: ArrayLike<number>,
): GaussianProcess {
  const dimensions = places[0]?.length ?? 0;
  const centers = [
    ...new Array<number>(dimensions).fill(Math.SQRT2 + Math.log(dimensions) / 2),
    -4,
  ];
  const spreads = [...new Array<number>(dimensions).fill(Math.sqrt(3)), 1];
  const processAt = (logs: readonly number[]) =>
    conditionProcess(places, values, {
      lengths: logs.slice(0, dimensions).map(Math.exp),
      noise: Math.exp(logs[dimensions]),
    });
  const scoreOf = (logs: readonly number[], { logLikelihood }: GaussianProcess) =>
    logs.reduce((sum, log, i) => sum - 0.5 * ((log - centers[i]) / spreads[i]) ** 2, logLikelihood);
  const starts = [0.2, 0.5, 1, 2].map((length) =>
    centers.map((center, i) => (i < dimensions ? Math.log(length) : center)),
  );
  const candidateAt = (logs: readonly number[]) => {
    const process = processAt(logs);
    return { logs, process, score: scoreOf(logs, process) };
  };
  let best = starts.map(candidateAt).reduce((a, b) => (b.score > a.score ? b : a));
  for (let step = 1; step > 0.2; ) {
    const before = best;
    for (let i = 0; i <= dimensions; i++) {
      for (const sign of [1, -1]) {
        const { logs, score } = best;
        const candidate = candidateAt(logs.with(i, logs[i] + sign * step));
        if (candidate.score <= score) continue;
        best = candidate;
        break;
      }
    }
    if (best === before) step /= 2;
  }
  return best.process;
}

/** `(1 + √5 r + 5/3 r²) exp(-√5 r)` of the distance r in units of the lengths. */
function matern(a: ArrayLike<number>, b: ArrayLike<number>, lengths: readonly number[]): number {
  let squared = 0;
  for (let k = 0; k < lengths.length; k++) squared += ((a[k] - b[k]) / lengths[k]) ** 2;
  const scaled = Math.sqrt(5 * squared);
  return (1 + scaled + (scaled * scaled) / 3) * Math.exp(-scaled);
}
