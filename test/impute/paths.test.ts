// Closed-form paths agree with NumPy, feature by feature, and refuse what they cannot be fitted on.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Cohort, joinCohort } from "../../lib/cohort/cohort.js";
import { matrixFrom, selectRows, sliceColumns } from "../../lib/cohort/matrix.js";
import type { Fold } from "../../lib/evaluate/folds.js";
import { takeApart } from "../../lib/impute/material.js";
import { FEATURE_STATISTICS, fitPaths, followPaths, PATHS } from "../../lib/impute/paths.js";
import { assertClose, goldenCases } from "../golden.js";

interface Golden {
  readonly tables: readonly (readonly (readonly (number | null)[])[])[];
  readonly names: readonly (readonly string[])[];
  readonly patients: readonly string[];
  readonly train: readonly number[];
  readonly new: readonly number[];
  readonly folds: readonly (readonly number[])[];
  readonly expected: {
    /** `[new samples, features, paths]`. */
    readonly values: readonly (readonly (readonly number[])[])[];
    readonly statistics: readonly (readonly number[])[];
    readonly samples: readonly (readonly number[])[];
    readonly unit: readonly number[];
    readonly by: readonly number[];
    readonly plus: readonly number[];
    readonly level: readonly number[];
    readonly inferred: readonly boolean[];
  };
}

function cohortOf({ tables, names, patients }: Golden): Cohort {
  const samples = patients.map((patient, i) => ({ id: `S${i}`, patient, labels: {} }));
  return joinCohort({
    name: "golden",
    samples,
    tables: tables.map((table, m) => ({
      name: ["RNA", "protein", "phosphosite"][m],
      samples: samples.map(({ id }) => id),
      features: names[m],
      matrix: matrixFrom(
        table.length,
        names[m].length,
        table.flat().map((value) => value ?? Number.NaN),
      ),
    })),
  });
}

for (const { data } of goldenCases<Golden>("shared_decoder")) {
  describe("the paths agree with NumPy", () => {
    const { expected, train } = data;
    const cohort = cohortOf(data);
    const material = takeApart(cohort);
    const folds: Fold[] = data.folds.map((test) => ({
      train: train.map((_, i) => i).filter((i) => !test.includes(i)),
      test,
    }));
    const paths = fitPaths(material, train, folds);
    const features = paths.unit.length;

    test("which features are inferred", () => {
      const inferred = Array.from(paths.standard.scale, (scale) => scale > 0);
      assert.deepEqual(inferred, expected.inferred);
      assert.equal(inferred.filter((is) => !is).length, 3, "too rare, constant, never measured");
    });

    test("scales and units", () => {
      for (const name of ["unit", "by", "plus", "level"] as const) {
        assertClose(paths[name], expected[name], name);
      }
    });

    test("each statistic of the features", () => {
      const width = paths.statistics.length / features;
      assert.equal(width, FEATURE_STATISTICS.length + 1);
      for (let s = 0; s < width; s++) {
        const own = expected.statistics.map((row) => row[s]);
        const actual = own.map((_, j) => paths.statistics[j * width + s]);
        assertClose(actual, own, FEATURE_STATISTICS[s] ?? "modality");
      }
    });

    const followed = followPaths(paths, material.seen, data.new);
    PATHS.forEach(({ name }, p) => {
      test(`the path of new samples: ${name}`, () => {
        const own = expected.values.flatMap((sample) => sample.map((row) => row[p]));
        const actual = own.map((_, i) => followed.values[i * PATHS.length + p]);
        assert.ok(own.some((value) => Math.abs(value) > 0.1));
        assertClose(actual, own, name);
      });
    });

    test("novelty and size of new samples", () => {
      for (const s of [0, 1]) {
        const own = expected.samples.map((row) => row[s]);
        assertClose(
          own.map((_, i) => followed.statistics[i * 2 + s]),
          own,
          `statistic ${s}`,
        );
      }
    });

    test("new samples need their first modality alone", () => {
      const seen = selectRows(sliceColumns(cohort.matrix, 0, 40), data.new);
      const apart = followPaths(
        paths,
        seen,
        data.new.map((_, i) => i),
      );
      assert.deepEqual(apart, followed);
    });
  });
}
