// Small data for the tests of this room: tables by hand, and a cohort in which proteins follow their own gene's RNA.
import { type Cohort, joinCohort } from "../../lib/cohort/cohort.js";
import { matrixFrom } from "../../lib/cohort/matrix.js";
import { createRandom } from "../../lib/cohort/random.js";
import type { Rows } from "../../lib/engine/linear-algebra.js";
import {
  type Part,
  type Prepared,
  type PreparedCohort,
  prepareCohort,
} from "../../lib/preprocess/prepare.js";
import { fitScaler } from "../../lib/preprocess/scaler.js";
import { splitSamples } from "../../lib/preprocess/split.js";

export function pointsOf(table: readonly (readonly number[])[]): Rows & { values: Float64Array } {
  const values = Float64Array.from(table.flat());
  return { rows: table.length, columns: table[0].length, values };
}

/** Prepared rows given as they are, in the paper's space, so that a result can be computed by hand; NaN is not observed. */
export function preparedFrom(
  train: readonly (readonly number[])[],
  validation: readonly (readonly number[])[],
  visible: number,
): PreparedCohort {
  const columns = train[0].length;
  const part = <P extends Part>(
    name: P,
    table: readonly (readonly number[])[],
    first = 0,
  ): Prepared<P> => {
    const rows = table.map((_, i) => first + i);
    const ids = table.map((_, i) => `${name}${i}`);
    const matrix = matrixFrom(table.length, columns, table.flat());
    return { part: name, rows, ids, patients: ids, matrix, zScores: matrix };
  };
  const rows = part("train", train);
  return {
    name: "by hand",
    space: "paper",
    train: rows,
    modalities: [
      { name: "RNA", start: 0, end: visible },
      { name: "protein", start: visible, end: columns },
    ],
    features: Array.from({ length: columns }, (_, j) => `G${j % visible}`),
    scaler: fitScaler(rows.matrix, rows.rows, rows.ids),
    validation: part("validation", validation, train.length),
    test: part("test", validation, train.length),
  };
}

/** Makes 80 samples of 40 genes in "RNA", 30 of them in "protein" with some entries missing, and two without partner. */
export function syntheticCohort(seed = 1): { cohort: Cohort; prepared: PreparedCohort } {
  const random = createRandom(seed, "synthetic");
  const count = 80;
  const genes = Array.from({ length: 40 }, (_, g) => `G${g}`);
  const proteins = [...genes.slice(0, 30), "lone1", "lone2"];
  const loads = genes.map(() => random.normal());
  const samples = Array.from({ length: count }, (_, i) => ({
    id: `S${i}`,
    patient: `P${i}`,
    labels: {},
  }));
  const rna: number[] = [];
  const protein: number[] = [];
  for (let i = 0; i < count; i++) {
    const factor = random.normal();
    const row = loads.map((load) => load * factor + random.normal());
    rna.push(...row);
    proteins.forEach((_, g) => {
      const own = g < 30 ? row[g] : 0;
      const value = 0.8 * own + 0.5 * loads[g] * factor + 0.4 * random.normal();
      protein.push(random.uniform() < 0.1 ? Number.NaN : value);
    });
  }
  const ids = samples.map(({ id }) => id);
  const cohort = joinCohort({
    name: "synthetic",
    samples,
    tables: [
      { name: "RNA", samples: ids, features: genes, matrix: matrixFrom(count, 40, rna) },
      { name: "protein", samples: ids, features: proteins, matrix: matrixFrom(count, 32, protein) },
    ],
  });
  return { cohort, prepared: prepareCohort(cohort, splitSamples(samples, { seed: 42 })) };
}
