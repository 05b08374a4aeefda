// Reading sheets: rows and columns by name, dates, gaps and annotations, and what is wrong with a file said.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readSheet } from "../../lib/cohort/workbook.js";
import { writeTemp } from "./tempfile.js";
import { type Rows, rawWorkbook, textCell, workbook } from "./workbooks.js";

const place = async (sheets: Record<string, Rows>) =>
  writeTemp("book.xlsx", await workbook(sheets));

const proteins: Rows = [
  ["symbol", "refseq", "C3L-1", "C3L-2"],
  ["TP53", "NP_1", 1.5, "NA"],
  [" EGFR ", "NP_2", null, -2],
];

test("reads names, columns and numbers, where NA and empty cells are not measured", async () => {
  const file = await place({ other: [["x"]], proteins });
  const { names, columns, matrix, notes } = await readSheet({
    file,
    sheet: "proteins",
    names: ["symbol"],
  });
  assert.deepEqual(names, { symbol: ["TP53", "EGFR"] });
  assert.deepEqual(columns, ["C3L-1", "C3L-2"]);
  assert.deepEqual([...matrix.values], [1.5, 0, 0, -2]);
  assert.deepEqual([...matrix.observed], [1, 0, 0, 1]);
  assert.deepEqual(notes, ['sheet "proteins": columns without a number left out: "refseq"']);
});

test("finds the header below a title, and optional names only where they are", async () => {
  const rows: Rows = [["Table S2. Proteins"], [null], ...proteins];
  const file = await place({ proteins: rows });
  const request = { file, sheet: "proteins", names: ["symbol"] };
  const { names } = await readSheet({ ...request, optionalNames: ["refseq", "Gene"] });
  assert.deepEqual(names, { symbol: ["TP53", "EGFR"], refseq: ["NP_1", "NP_2"] });
});

test("leaves out numbers that are no samples, and rows without a name", async () => {
  const file = await place({
    a: [
      ["ID", "Length", "s1"],
      ["g1", 100, 1],
      ["", 200, 2],
      [null, null, null],
      ["g2", 300, 0],
    ],
  });
  const table = await readSheet({ file, sheet: "a", names: ["ID"], ignore: ["Length"] });
  assert.deepEqual([table.columns, table.names.ID], [["s1"], ["g1", "g2"]]);
  assert.deepEqual(
    [[...table.matrix.values], [...table.matrix.observed]],
    [
      [1, 0],
      [1, 1],
    ],
  );
  assert.deepEqual(table.notes, ['sheet "a": rows without a name left out: 1, from row 3']);
});

test("keeps a sample in which nothing was measured", async () => {
  const file = await place({
    a: [
      ["ID", "s1", "s2"],
      ["g1", 1, null],
      ["g2", 2, "NA"],
    ],
  });
  const { columns, matrix } = await readSheet({ file, sheet: "a", names: ["ID"] });
  assert.deepEqual(
    [columns, [...matrix.observed]],
    [
      ["s1", "s2"],
      [1, 0, 1, 0],
    ],
  );
});

test("writes a date that Excel made of a symbol in ISO form, and reads cells that have gaps", async () => {
  const rows =
    `<row r="1">${textCell("A1", "ID")}${textCell("C1", "s1")}${textCell("D1", "s2")}</row>` +
    '<row r="2"><c r="A2" s="1"><v>44440</v></c><c r="D2"><v>7</v></c></row>' +
    `<row r="5">${textCell("A5", "TP53")}<c r="C5"><v>1e-3</v></c></row>`;
  const file = writeTemp("raw.xlsx", rawWorkbook("a", rows));
  const { names, columns, matrix } = await readSheet({ file, sheet: "a", names: ["ID"] });
  assert.deepEqual(names.ID, ["2021-09-01", "TP53"]);
  assert.deepEqual(columns, ["s1", "s2"]);
  assert.deepEqual([...matrix.observed], [0, 1, 1, 0]);
  assert.deepEqual([...matrix.values], [0, 7, Math.fround(1e-3), 0]);
});

test("names every cell that is no number, with its row and column, in one error", async () => {
  const file = await place({
    a: [
      ["ID", "s1", "s2"],
      ["g1", 1, "1,5"],
      ["g2", "#DIV/0!", 2],
      ["g3", 1e39, 3],
    ],
  });
  await assert.rejects(readSheet({ file, sheet: "a", names: ["ID"] }), (error: Error) => {
    assert.match(error.message, /expected numbers or empty cells, got 3 problems/);
    assert.match(
      error.message,
      /line 2, column "s2": expected a number, got "1,5", a decimal comma/,
    );
    assert.match(error.message, /line 3, column "s1": .*an error of a spreadsheet's formula/);
    assert.match(error.message, /line 4, column "s1": .*beyond float32/);
    return error.message.includes(file);
  });
});

test("names the sheets that there are, and the columns, when one is missing", async () => {
  const file = await place({ proteome: proteins, metabolome: [["Metabolite", "s1"]] });
  await assert.rejects(
    readSheet({ file, sheet: "proteome_normalized", names: ["symbol"] }),
    /expected a sheet "proteome_normalized" with rows, got "proteome", "metabolome"; check/,
  );
  await assert.rejects(
    readSheet({ file, sheet: "proteome", names: ["gene_id", "symbol"] }),
    /sheet "proteome": expected a header with "gene_id", "symbol" among .*got "symbol", "refseq"/,
  );
  await assert.rejects(
    readSheet({ file, sheet: "metabolome", names: ["Metabolite"] }),
    /expected rows below the header, got none/,
  );
});

test("says what a file is that is no workbook, and that a cut one is damaged", async () => {
  const request = { sheet: "a", names: ["ID"] };
  const page = writeTemp("page.xlsx", "\n<!DOCTYPE html><title>Sign in</title>");
  await assert.rejects(readSheet({ ...request, file: page }), /got a web page; open the address/);
  const old = writeTemp("old.xlsx", Buffer.from("d0cf11e0a1b11ae1", "hex"));
  await assert.rejects(
    readSheet({ ...request, file: old }),
    /old or encrypted.*without a password/,
  );
  await assert.rejects(readSheet({ ...request, file: `${page}x` }), /expected a workbook.*ENOENT/);
  const whole = await workbook({
    a: [["ID", "s1"], ...Array.from({ length: 50 }, (_, i) => [`g${i}`, i])],
  });
  for (const share of [0.3, 0.9]) {
    const file = writeTemp("cut.xlsx", whole.subarray(0, Math.floor(whole.length * share)));
    await assert.rejects(readSheet({ ...request, file }), /got a damaged one .*download it again/);
  }
});

const data = process.env.ARO_TEST_DATA ?? "../shared/data";
const clinical = join(data, "gbm87", "clinical.xlsx");
const real = existsSync(clinical) ? {} : { skip: `no real workbook ${clinical}` };

test("reads CPTAC's clinical workbook as a table of the same cases has it", real, async () => {
  const { names, columns, matrix } = await readSheet({
    file: clinical,
    sheet: "Clinical_Attributes",
    names: ["case_id"],
    optionalNames: ["tumor_laterality", "gender"],
  });
  assert.equal(names.case_id.length, 110);
  const [header, ...lines] = readFileSync(join(data, "gbm87", "samples.tsv"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => line.split("\t"));
  const at = (line: readonly string[], column: string) => line[header.indexOf(column)];
  const bmi = columns.indexOf("BMI");
  let compared = 0;
  for (const line of lines) {
    const row = names.case_id.indexOf(at(line, "case_id"));
    if (row < 0) continue; // normals have another id here
    compared++;
    assert.equal(names.tumor_laterality[row], at(line, "tumor_laterality"), at(line, "case_id"));
    assert.equal(names.gender[row], at(line, "gender"));
    assert.equal(matrix.values[row * columns.length + bmi], Math.fround(Number(at(line, "BMI"))));
  }
  assert.equal(compared, 75);
});
