// Tables in Parquet, AnnData, MuData and workbooks: the values and checks of those in text.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import type { Group } from "h5wasm/node";
import pl from "nodejs-polars";
import { readCohortFile } from "../../lib/cohort/cohort-file.js";
import { loadHdf5 } from "../../lib/cohort/hdf5.js";
import { readSampleSheet } from "../../lib/cohort/samplesheet.js";
import { readTable, readTables, type TableOptions } from "../../lib/cohort/tables.js";
import { goldenCases } from "../golden.js";
import { messageOf, writeTemp } from "./tempfile.js";
import { rawWorkbook, textCell, workbook } from "./workbooks.js";

type Rows = readonly (readonly (number | null)[])[];

interface Golden {
  readonly samples: readonly string[];
  readonly rna: Rows;
  readonly counts: Rows;
  readonly protein: Rows;
  readonly metabolite: Rows;
  readonly labels: readonly object[];
  readonly patients: readonly string[];
}

const { data: golden } = goldenCases<Golden>("formats").at(-1)!;
const place = (name: string) => join(import.meta.dirname, "../golden/formats", name);
const MUDATA = place("cohort.h5mu");
const ANNDATA = place("rna.h5ad");
const UPRIGHT = "samples-in-rows" as const;

async function readRows(options: Omit<TableOptions, "name"> & { name?: string }) {
  const { matrix, ...table } = await readTable({ name: "rna", ...options });
  const rows = table.samples.map((_, i) =>
    table.features.map((_, j) => {
      const at = i * matrix.columns + j;
      return matrix.observed[at] ? matrix.values[at] : null;
    }),
  );
  return { ...table, rows };
}

test("Parquet, AnnData and MuData hold the values that Python wrote, NaN not measured", async () => {
  for (const options of [
    { file: ANNDATA },
    { file: MUDATA },
    { file: MUDATA, name: "expression", modality: "rna" },
    { file: place("rna.parquet"), orientation: UPRIGHT },
    { file: place("features.parquet"), orientation: "features-in-rows" },
  ] as const) {
    const { samples, features, rows } = await readRows(options);
    assert.deepEqual(samples, golden.samples);
    assert.deepEqual(features, ["G0", "G1", "G2", "G3", "G4"]);
    assert.deepEqual(rows, golden.rna);
  }
});

test("reads a layer of 64-bit counts, and CSR and CSC matrices whose gaps are zeros", async () => {
  assert.deepEqual((await readRows({ file: ANNDATA, layer: "counts" })).rows, golden.counts);
  for (const name of ["protein", "metabolite"] as const) {
    assert.deepEqual((await readRows({ file: MUDATA, name })).rows, golden[name]);
  }
});

test("obs is a sample sheet with categories, numbers, flags and gaps, and names the patients", async () => {
  for (const file of [ANNDATA, MUDATA]) {
    const { samples } = await readSampleSheet({ file });
    assert.deepEqual(
      samples.map(({ labels }) => labels),
      golden.labels,
    );
    assert.deepEqual(
      samples.map(({ patient }) => patient),
      golden.patients,
    );
  }
  const { patients } = await readTable({ name: "rna", file: ANNDATA });
  assert.deepEqual([...(patients?.values() ?? [])], golden.patients);
});

test("a MuData file is a whole cohort", async () => {
  const cohort = await readTables({
    name: "whole",
    tables: ["rna", "protein", "metabolite"].map((name) => ({ name, file: MUDATA })),
    sampleSheet: { file: MUDATA },
    keep: "first",
  });
  assert.deepEqual(
    cohort.modalities.map(({ name, end }) => [name, end]),
    [
      ["rna", 5],
      ["protein", 9],
      ["metabolite", 12],
    ],
  );
  assert.deepEqual(
    cohort.samples.map(({ patient }) => patient),
    golden.patients,
  );
});

test("a MuData file stands for a cohort file, its modality with RNA first", async () => {
  const cohort = await readCohortFile(MUDATA);
  assert.equal(cohort.name, "cohort");
  assert.deepEqual(
    cohort.modalities.map(({ name }) => name),
    ["rna", "protein", "metabolite"],
  );
  assert.deepEqual(
    cohort.samples.map(({ id }) => id),
    golden.samples.slice(0, 5),
  );
  await assert.rejects(readCohortFile(place("absent.h5mu")), /got none of that name/);
});

test("a file of another kind, or a damaged one, is refused by name", async () => {
  const refused = (options: Partial<TableOptions> & { file: string }) =>
    messageOf(() => readTable({ name: "rna", orientation: UPRIGHT, ...options }), options.file);
  assert.match(
    await refused({ file: MUDATA, modality: "atac" }),
    /modality "atac", got "\w+", "\w+", "\w+"/,
  );
  assert.match(await refused({ file: ANNDATA, layer: "raw" }), /layer "raw", got none; .*"counts"/);
  assert.match(await refused({ file: MUDATA, format: "h5ad" }), /expected X, got none/);
  assert.match(await refused({ file: ANNDATA, format: "h5mu" }), /modality "rna", got none/);
  assert.match(await refused({ file: ANNDATA, format: "parquet" }), /Parquet file, got an HDF5/);
  assert.match(await refused({ file: place("rna.parquet"), sheet: "x" }), /sheet only for xlsx/);
  assert.match(await refused({ file: place("absent.h5ad") }), /got none of that name/);
  const text = writeTemp("t.txt", readFileSync(ANNDATA));
  assert.match(await refused({ file: text }), /an HDF5 file; call it \.h5ad or \.h5mu, or pass/);
  for (const [ending, from] of [
    ["cut.h5ad", ANNDATA],
    ["cut.parquet", place("rna.parquet")],
  ] as const) {
    const cut = writeTemp(ending, readFileSync(from).subarray(0, 2000));
    assert.match(await refused({ file: cut }), /expected a whole \w+ file, got a damaged one/);
  }
});

test("cells of Parquet that are no finite numbers are told with row, column and remedy", async () => {
  const file = writeTemp("bad.parquet", "");
  pl.DataFrame({
    id: ["s1", "s2", "s3", "s3"],
    a: [1, Number.POSITIVE_INFINITY, 2, 3],
    b: ["1.5", "<0.1", "NA", "x"],
  }).writeParquet(file);
  const options = { name: "rna", file, orientation: UPRIGHT };
  const message = await messageOf(() => readTable(options), file);
  assert.match(message, /row 2, column "a": expected a number, got "inf", which is infinite/);
  assert.match(message, /row 2, column "b": expected a number, got "<0.1", a limit of detection/);
  assert.match(message, /row 4: expected each sample once, got "s3" again, after row 3/);
  assert.match(message, /got 4 problems/);
  pl.DataFrame({ id: ["s1", "s2"], a: [-9, 2.5], b: [null, "3"] }).writeParquet(file);
  const { rows } = await readRows({ ...options, missing: ["-9"] });
  assert.deepEqual(rows, [
    [null, null],
    [2.5, 3],
  ]);
});

/** Writes an AnnData file of three samples and two features by hand, its matrix by a function. */
async function writeByHand(matrix: (root: Group) => void): Promise<string> {
  const { File } = await loadHdf5();
  const file = writeTemp("made.h5ad", "");
  const root = new File(file, "w");
  for (const [name, ids] of [
    ["obs", ["S1", "S2", "S3"]],
    ["var", ["A", "B"]],
  ] as const) {
    const frame = root.create_group(name);
    frame.create_attribute("_index", "_index");
    frame.create_dataset({ name: "_index", data: [...ids], shape: [ids.length], dtype: "S" });
  }
  matrix(root);
  root.close();
  return file;
}

/** A CSR matrix as it is stored. */
function sparse(data: number[], indices: number[], indptr: number[]) {
  return (root: Group) => {
    const group = root.create_group("X");
    group.create_attribute("encoding-type", "csr_matrix");
    group.create_attribute("shape", [3, 2]);
    group.create_dataset({ name: "data", data: Float64Array.from(data), shape: [data.length] });
    group.create_dataset({
      name: "indices",
      data: Int32Array.from(indices),
      shape: [indices.length],
    });
    group.create_dataset({ name: "indptr", data: Int32Array.from(indptr), shape: [indptr.length] });
  };
}

test("a sparse matrix whose indices are wrong is refused, in any order they are read", async () => {
  const file = await writeByHand(sparse([1, 2, 3, 4], [0, 1, 0, 1], [0, 2, 2, 4]));
  assert.deepEqual((await readRows({ file })).rows, [
    [1, 2],
    [0, 0],
    [3, 4],
  ]);
  const turned = await writeByHand(sparse([2, 1, 3, 4], [1, 0, 0, 1], [0, 2, 2, 4]));
  assert.deepEqual((await readRows({ file: turned })).rows[0], [1, 2]);
  for (const [indices, indptr, message] of [
    [
      [0, 9, 0, 1],
      [0, 2, 2, 4],
      /expected indices below 2, got 9 in row 1; write the matrix again/,
    ],
    [[0, -1, 0, 1], [0, 2, 2, 4], /expected indices below 2, got -1/],
    [[0, 2, 0, 1], [0, 2, 2, 4], /expected indices below 2, got 2/],
    [[0, 1, 0, 1], [0, 3, 2, 4], /expected indptr to rise from 0 to 4 in 3 steps/],
    [[0, 1, 0, 1], [0, 2, 4], /expected indptr to rise from 0 to 4/],
    [[0, 1, 0, 1], [0, 2, 2, 9], /expected indptr to rise from 0 to 4/],
    [[0, 1, 0], [0, 2, 2, 4], /expected indptr to rise from 0 to 4/],
  ] as const) {
    const wrong = await writeByHand(sparse([1, 2, 3, 4], [...indices], [...indptr]));
    assert.match(await messageOf(() => readRows({ file: wrong }), wrong), message);
  }
});

test("HDF5 numbers that cannot be read are refused by their type", async () => {
  const file = await writeByHand((root) => {
    root.create_dataset({
      name: "X",
      data: ["a", "b", "c", "d", "e", "f"],
      shape: [3, 2],
      dtype: "S",
    });
  });
  assert.match(await messageOf(() => readRows({ file }), file), /expected numbers, got S/);
});

test("Parquet's decimals are numbers, its lists are refused by name", async () => {
  const file = writeTemp("decimal.parquet", "");
  const frame = pl.DataFrame({ id: ["s1", "s2"], a: ["1.25", null], b: [1, 2] });
  frame.withColumn(pl.col("a").cast(pl.Decimal(10, 2))).writeParquet(file);
  assert.deepEqual((await readRows({ file, orientation: UPRIGHT })).rows, [
    [1.25, 1],
    [null, 2],
  ]);
  pl.DataFrame({ id: ["s1"], a: [[1]] }).writeParquet(file);
  assert.match(
    await messageOf(() => readRows({ file, orientation: UPRIGHT }), file),
    /expected columns of numbers or text, got List in "a"/,
  );
});

test("nulls of Parquet are not measured beside zeros and NaN, in columns of any kind and order", async () => {
  const file = writeTemp("gaps.parquet", "");
  const [id, note] = [
    ["s1", "s2", "s3", "s4"],
    ["x", "y", null, "z"],
  ];
  const columns = { a: [0, null, 2, -0], b: [1, 2, 3, 4], c: [null, null, 5, 6] };
  pl.DataFrame({ id, a: columns.a, note, b: columns.b, c: columns.c })
    .withColumn(pl.col("b").cast(pl.Int8))
    .withColumn(
      pl.when(pl.col("c").eq(6)).then(pl.lit(Number.NaN)).otherwise(pl.col("c")).alias("c"),
    )
    .writeParquet(file);
  const table = { file, orientation: UPRIGHT, ignore: ["note"] };
  assert.deepEqual((await readRows(table)).rows, [
    [0, 1, null],
    [null, 2, null],
    [2, 3, 5],
    [-0, 4, null],
  ]);
  const { rows } = await readRows({ ...table, orientation: "features-in-rows" });
  assert.deepEqual(rows[2], [null, null, 5, null]);
});

test("a Parquet file of any name is read, if its format is stated", async () => {
  const file = writeTemp("table.pq", "");
  pl.DataFrame({ id: ["s1", "s2"], a: [1.5, null] }).writeParquet(file);
  const { rows } = await readRows({ file, format: "parquet", orientation: UPRIGHT });
  assert.deepEqual(rows, [[1.5], [null]]);
});

test("a column that is twice in Parquet is refused by name, of which polars reads one", async () => {
  const file = writeTemp("repeated.parquet", "");
  pl.DataFrame({ id: ["s1"], geneA: [1], geneB: [2] }).writeParquet(file);
  writeFileSync(file, readFileSync(file, "latin1").replaceAll("geneB", "geneA"), "latin1");
  assert.match(
    await messageOf(() => readRows({ file, orientation: UPRIGHT }), file),
    /expected each column once, got "geneA" again/,
  );
});

test("typed numbers of a workbook have decimal points, whatever their digits", async () => {
  const file = writeTemp(
    "points.xlsx",
    await workbook({
      RNA: [
        ["gene", "S1", "S2", "S3"],
        ["TP53", 950, 1.234, 12.345],
      ],
    }),
  );
  assert.deepEqual((await readRows({ file, orientation: "features-in-rows" })).rows.flat(), [
    950,
    Math.fround(1.234),
    Math.fround(12.345),
  ]);
});

test("a sheet of a workbook has the checks of text, its row for the line", async () => {
  const rows = [["gene", "S1", "S2"], ["TP53", 1, null], [], ['A"1"', 2.5, 3]];
  const file = writeTemp("two.xlsx", await workbook({ About: [["a", "b"]], RNA: rows }));
  const options = { file, orientation: "features-in-rows" } as const;
  assert.match(await messageOf(() => readRows(options), file), /pass sheet: one of "About", "RNA"/);
  const table = await readRows({ ...options, sheet: "RNA" });
  assert.deepEqual(table.features, ["TP53", 'A"1"']);
  assert.deepEqual(table.rows, [
    [1, 2.5],
    [null, 3],
  ]);
  assert.match(table.notes[0], /1 blank row skipped/);
  const bad = writeTemp("bad.xlsx", await workbook({ RNA: [...rows, ["AKT1", "high", 1]] }));
  assert.match(
    await messageOf(() => readRows({ ...options, file: bad }), `${bad}, sheet "RNA"`),
    /line 5, column "S1": expected a number, got "high"/,
  );
});

test("merged cells in a sheet are refused by their range", async () => {
  const cells = `<row r="1">${textCell("B1", "Tumor")}</row><row r="2">${textCell("A2", "gene")}${textCell("B2", "S1")}${textCell("C2", "S2")}</row>`;
  const merged = `${cells}</sheetData><mergeCells count="1"><mergeCell ref="B1:C1"/></mergeCells><sheetData>`;
  const file = writeTemp("merged.xlsx", rawWorkbook("RNA", merged));
  assert.match(
    await messageOf(() => readRows({ file, orientation: "features-in-rows" }), file),
    /got merged cells "B1:C1"; unmerge them/,
  );
});
