// Unpacking archives that are not trusted.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { unpackFiles } from "../../lib/cohort/archive.js";
import { plainName } from "../../lib/cohort/manifest.js";
import { scratchFolder } from "../scratch.js";
import { type ZipEntry, zip } from "./zip.js";

const root = scratchFolder();
let count = 0;

const good: ZipEntry = { name: "data/table.txt", content: "gene\tS001\n".repeat(50) };
const wanted = [{ path: "data/table.txt", name: "table.txt", bytes: 500 }];

/** Writes the archive beside an empty folder, two levels down, so that an escape would be seen. */
function place(bytes: Buffer): { archive: string; folder: string; outside: () => string[] } {
  const base = join(root, `case${count++}`);
  const folder = join(base, "inner", "out");
  mkdirSync(folder, { recursive: true });
  const archive = join(base, "archive.zip");
  writeFileSync(archive, bytes);
  const outside = () => [...readdirSync(base), ...readdirSync(join(base, "inner"))].sort();
  return { archive, folder, outside };
}

test("unpacks the wanted files under the names asked for, and no other", async () => {
  const { archive, folder } = place(zip([good, { name: "data/more.txt", content: "x" }]));
  await unpackFiles(archive, [{ ...wanted[0], name: "renamed.txt" }], { folder });
  assert.deepEqual(readdirSync(folder), ["renamed.txt"]);
  assert.equal(readFileSync(join(folder, "renamed.txt"), "utf8"), good.content);
});

test("unpacks stored entries and passes folders by", async () => {
  const folderEntry = { name: "data/", content: "", mode: 0o040755, deflate: false };
  const { archive, folder } = place(zip([folderEntry, { ...good, deflate: false }]));
  await unpackFiles(archive, wanted, { folder });
  assert.deepEqual(readdirSync(folder), ["table.txt"]);
});

const hostile: [what: string, entry: ZipEntry, message: RegExp][] = [
  [
    "a path that climbs out",
    { name: "../evil", content: "x" },
    /invalid relative path: \.\.\/evil/,
  ],
  [
    "a path that climbs out midway",
    { name: "a/../../evil", content: "x" },
    /invalid relative path/,
  ],
  ["an absolute path", { name: "/evil", content: "x" }, /absolute path: \/evil/],
  ["a drive letter", { name: "C:/evil", content: "x" }, /absolute path/],
  ["a path with backslashes", { name: "a\\..\\b", content: "x" }, /invalid characters in fileName/],
  ["a null character", { name: "a\0b", content: "x" }, /null character/],
  ["a symbolic link", { name: "link", content: "/etc", mode: 0o120777 }, /symbolic link: link/],
  ["a device", { name: "device", content: "", mode: 0o020666 }, /not a plain file: device/],
  ["the same name twice", { ...good, content: "other" }, /duplicate entry: data\/table\.txt/],
];
for (const [what, entry, message] of hostile) {
  test(`refuses an archive with ${what} before anything is written`, async () => {
    const { archive, folder, outside } = place(zip([good, entry]));
    const before = outside();
    await assert.rejects(unpackFiles(archive, wanted, { folder }), (error: Error) => {
      assert.match(error.message, /expected a whole and harmless zip archive, got .*archive\.zip/);
      assert.match(error.message, message);
      return true;
    });
    assert.deepEqual(readdirSync(folder), []);
    assert.deepEqual(outside(), before);
    assert.equal(existsSync("/evil"), false);
  });
}

test("refuses an entry whose wanted size differs from the declared one, before it is read", async () => {
  const { archive, folder } = place(zip([good]));
  await assert.rejects(
    unpackFiles(archive, [{ ...wanted[0], bytes: 499 }], { folder }),
    /expected data\/table\.txt in .* to have 499 bytes, got 500/,
  );
  assert.deepEqual(readdirSync(folder), []);
});

test("stops a bomb at the declared size", async () => {
  const bomb = { ...good, content: Buffer.alloc(50_000_000), size: 500 };
  const { archive, folder } = place(zip([bomb]));
  await assert.rejects(unpackFiles(archive, wanted, { folder }), /too many bytes in the stream/);
  const left = readdirSync(folder).map((name) => readFileSync(join(folder, name)).length);
  assert.ok(
    left.every((size) => size <= 500),
    `left ${left} bytes`,
  );
});

test("refuses an entry that holds less than declared", async () => {
  const { archive, folder } = place(zip([{ ...good, size: 501 }]));
  await assert.rejects(
    unpackFiles(archive, [{ ...wanted[0], bytes: 501 }], { folder }),
    /not enough bytes in the stream/,
  );
});

test("refuses a wrong CRC", async () => {
  const { archive, folder } = place(zip([{ ...good, crc: 0x12345678 }]));
  await assert.rejects(
    unpackFiles(archive, wanted, { folder }),
    /wrong CRC: expected 12345678, got/,
  );
});

test("refuses a truncated archive, one with a damaged middle, and what is no archive", async () => {
  const whole = zip([good, { name: "data/more.txt", content: "x".repeat(3000), deflate: false }]);
  const noZip = /expected a whole and harmless zip archive/;
  for (const bytes of [
    whole.subarray(0, whole.length - 30),
    Buffer.from("no zip"),
    Buffer.alloc(0),
  ]) {
    const { archive, folder } = place(bytes);
    await assert.rejects(unpackFiles(archive, wanted, { folder }), noZip);
  }
  const { archive, folder } = place(Buffer.from(whole).fill(0xff, 45, 60));
  await assert.rejects(unpackFiles(archive, wanted, { folder }), noZip);
});

test("names a file that is not in the archive, and an archive that is not there", async () => {
  const { archive, folder } = place(zip([good]));
  const missing = [{ path: "data/none.txt", name: "none.txt", bytes: 1 }];
  await assert.rejects(unpackFiles(archive, missing, { folder }), /expected data\/none\.txt in/);
  await assert.rejects(unpackFiles(`${archive}x`, wanted, { folder }), /ENOENT/);
});

test("replaces nothing that lies in the folder", async () => {
  const { archive, folder } = place(zip([good]));
  writeFileSync(join(folder, "table.txt"), "mine");
  await assert.rejects(unpackFiles(archive, wanted, { folder }), /EEXIST/);
  assert.equal(readFileSync(join(folder, "table.txt"), "utf8"), "mine");
});

test("stops when asked to, with the reason given", async () => {
  const { archive, folder } = place(zip([good]));
  const signal = AbortSignal.abort(new Error("enough"));
  await assert.rejects(unpackFiles(archive, wanted, { folder, signal }), /^Error: enough$/);
});

test("refuses names that are not plain or asked for twice", async () => {
  const { archive, folder } = place(zip([good]));
  for (const name of ["../table.txt", "a/b", "", ".", ".hidden", "a\\b", "end."]) {
    assert.equal(plainName.test(name), false, name);
    await assert.rejects(unpackFiles(archive, [{ ...wanted[0], name }], { folder }), RangeError);
  }
  await assert.rejects(
    unpackFiles(archive, [...wanted, ...wanted], { folder }),
    /expected each name once, got "table.txt" twice/,
  );
});
