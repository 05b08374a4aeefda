// The cohort: modalities are joined on shared samples, and whatever is left out is counted.
import assert from "node:assert/strict";
import test from "node:test";
import {
  drop,
  dropEmptyFeatures,
  findModality,
  joinCohort,
  keepFeatures,
  type ModalityTable,
  type Sample,
  summarizeModalities,
} from "../../lib/cohort/cohort.js";
import { emptyMatrix, matrixFrom } from "../../lib/cohort/matrix.js";

function table(
  name: string,
  samples: readonly string[],
  features: readonly string[],
  numbers: readonly number[],
): ModalityTable {
  return { name, samples, features, matrix: matrixFrom(samples.length, features.length, numbers) };
}

function sheet(...ids: string[]): Sample[] {
  return ids.map((id) => ({ id, patient: `patient of ${id}`, labels: { length: id.length } }));
}

const RNA = table("rna", ["s3", "s1", "s2"], ["TP53", "AKT1"], [31, Number.NaN, 11, 12, 21, 22]);
const PROTEIN = table("protein", ["s1", "s2", "s3", "s4"], ["TP53"], [1, 2, 3, 4]);

test("joinCohort joins on shared samples in the first table's order", () => {
  const cohort = joinCohort({
    name: "mine",
    tables: [RNA, PROTEIN],
    samples: sheet("s1", "s3", "s5"),
  });
  assert.deepEqual(
    cohort.samples.map((sample) => sample.id),
    ["s3", "s1"],
  );
  assert.equal(cohort.samples[0].patient, "patient of s3");
  assert.deepEqual(cohort.modalities, [
    { name: "rna", start: 0, end: 2 },
    { name: "protein", start: 2, end: 3 },
  ]);
  assert.deepEqual(cohort.features, ["TP53", "AKT1", "TP53"]);
  assert.deepEqual([...cohort.matrix.values], [31, 0, 3, 11, 12, 1]);
  assert.deepEqual([...cohort.matrix.observed], [1, 0, 1, 1, 1, 1]);
});

test("joinCohort counts the samples that each source loses, after the readers' drops", () => {
  const before = drop("features", "rna", ["1-Sep"], "a date");
  const { drops } = joinCohort({
    name: "mine",
    tables: [RNA, PROTEIN],
    samples: sheet("s1", "s3", "s5"),
    drops: [before],
  });
  assert.deepEqual(drops[0], before);
  assert.deepEqual(
    drops.slice(1).map(({ what, from, count, examples }) => [what, from, count, examples]),
    [
      ["samples", "rna", 1, ["s2"]],
      ["samples", "protein", 2, ["s2", "s4"]],
      ["samples", "sample sheet", 1, ["s5"]],
    ],
  );
  const none = joinCohort({ name: "all", tables: [RNA], samples: sheet("s1", "s2", "s3") });
  assert.deepEqual(none.drops, []);
});

test("joinCohort refuses duplicates of samples, features and tables, and names them", () => {
  const join = (tables: readonly ModalityTable[], samples = sheet("s1")) =>
    joinCohort({ name: "x", tables, samples });
  const twiceSample = table("rna", ["s1", "s1"], ["a"], [1, 2]);
  const twiceFeature = table("rna", ["s1"], ["a", "b", "a"], [1, 2, 3]);
  assert.throws(() => join([twiceSample]), /RangeError: .*each sample id once in rna.*"s1"/);
  assert.throws(
    () => join([twiceFeature]),
    /each feature id once in rna, got 1 of them again: "a"/,
  );
  assert.throws(() => join([RNA, RNA]), /each table name once in tables.*"rna"/);
  assert.throws(() => join([RNA], sheet("s1", "s1")), /each sample id once in the sample sheet/);
});

test("joinCohort refuses sources that share no sample, and shows what each has", () => {
  const join = () => joinCohort({ name: "x", tables: [RNA, PROTEIN], samples: sheet("S1", "S2") });
  assert.throws(join, RangeError);
  assert.throws(
    join,
    /got none: rna has s3, s1, s2 \.\.\.; protein has .* sheet has S1, S2 .*; write the ids alike: "s1" in rna, "S1" in the sample sheet/,
  );
});

test("joinCohort refuses no tables, and names that do not fit the matrix", () => {
  const crooked = { ...RNA, features: ["TP53"] };
  assert.throws(() => joinCohort({ name: "x", tables: [], samples: [] }), /at least one table/);
  assert.throws(
    () => joinCohort({ name: "x", tables: [crooked], samples: sheet("s1") }),
    /expected 3 x 1 values in rna, got 3 x 2/,
  );
});

test("dropEmptyFeatures leaves out columns of zeros and of nothing, and counts them by modality", () => {
  const none = Number.NaN;
  const cohort = joinCohort({
    name: "x",
    tables: [
      table("rna", ["s1", "s2"], ["zero", "kept", "mixed"], [0, 0, none, 0, -1, 0]),
      table("protein", ["s1", "s2"], ["none", "five"], [none, 5, none, 5]),
      table("metabolite", ["s1", "s2"], ["gone"], [0, none]),
    ],
    samples: sheet("s1", "s2"),
  });
  const alive = dropEmptyFeatures(cohort);
  assert.deepEqual(alive.features, ["kept", "five"]);
  assert.deepEqual(alive.modalities, [
    { name: "rna", start: 0, end: 1 },
    { name: "protein", start: 1, end: 2 },
    { name: "metabolite", start: 2, end: 2 },
  ]);
  assert.deepEqual([...alive.matrix.values], [0, 5, -1, 5]);
  assert.deepEqual(
    alive.drops.map(({ what, from, count, examples }) => [what, from, count, examples]),
    [
      ["features", "rna", 2, ["zero", "mixed"]],
      ["features", "protein", 1, ["none"]],
      ["features", "metabolite", 1, ["gone"]],
    ],
  );
  assert.equal(dropEmptyFeatures(alive), alive);
  assert.equal(cohort.features.length, 6);
});

test("keepFeatures notes the reason, and drop keeps five names as examples", () => {
  const cohort = joinCohort({ name: "x", tables: [RNA], samples: sheet("s1") });
  const kept = keepFeatures(cohort, (column) => column === 1, "not wanted");
  assert.deepEqual(kept.features, ["AKT1"]);
  assert.equal(kept.drops.at(-1)?.reason, "not wanted");
  const names = ["a", "b", "c", "d", "e", "f"];
  assert.deepEqual(drop("samples", "rna", names, "why"), {
    what: "samples",
    from: "rna",
    count: 6,
    reason: "why",
    examples: names.slice(0, 5),
  });
});

test("findModality looks up by name, and lists the names that there are", () => {
  const { modalities } = joinCohort({
    name: "x",
    tables: [RNA, PROTEIN],
    samples: sheet("s1"),
  });
  assert.deepEqual(findModality(modalities, "protein"), { name: "protein", start: 2, end: 3 });
  assert.throws(
    () => findModality(modalities, "lipid"),
    /expected one of rna, protein, got "lipid"/,
  );
});

test("summarizeModalities gives features and the observed share, 0 for a modality without columns", () => {
  const empty = { name: "none", samples: ["s1", "s3"], features: [], matrix: emptyMatrix(2, 0) };
  const cohort = joinCohort({ name: "x", tables: [RNA, empty], samples: sheet("s1", "s3") });
  assert.deepEqual(summarizeModalities(cohort), [
    { modality: "rna", features: 2, observed: 0.75 },
    { modality: "none", features: 0, observed: 0 },
  ]);
});
