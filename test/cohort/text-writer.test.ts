// Numbers of six digits as bytes, and tables written of them.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { writeSixDigits } from "../../lib/cohort/numbers.js";
import { createRandom } from "../../lib/cohort/random.js";
import { openTextWriter } from "../../lib/cohort/text-writer.js";
import { writeTemp } from "./tempfile.js";

test("six digits are those of toPrecision, at any size, half-way and beside it", () => {
  const bytes = Buffer.alloc(40);
  const random = createRandom(1, "six digits");
  const values = [0, -0, 1, 1e-4, 9.99999e-5, 999_999.4, 999_999.5, 1e6, 123_456.5, 12_345.65]
    .concat([9.999995, 1e21, -1.23456e20, -1.5e-300, 5e-324, 100_000.5, 10.00005, -0.00012345678])
    .concat([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
  for (let i = 0; i < 50_000; i++) {
    const value = random.normal() * 10 ** (random.integer(14) - 6);
    values.push(value, Math.fround(value), Math.round(value * 1e4) / 1e4, i + 0.5, (i + 0.5) / 1e3);
  }
  for (const value of values) {
    const end = writeSixDigits(bytes, 3, value);
    const text = String(Number(value.toPrecision(6)));
    if (bytes.toString("latin1", 3, end) !== text) {
      assert.equal(bytes.toString("latin1", 3, end), text, `${value}`);
    }
  }
});

test("a table longer than what is gathered is written whole, NaN as nothing", () => {
  const file = writeTemp("long.tsv", "replaced");
  const writer = openTextWriter(file);
  const long = Buffer.from("é".repeat(2 ** 20)); // more than is gathered
  const lines = 150_000;
  writer.text(long);
  for (let i = 0; i < lines; i++) {
    writer.number(i / 7);
    writer.text(Buffer.from("\t"));
    writer.number(Number.NaN);
    writer.text(Buffer.from("\n"));
  }
  writer.close();
  writer.abandon();
  const expected = Array.from({ length: lines }, (_, i) => `${Number((i / 7).toPrecision(6))}\t\n`);
  assert.equal(readFileSync(file, "utf8"), long + expected.join(""));
});

test("names of any length are gathered without a gap", () => {
  const file = writeTemp("names.tsv", "");
  const writer = openTextWriter(file);
  const name = Buffer.from("n".repeat(777));
  for (let i = 0; i < 3000; i++) writer.text(name);
  writer.close();
  assert.equal(readFileSync(file, "utf8"), "n".repeat(777 * 3000));
});
