// Damaged tables: whatever bytes change, a table comes out or an error that names the file.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import test from "node:test";
import { gzipSync } from "node:zlib";
import { createRandom, type Random } from "../../lib/cohort/random.js";
import { readSampleSheet } from "../../lib/cohort/samplesheet.js";
import { type FileTable, readTable } from "../../lib/cohort/tables.js";
import { writeTemp } from "./tempfile.js";

const GOOD = [
  'id,patient,TP53,"AKT,1",ENSG00000000003.15,1-Sep,β-alanine',
  "s1,p1,1.5,-2,3e2,4,5",
  's2,p1,,NA,"0.25",4,-5.75',
  's3,p2,0,1,2,3,"4"',
  "s4,p3,7,8,9,10,11",
].join("\r\n");
const MARKS = Buffer.from('\r\n,;\t"#.-eE5 \x00\x1f\x8b\xff\xfe\xc3NAinf');

/** Changes, removes, inserts or repeats a few bytes, or cuts the file off. */
function damage(bytes: Uint8Array, random: Random): Uint8Array {
  let out = Buffer.from(bytes);
  const times = 1 + random.integer(4);
  for (let i = 0; i < times; i++) {
    const at = random.integer(out.length + 1);
    const end = Math.min(out.length, at + 1 + random.integer(8));
    const mark = MARKS.subarray(random.integer(MARKS.length)).subarray(0, 1);
    const parts: Uint8Array[][] = [
      [out.subarray(0, at), mark, out.subarray(at + 1)],
      [out.subarray(0, at), Buffer.of(random.integer(256)), out.subarray(at + 1)],
      [out.subarray(0, at), mark, out.subarray(at)],
      [out.subarray(0, at), out.subarray(end)],
      [out.subarray(0, end), out.subarray(at, end), out.subarray(end)],
      [out.subarray(0, random.integer(8) === 0 ? at : out.length)],
    ];
    out = Buffer.concat(parts[random.integer(parts.length)]);
  }
  return out;
}

function checkTable({ samples, features, matrix }: FileTable): void {
  assert.equal(matrix.rows, samples.length);
  assert.equal(matrix.columns, features.length);
  assert.equal(new Set(samples).size, samples.length);
  assert.equal(new Set(features).size, features.length);
  assert.ok(matrix.values.every((value, i) => Number.isFinite(value) && matrix.observed[i] <= 1));
}

function checkError(error: unknown, file: string): void {
  assert.ok(error instanceof Error, String(error));
  assert.ok(["Error", "RangeError"].includes(error.name), error.stack);
  assert.ok(error.message.startsWith(`${file}: expected `), error.stack);
}

for (const [kind, whole] of [
  ["plain", Buffer.from(GOOD)],
  ["gzip", gzipSync(GOOD)],
] as const) {
  test(`readTable and readSampleSheet read or refuse 500 damaged ${kind} files`, async () => {
    const random = createRandom(20, kind);
    const file = writeTemp("damaged.csv", whole);
    const sampleIds = ["s1", "s2", "s3"];
    checkTable(await readTable({ file, name: "rna", sampleIds }));
    let read = 0;
    let refused = 0;
    for (let i = 0; i < 500; i++) {
      writeFileSync(file, damage(whole, random));
      for (const act of [
        async () => checkTable(await readTable({ file, name: "rna", sampleIds })),
        async () =>
          checkTable(await readTable({ file, name: "rna", orientation: "samples-in-rows" })),
        async () =>
          checkTable(await readTable({ file, name: "rna", orientation: "features-in-rows" })),
        () => readSampleSheet({ file }),
      ]) {
        try {
          await act();
          read++;
        } catch (error) {
          if (error instanceof assert.AssertionError) throw error;
          checkError(error, file);
          refused++;
        }
      }
    }
    assert.ok(read > 50 && refused > 500, `${read} read, ${refused} refused`);
  });
}
