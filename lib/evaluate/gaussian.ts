// What preprocessing leaves of a standard normal feature: the losses that a constant prediction has by design.

export interface ConstantLosses {
  /** Mean of `y = log1p(max(z, 0))`. */
  readonly mean: number;
  /** Of predicting that mean for every sample: the variance of y. */
  readonly mse: number;
  readonly huber: number;
}

/**
 * Computes what predicting the mean costs on a feature whose z-scores are normal, by Simpson's rule to 1e-9.
 * A model that has learned nothing but the means of features scores this on the paper's scale.
 */
export function constantLosses(): ConstantLosses {
  const density = (z: number) => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  // Below 0 lies half of the distribution, all of it at y = 0.
  const expect = (f: (y: number) => number) =>
    0.5 * f(0) + simpson((z) => f(Math.log1p(z)) * density(z), 0, 12, 4000);
  const mean = expect((y) => y);
  const huber = (error: number) => {
    const size = Math.abs(error);
    return size <= 1 ? (size * size) / 2 : size - 0.5;
  };
  return {
    mean,
    mse: expect((y) => (y - mean) ** 2),
    huber: expect((y) => huber(y - mean)),
  };
}

function simpson(f: (x: number) => number, low: number, high: number, intervals: number): number {
  const step = (high - low) / intervals;
  let sum = f(low) + f(high);
  for (let i = 1; i < intervals; i++) sum += (i % 2 === 1 ? 4 : 2) * f(low + i * step);
  return (sum * step) / 3;
}
