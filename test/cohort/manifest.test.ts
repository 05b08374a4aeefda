// The manifest: the repository's own, and what is wrong with others.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Ajv2020 as Ajv } from "ajv/dist/2020.js";
import { isWheelSource, readManifest } from "../../lib/cohort/manifest.js";
import { scratchFolder } from "../scratch.js";

const root = scratchFolder();
const file = join(root, "bad.json");

test("reads the repository's own manifest", async () => {
  const { fetched } = await readManifest();
  const ucec = fetched.get("ucec");
  assert.ok(ucec && isWheelSource(ucec));
  assert.equal(ucec.license, "Apache-2.0");
  assert.equal(ucec.wheel.bytes, 36_855_517);
  assert.equal(ucec.files.length, 5);
  const gbm = fetched.get("gbm");
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

test("another validator accepts the repository's manifest by the published schema", () => {
  const read = (name: string) => JSON.parse(readFileSync(join("data", name), "utf8")) as object;
  const manifest = read("sources.json");
  const accepts = new Ajv({ allErrors: true }).compile(read("sources.schema.json"));
  assert.ok(accepts(manifest), JSON.stringify(accepts.errors));
  assert.ok(!accepts({ ...manifest, other: { title: "x", byHand: [] } }));
});

test("the repository's manifest names the paper's files, one of them with size and checksum", async () => {
  const { byHand } = (await readManifest()).placed.get("paper")!;
  assert.deepEqual(
    byHand.map(({ id, name, optional = false }) => [id, name, optional]),
    [
      ["gbm", "1-s2.0-S1535610821000507-mmc3.xlsx", false],
      ["rcc", "1-s2.0-S2666379124002398-mmc3.xlsx", false],
      ["rcc-metabolites", "1-s2.0-S2666379124002398-mmc9.xlsx", false],
      ["clinical", "clinical.xlsx", true],
      ["gprofiler", "gprofiler.json", true],
      ["name-map", "name_map.csv", true],
    ],
  );
  assert.equal(byHand[0].bytes, 129_239_538);
  assert.match(byHand[0].sha256 ?? "", /^[0-9a-f]{64}$/);
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
    [[], /bad\.json: .*toy: expected an object, got \[\]/s],
    [{ ...source, title: " " }, /toy\.title: expected a text, got " "/],
    [{ ...source, files: [] }, /toy\.files: expected at least 1 of them, got 0/],
    [{ ...source, files: [{ ...first, name: "../x" }] }, /toy\.files\[0\]\.name: .*got "\.\.\/x"/],
    [{ ...source, files: [first, first] }, /toy: expected each name of a file once/],
    [
      { ...source, files: [{ ...first, bytes: 1.5 }] },
      /\.bytes: expected a whole number of at least 1, got 1\.5/,
    ],
    [
      { ...source, wheel: { ...source.wheel, distribution: "--index-url" } },
      /wheel\.distribution: expected letters, digits/,
    ],
    [{ ...source, wheel: { ...source.wheel, sha256: "ABC" } }, /wheel\.sha256: .*got "ABC"/],
    [{ ...source, wheel: undefined }, /toy\.files\[0\]: expected "url", got none/],
    [
      { ...source, wheel: undefined, files: [{ ...first, url: "http://a.org/b" }] },
      /toy\.files\[0\]\.url: expected one that begins with https:.*got "http:/,
    ],
    [{ ...source, wheel: undefined, lfs: "ftp://a.org" }, /toy\.lfs: .*got "ftp:/],
    [{ ...source, citation: undefined }, /toy: expected "citation", got none/],
    [{ ...source, licence: "x" }, /toy: expected only .*got "licence"; did you mean "license"/],
  ];
  for (const [entry, message] of bad) {
    writeFileSync(file, JSON.stringify({ toy: entry }));
    await assert.rejects(readManifest(file), message);
  }
  writeFileSync(file, "3");
  await assert.rejects(readManifest(file), /expected an object, got 3/);
  writeFileSync(file, JSON.stringify({ "../toy": source }));
  await assert.rejects(readManifest(file), /expected plain names of sources, got "\.\.\/toy"/);
  writeFileSync(file, "{");
  await assert.rejects(readManifest(file), /expected JSON in .*bad\.json/);
  await assert.rejects(readManifest(`${file}x`), /ENOENT/);
});

test("refuses a wrong entry of a source placed by hand, and says where", async () => {
  const entry = { id: "a", name: "a.xlsx", page: "https://example.org", holds: "x" };
  const wrong = [
    [[], /paper\.byHand: expected at least 1 of them, got 0/],
    [["a.xlsx"], /paper\.byHand\[0\]: expected an object, got "a\.xlsx"/],
    [[{ ...entry, page: "http://example.org" }], /paper\.byHand\[0\]\.page/],
    [[{ ...entry, name: "../a.xlsx" }], /paper\.byHand\[0\]\.name/],
    [[{ ...entry, otherNames: "b.xlsx" }], /byHand\[0\]\.otherNames: expected a list/],
    [[{ ...entry, otherNames: ["../b.xlsx"] }], /otherNames\[0\]: expected a plain file name/],
    [[{ ...entry, bytes: 1.5 }], /byHand\[0\]\.bytes: expected a whole number of at least 1/],
    [[{ ...entry, sha256: "x" }], /paper\.byHand\[0\]\.sha256/],
    [[{ ...entry, optional: "yes" }], /byHand\[0\]\.optional: expected true or false, got "yes"/],
    [[entry, entry], /each name of a file once, got "a\.xlsx" again/],
  ] as const;
  for (const [byHand, message] of wrong) {
    writeFileSync(file, JSON.stringify({ paper: { title: "x", byHand } }));
    await assert.rejects(readManifest(file), message);
  }
});
