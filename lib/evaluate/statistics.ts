// Statistics that describe a result: Pearson's correlation, quantiles, intervals and tails by formula.
import { quantileSorted } from "simple-statistics";

/** Both ends belong to it. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/**
 * Gives Pearson's correlation `r` in [-1, 1], or null where it does not exist: either side constant.
 * @throws RangeError if the lengths differ, there are fewer than two pairs, or a value is not finite.
 */
export function pearson(x: ArrayLike<number>, y: ArrayLike<number>): number | null {
  if (x.length !== y.length || x.length < 2) {
    throw new RangeError(
      `pearson: expected two equally long lists of at least 2, got ${x.length} and ${y.length}`,
    );
  }
  checkFinite("pearson", x);
  checkFinite("pearson", y);
  if (isConstant(x) || isConstant(y)) return null;
  const meanX = meanOf(x);
  const meanY = meanOf(y);
  let xx = 0;
  let yy = 0;
  let xy = 0;
  for (let i = 0; i < x.length; i++) {
    const a = x[i] - meanX;
    const b = y[i] - meanY;
    xx += a * a;
    yy += b * b;
    xy += a * b;
  }
  const scale = Math.sqrt(xx) * Math.sqrt(yy);
  // Differences so small that their squares vanish leave nothing to divide by.
  return scale === 0 ? null : Math.min(1, Math.max(-1, xy / scale));
}

/**
 * Gives Wilson's score interval of a share, `successes / trials`, within [0, 1].
 * A count that is a mean over repeats may be fractional. The trials are taken as independent:
 * where a patient gives several samples, the interval is narrower than it should be.
 * Source: Wilson 1927, without continuity correction.
 * @throws RangeError if `successes` is not in [0, trials], or there is no trial.
 */
export function wilsonInterval(successes: number, trials: number, level = 0.95): Interval {
  // Beyond these levels the normal quantile's series has no digits left.
  if (!(level > 0 && level <= 0.999999)) {
    throw new RangeError(`wilsonInterval: expected a level in (0, 0.999999], got ${level}`);
  }
  if (!(trials > 0 && Number.isFinite(trials) && successes >= 0 && successes <= trials)) {
    throw new RangeError(
      `wilsonInterval: expected successes in [0, trials] and trials > 0, got ${successes} of ${trials}`,
    );
  }
  const z = normalQuantile((1 + level) / 2);
  const share = successes / trials;
  const center = share + (z * z) / (2 * trials);
  const margin = z * Math.sqrt((share * (1 - share) + (z * z) / (4 * trials)) / trials);
  const scale = 1 + (z * z) / trials;
  // At the ends the formula is exact, but its rounding is not.
  return {
    low: successes === 0 ? 0 : Math.max(0, (center - margin) / scale),
    high: successes === trials ? 1 : Math.min(1, (center + margin) / scale),
  };
}

/**
 * Gives the quantile `q` in [0, 1], interpolated linearly as numpy.quantile does.
 * @throws RangeError if there are no values, one is not finite, or `q` is not in [0, 1].
 */
export function quantile(values: ArrayLike<number>, q: number): number {
  checkFinite("quantile", values);
  if (values.length === 0 || !(q >= 0 && q <= 1)) {
    throw new RangeError(
      `quantile: expected values and q in [0, 1], got ${values.length} values and q = ${q}`,
    );
  }
  return quantileSorted(Array.from(Float64Array.from(values).sort()), q);
}

/**
 * The z below which a standard normal number lies with this probability, by Newton's steps on
 * `Φ(z) = 1/2 + φ(z) (z + z³/3 + z⁵/(3·5) + ...)`. Source: Marsaglia 2004. simple-statistics' `probit` errs by 3e-3.
 */
function normalQuantile(probability: number): number {
  let z = 0;
  for (let step = 0; step < 50; step++) {
    const density = Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);
    let term = z;
    let sum = z;
    for (let k = 3; Math.abs(term) > 1e-17 * Math.abs(sum); k += 2) {
      term *= (z * z) / k;
      sum += term;
    }
    const change = (0.5 + density * sum - probability) / density;
    z -= change;
    if (Math.abs(change) < 1e-14) break;
  }
  return z;
}

/** The arithmetic mean; NaN without values. */
export function meanOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

function isConstant(values: ArrayLike<number>): boolean {
  for (let i = 1; i < values.length; i++) if (values[i] !== values[0]) return false;
  return true;
}

/** @throws RangeError naming the first value that is NaN or infinite. */
export function checkFinite(where: string, values: ArrayLike<number>): void {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) {
      throw new RangeError(`${where}: expected finite values, got ${values[i]} at ${i}`);
    }
  }
}

/** @throws RangeError unless the count is a whole number of at least 1. */
export function checkCount(where: string, what: string, count: number): void {
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(`${where}: expected a whole number of ${what}, at least 1, got ${count}`);
  }
}

/** 97.5th percentile of Student's t for 1 to 30 degrees of freedom. Source: scipy.stats.t.ppf(0.975, df). */
const STUDENT_975 = [
  12.7062, 4.30265, 3.18245, 2.77645, 2.57058, 2.44691, 2.36462, 2.306, 2.26216, 2.22814, 2.20099,
  2.17881, 2.16037, 2.14479, 2.13145, 2.11991, 2.10982, 2.10092, 2.09302, 2.08596, 2.07961, 2.07387,
  2.06866, 2.0639, 2.05954, 2.05553, 2.05183, 2.04841, 2.04523, 2.04227,
];

/**
 * Gives the 97.5th percentile of Student's t, for the limits of a 95 % interval.
 * Source: a table up to 30 degrees of freedom, then Abramowitz and Stegun 26.7.5, which is within 2e-6 there.
 * @throws RangeError if the degrees of freedom are not a positive whole number.
 */
export function studentQuantile(freedom: number): number {
  if (!Number.isInteger(freedom) || freedom < 1) {
    throw new RangeError(
      `studentQuantile: expected a positive whole number of degrees of freedom, got ${freedom}`,
    );
  }
  if (freedom <= STUDENT_975.length) return STUDENT_975[freedom - 1];
  const z = 1.959963984540054;
  return (
    z +
    (z ** 3 + z) / (4 * freedom) +
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * freedom ** 2) +
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / (384 * freedom ** 3)
  );
}

/**
 * Gives the two-sided tail of Student's t, `P(|T| >= |t|)`, within 1e-14.
 * Source: Abramowitz and Stegun 26.7.3 and 26.7.4.
 * @throws RangeError if the degrees of freedom are not a positive whole number.
 */
export function studentTails(t: number, freedom: number): number {
  checkCount("studentTails", "degrees of freedom", freedom);
  const angle = Math.atan(Math.abs(t) / Math.sqrt(freedom));
  const [sine, square] = [Math.sin(angle), Math.cos(angle) ** 2];
  const isOdd = freedom % 2 === 1;
  let term = isOdd ? Math.cos(angle) : 1;
  let sum = freedom === 1 ? 0 : term;
  for (let k = isOdd ? 3 : 2; k < freedom; k += 2) {
    term *= (square * (k - 1)) / k;
    sum += term;
  }
  const inside = isOdd ? (2 / Math.PI) * (angle + sine * sum) : sine * sum;
  return Math.min(1, Math.max(0, 1 - inside));
}
