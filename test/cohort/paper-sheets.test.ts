// The paper's sheets: rows and samples by name, dates and gaps, kept until the workbook changes, and bad files.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readCachedSheet, type SheetRequest } from "../../lib/cohort/paper-sheets.js";
import { scratchFolder } from "../scratch.js";
import { writeTemp } from "./tempfile.js";
import { type Rows, rawWorkbook, textCell, workbook } from "./workbooks.js";

let count = 0;
const root = scratchFolder();
const newFolder = () => join(root, `kept${count++}`);
const read = (request: Omit<SheetRequest, "samples">) =>
  readCachedSheet({ ...request, samples: /^s\d$/ }, { folder: newFolder() });
const place = async (sheets: Record<string, Rows>) =>
  writeTemp("book.xlsx", await workbook(sheets));

const proteins: Rows = [
  ["symbol", "refseq", "length", "s1", "s2", "s3"],
  ["TP53", "NP_1", 10, 1.5, "NA", null],
  [" EGFR ", "NP_2", 20, null, -2, "NA"],
];

test("reads names, samples and numbers, below a title too, where NA and empty cells are not measured", async () => {
  for (const above of [[], [["Table S2. Proteins"], [null]]]) {
    const file = await place({ other: [["x"]], proteins: [...above, ...proteins] });
    const { names, samples, matrix, notes } = await read({
      file,
      sheet: "proteins",
      names: ["symbol"],
    });
    assert.deepEqual(
      [names.symbol, names.refseq],
      [
        ["TP53", "EGFR"],
        ["NP_1", "NP_2"],
      ],
    );
    assert.deepEqual(samples, ["s1", "s2", "s3"]);
    assert.deepEqual([...matrix.values], [1.5, 0, 0, -2, 0, 0]);
    assert.deepEqual([...matrix.observed], [1, 0, 0, 1, 0, 0]);
    assert.deepEqual(notes, ['sheet "proteins": columns that are no samples: "refseq", "length"']);
  }
});

test("leaves out rows without a name, and writes a date that Excel made of a symbol in ISO form", async () => {
  const rows =
    `<row r="1">${textCell("A1", "ID")}${textCell("C1", "s1")}${textCell("D1", "s2")}</row>` +
    '<row r="2"><c r="A2" s="1"><v>44440</v></c><c r="D2"><v>7</v></c></row>' +
    '<row r="3"><c r="C3"><v>9</v></c></row>' +
    `<row r="5">${textCell("A5", 'TP"53"')}<c r="C5"><v>1e-3</v></c></row>`;
  const file = writeTemp("raw.xlsx", rawWorkbook("a", rows));
  const { names, matrix, notes } = await read({ file, sheet: "a", names: ["ID"] });
  assert.deepEqual(names.ID, ["2021-09-01", 'TP"53"']);
  assert.deepEqual([...matrix.values], [0, Math.fround(1e-3), 7, 0]);
  assert.deepEqual([...matrix.observed], [0, 1, 1, 0]);
  assert.deepEqual(notes, ['sheet "a": rows without a name left out: 1, from row 3']);
});

test("names every cell that is no number, with its row and column, in one error", async () => {
  const cells: Rows = [
    ["g1", 1, "1,5"],
    ["g2", "#DIV/0!", 2],
    ["g3", 1e39, 3],
  ];
  const file = await place({ a: [["ID", "s1", "s2"], ...cells] });
  await assert.rejects(read({ file, sheet: "a", names: ["ID"] }), (error: Error) => {
    assert.match(error.message, /expected numbers or empty cells, got 3 problems/);
    assert.match(error.message, /line 2, column "s2": .*got "1,5", a decimal comma/);
    assert.match(error.message, /line 3, column "s1": .*an error of a spreadsheet's formula/);
    assert.match(error.message, /line 4, column "s1": .*beyond float32/);
    return error.message.includes(file);
  });
});

test("names the sheets that there are, and the columns, when one is missing", async () => {
  const file = await place({ proteome: proteins, metabolome: [["Metabolite", "s1"]] });
  for (const [sheet, names, message] of [
    ["x", ["symbol"], /expected a sheet "x" with rows, got "proteome", "metabolome"; check/],
    [
      "proteome",
      ["gene_id", "symbol"],
      /a header with "gene_id", "symbol", got "symbol", "refseq"/,
    ],
    ["metabolome", ["Metabolite"], /expected rows below the header, got none/],
  ] as const) {
    await assert.rejects(read({ file, sheet, names }), message);
  }
});

test("says what a file is that is no workbook, and that a cut one is damaged", async () => {
  const request = { sheet: "a", names: ["ID"] };
  const page = writeTemp("page.xlsx", "\n<!DOCTYPE html><title>Sign in</title>");
  await assert.rejects(read({ ...request, file: page }), /got a web page; open the address/);
  const old = writeTemp("old.xlsx", Buffer.from("d0cf11e0a1b11ae1", "hex"));
  await assert.rejects(read({ ...request, file: old }), /old or encrypted.*without a password/);
  await assert.rejects(read({ ...request, file: `${page}x` }), /expected a workbook.*ENOENT/);
  const genes = Array.from({ length: 50 }, (_, i) => [`g${i}`, i]);
  const whole = await workbook({ a: [["ID", "s1"], ...genes] });
  for (const share of [0.3, 0.9]) {
    const file = writeTemp("cut.xlsx", whole.subarray(0, Math.floor(whole.length * share)));
    await assert.rejects(read({ ...request, file }), /got a damaged one .*download it again/);
  }
});

test("a sheet is kept, and read anew when the workbook, the request or the kept file changed", async () => {
  const file = await place({ "a sheet": proteins });
  const folder = newFolder();
  const request = { file, sheet: "a sheet", names: ["symbol"], samples: /^s\d$/ };
  const get = (changes: Partial<SheetRequest> = {}) =>
    readCachedSheet({ ...request, ...changes }, { folder });
  const time = new Date(2024, 1, 1);
  utimesSync(file, time, time);
  const first = await get();
  const [name] = readdirSync(folder);
  assert.match(name, /book\.xlsx-a_sheet\.sheet$/);
  const kept = readFileSync(join(folder, name));
  for (const bytes of [Buffer.alloc(0), kept.subarray(0, 40), kept.subarray(0, -4)]) {
    writeFileSync(join(folder, name), bytes);
    assert.deepEqual(await get(), first);
  }
  assert.deepEqual((await get({ samples: /^s[12]$/ })).samples, ["s1", "s2"]);
  assert.deepEqual(await get(), first);
  writeFileSync(file, Buffer.alloc(statSync(file).size)); // so that only the kept sheet can answer
  utimesSync(file, time, time);
  assert.deepEqual(await get(), first);
  writeFileSync(file, await workbook({ "a sheet": [...proteins, ["AKT1", "NP_3", 3, 4, 5, 6]] }));
  assert.equal((await get()).names.symbol.length, 3);
  rmSync(file);
  await assert.rejects(get(), /expected a workbook, got ENOENT/);
});
