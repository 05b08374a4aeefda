// The parser of published tables: its numbers are those of `Number`, its complaints name row and sample.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFeatureTable } from "../../lib/cohort/feature-table.js";
import { createRandom } from "../../lib/cohort/random.js";

const parse = (text: string) => parseFeatureTable(Buffer.from(text), "t.cct");

test("turns features x samples upright, NA and empty cells not measured", () => {
  const table = parse("idx\ts1\ts2\ts3\nTP53\t1\tNA\t-0.5\nA1BG\t\t2e-1\t0\n");
  assert.deepEqual(table, {
    samples: ["s1", "s2", "s3"],
    features: ["TP53", "A1BG"],
    matrix: {
      rows: 3,
      columns: 2,
      values: Float32Array.of(1, 0, 0, 0.2, -0.5, 0),
      observed: Uint8Array.of(1, 0, 0, 1, 1, 1),
    },
  });
});

test("takes either line end, and a last line without one", () => {
  const expected = parse("idx\ts1\ts2\nA\t1\tNA\nB\tNA\t4\n");
  assert.deepEqual(parse("idx\ts1\ts2\r\nA\t1\tNA\r\nB\tNA\t4\r\n"), expected);
  assert.deepEqual(parse("idx\ts1\ts2\nA\t1\tNA\nB\tNA\t4"), expected);
  assert.deepEqual([...parse("idx\ts1\ts2\nA\t1\t").matrix.observed], [1, 0]);
});

test("keeps names that are not ASCII", () => {
  const { samples, features } = parse("idx\tÄ1\nβ-actin\t1\n");
  assert.deepEqual([samples, features], [["Ä1"], ["β-actin"]]);
});

test("reads each way to write a number as Number does, rounded once more to float32", () => {
  const random = createRandom(3);
  const digits = (count: number) =>
    Array.from({ length: count }, () => random.integer(10)).join("");
  const cells = ["0", "-0", "5.", ".5", "-.25", "+3", "1e5", "-2.5E-3", "000012.50", "16777217"];
  for (let i = 0; i < 5_000; i++) {
    const sign = ["", "-"][random.integer(2)];
    const exponent = random.integer(8) === 0 ? `e${random.integer(40) - 20}` : "";
    const whole = digits(1 + random.integer(9));
    cells.push(
      `${sign}${whole}${["", `.${digits(random.integer(18))}`][random.integer(2)]}${exponent}`,
    );
  }
  const names = cells.map((_, i) => `s${i}`);
  const { values, observed } = parse(`idx\t${names.join("\t")}\nA\t${cells.join("\t")}\n`).matrix;
  cells.forEach((cell, i) => {
    assert.ok(Object.is(values[i], Math.fround(Number(cell))), `${cell} became ${values[i]}`);
  });
  assert.ok(observed.every((mark) => mark === 1));
});

test("refuses what is no number, with its row and sample", () => {
  const cells = [
    "high",
    "NaN",
    "-",
    ".",
    "1.2.3",
    "1e99",
    "0x10",
    "1 ",
    " 1",
    "1,5",
    "--1",
    "NAN",
    "inf",
    "1_0",
  ];
  for (const cell of cells) {
    assert.throws(() => parse(`idx\ts1\ts2\nA\t1\t2\nB\t3\t${cell}\n`), {
      message: `parseFeatureTable: expected numbers or NA in t.cct, got ${JSON.stringify(cell)} for s2 in row 3`,
    });
  }
});

test("refuses rows of another width, rows without a name, and tables without rows", () => {
  const narrow = "parseFeatureTable: expected 3 cells in each row of t.cct, got 2 in row 3";
  assert.throws(() => parse("idx\ts1\ts2\nA\t1\t2\nB\t3\n"), { message: narrow });
  assert.throws(() => parse("idx\ts1\ts2\nA\t1\t2\nB\t3\t4\t5\n"), /got 4 in row 3/);
  assert.throws(() => parse("idx\ts1\ts2\nA\t1\t2\nB\n"), /got 1 in row 3/);
  assert.throws(() => parse("idx\ts1\nA\t1\n\nB\t2\n"), /a feature name .* got none in row 3/);
  assert.throws(() => parse("idx\ts1\n\t1\n"), /a feature name .* got none in row 2/);
  assert.throws(() => parse("idx\ts1\n"), /a feature name .* got none in row 2/);
  assert.throws(() => parse(""), /a feature name .* got none in row 2/);
});
