// Seven closed-form predictions of each feature from the first modality, and statistics of how well each does.
//
// All are fitted on z-scores of the training samples. K is the kernel of the first modality, S_l the ridge weights of
// shrinkage l; E is the residual of the stronger ridge out of fold, c a feature's observed entries, x the z-score of its
// own gene in the first modality.
//
//   light ridge    S_0.4 y       strong ridge  S_2 y       gaps in y filled by the same weights
//   cis            b (x - mean x), b = sum(x e) / (sum(x^2) + var x) of the residual
//   own gene       x
//   other's cis    the cis prediction of the same gene in another modality, times j = max(0, 1 - 1 / t^2)
//   offset         mean E c / (c + 3)
//   kernel         (S_0.4 - 1 / n) (E - j leave-one-out cis)
//
// What is kept is their dual form, which lib/model/FORMAT.md applies in NumPy: `S y = mean y + k (K + l I)^-1 (y - mean y)`
// is an intercept and a row of dual weights a feature, and every other path is an intercept and a slope on one gene.
import type { Matrix } from "../cohort/matrix.js";
import { factorCholesky, multiplyTransposed, type Rows } from "../engine/linear-algebra.js";
import type { Fold } from "../evaluate/folds.js";
import { fitColumnScale, selectPoints } from "../evaluate/points.js";
import { mixingWeights } from "../evaluate/ridge.js";
import { applyScaler, fitScaler, type Scaler } from "../preprocess/scaler.js";
import { fitStandard, type Standard } from "../preprocess/standardize.js";
import type { FeatureLinks, Material } from "./material.js";
import {
  addToDiagonal,
  compareSamples,
  compareTraining,
  enterSamples,
  fillGaps,
  fitKernel,
  fitLikeness,
  type Kernel,
  LIGHT,
  type Likeness,
  noveltyOf,
  ownProducts,
  weightsWithin,
} from "./smoothing.js";

/** The paths in their order, and the gate that the network starts each with. */
export const PATHS = [
  { name: "light ridge", gate: 0.4 },
  { name: "strong ridge", gate: 0.5 },
  { name: "cis", gate: 0.7 },
  { name: "own gene", gate: 0 },
  { name: "other's cis", gate: 0 },
  { name: "offset", gate: 0.7 },
  { name: "kernel", gate: 0 },
] as const;

/** Statistics of a feature, in their order; one more for each inferred modality after the first, 1 where it is its. */
export const FEATURE_STATISTICS = [
  "log residual deviation",
  "tanh(t / 4) of the cis slope",
  "out-of-fold r of the ridge",
  "leave-one-out r of cis",
  "leave-one-out r of the kernel",
  "missing share",
  "own gene's mean",
  "own gene's deviation",
  "has an own gene",
  "has another modality",
  "tanh(t / 4) of the other's cis slope",
  "log observed share",
  "log upper limit",
  "log lower limit",
  "mean in the paper's space",
] as const;

/** Statistics of a sample, in their order. */
export const SAMPLE_STATISTICS = ["novelty", "log product with itself"] as const;

const STRONG = 2;
const LIMIT = 4; // of a path's size, in residual deviations
const LEAST_UNIT = 1e-3; // z-scores: a residual deviation of 0 would divide by 0
const BLOCK = 1024; // features worked on at a time

/** Closed-form paths fitted on training samples; features are the inferred ones, in order. */
export interface Paths {
  /** The paper's scaler, of all columns. */
  readonly scaler: Scaler;
  /** Center and scale of the inferred features' z-scores; a scale of 0 marks one that is not inferred. */
  readonly standard: Standard;
  /** From these z-scores to the paper's: `by z + plus`. */
  readonly by: Float64Array;
  readonly plus: Float64Array;
  /**
   * Mean of observed training entries in the paper's space, shrunken as `sum / (c + 1)` where the network uses it; of a
   * feature that is not inferred `sum / c`, which is all that is said of it.
   */
  readonly level: Float64Array;
  /** How samples enter the kernel, and the training samples in it. */
  readonly likeness: Likeness;
  /** Dual weights in units of the features' residual deviations, `[features, training samples]`. */
  readonly light: Float32Array;
  readonly strong: Float32Array;
  readonly kernel: Float32Array;
  /** What each path adds to its dual part, in the same units: `intercept + slope d[gene]`, `[features, paths]`. */
  readonly intercept: Float32Array;
  readonly slope: Float32Array;
  /** Column of the first modality; 0 where the slope is. */
  readonly gene: Int32Array;
  /** Residual deviation, drawn to the pooled one: `sqrt((sum e^2 + 4 pooled) / (c + 4))`. */
  readonly unit: Float64Array;
  /** `[features, statistics]`. */
  readonly statistics: Float32Array;
}

/** What the paths say of samples. */
export interface PathValues {
  readonly samples: number;
  /** In units of the features' residual deviations, the own gene in z-scores, in [-4, 4]; `[samples, features, paths]`. */
  readonly values: Float32Array;
  /** `[samples, sample statistics]`. */
  readonly statistics: Float32Array;
}

/**
 * Fits the paths on some rows of a cohort, scales included.
 * @param folds of these rows, indexes into them; residuals come from ridges that did not see the fold.
 * @throws RangeError if the samples do not differ in the first modality.
 */
export function fitPaths(
  material: Material,
  rows: readonly number[],
  folds: readonly Fold[],
): Paths {
  const { cohort, seen, links } = material;
  const ids = rows.map((row) => cohort.samples[row].id);
  const scaler = fitScaler(cohort.matrix, rows, ids);
  const standard = fitStandard(cohort.matrix, rows, scaler, seen.columns);
  const seenScaler = sliceScaler(scaler, seen.columns);
  const inputs = applyScaler(seenScaler, seen, rows, "standardized");
  const kernel = fitKernel(inputs);
  const inner = folds.map((fold) => ({
    ...fold,
    weights: weightsWithin(kernel, fold.train, STRONG),
  }));
  const likeness = fitLikeness(seenScaler, inputs, kernel);
  return fitFeatures(material, rows, { scaler, standard, inputs, kernel, links, likeness }, inner);
}

/** Training samples that predict the others, by ridge weights `[training samples, train.length]`. */
interface InnerFold extends Fold {
  readonly weights: Rows;
}

/** What is known before any feature is fitted. */
interface Fixed extends Pick<Paths, "scaler" | "standard" | "likeness"> {
  /** z-scores of the first modality, `[training samples, its features]`. */
  readonly inputs: Rows;
  readonly kernel: Kernel;
  readonly links: FeatureLinks;
}

function fitFeatures(
  material: Material,
  rows: readonly number[],
  fixed: Fixed,
  inner: readonly InnerFold[],
): Paths {
  const { scaler, standard, inputs, kernel, links } = fixed;
  const n = rows.length;
  const features = links.partner.length;
  const similarity = compareTraining(kernel);
  const lightWeights = mixingWeights(kernel.products, similarity, LIGHT);
  const strongWeights = mixingWeights(kernel.products, similarity, STRONG);
  const kernelWeights = { ...lightWeights, values: lightWeights.values.map((w) => w - 1 / n) };
  const solveLight = dualSolver(kernel, LIGHT);
  const solveStrong = dualSolver(kernel, STRONG);
  const vector = () => new Float64Array(features);
  const [light, strong, residual] = Array.from({ length: 3 }, () => new Float32Array(features * n));
  const intercepts = { light: vector(), strong: vector() };
  const [ownMean, slope, reliability, offset] = Array.from({ length: 4 }, vector);
  const level = levelsOf(material, rows, scaler, standard);
  const [squares, t, ridgeR, cisR, kernelR] = Array.from({ length: 5 }, vector);

  for (let start = 0; start < features; start += BLOCK) {
    const end = Math.min(features, start + BLOCK);
    const { observed, ...targets } = standardizeTargets(material, rows, fixed, start, end);
    const outOfFold = predictOutOfFold(targets, observed, inner);
    const shape = { rows: end - start, columns: n };
    const own = selectOwn(inputs, links.partner.subarray(start, end));
    const error = new Float64Array(targets.values.length);
    const cis = new Float64Array(error.length); // by the slope of the other samples
    const rest = new Float64Array(error.length); // what ridge and cis leave
    for (let i = 0; i < error.length; i++) {
      if (observed[i]) error[i] = targets.values[i] - outOfFold[i];
    }
    for (let j = start; j < end; j++) {
      const from = (j - start) * n;
      const found = fitResidual({ error, observed, own, from, to: from + n }, cis, rest);
      [ownMean[j], slope[j], offset[j]] = [found.ownMean, found.slope, found.offset];
      [squares[j], t[j], reliability[j]] = [found.squares, found.t, found.reliability];
      cisR[j] = correlation(error, cis, observed, from, from + n);
      ridgeR[j] = correlation(targets.values, outOfFold, observed, from, from + n);
    }
    const without = multiplyTransposed({ ...shape, values: rest }, kernelWeights);
    for (let j = 0, at = 0; j < shape.rows; j++) {
      for (let i = 0; i < n; i++, at++) {
        const itsOwn = kernelWeights.values[i * (n + 1)]; // leaves the sample itself out
        without[at] = (without[at] - itsOwn * rest[at]) / Math.max(1 - itsOwn, 0.05);
      }
      kernelR[start + j] = correlation(rest, without, observed, at - n, at);
    }
    residual.set(solveLight({ ...shape, values: rest }), start * n);
    for (const [into, means, weights, solve] of [
      [light, intercepts.light, lightWeights, solveLight],
      [strong, intercepts.strong, strongWeights, solveStrong],
    ] as const) {
      const filled = { ...shape, values: targets.values.slice() };
      fillGaps(filled, observed, weights);
      into.set(solve(filled, means.subarray(start, end)), start * n);
    }
  }

  const counts = standard.count.map((count, j) => (standard.scale[j] > 0 ? count : 0));
  const unit = shrinkDeviations(squares, counts).map((deviation) =>
    Math.max(LEAST_UNIT, deviation),
  );
  const toUnits = (dual: Float32Array) => {
    for (let j = 0; j < features; j++) {
      for (let i = j * n; i < (j + 1) * n; i++) dual[i] /= unit[j];
    }
    return dual;
  };
  const statistics = tabulate({ ...fixed, unit, level }, n, { t, ridgeR, cisR, kernelR });
  return {
    scaler,
    standard,
    ...toPaperScale(scaler, standard),
    level,
    likeness: fixed.likeness,
    light: toUnits(light),
    strong: toUnits(strong),
    kernel: toUnits(residual),
    ...linesOf(fixed, unit, intercepts, { ownMean, slope, reliability, offset }),
    unit,
    statistics,
  };
}

/** Deviations of features, drawn to the pooled one: `sqrt((sum e^2 + 4 pooled) / (c + 4))`, c their entries. */
export function shrinkDeviations(squares: Float64Array, counts: Float64Array): Float64Array {
  const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
  const pooled = sum(squares) / Math.max(1, sum(counts));
  return squares.map((square, j) => Math.sqrt((square + 4 * pooled) / (counts[j] + 4)));
}

/**
 * Solves a ridge for its dual weights.
 * @returns a function of targets, `[features, training samples]`, to `(K + l I)^-1 (y - mean y)` in the same shape,
 *   which writes the means into its second argument.
 */
function dualSolver({ products }: Kernel, lambda: number) {
  const n = Math.round(Math.sqrt(products.length));
  const factor = factorCholesky(addToDiagonal(products, lambda));
  return ({ rows, values }: Rows, means = new Float64Array(rows)): Float64Array => {
    const centered = new Float64Array(values);
    for (let j = 0; j < rows; j++) {
      let sum = 0;
      for (let i = j * n; i < (j + 1) * n; i++) sum += centered[i];
      means[j] = sum / n;
      for (let i = j * n; i < (j + 1) * n; i++) centered[i] -= means[j];
    }
    return factor.solve(centered);
  };
}

/** Writes each path as an intercept and a slope on one gene, beside its dual part; in residual deviations. */
function linesOf(
  { kernel, links }: Fixed,
  unit: Float64Array,
  intercepts: Readonly<Record<"light" | "strong", Float64Array>>,
  found: Readonly<Record<"ownMean" | "slope" | "reliability" | "offset", Float64Array>>,
): Pick<Paths, "intercept" | "slope" | "gene"> {
  const width = PATHS.length;
  const size = unit.length * width;
  const [intercept, slope] = [new Float32Array(size), new Float32Array(size)];
  const gene = new Int32Array(size);
  const stretch = Math.sqrt(kernel.scale); // z = stretch d + center
  const set = (j: number, path: number, partner: number, times: number, less: number) => {
    const at = j * width + path;
    gene[at] = partner;
    slope[at] = times * stretch;
    intercept[at] = times * (kernel.center[partner] - less);
  };
  unit.forEach((deviation, j) => {
    const [partner, other] = [links.partner[j], links.other[j]];
    intercept[j * width] = intercepts.light[j] / deviation;
    intercept[j * width + 1] = intercepts.strong[j] / deviation;
    intercept[j * width + 5] = found.offset[j] / deviation;
    if (partner >= 0) {
      set(j, 2, partner, found.slope[j] / deviation, found.ownMean[j]);
      set(j, 3, partner, 1, 0);
    }
    if (other >= 0 && links.partner[other] >= 0) {
      const times = (found.reliability[other] * found.slope[other]) / unit[other];
      set(j, 4, links.partner[other], times, found.ownMean[other]);
    }
  });
  return { intercept, slope, gene };
}

/**
 * Predicts samples by the paths.
 * @param seen the first modality of samples in measured units, in the training cohort's columns.
 * @throws RangeError if it has other columns.
 */
export function followPaths(paths: Paths, seen: Matrix, rows: readonly number[]): PathValues {
  const { likeness, intercept, slope, gene } = paths;
  const inputs = enterSamples(likeness, seen, rows);
  const similarity = compareSamples(likeness, inputs);
  const n = likeness.inputs.rows;
  const features = paths.unit.length;
  const width = PATHS.length;
  const duals = [
    [0, paths.light],
    [1, paths.strong],
    [6, paths.kernel],
  ] as const;
  const values = new Float32Array(rows.length * features * width);
  for (let start = 0; start < features; start += BLOCK) {
    const end = Math.min(features, start + BLOCK);
    for (const [path, dual] of duals) {
      const block = { rows: end - start, columns: n, values: dual.subarray(start * n, end * n) };
      const predicted = multiplyTransposed(block, similarity); // [features of the block, samples]
      for (let j = start; j < end; j++) {
        for (let i = 0; i < rows.length; i++) {
          const value = predicted[(j - start) * rows.length + i];
          values[(i * features + j) * width + path] = value;
        }
      }
    }
  }
  const size = features * width;
  for (let i = 0; i < rows.length; i++) {
    const sample = inputs.values.subarray(i * inputs.columns, (i + 1) * inputs.columns);
    for (let at = 0, to = i * size; at < size; at++, to++) {
      values[to] = clip(values[to] + intercept[at] + slope[at] * sample[gene[at]]);
    }
  }
  const statistics = new Float32Array(SAMPLE_STATISTICS.length * rows.length);
  const own = ownProducts(inputs);
  noveltyOf(likeness, similarity, own).forEach((novelty, i) => {
    statistics.set([novelty, Math.log(own[i])], i * 2);
  });
  return { samples: rows.length, values, statistics };
}

function clip(value: number): number {
  return Math.min(Math.max(value, -LIMIT), LIMIT);
}

/** z-scores of a block of features, `[features, samples]`; 0 and not observed where a feature is not inferred. */
function standardizeTargets(
  { inferred }: Material,
  rows: readonly number[],
  { scaler, standard }: Pick<Paths, "scaler" | "standard">,
  start: number,
  end: number,
): Rows & { readonly values: Float64Array; readonly observed: Uint8Array } {
  const n = rows.length;
  const first = scaler.mean.length - inferred.rows;
  const values = new Float64Array((end - start) * n);
  const observed = new Uint8Array(values.length);
  for (let j = start; j < end; j++) {
    if (standard.scale[j] === 0) continue;
    const [low, high] = [scaler.low[first + j], scaler.high[first + j]];
    for (let i = 0; i < n; i++) {
      const from = j * inferred.columns + rows[i];
      if (!inferred.observed[from]) continue;
      const clamped = Math.min(Math.max(inferred.values[from], low), high);
      values[(j - start) * n + i] = (clamped - standard.center[j]) / standard.scale[j];
      observed[(j - start) * n + i] = 1;
    }
  }
  return { rows: end - start, columns: n, values, observed };
}

/** Means of log1p(max(0, z)) over observed training entries, `[features]`, as `Paths.level` states. */
function levelsOf(
  { inferred }: Material,
  rows: readonly number[],
  scaler: Scaler,
  standard: Standard,
): Float64Array {
  const first = scaler.mean.length - inferred.rows;
  return Float64Array.from({ length: inferred.rows }, (_, j) => {
    const [low, high, mean, std] = [scaler.low, scaler.high, scaler.mean, scaler.std].map(
      (values) => values[first + j],
    );
    let sum = 0;
    let count = 0;
    for (const row of rows) {
      const at = j * inferred.columns + row;
      if (!inferred.observed[at]) continue;
      const clamped = Math.min(Math.max(inferred.values[at], low), high);
      if (std > 0) sum += Math.log1p(Math.max(0, (clamped - mean) / std));
      count++;
    }
    return sum / (standard.scale[j] > 0 ? count + 1 : Math.max(count, 1));
  });
}

/** The strong ridge of each training sample by folds without its patient, gaps filled within them. */
function predictOutOfFold(
  { rows, columns: n, values }: Rows,
  observed: Uint8Array,
  folds: readonly InnerFold[],
): Float64Array {
  const out = new Float64Array(values.length);
  for (const { train, test, weights } of folds) {
    const count = train.length;
    const kept = { rows, columns: count, values: new Float64Array(rows * count) };
    const keptObserved = new Uint8Array(rows * count);
    for (let j = 0; j < rows; j++) {
      for (let i = 0; i < count; i++) {
        kept.values[j * count + i] = values[j * n + train[i]];
        keptObserved[j * count + i] = observed[j * n + train[i]];
      }
    }
    fillGaps(kept, keptObserved, selectPoints(weights, train));
    const predicted = multiplyTransposed(kept, selectPoints(weights, test)); // [features, test samples]
    for (let j = 0; j < rows; j++) {
      for (let i = 0; i < test.length; i++) {
        out[j * n + test[i]] = predicted[j * test.length + i];
      }
    }
  }
  return out;
}

/** The z-scores of each feature's own gene, 0 where it has none; `[features, training samples]`. */
function selectOwn({ rows: n, columns, values }: Rows, partner: Int32Array): Float64Array {
  const own = new Float64Array(partner.length * n);
  for (let j = 0, at = 0; j < partner.length; j++) {
    for (let i = 0; i < n; i++, at++) {
      if (partner[j] >= 0) own[at] = values[i * columns + partner[j]];
    }
  }
  return own;
}

/** One feature of a block, its samples in `[from, to)`; the error is 0 where not observed. */
interface Residual {
  readonly error: Float64Array;
  readonly observed: Uint8Array;
  /** z-scores of the own gene. */
  readonly own: Float64Array;
  readonly from: number;
  readonly to: number;
}

/**
 * Regresses a feature's residual on its own gene, with as much prior weight on a slope of 0 as one sample has.
 * @param cis takes the prediction of each observed sample by the slope of the others.
 * @param rest takes `error - mean - reliability x cis` of the observed samples.
 */
function fitResidual(
  { error, observed, own, from, to }: Residual,
  cis: Float64Array,
  rest: Float64Array,
) {
  const n = to - from;
  let count = 0;
  let errorSum = 0;
  let ownSum = 0;
  let ownAll = 0;
  let ownSquares = 0;
  for (let i = from; i < to; i++) {
    ownAll += own[i];
    ownSquares += own[i] ** 2;
    if (!observed[i]) continue;
    count++;
    errorSum += error[i];
    ownSum += own[i];
  }
  const c = Math.max(count, 1);
  const [errorMean, ownMean] = [errorSum / c, ownSum / c];
  let squares = 0;
  let products = 0;
  let total = 0;
  for (let i = from; i < to; i++) {
    if (!observed[i]) continue;
    const x = own[i] - ownMean;
    const e = error[i] - errorMean;
    squares += x * x;
    products += x * e;
    total += e * e;
  }
  const against = squares + Math.max(0, ownSquares / n - (ownAll / n) ** 2);
  const slope = against > 0 ? products / against : 0;
  const variance = Math.max(total - slope * products, 1e-6) / Math.max(count - 2, 1);
  const standardError = Math.sqrt(variance / Math.max(against, 1e-6));
  const t = count > 4 && against > 0 ? slope / Math.max(standardError, 1e-6) : 0;
  const reliability = Math.max(1 - 1 / Math.max(t * t, 1e-6), 0);
  for (let i = from; i < to; i++) {
    if (!observed[i]) continue;
    const x = own[i] - ownMean;
    const e = error[i] - errorMean;
    const others = against - x * x;
    cis[i] = others > 1e-6 ? ((products - x * e) / others) * x : 0;
    rest[i] = e - reliability * cis[i];
  }
  return {
    ownMean,
    slope,
    t,
    reliability,
    squares: total,
    offset: (errorMean * count) / (count + 3),
  };
}

/** Pearson's r over the observed entries in `[from, to)`; 0 where a side is constant. */
function correlation(
  a: Float64Array,
  b: Float64Array,
  observed: Uint8Array,
  from: number,
  to: number,
): number {
  let count = 0;
  let aSum = 0;
  let bSum = 0;
  for (let i = from; i < to; i++) {
    if (!observed[i]) continue;
    count++;
    aSum += a[i];
    bSum += b[i];
  }
  const [aMean, bMean] = [aSum / count, bSum / count];
  let aa = 0;
  let bb = 0;
  let ab = 0;
  for (let i = from; i < to; i++) {
    if (!observed[i]) continue;
    const p = a[i] - aMean;
    const q = b[i] - bMean;
    aa += p * p;
    bb += q * q;
    ab += p * q;
  }
  return ab / Math.sqrt(Math.max(aa * bb, 1e-9));
}

/** `z of the paper = by z + plus`; both 0 where the paper's deviation is 0, so that its z-scores are. */
export function toPaperScale(scaler: Scaler, { center, scale }: Standard) {
  const first = scaler.mean.length - center.length;
  const [mean, std] = [scaler.mean.subarray(first), scaler.std.subarray(first)];
  return {
    by: scale.map((value, j) => (std[j] > 0 ? value / std[j] : 0)),
    plus: center.map((value, j) => (std[j] > 0 ? (value - mean[j]) / std[j] : 0)),
  };
}

/** Tabulates `FEATURE_STATISTICS`, `[features, statistics]`, each within a few units of 0. */
function tabulate(
  paths: Pick<Fixed, "scaler" | "standard" | "links" | "inputs"> & Pick<Paths, "unit" | "level">,
  n: number,
  found: Readonly<Record<"t" | "ridgeR" | "cisR" | "kernelR", Float64Array>>,
): Float32Array {
  const { scaler, standard, links, inputs, unit, level } = paths;
  const features = unit.length;
  const first = scaler.mean.length - features;
  const seen = inputs.columns;
  const ownMeans = standardized(scaler.mean.subarray(0, seen));
  const ownDeviations = standardized(scaler.std.subarray(0, seen));
  const modalities = Math.max(...links.modality);
  const width = FEATURE_STATISTICS.length + modalities;
  const out = new Float32Array(features * width);
  const slopeScore = (j: number) => (j < 0 ? 0 : Math.tanh(found.t[j] / 4));
  for (let j = 0; j < features; j++) {
    const [partner, other, scale] = [links.partner[j], links.other[j], standard.scale[j]];
    const count = scale > 0 ? standard.count[j] : 0;
    const limit = (value: number) => (scale > 0 ? Math.abs(value - standard.center[j]) / scale : 0);
    out.set(
      [
        Math.log(unit[j]),
        slopeScore(j),
        found.ridgeR[j],
        found.cisR[j],
        found.kernelR[j],
        1 - count / n,
        partner < 0 ? 0 : ownMeans[partner],
        partner < 0 ? 0 : ownDeviations[partner] / 2,
        Number(partner >= 0),
        Number(other >= 0),
        slopeScore(other),
        Math.log1p(count) - Math.log1p(n),
        Math.log1p(limit(scaler.high[first + j])) - 1,
        Math.log1p(limit(scaler.low[first + j])) - 1,
        level[j] - 0.35,
      ],
      j * width,
    );
    if (links.modality[j] > 0)
      out[j * width + FEATURE_STATISTICS.length + links.modality[j] - 1] = 1;
  }
  return out;
}

/** Less their mean, by their deviation. */
function standardized(values: Float64Array): Float64Array {
  const { center, scale } = fitColumnScale({ rows: values.length, columns: 1, values });
  return values.map((value) => (value - center[0]) / scale[0]);
}

/** The columns of the first modality. */
function sliceScaler(scaler: Scaler, end: number): Scaler {
  const { median, low, high, mean, std, trainedOn } = scaler;
  const cut = (values: Float64Array) => values.subarray(0, end);
  return {
    median: cut(median),
    low: cut(low),
    high: cut(high),
    mean: cut(mean),
    std: cut(std),
    trainedOn,
  };
}
