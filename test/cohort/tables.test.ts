// Anyone's tables: both orientations become the same modality, and bad input gets one error with place and remedy.
import assert from "node:assert/strict";
import test from "node:test";
import { missingWords } from "../../lib/cohort/missing.js";
import { readTable, readTables, type TableOptions } from "../../lib/cohort/tables.js";
import { messageOf, writeTemp } from "./tempfile.js";

const ROWS = "samples-in-rows";
const COLUMNS = "features-in-rows";

/** A table, without how it was read. */
async function read(content: string | Uint8Array, options: Partial<TableOptions> = {}) {
  const { reading: _, ...table } = await readTable({
    file: writeTemp("t.csv", content),
    name: "rna",
    orientation: ROWS,
    ...options,
  });
  return table;
}

async function refusal(
  content: string | Uint8Array,
  options: Partial<TableOptions> = {},
): Promise<string> {
  const file = writeTemp("t.csv", content);
  return await messageOf(
    () => readTable({ file, name: "rna", orientation: ROWS, ...options }),
    `${file}: expected a table of numbers, got `,
  );
}

test("reads samples in rows, trims ids and cells, and keeps zero apart from missing", async () => {
  const table = await read(" id , a,b \n s1 ,1, -2.5e1\ns2\u00a0,0,\n");
  assert.deepEqual(table.samples, ["s1", "s2"]);
  assert.deepEqual(table.features, ["a", "b"]);
  assert.deepEqual([...table.matrix.values], [1, -25, 0, 0]);
  assert.deepEqual([...table.matrix.observed], [1, 1, 1, 0]);
  assert.deepEqual([table.name, table.drops, table.notes], ["rna", [], []]);
});

test("reads features in rows into the same table", async () => {
  const upright = await read('id,"a,1",b\ns1,1,4\ns2,2,\ns3,3,6\n');
  const text = 'gene,s1,s2,s3\n"a,1",1,2,3\nb,4,NA,6\n';
  assert.deepEqual(await read(text, { orientation: COLUMNS }), upright);
});

test("decides the orientation by the side that has the sample sheet's ids", async () => {
  const sampleIds = ["s2", "s1", "s9"];
  const told = await read("id,a\ns1,1\ns2,2\n");
  const options = { orientation: undefined, sampleIds };
  assert.deepEqual(await read("id,a\ns1,1\ns2,2\n", options), told);
  assert.deepEqual(await read("id,s1,s2\na,1,2\n", options), told);
});

test("refuses an orientation that cannot be told, or that the ids contradict", async () => {
  const options = { orientation: undefined, sampleIds: ["s1", "s2"] };
  assert.match(
    await refusal("id,a\nx1,1\n", options),
    /sheet has too \("s1", "s2"\), got rows "x1", columns "a"/,
  );
  assert.match(
    await refusal("id,s2\ns1,1\n", options),
    /got 1 in rows and 1 in columns; pass orientation/,
  );
  assert.match(
    await refusal("id,a\nS.1,1\n", options),
    /write the ids alike: "S.1" here, "s1" in the/,
  );
  assert.match(
    await refusal("id,a\ns1,1\n", { orientation: undefined }),
    /expected an orientation, got none/,
  );
  assert.match(
    await refusal("id,s1\na,1\n", { ...options, orientation: ROWS }),
    /expected samples-in-rows, got rows "a", columns "s1"; pass orientation: "features-in-rows"/,
  );
});

test("reads every stated word for missing, in any case, and a file's own words where they are given", async () => {
  const words = [...missingWords, "na", "nan", "NULL", " NA ", "#n/a"];
  const table = await read(`id,a,b\n${words.map((word, i) => `s${i},${word},1\n`).join("")}`);
  assert.ok(table.matrix.observed.every((seen, i) => seen === i % 2));
  assert.deepEqual(
    [...(await read("id,a,b\ns,nd,1\n", { missing: ["ND"] })).matrix.observed],
    [0, 1],
  );
  assert.match(
    await refusal("id,a,b\ns,ND,1\n"),
    /line 2, column "a": expected a number, got "ND"/,
  );
});

test("names sample and feature ids that are there twice, with both places", async () => {
  const message = await refusal("id,a,b,a \ns1,1,2,3\ns2,1,2,3\n s1,4,5,6\n");
  assert.match(message, /got 2 problems:/);
  assert.match(
    message,
    /line 1: expected each feature once, got "a" again, after column 2 and column 4/,
  );
  assert.match(message, /line 4: expected each sample once, got "s1" again, after line 2; rename/);
  const dated = await refusal("id,1-Sep,a,a\ns1,1,2,3\n");
  assert.match(dated, /got "a" again, after column 3 and column 4/);
  const lying = await refusal("id,s1,s1\na,1,2\na,3,4\n", { orientation: COLUMNS });
  assert.match(lying, /line 1: expected each sample once, got "s1" again/);
  assert.match(lying, /line 3: expected each feature once, got "a" again, after line 2/);
});

test("refuses features and samples without an id", async () => {
  const message = await refusal("id,a,\ns1,1,2\n ,3,4\n");
  assert.match(message, /line 1: expected the id of a feature in column 3, got none; name it/);
  assert.match(
    message,
    /line 3: expected the id of a sample, got none; name it, or remove the row/,
  );
});

test("names text in a numeric cell, and what it seems to be, with line, column and remedy", async () => {
  const kinds: [string, RegExp][] = [
    ["abc", /got "abc"; correct it, or pass missing: \["abc"\] if it means "not measured"/],
    ['"0,5"', /got "0,5", a decimal comma; save the file with decimal points/],
    ['"1.234,5"', /got "1.234,5", a decimal comma/],
    ['"1,234"', /got "1,234", whose comma is a decimal or a thousands separator/],
    ['"1,234.5"', /got "1,234.5", with commas as thousands separators/],
    ["#DIV/0!", /an error of a spreadsheet's formula/],
    ["1-Sep", /got "1-Sep", a date/],
    ["\u22120.5", /a typographic minus; write the minus as "-"/],
    ["<0.01", /a limit of detection/],
    ["5%", /a percentage/],
    ["0x10", /got "0x10"; correct it/],
    ["1_000", /got "1_000"; correct it/],
    ["- 5", /got "- 5"; correct it/],
    ["9".repeat(1000), /look for a missing line end or delimiter/],
  ];
  for (const [cell, expected] of kinds) {
    const message = await refusal(`id,a,b\ns1,1,2\ns2,1,${cell}\n`);
    assert.match(message, /line 3, column "b": expected a number, got/);
    assert.match(message, expected);
  }
});

test("refuses infinite values and values that overflow float32", async () => {
  for (const cell of ["inf", "-Inf", "Infinity"]) {
    assert.match(
      await refusal(`id,a\ns1,${cell}\n`),
      /line 2, column "a": .*which is infinite; leave/,
    );
  }
  for (const cell of ["1e999", "-4e38", "3.5e+38"]) {
    assert.match(
      await refusal(`id,a\ns1,${cell}\n`),
      /which is beyond float32 \(3.4e38\); correct it/,
    );
  }
  assert.equal((await read("id,a\ns1,3.4e38\n")).matrix.values[0], Math.fround(3.4e38));
});

test("lists different problems of one file at once, in the order of the lines", async () => {
  const many = Array.from({ length: 40 }, (_, i) => `s${i + 10},x${i},1\n`).join("");
  const message = await refusal(`id,a,b\ns1,1,2\ns2,1\n${many}s1,inf,"0,5"\n`);
  assert.match(message, /got 44 problems:/);
  const listed = message.split("\n- ").slice(1);
  assert.equal(listed.length, 11);
  const lines = listed.slice(0, 10).map((text) => Number(/^line (\d+)/.exec(text)?.[1]));
  assert.deepEqual(
    lines,
    lines.toSorted((a, b) => a - b),
  );
  assert.match(message, /line 3: expected 3 fields/);
  assert.match(message, /line 44, column "a": .*infinite/);
  assert.match(message, /line 44, column "b": .*decimal comma/);
  assert.match(message, /line 44: expected each sample once/);
  assert.match(message, /- and 34 more$/);
});

test("names a column of words once, and leaves it out where it is to be ignored", async () => {
  const text = "id,note,a\ns1,good,1\ns2,bad,2\ns3,,3\n";
  const message = await refusal(text);
  assert.match(message, /got 1 problem:/);
  assert.match(message, /line 2, column "note".*no cell of the column is a number; .*ignore/);
  assert.deepEqual((await read(text, { ignore: ["note"] })).features, ["a"]);
  const mixed = await refusal('id,a\ns1,"0,5"\ns2,inf\ns3,"1,5"\n');
  assert.match(mixed, /got 2 problems:\n- line 2, .*decimal comma.*\n- line 3, .*infinite/);
  const swapped = { id: "symbol", ignore: ["entrez"], orientation: COLUMNS } as const;
  assert.deepEqual((await read("entrez,symbol,s1\n5,A,1\n5,B,2\n", swapped)).features, ["A", "B"]);
  assert.match(
    await refusal(text, { ignore: ["nota"] }),
    /expected a column "nota", got "id", "note", "a"/,
  );
  assert.match(await refusal(text, { id: "ID" }), /expected a column "ID", got "id"/);
});

test("leaves out features whose names Excel turned into dates, counts and lists them", async () => {
  const dates = ["1-Sep", "2021-09-01", "01-Mar", "Sep-01", "2021-09-01 00:00:00", "1-Sep"];
  const upright = await read(`id,a,${dates.join(",")},b\ns1,1,2,3,4,5,6,7,8\n`);
  const lying = await read(
    `id,s1\na,1\n${dates.map((date, i) => `${date},${i + 2}\n`).join("")}b,8\n`,
    {
      orientation: COLUMNS,
    },
  );
  for (const table of [upright, lying]) {
    assert.deepEqual(table.features, ["a", "b"]);
    assert.deepEqual([...table.matrix.values], [1, 8]);
    assert.equal(table.drops.length, 1);
    assert.equal(table.drops[0].count, 6);
    assert.deepEqual(table.drops[0].examples, dates.slice(0, 5));
    assert.match(
      table.notes[0],
      /6 features left out whose names Excel turned into dates or rounded: "1-Sep"/,
    );
  }
});

test("notes sample ids that look like Excel's dates", async () => {
  assert.match(
    (await read("id,a\n1-Sep,1\n")).notes[0],
    /sample ids that may be dates by Excel \(1\): "1-Sep"/,
  );
});

test("takes versions off Ensembl ids, notes it, and refuses two versions of one gene", async () => {
  const text = "id,ENSG00000000003.15,TP53\ns1,1,2\n";
  const table = await read(text);
  assert.deepEqual(table.features, ["ENSG00000000003", "TP53"]);
  assert.match(table.notes[0], /versions of 1 Ensembl id were taken off/);
  const twice = "id,ENSG00000000003.15,ENSG00000000003.14\ns1,1,2\n";
  assert.match(await refusal(twice), /each feature once, got "ENSG00000000003" again/);
});

test("refuses a table without rows, without columns, or without a header", async () => {
  assert.match(
    await refusal("id,patient\ns1,p1\n"),
    /expected at least one feature, got none; write/,
  );
  assert.match(await refusal("id,1-Sep\ns1,1\n"), /one feature, got none but dates by Excel/);
  assert.match(await refusal("id,a\n"), /line 1: expected rows below the header, got none/);
  assert.match(
    await refusal("id\ns1\n"),
    /expected columns of numbers beside the ids, got "id" alone; check/,
  );
  assert.match(
    await refusal("s1,1\ns2,2\n", { sampleIds: ["s1", "s2"] }),
    /expected a header, got the sample "s1"/,
  );
});

test("checks its options at the door", async () => {
  const wrong = { orientation: "rows" } as unknown as Partial<TableOptions>;
  await assert.rejects(() => read("id,a\ns,1\n", wrong), RangeError);
  await assert.rejects(() => read("id,a\ns,1\n", { name: "" }), RangeError);
  await assert.rejects(() => readTable({ file: "", name: "rna" }), TypeError);
  await assert.rejects(() => readTables({ name: "none", tables: [] }), RangeError);
  const misspelled = { file: "rna.csv", name: "RNA", orientaton: ROWS };
  const own = { name: "mine", tables: [{ file: "protein.csv", name: "protein" }, misspelled] };
  await assert.rejects(() => readTables(own), {
    name: "TypeError",
    message: /^readTables: tables\[1\]: .*got "orientaton"; did you mean "orientation"\?$/,
  });
  const sheet = { file: "samples.csv", patients: "case" };
  await assert.rejects(() => readTables({ ...own, sampleSheet: sheet }), /tables\[1\]/);
  const tables = own.tables.slice(0, 1);
  await assert.rejects(() => readTables({ name: "mine", tables, sampleSheet: sheet }), {
    name: "TypeError",
    message: /^readSampleSheet: .*got "patients"; did you mean "patient"\?$/,
  });
});
