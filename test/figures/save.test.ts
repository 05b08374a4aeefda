// A figure's files, and what showing does outside a notebook.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { saveFigure } from "../../lib/figures/save.js";
import { showFigure } from "../../lib/figures/show.js";
import { examples } from "./examples.js";

test("saveFigure writes the picture and a record that tells where it comes from", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "figures-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const figure = examples.confusion();
  const inner = join(folder, "made", "here");
  const source = "notebooks/06-downstream.ipynb#cell-16";
  const command = "npx aro notebooks --only 06-downstream --profile ucec";
  const saved = await saveFigure(figure, inner, { source, command, library: "aro 0.1.0" });
  assert.deepEqual(readdirSync(inner).sort(), ["confusion.json", "confusion.svg"]);
  const svg = readFileSync(saved.svgPath, "utf8");
  const metadata = /<metadata>(.*)<\/metadata>/.exec(svg);
  assert.equal(svg.replace(metadata?.[0] ?? "", ""), `${saved.svg}\n`);
  for (const said of [source, command, /library: aro \d/, /commit: git log .* confusion\.svg$/]) {
    assert.match(metadata?.[1] ?? "", said instanceof RegExp ? said : new RegExp(said));
  }
  const record = JSON.parse(readFileSync(saved.jsonPath, "utf8"));
  assert.deepEqual([record.source, record.command], [source, command]);
  assert.deepEqual(record.spec.datasets, JSON.parse(JSON.stringify(figure.spec)).datasets);
  const sha256 = createHash("sha256").update(JSON.stringify(record.spec.datasets)).digest("hex");
  assert.equal(record.dataSha256, sha256);
  await assert.rejects(saveFigure(figure, inner, { source: " " }), /TypeError: .*empty source/);
});

test("showFigure prints a line where there is no notebook", async (t) => {
  const log = t.mock.method(console, "log", () => {});
  await showFigure(examples.confusion());
  assert.equal(log.mock.callCount(), 1);
  assert.match(String(log.mock.calls[0].arguments[0]), /^figure confusion: .*\d+ x \d+ px/);
});
