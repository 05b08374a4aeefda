// Identifier maps, genes of features, and features that share a name, from files to a cohort.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readCohortFile } from "../../lib/cohort/cohort-file.js";
import { findPartners } from "../../lib/evaluate/cis.js";
import { scratchFolder } from "../scratch.js";

const folder = scratchFolder();

const write = (name: string, rows: readonly (readonly (string | number)[])[]) =>
  writeFileSync(join(folder, name), rows.map((row) => row.join("\t")).join("\n"));
const ids = ["S1", "S2", "S3", "S4"];
const table = (features: readonly string[], values: readonly (readonly (string | number)[])[]) => [
  ["sample", ...features],
  ...ids.map((id, i) => [id, ...values[i]]),
];
write(
  "rna.tsv",
  table(
    ["ENSG00000000001", "ENSG00000000002", "ENSG00000000003"],
    [
      [1, 10, 5],
      [2, "NA", 5],
      [3, 30, 6],
      [4, 10, 6],
    ],
  ),
);
write(
  "rppa.tsv",
  table(
    ["AKT_pS473", "AKT_pT308", "MYH11"],
    ids.map((_, i) => [i, i * i, 1 - i]),
  ),
);
write("symbols.tsv", [
  ["ensembl", "entrez", "symbol"],
  ["ENSG00000000001", 1, "AKT1"],
  ["ENSG00000000002", 2, "AKT1"],
  ["ENSG00000000003", 3, "MYH11"],
]);
write("antibodies.csv", [["antibody,gene"], ["AKT_pS473,AKT1"], ["AKT_pT308,AKT1"]]);
write("twice.tsv", [
  ["a", "b"],
  ["AKT_pS473", "AKT1"],
  ["AKT_pS473", "AKT2"],
]);

let count = 0;
async function read(rna: object, rppa: object = {}, more: object = {}) {
  const file = join(folder, `${count++}.json`);
  const orientation = "samples-in-rows";
  const tables = [
    { name: "RNA", file: "rna.tsv", orientation, ...rna },
    { name: "RPPA", file: "rppa.tsv", ...rppa },
  ];
  writeFileSync(file, JSON.stringify({ name: "mine", tables, ...more }));
  return await readCohortFile(file);
}
const map = { file: "symbols.tsv", to: "symbol" };

test("Ensembl ids find their names whatever versions table and map have", async () => {
  const values = ids.map((_, i) => [i + 1, 7 - i]);
  write("versions.tsv", table(["ENSG00000000001.3", "ENSG00000000003.12"], values));
  write("other-versions.tsv", [
    ["ensembl", "symbol"],
    ["ENSG00000000001.9", "AKT1"],
    ["ENSG00000000003", "MYH11"],
  ]);
  const other = { file: "other-versions.tsv" };
  const { features } = await read({ file: "versions.tsv", map: other });
  assert.deepEqual(features.slice(0, 2), ["AKT1", "MYH11"]);
});

test("features that a map gives one name are merged as asked", async () => {
  const columnOf = async (duplicates: string) => {
    const { features, matrix } = await read({ map, duplicates });
    assert.deepEqual(features.slice(0, 2), ["AKT1", "MYH11"]);
    return ids.map((_, i) => matrix.values[i * matrix.columns]);
  };
  assert.deepEqual(await columnOf("first"), [1, 2, 3, 4]);
  assert.deepEqual(await columnOf("mean"), [5.5, 2, 16.5, 7]);
  assert.deepEqual(await columnOf("most varied"), [10, 0, 30, 10]);
  await assert.rejects(
    read({ map }),
    /rna\.tsv: expected each feature once, got 1 name of several: "AKT1" for "ENSG00000000001" and "ENSG00000000002"; set duplicates/,
  );
});

test("duplicates of a table itself are merged too", async () => {
  write(
    "repeated.tsv",
    table(
      ["A", "A", "B"],
      ids.map((_, i) => [i, i + 2, 1]),
    ),
  );
  const { features, matrix, notes } = await read({ file: "repeated.tsv", duplicates: "mean" });
  assert.deepEqual(features.slice(0, 2), ["A", "B"]);
  assert.equal(matrix.values[0], 1);
  assert.match(
    notes.join("\n"),
    /3 features became 2: of those that share a name, the mean was kept \("A"\)/,
  );
  await assert.rejects(read({ file: "repeated.tsv" }), /expected each feature once, got "A" again/);
});

test("a map of genes gives antibodies their own gene and keeps their names", async () => {
  const without = await read({ map, duplicates: "first" });
  const genes = { file: "antibodies.csv" };
  const cohort = await read({ map, duplicates: "first" }, { genes });
  assert.deepEqual(cohort.features, without.features);
  assert.deepEqual([...findPartners(without)], [-1, -1, -1, -1, 1]);
  assert.deepEqual([...findPartners(cohort)], [-1, -1, 0, 0, 1]);
  assert.match(
    cohort.notes.join("\n"),
    /2 of 3 features found a gene in .*antibodies\.csv; not there: "MYH11"/,
  );
});

test("seen makes another modality the first", async () => {
  const { modalities } = await read({}, { orientation: "samples-in-rows" }, { seen: "RPPA" });
  assert.deepEqual(
    modalities.map(({ name }) => name),
    ["RPPA", "RNA"],
  );
  await assert.rejects(
    read({}, {}, { seen: "Rppa" }),
    /seen: .*\(RNA, RPPA\), got "Rppa"; did you mean "RPPA"\?/,
  );
});

test("a map with two names for one, or without the column, is refused with the place", async () => {
  await assert.rejects(
    read({}, { genes: { file: "twice.tsv" } }),
    /line 3: expected one name for "AKT_pS473", got "AKT1" and "AKT2"/,
  );
  await assert.rejects(
    read({ map: { file: "symbols.tsv", to: "name" } }),
    /expected the columns "name", got "ensembl", "entrez", "symbol"/,
  );
});

test("transformed values are remarked on by what they became", async () => {
  const raw = await read({}, {}, {});
  const logged = await read({ transform: "log2(x + 1)", missingMeans: "zero" });
  assert.equal(logged.matrix.values[0], 1);
  assert.equal(raw.matrix.values[0], 1);
  assert.match(logged.notes.join("\n"), /rna\.tsv: values transformed: log2\(x \+ 1\)/);
});
