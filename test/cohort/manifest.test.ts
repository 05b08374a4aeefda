// The manifest: the repository's own, and what is wrong with others.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Ajv2020 as Ajv } from "ajv/dist/2020.js";
import { isWheelSource, readManifest } from "../../lib/cohort/manifest.js";
import { writeTemp } from "./tempfile.js";

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

test("a manifest that is no JSON, or not there, is named", async () => {
  const file = writeTemp("bad.json", "{");
  await assert.rejects(readManifest(file), /expected JSON in .*bad\.json/);
  await assert.rejects(readManifest(`${file}x`), /ENOENT/);
});
