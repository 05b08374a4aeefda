// Eight small pipelines for the exercise "spot the leak": three are sound, five have a defect.
import type { Cohort, Label } from "../cohort/cohort.js";
import { simulateCohort } from "../cohort/simulate.js";
import { fitNeighbors } from "../evaluate/neighbors.js";
import { inferredColumns, observedMean } from "../evaluate/predictor.js";
import { fitRidge } from "../evaluate/ridge.js";
import { pickColumns } from "../evaluate/rows.js";
import {
  type Part,
  type Prepared,
  type PreparedCohort,
  prepareCohort,
} from "../preprocess/prepare.js";
import { applyScaler, fitScaler } from "../preprocess/scaler.js";
import { splitSamples } from "../preprocess/split.js";
import { meanOf } from "./exercise.js";

/** A study in two stages, so that each can be tried alone. */
export interface Pipeline {
  /** The methods section. */
  readonly about: string;
  /** Splits and scales a cohort. */
  prepare(cohort: Cohort): PreparedCohort;
  /** Fits on training rows and scores test rows. `tissue` has one label per sample of the cohort. */
  evaluate(prepared: PreparedCohort, tissue: readonly Label[]): Promise<Outcome>;
}

/** What a pipeline reports. */
export interface Outcome {
  /** Skill of the inferred proteins, or balanced accuracy of the tissue. */
  readonly measure: "skill" | "balanced accuracy";
  readonly value: number;
  /** The setting that was chosen: a penalty, a number of neighbors or of steps; null if there is none. */
  readonly chosen: number | null;
  /** The labels that a classifier used, one per sample of the cohort; null for a regression. */
  readonly labels: readonly Label[] | null;
}

/**
 * Simulates tumors and normals of two hospitals with 60 patients each. The first names its samples P001-T and P001-N;
 * the second C061.01 and C061.11. RNA differs a little between the hospitals; the share of tumors does not.
 */
function simulateHospitals(): Cohort {
  const { cohort } = simulateCohort({
    seed: 5,
    patients: 120,
    normalShare: 0.5,
    features: { RNA: 60, protein: 30 },
    cohorts: 2,
    cohortOffset: 0.5,
  });
  const samples = cohort.samples.map(({ id, patient, labels }) => {
    const code = labels.tissue === "tumor" ? "01" : "11";
    const own = labels.cohort === "A" ? id : `${patient.replace("P", "C")}.${code}`;
    return { id: own, patient, labels };
  });
  return { ...cohort, samples };
}

const byPatient = (cohort: Cohort) => prepareCohort(cohort, splitSamples(cohort.samples));

/** Splits samples, not patients. */
const bySample = (cohort: Cohort) =>
  prepareCohort(cohort, splitSamples(cohort.samples, { by: "sample" }));

/** Scales all samples together, then splits them. */
function scaledFirst(cohort: Cohort): PreparedCohort {
  const prepared = byPatient(cohort);
  const ids = cohort.samples.map(({ id }) => id);
  const scaler = fitScaler(cohort.matrix, [...ids.keys()], ids);
  const scale = <P extends Part>(part: Prepared<P>): Prepared<P> => ({
    ...part,
    matrix: applyScaler(scaler, cohort.matrix, part.rows),
    zScores: applyScaler(scaler, cohort.matrix, part.rows, "standardized"),
  });
  const { train, validation, test } = prepared;
  const parts = { train: scale(train), validation: scale(validation), test: scale(test) };
  return { ...prepared, scaler, ...parts };
}

/** Skill of predicted test rows over the observed training mean; `counts` says which inferred entries count. */
function skillOf(
  prepared: PreparedCohort,
  predicted: ArrayLike<number>,
  counts: (observed: number, value: number) => boolean = (observed) => observed === 1,
): number {
  const { values, observed, columns } = prepared.test.matrix;
  const constant = observedMean(prepared);
  const { start } = inferredColumns(prepared);
  let [error, ofConstant] = [0, 0];
  values.forEach((value, at) => {
    const column = at % columns;
    if (column < start || !counts(observed[at], value)) return;
    error += (value - predicted[at]) ** 2;
    ofConstant += (value - constant[column]) ** 2;
  });
  return 1 - error / ofConstant;
}

/** Fits one of the library's predictors, which chooses its setting on validation rows, and scores it. */
const evaluateBy =
  (fit: typeof fitRidge | typeof fitNeighbors) =>
  async (prepared: PreparedCohort): Promise<Outcome> => {
    const predictor = fit(prepared);
    const value = skillOf(prepared, await predictor.predict(prepared.test));
    return { measure: "skill", value, chosen: predictor.setting, labels: null };
  };

/** Takes a zero for a missing value: fills it with the mean of the others in training, and leaves it out of the score. */
async function evaluateWithoutZeros(prepared: PreparedCohort): Promise<Outcome> {
  const { start } = inferredColumns(prepared);
  const { values, rows, columns } = prepared.train.matrix;
  const fill = Array.from({ length: columns }, (_, j) => {
    const column = Array.from({ length: rows }, (_, i) => values[i * columns + j]);
    return meanOf(column.filter((value) => value !== 0));
  });
  const withoutZeros = <P extends Part>(part: Prepared<P>): Prepared<P> => {
    const { matrix } = part;
    const isFilled = (value: number, at: number) => at % columns >= start && value === 0;
    return {
      ...part,
      matrix: {
        ...matrix,
        values: matrix.values.map((value, at) =>
          isFilled(value, at) ? fill[at % columns] : value,
        ),
        observed: matrix.observed.map((is, at) => (isFilled(matrix.values[at], at) ? 0 : is)),
      },
    };
  };
  const [train, validation] = [withoutZeros(prepared.train), withoutZeros(prepared.validation)];
  const ridge = fitRidge({ ...prepared, train, validation });
  const predicted = await ridge.predict(prepared.test);
  const isCounted = (observed: number, measured: number) => observed === 1 && measured !== 0;
  const value = skillOf(prepared, predicted, isCounted);
  return { measure: "skill", value, chosen: ridge.setting, labels: null };
}

const STEPS = 80;
const RATE = 0.02;

/** Trains a linear model by gradient descent, and keeps the step with the lowest squared error on one part. */
async function evaluateDescent(
  prepared: PreparedCohort,
  stopOn: "validation" | "test",
): Promise<Outcome> {
  const { start, end } = inferredColumns(prepared);
  const [inputs, outputs] = [start, end - start];
  let weights = new Float64Array(outputs * inputs);
  let biases = observedMean(prepared).slice(start);
  const sides = ({ matrix, zScores }: Prepared) => {
    const marks = { ...matrix, values: Float32Array.from(matrix.observed) };
    return {
      rows: matrix.rows,
      x: pickColumns(zScores, { start: 0, end: start }),
      y: pickColumns(matrix, { start, end }),
      observed: pickColumns(marks, { start, end }),
    };
  };
  type Sides = ReturnType<typeof sides>;
  const predict = ({ x, rows }: Sides) => {
    const out = new Float64Array(rows * outputs);
    for (let i = 0; i < rows; i++) {
      for (let k = 0; k < outputs; k++) {
        let sum = biases[k];
        for (let j = 0; j < inputs; j++) sum += x[i * inputs + j] * weights[k * inputs + j];
        out[i * outputs + k] = sum;
      }
    }
    return out;
  };
  const errorsOf = (part: Sides) =>
    predict(part).map((value, at) => part.observed[at] * (value - part.y[at]));
  const [train, watched] = [sides(prepared.train), sides(prepared[stopOn])];
  let best = { step: 0, loss: Number.POSITIVE_INFINITY, weights, biases };
  for (let step = 0; step <= STEPS; step++) {
    const loss = errorsOf(watched).reduce((sum, error) => sum + error ** 2, 0);
    if (loss < best.loss) best = { step, loss, weights: weights.slice(), biases: biases.slice() };
    errorsOf(train).forEach((error, at) => {
      const [i, k] = [Math.floor(at / outputs), at % outputs];
      const move = (RATE / train.rows) * error;
      for (let j = 0; j < inputs; j++) weights[k * inputs + j] -= move * train.x[i * inputs + j];
      biases[k] -= move;
    });
  }
  ({ weights, biases } = best);
  const inferred = predict(sides(prepared.test));
  const { columns, values } = prepared.test.matrix;
  const predicted = values.map((_, at) => {
    const [row, column] = [Math.floor(at / columns), at % columns];
    return column < start ? 0 : inferred[row * outputs + column - start];
  });
  const value = skillOf(prepared, predicted);
  return { measure: "skill", value, chosen: best.step, labels: null };
}

/** Calls each test sample by the nearer class mean of RNA z-scores. */
async function evaluateClasses(
  prepared: PreparedCohort,
  labels: readonly Label[],
): Promise<Outcome> {
  const { start: inputs } = inferredColumns(prepared);
  const rowsOf = ({ zScores, rows }: Prepared) => {
    const x = pickColumns(zScores, { start: 0, end: inputs });
    return rows.map((row, i) => ({
      label: labels[row],
      x: x.subarray(i * inputs, (i + 1) * inputs),
    }));
  };
  const [train, test] = [rowsOf(prepared.train), rowsOf(prepared.test)];
  const classes = [...new Set(train.map(({ label }) => label))];
  const centers = classes.map((one) => {
    const own = train.filter(({ label }) => label === one);
    return Array.from({ length: inputs }, (_, j) => meanOf(own.map(({ x }) => x[j])));
  });
  const calls = test.map(({ x }) => {
    const far = centers.map((center) =>
      center.reduce((sum, value, j) => sum + (value - x[j]) ** 2, 0),
    );
    return classes[far.indexOf(Math.min(...far))];
  });
  const found = [...new Set(test.map(({ label }) => label))].map((one) => {
    const own = calls.filter((_, i) => test[i].label === one);
    return own.filter((call) => call === one).length / own.length;
  });
  return { measure: "balanced accuracy", value: meanOf(found), chosen: null, labels };
}

const RIDGE =
  "Proteins from RNA by ridge regression. 70 / 15 / 15 split; penalty by validation error; skill on the test samples.";
const NEIGHBORS =
  "Proteins from RNA by nearest neighbors. 70 / 15 / 15 split; number of neighbors by validation error; skill on the test samples.";
const DESCENT =
  "Proteins from RNA by a linear network, trained by gradient descent with early stopping. 70 / 15 / 15 split; skill on the test samples.";
const CLASSES =
  "Tumor or normal by the nearest class mean of the RNA. 70 / 15 / 15 split; balanced accuracy on the test samples.";

/** A cohort of two hospitals, and eight pipelines that were tried on it, by letter. */
export function openPipelines(): {
  readonly cohort: Cohort;
  readonly pipelines: Readonly<Record<string, Pipeline>>;
} {
  const cohort = simulateHospitals();
  const fromNames = cohort.samples.map(({ id }) => (id.endsWith("T") ? "tumor" : "normal"));
  const pipelines: Record<string, Pipeline> = {
    A: { about: RIDGE, prepare: scaledFirst, evaluate: evaluateBy(fitRidge) },
    B: { about: CLASSES, prepare: byPatient, evaluate: evaluateClasses },
    C: { about: DESCENT, prepare: byPatient, evaluate: (parts) => evaluateDescent(parts, "test") },
    D: { about: RIDGE, prepare: byPatient, evaluate: evaluateBy(fitRidge) },
    E: { about: NEIGHBORS, prepare: bySample, evaluate: evaluateBy(fitNeighbors) },
    F: {
      about: CLASSES,
      prepare: byPatient,
      evaluate: (parts) => evaluateClasses(parts, fromNames),
    },
    G: {
      about: DESCENT,
      prepare: byPatient,
      evaluate: (parts) => evaluateDescent(parts, "validation"),
    },
    H: { about: RIDGE, prepare: byPatient, evaluate: evaluateWithoutZeros },
  };
  return { cohort, pipelines };
}
