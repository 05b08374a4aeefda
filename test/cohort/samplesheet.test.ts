// Sample sheets, and cohorts that are joined from files by them.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { readSampleSheet, type SampleSheetOptions } from "../../lib/cohort/samplesheet.js";
import { readTables } from "../../lib/cohort/tables.js";
import { messageOf, writeTemp } from "./tempfile.js";

async function read(text: string, options: Partial<SampleSheetOptions> = {}) {
  return await readSampleSheet({ file: writeTemp("samples.csv", text), ...options });
}

async function refusal(text: string, options: Partial<SampleSheetOptions> = {}): Promise<string> {
  const file = writeTemp("samples.csv", text);
  return await messageOf(() => readSampleSheet({ file, ...options }), file);
}

test("reads ids from the first column, and every other column as a label", async () => {
  const { samples } = await read("id,age,tissue,empty\ns1, 59.5 ,lung,\ns2,NA, NA ,\ns3,-1,7,\n");
  assert.deepEqual(samples, [
    { id: "s1", patient: "s1", labels: { age: 59.5, tissue: "lung", empty: null } },
    { id: "s2", patient: "s2", labels: { age: null, tissue: null, empty: null } },
    { id: "s3", patient: "s3", labels: { age: -1, tissue: "7", empty: null } },
  ]);
});

test("finds a patient column by its name, or the one that is named", async () => {
  const text = "patient,case,sample\np1,c1,s1\np1,c2,s2\n";
  const byName = await read(text, { id: "sample" });
  assert.deepEqual(
    byName.samples.map((sample) => sample.patient),
    ["p1", "p1"],
  );
  assert.deepEqual(byName.samples[0].labels, { case: "c1" });
  const told = await read(text, { id: "sample", patient: "case" });
  assert.deepEqual(told.samples[1], { id: "s2", patient: "c2", labels: { patient: "p1" } });
});

test("lists what is wrong in a sample sheet at once", async () => {
  const message = await refusal("id,patient,x,x\ns1,p1,1,2\ns1,,1,2\n,p3,1,2\ns4,p4\n");
  assert.match(message, /expected a sample sheet, got 5 problems:/);
  assert.match(message, /line 1: expected each column once, got "x" again/);
  assert.match(message, /line 3: expected each sample once, got "s1" again, after line 2/);
  assert.match(message, /line 3, column "patient": expected the patient of sample "s1", got ""/);
  assert.match(message, /line 4: expected the id of a sample, got none/);
  assert.match(message, /line 5: expected 4 fields, as in the header, got 2/);
  assert.match(
    await refusal("id,a\ns1,1\n", { patient: "who" }),
    /expected a column "who", got "id", "a"/,
  );
  assert.match(await refusal("id,a\n"), /expected a row a sample below the header, got none/);
});

test("notes a column that a few words keep from being numbers", async () => {
  const { samples, notes } = await read("id,age\ns1,50\ns2,60\ns3,unknown\n");
  assert.equal(samples[0].labels.age, "50");
  assert.match(notes[0], /"age" is kept as text because of "unknown" on line 4; 2 of its cells/);
  const own = await read("id,age\ns1,50\ns2,60\ns3,unknown\n", { missing: ["unknown"] });
  assert.equal(own.samples[0].labels.age, 50);
});

test("joins tables of either orientation on the samples that all of them have", async () => {
  const rna = writeTemp("rna.tsv", "gene\ts2\ts1\ts3\n1-Sep\t1\t2\t3\nTP53\t4\t5\t6\n");
  const protein = writeTemp("protein.csv", "id,TP53,AKT1\ns1,7,\ns2,8,9\ns4,1,1\n");
  const file = writeTemp("samples.csv", "id,patient,age\ns1,p1,50\ns2,p1,60\ns5,p5,70\n");
  const cohort = await readTables({
    name: "mine",
    tables: [
      { name: "rna", file: rna },
      { name: "protein", file: protein },
    ],
    sampleSheet: { file },
  });
  assert.deepEqual(cohort.samples, [
    { id: "s2", patient: "p1", labels: { age: 60 } },
    { id: "s1", patient: "p1", labels: { age: 50 } },
  ]);
  assert.deepEqual(cohort.features, ["TP53", "TP53", "AKT1"]);
  assert.deepEqual([...cohort.matrix.values], [4, 8, 9, 5, 7, 0]);
  assert.deepEqual([...cohort.matrix.observed], [1, 1, 1, 1, 1, 0]);
  assert.deepEqual(
    cohort.drops.map(({ what, from, count }) => [what, from, count]),
    [
      ["features", "rna", 1],
      ["samples", "rna", 1],
      ["samples", "protein", 1],
      ["samples", "sample sheet", 1],
    ],
  );
  assert.equal(cohort.notes.length, 1);
});

test("takes patients from a table's own column, unless the sheet says who they are", async () => {
  const table = writeTemp("one.csv", "id,patient,a\ns1,p1,1\ns2,p1,2\n");
  const tables = [{ name: "rna", file: table, orientation: "samples-in-rows" as const }];
  const patients = async (text?: string) =>
    (
      await readTables({
        name: "one",
        tables,
        ...(text && { sampleSheet: { file: writeTemp("sheet.csv", text) } }),
      })
    ).samples.map((sample) => sample.patient);
  assert.deepEqual(await patients(), ["p1", "p1"]);
  assert.deepEqual(await patients("id,age\ns1,1\ns2,2\n"), ["p1", "p1"]);
  assert.deepEqual(await patients("id,patient\ns1,q1\ns2,q2\n"), ["q1", "q2"]);
});

test("refuses tables that give one sample different patients", async () => {
  const one = writeTemp("one.csv", "id,patient,a\ns1,p1,1\n");
  const two = writeTemp("two.csv", "id,patient,b\ns1,p2,1\n");
  const act = () =>
    readTables({
      name: "x",
      tables: [
        { name: "a", file: one, orientation: "samples-in-rows" },
        { name: "b", file: two },
      ],
    });
  assert.match(
    await messageOf(act, two),
    /expected the patient "p1" of sample "s1".*got "p2"; correct/,
  );
});

test("names the files that share no sample", async () => {
  const sheet = writeTemp("sheet.csv", "id\ns1\ns2\n");
  const one = writeTemp("one.csv", "id,a\ns1,1\n");
  const two = writeTemp("two.csv", "id,b\ns2,1\n");
  const other = writeTemp("other.csv", "id,b\nx1,1\n");
  const join = (file: string) => () =>
    readTables({
      name: "mine",
      tables: [
        { name: "a", file: one },
        { name: "b", file },
      ],
      sampleSheet: { file: sheet },
    });
  const message = await messageOf(join(two), two);
  assert.ok(message.includes(sheet) && message.includes(one), message);
  assert.match(message, /got none of them in "s2"/);
  assert.match(
    await messageOf(join(other), other),
    /expected samples that the sample sheet has too/,
  );
});

test("names a sample sheet without a header", async () => {
  const sheet = writeTemp("sheet.csv", "s1,lung\ns2,skin\n");
  const file = writeTemp("one.csv", "id,a\ns1,1\ns2,2\n");
  const act = () =>
    readTables({ name: "x", tables: [{ name: "a", file }], sampleSheet: { file: sheet } });
  assert.match(
    await messageOf(act, sheet),
    /expected a header in the first line, got the sample "s1"/,
  );
});

const data = process.env.ARO_TEST_DATA ?? "../shared/data";
const needs = (folder: string) =>
  existsSync(join(data, folder)) ? {} : { skip: `no real data in ${join(data, folder)}` };

test("reads the 505 cell lines of CCLE in three modalities", needs("ccle505"), async () => {
  const file = (name: string) => join(data, "ccle505", name);
  const cohort = await readTables({
    name: "CCLE",
    tables: [
      { name: "rna", file: file("rna_zscore_706.tsv.gz") },
      { name: "protein", file: file("rppa_214.tsv.gz") },
      { name: "metabolite", file: file("metabolites_225.tsv.gz") },
    ],
    sampleSheet: { file: file("samples.tsv"), id: "DepMap_ID" },
  });
  assert.equal(cohort.samples.length, 505);
  assert.deepEqual(
    cohort.modalities.map(({ start, end }) => end - start),
    [706, 214, 225],
  );
  assert.ok(cohort.matrix.observed.every((seen) => seen === 1));
  assert.equal(new Set(cohort.samples.map((sample) => sample.labels.tissue)).size, 23);
  assert.deepEqual(cohort.drops, []);
  assert.match(cohort.notes.join("\n"), /^\S+samples.tsv: no column names the patients, so each/);
});

test("finds 2-hydroxyglutarate high in the IDH1-mutant tumors of GBM", needs("gbm87"), async () => {
  const file = (name: string) => join(data, "gbm87", name);
  const { samples, features, matrix } = await readTables({
    name: "GBM",
    tables: [{ name: "metabolite", file: file("metabolite_log2_134.tsv.gz") }],
    sampleSheet: { file: file("samples.tsv") },
  });
  assert.deepEqual([matrix.rows, matrix.columns], [87, 134]);
  const missing = matrix.observed.filter((seen) => seen === 0).length / matrix.observed.length;
  assert.equal(missing.toFixed(3), "0.097");
  const labeled = samples.filter((sample) => sample.labels.gender !== null);
  assert.equal(labeled.length, 82);
  const column = features.indexOf("2-hydroxyglutaric acid");
  const valuesOf = (mutant: boolean) =>
    samples.flatMap(({ labels }, row) => {
      const at = row * matrix.columns + column;
      return (labels.IDH1_alter_status !== null) === mutant && matrix.observed[at]
        ? [matrix.values[at]]
        : [];
    });
  const mutant = valuesOf(true);
  const rest = valuesOf(false);
  assert.equal(mutant.length, 6);
  assert.equal(Math.min(...mutant).toFixed(1), "25.8");
  assert.equal(Math.max(...mutant).toFixed(1), "26.9");
  assert.equal((rest.reduce((sum, value) => sum + value, 0) / rest.length).toFixed(1), "21.3");
});
