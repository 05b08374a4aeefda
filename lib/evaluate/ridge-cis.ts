// The strongest linear control: a ridge from all of the RNA, and a cis regression of what the ridge leaves.
import { multiply } from "../engine/linear-algebra.js";
import type { PreparedCohort } from "../preprocess/prepare.js";
import { addLine, type CisOptions, fitLine, notePartners, SHRINKAGES } from "./cis.js";
import { groupFolds } from "./folds.js";
import { selectPoints } from "./points.js";
import {
  bestTrial,
  clampTo,
  inferredColumns,
  inputReader,
  LAMBDAS,
  meanSquaredErrorOf,
  noteEdge,
  type Predictor,
} from "./predictor.js";
import { fitRidge, fitSmoother, type RidgeOptions } from "./ridge.js";
import { placeColumns, rowsOf } from "./rows.js";

export interface RidgeWithCisOptions extends CisOptions, Pick<RidgeOptions, "lambdas"> {}

/** Folds of the training rows that residuals come from, and the seed of their order. */
const FOLDS = { folds: 5, seed: 42 };

/**
 * Fits the dual ridge and a cis regression of its residuals. Residuals come from ridges that did not see the row
 * (folds of the training rows), since on rows that it saw the ridge errs too little to learn from.
 * Chooses among the ridge's own lambda and all stronger ones, because the second path takes over part of its work.
 * The first modality's columns are the plain ridge's.
 * @throws RangeError if there is one patient, or no validation entry is observed.
 */
export function fitRidgeWithCis(
  prepared: PreparedCohort,
  { lambdas: grid, shrinkages = SHRINKAGES, offset = false }: RidgeWithCisOptions = {},
): Predictor {
  const { train, validation, space } = prepared;
  const { patients } = train;
  const read = inputReader(prepared);
  const columns = inferredColumns(prepared);
  const inputs = read(train);
  const base = fitRidge(prepared, { lambdas: grid });
  const lambdas = grid ?? LAMBDAS.filter((lambda) => lambda >= base.setting);
  const parts = groupFolds(patients, FOLDS).map(({ train: kept, test: held }) => {
    const smoother = fitSmoother(selectPoints(inputs, kept));
    const similarity = smoother.compare(selectPoints(inputs, held));
    return { held, targets: selectPoints(train.matrix, kept), smoother, similarity };
  });
  const whole = fitSmoother(inputs);
  const given = read(validation);
  const similarity = whole.compare(given);
  const width = columns.end - columns.start;
  const candidates = lambdas.map((lambda) => {
    const outOfFold = new Float64Array(train.matrix.rows * width);
    for (const { held, targets, smoother, similarity } of parts) {
      const predicted = clampTo(
        space,
        multiply(smoother.weights(similarity, lambda), targets, columns),
      );
      held.forEach((row, i) => {
        outOfFold.set(predicted.subarray(i * width, (i + 1) * width), row * width);
      });
    }
    const line = fitLine(prepared, inputs, outOfFold);
    const seen = multiply(whole.weights(similarity, lambda), train.matrix, columns);
    const trials = shrinkages.map((shrinkage) => {
      const predicted = clampTo(space, addLine(seen.slice(), line, given, { shrinkage, offset }));
      const mse = meanSquaredErrorOf(validation, predicted, columns);
      return { setting: { lambda, shrinkage }, mse };
    });
    return { lambda, line, trials };
  });
  const trials = candidates.flatMap((candidate) => candidate.trials);
  const { lambda, shrinkage } = bestTrial("ridge + cis", trials).setting;
  const { line } = candidates.find((candidate) => candidate.lambda === lambda)!;
  return {
    name: `ridge + cis of its residual${offset ? " + offset" : ""}`,
    sees: "RNA",
    notes: [
      notePartners(line),
      ...noteEdge("lambda", lambda, grid ?? LAMBDAS),
      ...noteEdge("shrinkage", shrinkage, shrinkages),
    ],
    predict: (rows) => {
      const given = read(rows);
      const similarity = whole.compare(given);
      const own = whole.weights(similarity, base.setting);
      const all = rowsOf(given.rows, clampTo(space, multiply(own, train.matrix)));
      const mixed = multiply(whole.weights(similarity, lambda), train.matrix, columns);
      const inferred = clampTo(space, addLine(mixed, line, given, { shrinkage, offset }));
      placeColumns(all, rowsOf(given.rows, inferred), columns.start);
      return new Float32Array(all.values);
    },
  };
}
