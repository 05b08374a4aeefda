// Every figure against its snapshot; UPDATE_FIGURES=1 writes the snapshots anew, to be looked at before a commit.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pngLimit, renderFigure } from "../../lib/figures/render.js";
import { examples } from "./examples.js";

const folder = join(import.meta.dirname, "snapshots");

for (const [name, make] of Object.entries(examples)) {
  test(`the figure ${name} looks as its snapshot`, async () => {
    const figure = make();
    const { svg, png, width, scale } = await renderFigure(figure);
    assert.equal(figure.name, name);
    assert.deepEqual([...png.subarray(0, 8)], [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
    assert.ok(png.length <= pngLimit, `PNG has ${png.length} bytes`);
    assert.ok(width <= 810, `figure is ${width} px wide`);
    assert.equal(scale, 2);

    const expected = join(folder, `${name}.svg`);
    const changed = join(folder, `${name}-changed.svg`);
    rmSync(changed, { force: true });
    if (process.env.UPDATE_FIGURES === "1") {
      mkdirSync(folder, { recursive: true });
      writeFileSync(expected, `${svg}\n`);
    }
    assert.ok(existsSync(expected), `no ${expected}; run the test with UPDATE_FIGURES=1`);
    const same = `${svg}\n` === readFileSync(expected, "utf8");
    if (!same) writeFileSync(changed, `${svg}\n`);
    assert.ok(same, `compare ${changed} with ${expected}; UPDATE_FIGURES=1 accepts the change`);
  });
}

test("a figure rendered twice has the same bytes, whatever was rendered between", async () => {
  const figure = examples["training-huber"]();
  const first = await renderFigure(figure);
  const [, second] = await Promise.all([
    renderFigure(examples["density-test"]()),
    renderFigure(examples["training-huber"]()),
    renderFigure(examples["training-huber"]()),
  ]);
  assert.equal(second.svg, first.svg);
  assert.ok(second.png.equals(first.png));
});
