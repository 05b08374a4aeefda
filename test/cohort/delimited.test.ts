// Delimited text: whatever program wrote the bytes, the same cells come out, or an error that says what is wrong.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import test from "node:test";
import { gzipSync } from "node:zlib";
import { readDelimited } from "../../lib/cohort/delimited.js";
import { messageOf, writeTemp } from "./tempfile.js";

const GOOD = "id\ta\tb\ns1\t1\t2\ns2\t3\t4\n";
const GOOD_ROWS = [
  ["s1", "1", "2"],
  ["s2", "3", "4"],
];

function read(ending: string, content: string | Uint8Array) {
  return readDelimited(writeTemp(ending, content));
}

async function refusal(ending: string, content: string | Uint8Array): Promise<string> {
  const file = writeTemp(ending, content);
  return await messageOf(() => readDelimited(file), file);
}

test("reads a TSV with its line numbers and without notes", () => {
  const table = read("good.tsv", GOOD);
  assert.deepEqual(table.header, ["id", "a", "b"]);
  assert.deepEqual(table.rows, GOOD_ROWS);
  assert.deepEqual(table.lines, [2, 3]);
  assert.equal(table.delimiter, "\t");
  assert.deepEqual(table.notes, []);
});

test("reads the same cells with LF, CRLF and bare CR, with and without a last line end", () => {
  for (const end of ["\n", "\r\n", "\r"]) {
    for (const text of [GOOD, GOOD.trimEnd()]) {
      const table = read("ends.tsv", text.replaceAll("\n", end));
      assert.deepEqual(table.rows, GOOD_ROWS);
      assert.deepEqual(table.lines, [2, 3]);
      assert.deepEqual(table.notes, []);
    }
  }
});

test("reads gzip by its first bytes, whatever the name, and text that is only called .gz", () => {
  assert.deepEqual(read("good.tsv.gz", gzipSync(GOOD)).rows, GOOD_ROWS);
  assert.deepEqual(read("good.tsv", gzipSync(GOOD)).rows, GOOD_ROWS);
  assert.deepEqual(read("good.tsv.gz", GOOD).rows, GOOD_ROWS);
});

test("names a gzip file that is cut off, at every length, and one that is damaged", async () => {
  const whole = gzipSync(GOOD);
  for (let length = 2; length < whole.length; length++) {
    assert.match(
      await refusal("cut.tsv.gz", whole.subarray(0, length)),
      /cut off after \d+ bytes; down/,
    );
  }
  const damaged = Uint8Array.from(whole);
  damaged[whole.length - 6] ^= 1; // in the checksum
  assert.match(await refusal("damaged.tsv.gz", damaged), /damaged one \(incorrect data check\)/);
});

test("reads UTF-8 with and without a byte order mark", () => {
  for (const mark of ["", "\ufeff"]) {
    const table = read("utf8.tsv", `${mark}id\tβ-alanine\ns1\t1\n`);
    assert.deepEqual(table.header, ["id", "β-alanine"]);
    assert.deepEqual(table.notes, []);
  }
});

test("reads UTF-16 of either byte order by its mark, and says so", async () => {
  const little = Buffer.from("\ufeffid\tβ\ns1\t1\n", "utf16le");
  const big = Buffer.from(little).swap16();
  for (const [bytes, name] of [[little, "UTF-16LE"] as const, [big, "UTF-16BE"] as const]) {
    const table = read("utf16.txt", bytes);
    assert.deepEqual(table.header, ["id", "β"]);
    assert.match(table.notes[0], new RegExp(`read as ${name}`));
  }
  assert.match(
    await refusal("utf16.txt", little.subarray(0, -1)),
    /broken characters; save it as UTF-8/,
  );
  assert.match(
    await refusal("utf16.txt", little.subarray(2)),
    /NUL character on line 1.*save it as UTF-8/,
  );
});

test("falls back to Windows-1252 and says on which line to look", () => {
  const table = read("latin.tsv", Buffer.from("id\ta\ns1\t5 \xb5M\ns2\t\x80\n", "latin1"));
  assert.deepEqual(table.rows, [
    ["s1", "5 µM"],
    ["s2", "€"],
  ]);
  assert.match(table.notes[0], /not UTF-8, read as Windows-1252 \(Latin-1\).*line 2/);
});

test("finds the delimiter by extension, else by content, and notes where they differ", () => {
  assert.equal(read("a.csv", "id,a\n1,2\n").delimiter, ",");
  assert.equal(read("a.txt", "id,a\n1,2\n").delimiter, ",");
  assert.equal(read("a.txt", "id\ta\n1\t2\n").delimiter, "\t");
  assert.equal(read("a.txt", "\t2,3-diol\t1,2,3-triol\ns\t2\t3\n").delimiter, "\t");
  assert.equal(read("a.csv", '"x;y;z",a\n1,2\n').delimiter, ",");
  assert.deepEqual(read("a.csv", "id,a\n1,2\n").notes, []);
  const semicolons = read("a.csv", "id;a\n1;2,5\n");
  assert.deepEqual(semicolons.rows, [["1", "2,5"]]);
  assert.match(semicolons.notes[0], /semicolons between its cells, not commas/);
  assert.match(read("a.csv.gz", gzipSync(GOOD)).notes[0], /tabs between its cells, not commas/);
  assert.match(read("a.tsv", "id,a\n1,2\n").notes[0], /commas between its cells, not tabs/);
});

test("reads quoted delimiters, quotes and line ends, and still knows the lines of the file", () => {
  const table = read("quoted.csv", 'id,"a,\r\nb"\r\n"s ""1""","x\r\ny\rz"\r\ns2,2\r\n');
  assert.deepEqual(table.header, ["id", "a,\nb"]);
  assert.deepEqual(table.rows, [
    ['s "1"', "x\ny\nz"],
    ["s2", "2"],
  ]);
  assert.deepEqual(table.lines, [3, 6]);
});

test("names the line of a quote that is never closed, or that text follows", async () => {
  const open = await refusal("open.csv", 'id,a\ns1,"1\ns2,2\n');
  assert.match(open, /line 2: expected a closing quote, got the end of the file/);
  const late = await refusal("late.csv", 'id,a\ns1,1\ns2,"2"x\ns3,"3"\n');
  assert.match(late, /line 3: expected the end of the cell after a closing quote, got text/);
});

test("lists every ragged row with its line, what was found and what was expected", async () => {
  const message = await refusal("ragged.csv", 'id,a,b\n"s\n1",1\ns2,1,2\n\ns3,1,2,3\n');
  assert.match(message, /got 2 problems:/);
  assert.match(message, /line 2: expected 3 fields, as in the header, got 2; add or remove commas/);
  assert.match(message, /line 6: expected 3 fields, as in the header, got 4/);
});

test("refuses an empty file, and one of blanks and delimiters only", async () => {
  for (const text of ["", "\n", " \r\n\t\n", ",,,\n,,,\n", "\ufeff", '""\n']) {
    assert.match(await refusal("empty.csv", text), /got an empty file/);
  }
  assert.match(await refusal("empty.csv.gz", gzipSync("")), /got an empty file/);
});

test("skips blank rows and leading comments, and notes them", () => {
  const table = read("blank.csv", "# made by hand\n#version 2\nid,a\n\ns1,1\n,\n");
  assert.deepEqual(table.header, ["id", "a"]);
  assert.equal(table.headerLine, 3);
  assert.deepEqual(table.lines, [5]);
  assert.deepEqual(
    table.notes.map((note) => note.replace(/^.*: /, "")),
    ["2 blank rows skipped", "2 leading # lines skipped"],
  );
});

test("takes # lines as wide as the header for comments, but a single one for the header", () => {
  const clinical = read("clinical.txt", "#Name\tAge\n#text\tnumber\nID\tAGE\np1\t50\n");
  assert.deepEqual(clinical.header, ["ID", "AGE"]);
  const otu = read("otu.txt", "# Constructed from biom file\n#OTU ID\ts1\nt1\t5\n");
  assert.deepEqual(otu.header, ["#OTU ID", "s1"]);
  assert.deepEqual(otu.lines, [3]);
});

test("names what a file is that is no text", async () => {
  const foreign: [string, RegExp][] = [
    ["PK\x03\x04xl/workbook.xml", /Excel workbook; unzip it, or call the workbook .xlsx/],
    ["\xd0\xcf\x11\xe0\xa1\xb1", /old Excel workbook/],
    ["<!DOCTYPE html><html>", /a web page; the download went wrong/],
    ["version https://git-lfs.github.com/spec/v1\noid sha256:0", /a Git LFS pointer/],
    ['{"a": 1}', /got JSON;/],
    ["RDX3\nX", /an RData file;/],
    ["SQLite format 3\0", /an SQLite database;/],
    ["id\ta\ns1\t\x00\n", /NUL character on line 2/],
  ];
  for (const [text, expected] of foreign) {
    assert.match(await refusal("foreign.tsv", Buffer.from(text, "latin1")), expected);
  }
  assert.match(await refusal("twice.tsv.gz", gzipSync(gzipSync(GOOD))), /gzip inside gzip/);
  assert.deepEqual(read("gene.tsv", "PAR1\tBZH\ns1\t1\n").header, ["PAR1", "BZH"]);
});

test("names a file that cannot be found and what is in the folder", async () => {
  const there = writeTemp("there.tsv", GOOD);
  const file = join(dirname(there), "absent.tsv");
  const message = await messageOf(() => readDelimited(file), file);
  assert.match(message, /expected a file, got none of that name/);
  assert.match(message, /has ".*\.(tsv|csv|txt|gz)"/);
  const nowhere = join(dirname(there), "no-such-folder", "a.tsv");
  assert.match(
    await messageOf(() => readDelimited(nowhere), nowhere),
    /no folder "no-such-folder"/,
  );
  const folder = join(dirname(there), `${basename(there)}-folder`);
  mkdirSync(folder);
  assert.match(
    await messageOf(() => readDelimited(folder), folder),
    /expected a file, got a folder/,
  );
  assert.throws(() => readDelimited(""), TypeError);
});
