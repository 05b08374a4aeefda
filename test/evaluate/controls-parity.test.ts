// The controls beside scikit-learn's numbers.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fitGeneRidge } from "../../lib/evaluate/gene-ridge.js";
import { fitKernelRidge } from "../../lib/evaluate/kernel-ridge.js";
import { fitPls } from "../../lib/evaluate/pls.js";
import type { Predictor } from "../../lib/evaluate/predictor.js";
import { fitProbabilisticPca } from "../../lib/evaluate/probabilistic-pca.js";
import { fitSoftImpute } from "../../lib/evaluate/soft-impute.js";
import type { PreparedCohort } from "../../lib/preprocess/prepare.js";
import { goldenCases, relativeError } from "../golden.js";
import { preparedFrom } from "./synthetic.js";

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
  const { x, y, train } = data;
  const visible = x[0].length;
  // The rows after the training rows are validation and test rows.
  const cohortOf = (isObserved: (i: number, j: number) => boolean): PreparedCohort => {
    const own = y.map((row, i) => row.map((value, j) => (isObserved(i, j) ? value : Number.NaN)));
    const table = x.map((row, i) => [...row, ...(own[i] ?? y[0].map(() => 0))]);
    return { ...preparedFrom(table.slice(0, train), table.slice(train), visible), space: "z" };
  };
  const prepared = cohortOf(() => true);
  const incomplete = cohortOf((i, j) => data.observed[i][j]);
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
