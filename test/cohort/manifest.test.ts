// The manifest: the repository's own, and what is wrong with others.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { isWheelSource, readHandManifest, readManifest } from "../../lib/cohort/manifest.js";

const root = mkdtempSync(join(tmpdir(), "aro-manifest-"));
after(() => rmSync(root, { recursive: true }));
const file = join(root, "bad.json");

test("reads the repository's own manifest", async () => {
  const sources = await readManifest();
  const ucec = sources.get("ucec");
  assert.ok(ucec && isWheelSource(ucec));
  assert.equal(ucec.license, "Apache-2.0");
  assert.equal(ucec.wheel.bytes, 36_855_517);
  assert.equal(ucec.files.length, 5);
  const gbm = sources.get("gbm");
  assert.ok(gbm && !isWheelSource(gbm));
  assert.equal(gbm.license, "ODbL-1.0");
  assert.equal(gbm.files.length, 5);
  for (const { name, url } of gbm.files) {
    assert.match(
      url,
      new RegExp(`/[0-9a-f]{40}/public/gbm_cptac_2021/${name}$`),
      "a pinned version",
    );
  }
});

test("the repository's manifest names the paper's files, one of them with size and checksum", async () => {
  const { files } = (await readHandManifest()).get("paper")!;
  assert.deepEqual(
    files.map(({ id, name, optional }) => [id, name, optional]),
    [
      ["gbm", "1-s2.0-S1535610821000507-mmc3.xlsx", false],
      ["rcc", "1-s2.0-S2666379124002398-mmc3.xlsx", false],
      ["rcc-metabolites", "1-s2.0-S2666379124002398-mmc9.xlsx", false],
      ["clinical", "clinical.xlsx", true],
      ["gprofiler", "gprofiler.json", true],
      ["name-map", "name_map.csv", true],
    ],
  );
  assert.equal(files[0].bytes, 129_239_538);
  assert.match(files[0].sha256 ?? "", /^[0-9a-f]{64}$/);
});

test("refuses a manifest with an unsafe, wrong or missing field, and says where", async () => {
  const checked = { bytes: 9, sha256: "0".repeat(64) };
  const source = {
    title: "A toy",
    license: "CC0-1.0",
    citation: { text: "Nobody 2020", doi: "10.1000/1" },
    wheel: { distribution: "toy", version: "1.0", file: "toy-1.0-py3-none-any.whl", ...checked },
    files: [{ name: "rna.txt", path: "toy/data/rna.txt", holds: "a table", ...checked }],
  };
  const [first] = source.files;
  const bad: [entry: unknown, message: RegExp][] = [
    [[], /expected an object in .*bad\.json: toy, got \[\]/],
    [{ ...source, title: " " }, /toy\.title, got " "/],
    [{ ...source, files: [] }, /expected a list of files in .*toy\.files/],
    [{ ...source, files: [{ ...first, name: "../x" }] }, /toy\.files\[0\]\.name, got "\.\.\/x"/],
    [{ ...source, files: [first, first] }, /expected each name once/],
    [
      { ...source, files: [{ ...first, bytes: 1.5 }] },
      /whole number above 0 in .*\.bytes, got 1\.5/,
    ],
    [{ ...source, wheel: { ...source.wheel, distribution: "--index-url" } }, /wheel\.distribution/],
    [{ ...source, wheel: { ...source.wheel, sha256: "ABC" } }, /wheel\.sha256, got "ABC"/],
    [{ ...source, wheel: undefined }, /text that fits .* in .*toy\.files\[0\]\.url, got undefined/],
    [
      { ...source, wheel: undefined, files: [{ ...first, url: "http://a.org/b" }] },
      /toy\.files\[0\]\.url, got "http:/,
    ],
    [{ ...source, wheel: undefined, lfs: "ftp://a.org" }, /toy\.lfs, got "ftp:/],
    [{ ...source, citation: undefined }, /an object in .*toy\.citation, got undefined/],
  ];
  for (const [entry, message] of bad) {
    writeFileSync(file, JSON.stringify({ toy: entry }));
    await assert.rejects(readManifest(file), message);
  }
  writeFileSync(file, JSON.stringify({ "../toy": source }));
  await assert.rejects(readManifest(file), /plain names in .*bad\.json, got "\.\.\/toy"/);
  writeFileSync(file, "{");
  await assert.rejects(readManifest(file), /expected JSON in .*bad\.json/);
  await assert.rejects(readManifest(`${file}x`), /ENOENT/);
});

test("refuses a wrong entry of a source placed by hand, and says where", async () => {
  const entry = { id: "a", name: "a.xlsx", page: "https://example.org", holds: "x" };
  const wrong = [
    [[], /a list of files in .*paper\.byHand, got \[\]/],
    [["a.xlsx"], /an object in .*paper\.byHand\[0\], got "a\.xlsx"/],
    [[{ ...entry, page: "http://example.org" }], /paper\.byHand\[0\]\.page/],
    [[{ ...entry, name: "../a.xlsx" }], /paper\.byHand\[0\]\.name/],
    [[{ ...entry, otherNames: "b.xlsx" }], /a list of plain names in .*byHand\[0\]\.otherNames/],
    [[{ ...entry, otherNames: ["../b.xlsx"] }], /a list of plain names in .*\.otherNames/],
    [[{ ...entry, bytes: 1.5 }], /a whole number above 0 in .*paper\.byHand\[0\]\.bytes/],
    [[{ ...entry, sha256: "x" }], /paper\.byHand\[0\]\.sha256/],
    [[entry, entry], /each name once in .*paper\.byHand, got \["a\.xlsx","a\.xlsx"\]/],
  ] as const;
  for (const [byHand, message] of wrong) {
    writeFileSync(file, JSON.stringify({ paper: { title: "x", byHand } }));
    await assert.rejects(readHandManifest(file), message);
  }
});
