// Minimizing a smooth function of many numbers by L-BFGS, with its convergence checked.

/** Where the search came to rest, if it did. */
interface Minimum {
  readonly point: Float64Array;
  /** Whether the largest gradient entry came below the tolerance. */
  readonly converged: boolean;
}

const MOST_ITERATIONS = 2000;
const MEMORY = 10; // pairs of steps and gradient changes kept
const DESCENT = 1e-4; // share of the promised descent that a step must keep (Armijo)
const CURVATURE = 0.9; // share of the slope that a step may leave (weak Wolfe)

/**
 * Minimizes from the given start until no gradient entry exceeds the tolerance; `evaluate` writes the gradient into its
 * second argument and returns the value.
 * Source: Nocedal and Wright, Numerical Optimization, algorithms 7.4 and 7.5; steps by bisection, Lewis and Overton 2013.
 * @throws RangeError if the value at the start is not finite.
 */
export function minimizeSmooth(
  evaluate: (point: Float64Array, gradient: Float64Array) => number,
  start: Float64Array,
  tolerance: number,
): Minimum {
  let point: Float64Array = Float64Array.from(start);
  let gradient: Float64Array = new Float64Array(point.length);
  let value = evaluate(point, gradient);
  if (!Number.isFinite(value)) {
    throw new RangeError(`minimizeSmooth: expected a finite value at the start, got ${value}`);
  }
  const history: { step: Float64Array; change: Float64Array; inverse: number }[] = [];
  let iterations = 0;
  while (largest(gradient) > tolerance && iterations < MOST_ITERATIONS) {
    const direction = descend(gradient, history);
    const slope = dot(direction, gradient);
    const noise = 1e-14 * Math.abs(value); // differences of values below it are rounding
    let low = 0;
    let high = Number.POSITIVE_INFINITY;
    // The first step has no curvature to go by, so it is kept short.
    let length = history.length === 0 ? 1 / Math.max(1, Math.sqrt(-slope)) : 1;
    let next: { point: Float64Array; gradient: Float64Array; value: number } | undefined;
    for (let trial = 0; trial < 60 && next === undefined; trial++) {
      const there = point.map((x, i) => x + length * direction[i]);
      const gradientThere = new Float64Array(point.length);
      const valueThere = evaluate(there, gradientThere);
      if (!(valueThere <= value + DESCENT * length * slope + noise)) high = length;
      else if (dot(direction, gradientThere) < CURVATURE * slope) low = length;
      else next = { point: there, gradient: gradientThere, value: valueThere };
      length = high === Number.POSITIVE_INFINITY ? 2 * low : (low + high) / 2;
    }
    if (next === undefined) break; // rounding hides any further descent
    iterations++;
    const step = next.point.map((x, i) => x - point[i]);
    const change = next.gradient.map((g, i) => g - gradient[i]);
    const product = dot(step, change);
    if (product > 0) history.push({ step, change, inverse: 1 / product });
    if (history.length > MEMORY) history.shift();
    ({ point, gradient, value } = next);
  }
  return { point, converged: largest(gradient) <= tolerance };
}

/** The two-loop recursion: minus the inverse Hessian's estimate times the gradient. */
function descend(
  gradient: Float64Array,
  history: readonly { step: Float64Array; change: Float64Array; inverse: number }[],
): Float64Array {
  const out = gradient.map((g) => -g);
  const weights = new Float64Array(history.length);
  for (let k = history.length - 1; k >= 0; k--) {
    const { step, change, inverse } = history[k];
    weights[k] = inverse * dot(step, out);
    for (let i = 0; i < out.length; i++) out[i] -= weights[k] * change[i];
  }
  const last = history.at(-1);
  if (last) {
    const scale = 1 / (last.inverse * dot(last.change, last.change));
    for (let i = 0; i < out.length; i++) out[i] *= scale;
  }
  history.forEach(({ step, change, inverse }, k) => {
    const weight = weights[k] - inverse * dot(change, out);
    for (let i = 0; i < out.length; i++) out[i] += weight * step[i];
  });
  return out;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function largest(values: Float64Array): number {
  let out = 0;
  for (const value of values) out = Math.max(out, Math.abs(value));
  return out;
}
