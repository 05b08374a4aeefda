// Clinical outcomes from embeddings, by linear models with nested choice of the penalty: survival by Cox regression, a
// number such as BMI by ridge regression.
import type { Label } from "../cohort/cohort.js";
import type { Outcome } from "../cohort/outcomes.js";
import type { Rows } from "../engine/linear-algebra.js";
import { checkOptions, required } from "../options.js";
import { drawWeights, type Estimate, estimate } from "./bootstrap.js";
import { encodeCategories } from "./compare.js";
import { countConcordance, coxLogLikelihood, fitCox, predictLinear } from "./cox.js";
import { type Fold, stratifiedGroupFolds } from "./folds.js";
import { fitPca, transformPca } from "./pca.js";
import { checkPoints, fitColumnScale, selectPoints, standardizePoints } from "./points.js";
import { placeColumns, rowsOf } from "./rows.js";
import { meanOf } from "./statistics.js";

export interface OutcomeOptions {
  /** What is predicted. */
  readonly outcome: Outcome;
  /** Rows of samples by name: embeddings, components, encoded covariates. Differences are to the first. */
  readonly representations: Readonly<Record<string, Rows>>;
  /** The patient of each sample. */
  readonly groups: readonly string[];
  /** By default 5. */
  readonly folds?: number;
  /** How often the folds are drawn. By default 1. */
  readonly repeats?: number;
  /** Bootstrap draws of patients behind each interval. By default 1,000. */
  readonly draws?: number;
  readonly seed?: number;
}

/** How well one representation predicts the outcome of patients that its linear model did not see. */
export interface OutcomeRow {
  readonly representation: string;
  readonly columns: number;
  /** Samples with the outcome. */
  readonly samples: number;
  /** Deaths among them; null for a number. */
  readonly deaths: number | null;
  readonly measure: "concordance" | "R2";
  /** Concordance index, 0.5 by chance; or the share of squared error removed of the training mean's, 0 or less by chance. */
  readonly score: Estimate;
  /** The score less that of the first representation, on the same draws of patients; null for the first. */
  readonly difference: Estimate | null;
  /** Penalties chosen, the median over folds. */
  readonly lambda: number;
}

/** Penalties, on columns of unit variance. */
const LAMBDAS = [0.1, 1, 10, 100, 1e3, 1e4, 1e5, 1e6] as const;
const INNER_FOLDS = 3;

/**
 * Compares representations by how well a linear model reads an outcome from them. Folds never part a patient; columns
 * are standardized and the penalty is chosen within the training rows of each fold, by the error of three inner folds or,
 * for survival, by the partial likelihood that they add. Intervals are 95 %, patients drawn again; they ignore the
 * variation between fits.
 *
 * Columns are rotated onto the principal axes of the training rows first. The penalty does not see a rotation, so this
 * only makes thousands of columns affordable.
 * Source: Verweij and van Houwelingen 1993 for the cross-validated partial likelihood.
 * @returns one row a representation, in order.
 * @throws RangeError if lengths differ, or there are too few patients or deaths for the folds.
 */
export function compareOutcomes(options: OutcomeOptions): OutcomeRow[] {
  const {
    outcome,
    representations,
    groups,
    folds = 5,
    repeats = 1,
    draws = 1000,
    seed = 42,
  } = checkOptions("compareOutcomes", options, {
    outcome: required("object"),
    representations: required("object"),
    groups: required("array"),
    folds: "number",
    repeats: "number",
    draws: "number",
    seed: "number",
  });
  const task = taskOf(outcome, groups);
  requireEnough(task, folds);
  const weights = drawWeights(task.patients, { draws, seed });
  let first: readonly number[] | null = null;
  return Object.entries(representations).map(([representation, points]): OutcomeRow => {
    checkPoints(`compareOutcomes: ${representation}`, points);
    if (points.rows !== groups.length) {
      throw new RangeError(
        `compareOutcomes: expected ${groups.length} rows of ${representation}, got ${points.rows}`,
      );
    }
    const own = selectPoints(points, task.rows);
    const lambdas: number[] = [];
    const held: Held[] = [];
    for (let repeat = 0; repeat < repeats; repeat++) {
      for (const fold of dealFolds(task, folds, seed + repeat)) {
        const lambda = chooseLambda(own, task, fold.train, seed + repeat);
        lambdas.push(lambda);
        held.push(predictFold(own, task, fold, lambda));
      }
    }
    const score = (weight?: Float64Array) => scoreOf(task, held, weight);
    const value = score();
    const drawn = weights.map(score);
    const before = first;
    first ??= [value, ...drawn];
    return {
      representation,
      columns: points.columns,
      samples: task.rows.length,
      deaths: task.died ? task.died.filter(Boolean).length : null,
      measure: task.died ? "concordance" : "R2",
      score: estimate(value, drawn),
      difference:
        before &&
        estimate(
          value - before[0],
          drawn.map((one, i) => one - before[i + 1]),
        ),
      lambda: lambdas.sort((a, b) => a - b)[lambdas.length >> 1],
    };
  });
}

/** The samples whose outcome is known. */
interface Task {
  /** Their places among all samples. */
  readonly rows: readonly number[];
  readonly patients: readonly string[];
  /** Times, or the numbers to predict. */
  readonly values: Float64Array;
  /** Null where a number is predicted. */
  readonly died: readonly boolean[] | null;
}

/** What was predicted of the held-out samples of one fold. */
interface Held {
  readonly test: readonly number[];
  readonly actual: Task;
  readonly predicted: Float64Array;
  /** Mean of the fold's training samples. */
  readonly center: number;
}

function taskOf(outcome: Outcome, groups: readonly string[]): Task {
  const { kind } = outcome;
  const values = kind === "survival" ? outcome.time : outcome.values;
  const states = kind === "survival" ? outcome.died : null;
  if (values.length !== groups.length || (states && states.length !== groups.length)) {
    throw new RangeError(
      `compareOutcomes: expected ${groups.length} outcomes, one a sample, got ${values.length}` +
        `${states ? ` times and ${states.length} states` : ""}`,
    );
  }
  const rows = groups.flatMap((_, i) => {
    const value = values[i];
    if (value === null || (states && states[i] === null)) return [];
    if (Number.isFinite(value) && (!states || value > 0)) return [i];
    const wanted = states ? "positive times" : "finite outcomes";
    throw new RangeError(`compareOutcomes: expected ${wanted}, got ${value} at row ${i}`);
  });
  return {
    rows,
    patients: rows.map((i) => groups[i]),
    values: Float64Array.from(rows, (i) => values[i]!),
    died: states && rows.map((i) => states[i]!),
  };
}

function requireEnough({ patients, died }: Task, folds: number): void {
  const count = new Set(patients).size;
  const deaths = new Set(patients.filter((_, i) => died?.[i])).size;
  const least = 2 * folds;
  if (count >= least && (!died || deaths >= least)) return;
  throw new RangeError(
    `compareOutcomes: expected the outcome of at least ${least} patients${died ? `, as many of them deaths,` : ""} ` +
      `for ${folds} folds, got ${count}${died ? ` with ${deaths} deaths` : ""}`,
  );
}

/** Folds of samples, as even in deaths as whole patients allow. */
function dealFolds({ patients, died }: Task, folds: number, seed: number): Fold[] {
  const labels = patients.map((_, i) => Number(died?.[i] ?? 0));
  return stratifiedGroupFolds(labels, patients, { folds, seed });
}

function subset({ rows, patients, values, died }: Task, kept: readonly number[]): Task {
  return {
    rows: kept.map((i) => rows[i]),
    patients: kept.map((i) => patients[i]),
    values: Float64Array.from(kept, (i) => values[i]),
    died: died && kept.map((i) => died[i]),
  };
}

/** The penalty with the least loss over inner folds of the training rows. */
function chooseLambda(points: Rows, task: Task, train: readonly number[], seed: number): number {
  const own = subset(task, train);
  const inside = selectPoints(points, train);
  const losses = new Float64Array(LAMBDAS.length);
  for (const fold of dealFolds(own, INNER_FOLDS, seed)) {
    const basis = rotate(inside, fold.train);
    const kept = subset(own, fold.train);
    const held = basis.of(fold.test);
    const center = meanOf(kept.values);
    const whole = own.died && {
      points: rowsOf(train.length, Float64Array.from([...basis.train.values, ...held.values])),
      survival: survivalOf(subset(own, [...fold.train, ...fold.test])),
    };
    LAMBDAS.forEach((lambda, at) => {
      const beta = fit(basis.train, kept, lambda);
      if (whole) {
        const likelihood = coxLogLikelihood(whole.points, whole.survival, beta);
        losses[at] -= likelihood - coxLogLikelihood(basis.train, survivalOf(kept), beta);
        return;
      }
      const predicted = predictLinear(beta, held);
      fold.test.forEach((i, k) => {
        losses[at] += (own.values[i] - center - predicted[k]) ** 2;
      });
    });
  }
  return LAMBDAS[losses.indexOf(Math.min(...losses))];
}

function predictFold(points: Rows, task: Task, { train, test }: Fold, lambda: number): Held {
  const kept = subset(task, train);
  const basis = rotate(points, train);
  const beta = fit(basis.train, kept, lambda);
  const center = task.died ? 0 : meanOf(kept.values);
  const predicted = predictLinear(beta, basis.of(test)).map((value) => value + center);
  return { test, actual: subset(task, test), predicted, center };
}

/** Standardizes columns by the training rows, and rotates onto their principal axes. */
function rotate(points: Rows, train: readonly number[]) {
  const own = selectPoints(points, train);
  const scale = fitColumnScale(own);
  const standard = (rows: Rows) => standardizePoints(rows, scale);
  const fitted = standard(own);
  const pca = fitPca(fitted);
  const project = (rows: Rows): Rows => rowsOf(rows.rows, transformPca(pca, rows));
  return {
    train: project(fitted),
    of: (rows: readonly number[]) => project(standard(selectPoints(points, rows))),
  };
}

/** Coefficients on principal axes, where ridge regression has one equation an axis. */
function fit(axes: Rows, task: Task, lambda: number): Float64Array {
  if (task.died) return fitCox(axes, survivalOf(task), lambda);
  const { rows, columns, values } = axes;
  const center = meanOf(task.values);
  return Float64Array.from({ length: columns }, (_, k) => {
    let [along, squares] = [0, 0];
    for (let i = 0; i < rows; i++) {
      const x = values[i * columns + k];
      along += x * (task.values[i] - center);
      squares += x * x;
    }
    return along / (squares + lambda);
  });
}

/** Pairs of one fold alone are compared: risks of two fits have no common scale. */
function scoreOf(task: Task, held: readonly Held[], weights?: Float64Array): number {
  if (task.died) {
    let [pairs, concordant] = [0, 0];
    for (const { test, actual, predicted } of held) {
      const found = countConcordance(
        survivalOf(actual),
        predicted,
        weights && test.map((i) => weights[i]),
      );
      pairs += found.pairs;
      concordant += found.concordant;
    }
    return concordant / pairs;
  }
  let [errors, total] = [0, 0];
  for (const { test, actual, predicted, center } of held) {
    test.forEach((i, k) => {
      const weight = weights ? weights[i] : 1;
      errors += weight * (actual.values[k] - predicted[k]) ** 2;
      total += weight * (actual.values[k] - center) ** 2;
    });
  }
  return 1 - errors / total;
}

function survivalOf({ values, died }: Task) {
  return { time: values, died: died! };
}

/**
 * Encodes covariates as columns: a number as it is, with a second column where some are not recorded, and each text as a
 * column of 0 and 1.
 * @param covariates one value a sample by name.
 * @returns `[samples, columns]`.
 * @throws RangeError if there is none, or their lengths differ.
 */
export function encodeCovariates(covariates: Readonly<Record<string, readonly Label[]>>): Rows {
  const entries = Object.entries(covariates);
  const rows = entries[0]?.[1].length ?? 0;
  const blocks = entries.map(([name, values]): Rows => {
    if (values.length !== rows) {
      throw new RangeError(
        `encodeCovariates: expected ${rows} values of ${name}, got ${values.length}`,
      );
    }
    if (values.some((value) => typeof value === "string")) return encodeCategories(values);
    const isPartial = values.includes(null);
    const columns = isPartial ? 2 : 1;
    const out = new Float32Array(rows * columns);
    values.forEach((value, i) => {
      out[i * columns] = Number(value ?? 0);
      if (isPartial) out[i * columns + 1] = Number(value !== null);
    });
    return { rows, columns, values: out };
  });
  if (rows === 0) throw new RangeError("encodeCovariates: expected a covariate, got none");
  const columns = blocks.reduce((sum, block) => sum + block.columns, 0);
  const all = { rows, columns, values: new Float32Array(rows * columns) };
  let start = 0;
  for (const block of blocks) {
    placeColumns(all, block, start);
    start += block.columns;
  }
  return all;
}
