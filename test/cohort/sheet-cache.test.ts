// Keeping sheets: read once, read anew only when the workbook changed, and never from a damaged file.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readCachedSheet } from "../../lib/cohort/sheet-cache.js";
import { readSheet } from "../../lib/cohort/workbook.js";
import { scratchFolder } from "../scratch.js";
import { type Rows, workbook } from "./workbooks.js";

const root = scratchFolder();

const rows = (last: number): Rows => [
  ["ID", "note", "s1", "s2"],
  ["Ünit 1", "a", 0.1, null],
  ["g2", "b", 0, -3],
  ["g3", "c", 1e-30, last],
];

let count = 0;
/** A workbook, where its sheet is kept, and how it is read. */
async function place() {
  const file = join(root, `book${count}.xlsx`);
  const folder = join(root, `kept${count++}`);
  const write = async (last: number) =>
    writeFileSync(file, await workbook({ "a sheet": rows(last) }));
  await write(4);
  const request = { file, sheet: "a sheet", names: ["ID"], optionalNames: ["note"] };
  const read = () => readCachedSheet(request, { folder });
  const kept = () => join(folder, readdirSync(folder)[0]);
  return { file, folder, request, write, read, kept };
}

test("gives the same table from the workbook, when it keeps it, and from what it kept", async () => {
  const { file, folder, request, read } = await place();
  const direct = await readSheet(request);
  const time = new Date(2024, 1, 1);
  utimesSync(file, time, time);
  assert.deepEqual(await read(), direct);
  assert.equal(readdirSync(folder).length, 1);
  assert.match(readdirSync(folder)[0], /^book\d+\.xlsx-a_sheet\.sheet$/);
  writeFileSync(file, Buffer.alloc(statSync(file).size)); // so that only the kept sheet can answer
  utimesSync(file, time, time);
  assert.deepEqual(await read(), direct);
});

test("reads a workbook anew that changed", async () => {
  const { read, write, kept } = await place();
  assert.equal((await read()).matrix.values[5], 4);
  const before = readFileSync(kept());
  await write(5);
  assert.equal((await read()).matrix.values[5], 5);
  assert.notDeepEqual(readFileSync(kept()), before);
});

test("reads a sheet anew of which something else is asked", async () => {
  const { folder, request, read } = await place();
  await read();
  const other = await readCachedSheet({ ...request, ignore: ["s1"] }, { folder });
  assert.deepEqual(other.columns, ["s2"]);
});

test("reads a sheet anew whose kept file is damaged, empty or of another version", async () => {
  const { read, kept } = await place();
  const table = await read();
  const whole = readFileSync(kept());
  const changed = Buffer.from(whole);
  changed.write("X", changed.indexOf("aro sheet"));
  for (const bytes of [Buffer.alloc(0), whole.subarray(0, 40), whole.subarray(0, -4), changed]) {
    writeFileSync(kept(), bytes);
    assert.deepEqual(await read(), table);
    assert.deepEqual(readFileSync(kept()), whole);
  }
});

test("keeps nothing of a workbook that cannot be read", async () => {
  const { file, folder, read } = await place();
  writeFileSync(file, "no workbook");
  await assert.rejects(read(), /expected an \.xlsx workbook/);
  assert.throws(() => readdirSync(folder), /ENOENT/);
  rmSync(file);
  await assert.rejects(read(), /expected a workbook, got ENOENT/);
});
