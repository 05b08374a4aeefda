// The controls beside scikit-learn's numbers.
import assert from "node:assert/strict";
import { test } from "node:test";
import { matrixFrom } from "../../lib/cohort/matrix.js";
import { fitGeneRidge } from "../../lib/evaluate/gene-ridge.js";
import { fitKernelRidge } from "../../lib/evaluate/kernel-ridge.js";
import { fitPls } from "../../lib/evaluate/pls.js";
import type { Predictor } from "../../lib/evaluate/predictor.js";
import { fitProbabilisticPca } from "../../lib/evaluate/probabilistic-pca.js";
import { fitSoftImpute } from "../../lib/evaluate/soft-impute.js";
import type { Part, Prepared, PreparedCohort } from "../../lib/preprocess/prepare.js";
import { fitScaler } from "../../lib/preprocess/scaler.js";
import { goldenCases, relativeError } from "../golden.js";

interface Golden {
  readonly x: number[][];
  readonly y: number[][];
  readonly train: number;
  readonly pls: { readonly count: number; readonly predicted: number[][] }[];
  readonly observed: boolean[][];
  readonly geneRidge: {
    readonly lambda: number;
    readonly shrinkage: number;
    readonly predicted: number[][];
  }[];
  readonly probabilisticPca: {
    readonly count: number;
    readonly rounds: number;
    readonly predicted: number[][];
  };
  readonly softImpute: { readonly lambda: number; readonly predicted: number[][] }[];
  readonly kernelRidge: {
    readonly gamma: number;
    readonly lambda: number;
    readonly predicted: number[][];
  }[];
}

for (const { folder, data } of goldenCases<Golden>("controls")) {
  const prepared = preparedFrom(data);
  const visible = data.x[0].length;
  const incomplete = preparedFrom(data, data.observed);
  const inferred = async (predictor: Predictor) => {
    const { rows, columns } = prepared.test.matrix;
    const predicted = await predictor.predict(prepared.test);
    return Array.from({ length: rows }, (_, i) => [
      ...predicted.subarray(i * columns + visible, (i + 1) * columns),
    ]);
  };

  test(`fitPls predicts as PLSRegression does, within 1e-6, in ${folder}`, async () => {
    for (const { count, predicted } of data.pls) {
      const found = await inferred(fitPls(prepared, [count]));
      assert.ok(relativeError(found.flat(), predicted.flat()) < 1e-6, `${count} components`);
    }
  });

  test(`fitGeneRidge solves penalized least squares of observed entries, within 1e-6, in ${folder}`, async () => {
    for (const { lambda, shrinkage, predicted } of data.geneRidge) {
      const fitted = fitGeneRidge(incomplete, { lambdas: [lambda], shrinkages: [shrinkage] });
      assert.ok(relativeError((await inferred(fitted)).flat(), predicted.flat()) < 1e-6);
    }
  });

  test(`fitProbabilisticPca follows NumPy's rounds, within 1e-5, in ${folder}`, async () => {
    const { count, rounds, predicted } = data.probabilisticPca;
    const fitted = fitProbabilisticPca(incomplete, { counts: [count], rounds });
    assert.ok(relativeError((await inferred(fitted)).flat(), predicted.flat()) < 1e-5);
  });

  test(`fitSoftImpute converges to NumPy's completion, within 1e-5, in ${folder}`, async () => {
    for (const { lambda, predicted } of data.softImpute) {
      const fitted = fitSoftImpute(incomplete, { lambdas: [lambda], rounds: 500 });
      assert.ok(relativeError((await inferred(fitted)).flat(), predicted.flat()) < 1e-5);
    }
  });

  test(`fitKernelRidge predicts as KernelRidge does, within 1e-6, in ${folder}`, async () => {
    for (const { gamma, lambda, predicted } of data.kernelRidge) {
      const found = await inferred(
        fitKernelRidge(prepared, { gammas: [gamma], lambdas: [lambda] }),
      );
      assert.ok(relativeError(found.flat(), predicted.flat()) < 1e-6, `gamma ${gamma}`);
    }
  });
}

/** The golden rows as a cohort in z-scores; the rows after the training rows are validation and test rows. */
function preparedFrom({ x, y, train }: Golden, observed?: boolean[][]): PreparedCohort {
  const table = x.map((row, i) => [
    ...row,
    ...(y[i] ?? y[0].map(() => 0)).map((value, j) =>
      observed?.[i][j] === false ? Number.NaN : value,
    ),
  ]);
  const columns = table[0].length;
  const part = <P extends Part>(name: P, from: number, to: number): Prepared<P> => {
    const rows = table.slice(from, to);
    const ids = rows.map((_, i) => `${name}${i}`);
    const matrix = matrixFrom(rows.length, columns, rows.flat());
    const shared = { matrix, zScores: matrix, ids, patients: ids };
    return { part: name, rows: rows.map((_, i) => from + i), ...shared };
  };
  const rows = part("train", 0, train);
  return {
    ...{ name: "golden", space: "z" },
    modalities: [
      { name: "RNA", start: 0, end: x[0].length },
      { name: "protein", start: x[0].length, end: columns },
    ],
    features: Array.from({ length: columns }, (_, j) => `F${j % x[0].length}`),
    scaler: fitScaler(
      rows.matrix,
      rows.ids.map((_, i) => i),
      rows.ids,
    ),
    train: rows,
    validation: part("validation", train, table.length),
    test: part("test", train, table.length),
  };
}
