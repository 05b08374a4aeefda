// Cox regression of survival times with a ridge penalty, and Harrell's concordance index.
import { factorCholesky, type Rows } from "../engine/linear-algebra.js";

/** When each sample was last seen, in any one unit, and whether it died then; else it is censored. */
export interface Survival {
  /** Positive, `[samples]`. */
  readonly time: ArrayLike<number>;
  /** `[samples]`. */
  readonly died: ArrayLike<boolean>;
}

const MOST_ITERATIONS = 100;
const TOLERANCE = 1e-8; // of the largest change of a coefficient in a step, relative

/**
 * Maximizes the partial log-likelihood less `ridge / 2 ‖β‖²` by Newton's method with step halving.
 * Source: Cox 1972; Efron 1977 for ties.
 * @returns log hazard ratios per unit of each column, `[columns]`.
 * @throws RangeError if the search does not converge, as where a column separates deaths from survivors.
 */
export function fitCox(points: Rows, survival: Survival, ridge: number): Float64Array {
  const p = points.columns;
  const ordered = order(points, survival);
  const fit = (beta: Float64Array): Fit => {
    const state = likelihood(ordered, beta);
    const { gradient, information } = state;
    let penalty = 0;
    for (let k = 0; k < p; k++) {
      penalty += (ridge / 2) * beta[k] ** 2;
      gradient[k] -= ridge * beta[k];
      information[k * (p + 1)] += ridge;
    }
    return { ...state, beta, penalized: state.value - penalty };
  };
  let at = fit(new Float64Array(p));
  for (let iteration = 0; iteration < MOST_ITERATIONS; iteration++) {
    const step = factorCholesky(at.information).solve(at.gradient);
    const noise = 1e-12 * Math.abs(at.penalized);
    let next = at;
    for (let share = 1; share > 1e-8; share /= 2) {
      next = fit(at.beta.map((b, k) => b + share * step[k]));
      // Where risks underflow the likelihood is infinite, which is no gain.
      if (Number.isFinite(next.penalized) && next.penalized >= at.penalized - noise) break;
      next = at;
    }
    const moved = next === at ? 0 : largest(step);
    at = next;
    if (moved <= TOLERANCE * (1 + largest(at.beta))) return at.beta;
  }
  throw new RangeError(
    `fitCox: expected to converge in ${MOST_ITERATIONS} iterations; a column may separate the dead from all others: ` +
      "give a larger ridge, or leave it out",
  );
}

/** Gives each row's linear predictor, `x β`, `[rows]`. */
export function predictLinear(
  coefficients: Float64Array,
  { rows, columns, values }: Rows,
): Float64Array {
  return Float64Array.from({ length: rows }, (_, i) => {
    let sum = 0;
    for (let k = 0; k < columns; k++) sum += coefficients[k] * values[i * columns + k];
    return sum;
  });
}

/** The partial log-likelihood of given coefficients, for rows that they need not have been fitted to. */
export function coxLogLikelihood(
  points: Rows,
  survival: Survival,
  coefficients: Float64Array,
): number {
  return likelihood(order(points, survival), coefficients, false).value;
}

/** Pairs of samples of which one is known to have died first, by how risk orders them; weighted. */
export interface Concordance {
  readonly pairs: number;
  /** Pairs in which the one that died first had the higher risk; equal risks count half. */
  readonly concordant: number;
}

/**
 * Counts comparable pairs: one died, and the other lived longer or was censored at that time.
 * The concordance index is `concordant / pairs`; 0.5 is chance.
 * Source: Harrell et al. 1982.
 * @param weights how often each sample counts, as a bootstrap draws them; by default once.
 */
export function countConcordance(
  { time, died }: Survival,
  risk: ArrayLike<number>,
  weights?: ArrayLike<number>,
): Concordance {
  let [pairs, concordant] = [0, 0];
  for (let i = 0; i < time.length; i++) {
    if (!died[i]) continue;
    for (let j = 0; j < time.length; j++) {
      const outlived = time[j] > time[i] || (time[j] === time[i] && !died[j] && j !== i);
      if (!outlived) continue;
      const weight = weights ? weights[i] * weights[j] : 1;
      pairs += weight;
      concordant += weight * (risk[i] > risk[j] ? 1 : risk[i] === risk[j] ? 0.5 : 0);
    }
  }
  return { pairs, concordant };
}

/** Rows by time, the last first, in groups that end at the same time. */
interface Ordered {
  readonly points: Rows;
  readonly groups: readonly {
    readonly members: readonly number[];
    readonly dead: readonly number[];
  }[];
}

function order(points: Rows, { time, died }: Survival): Ordered {
  const rows = Array.from({ length: points.rows }, (_, i) => i).sort((a, b) => time[b] - time[a]);
  const groups: { members: number[]; dead: number[] }[] = [];
  rows.forEach((row, at) => {
    if (at === 0 || time[row] !== time[rows[at - 1]]) groups.push({ members: [], dead: [] });
    const group = groups.at(-1)!;
    group.members.push(row);
    if (died[row]) group.dead.push(row);
  });
  return { points, groups };
}

interface State {
  readonly value: number;
  readonly gradient: Float64Array;
  /** The negative second derivative, `[columns, columns]`. */
  readonly information: Float64Array;
}

/** A state with the penalty in its derivatives. */
interface Fit extends State {
  readonly beta: Float64Array;
  readonly penalized: number;
}

/** Weighted sums over a set of rows: of `w`, `w x` and `w x x^T`. */
interface Sums {
  zero: number;
  readonly one: Float64Array;
  readonly two: Float64Array;
}

/** The partial log-likelihood with its derivatives; risk sets grow as time goes back. */
function likelihood(
  { points, groups }: Ordered,
  beta: Float64Array,
  withDerivatives = true,
): State {
  const { columns: p, values } = points;
  const eta = predictLinear(beta, points);
  const shift = eta.reduce((most, one) => Math.max(most, one), Number.NEGATIVE_INFINITY);
  const sums = (): Sums => ({
    zero: 0,
    one: new Float64Array(p),
    two: new Float64Array(withDerivatives ? p * p : 0),
  });
  const add = (to: Sums, row: number) => {
    const weight = Math.exp(eta[row] - shift);
    to.zero += weight;
    if (!withDerivatives) return;
    const x = values.subarray(row * p, (row + 1) * p);
    for (let a = 0; a < p; a++) {
      const wx = weight * x[a];
      to.one[a] += wx;
      for (let b = 0; b <= a; b++) to.two[a * p + b] += wx * x[b];
    }
  };
  const atRisk = sums();
  let value = 0;
  const gradient = new Float64Array(p);
  const information = new Float64Array(withDerivatives ? p * p : 0);
  for (const { members, dead } of groups) {
    for (const row of members) add(atRisk, row);
    if (dead.length === 0) continue;
    const own = sums();
    if (dead.length > 1) for (const row of dead) add(own, row);
    for (let d = 0; d < dead.length; d++) {
      const row = dead[d];
      // Of tied deaths, Efron takes the share of those already dead off the risk set.
      const share = d / dead.length;
      const zero = atRisk.zero - share * own.zero;
      value += eta[row] - shift - Math.log(zero);
      if (!withDerivatives) continue;
      for (let a = 0; a < p; a++) {
        const mean = (atRisk.one[a] - share * own.one[a]) / zero;
        gradient[a] += values[row * p + a] - mean;
        for (let b = 0; b <= a; b++) {
          const second = (atRisk.two[a * p + b] - share * own.two[a * p + b]) / zero;
          information[a * p + b] += second - (mean * (atRisk.one[b] - share * own.one[b])) / zero;
        }
      }
    }
  }
  if (withDerivatives) {
    for (let a = 0; a < p; a++) {
      for (let b = 0; b < a; b++) information[b * p + a] = information[a * p + b];
    }
  }
  return { value, gradient, information };
}

function largest(values: Float64Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}
