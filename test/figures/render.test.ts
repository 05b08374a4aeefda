// What may be rendered, and what the image holds.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Figure, makeFigure, type Panel, type Row } from "../../lib/figures/figure.js";
import { encodePng } from "../../lib/figures/png.js";
import { renderFigure } from "../../lib/figures/render.js";

const view: Panel = {
  data: { name: "rows" },
  mark: "point",
  encoding: {
    x: { field: "a", type: "quantitative", axis: null },
    y: { field: "b", type: "quantitative", axis: null },
  },
};

function figureOf(rows: readonly Row[], panel: Panel = view, title = "A title"): Figure {
  return makeFigure({ name: "example", title, subtitle: [], datasets: { rows }, view: panel });
}

test("text is drawn: a longer title changes the picture", async () => {
  const rows = [{ a: 1, b: 2 }];
  const short = await renderFigure(figureOf(rows, view, "."));
  const long = await renderFigure(figureOf(rows, view, "Mississippi"));
  assert.ok(long.png.length > short.png.length + 300, `${long.png.length} ${short.png.length}`);
});

test("text is measured in Inter: the drawing is as wide as a title that is wider than the plot", async () => {
  const figure = figureOf([{ a: 1, b: 2 }], { ...view, width: 20 } as Panel, "W".repeat(20));
  const { width } = await renderFigure(figure);
  // Inter SemiBold's W is 0.99 to 1.04 em wide; 14 px, and 10 px of padding on both sides.
  assert.ok(width > 20 + 20 * 14 * 0.97 && width < 20 + 20 * 14 * 1.06, `${width}`);
});

test("makeFigure refuses numbers that are not finite and names the field", () => {
  for (const b of [Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(
      () =>
        figureOf([
          { a: 1, b: 1 },
          { a: 2, b },
        ]),
      /RangeError: .*finite number in the field "b" \(dataset "rows", row 1\), got (NaN|Infinity)/,
    );
  }
});

test("makeFigure refuses empty data", () => {
  assert.throws(() => figureOf([]), /RangeError: .*rows in the dataset "rows", got none/);
});

test("makeFigure refuses a field and a dataset that are not there", () => {
  assert.throws(
    () => figureOf([{ a: 1, c: 2 }]),
    /RangeError: .*field of every row of "rows" \("a", "c"\), got "b"/,
  );
  const elsewhere = { ...view, data: { name: "row" } } as Panel;
  assert.throws(() => figureOf([{ a: 1, b: 2 }], elsewhere), /among "rows", got "row"/);
});

test("makeFigure refuses a name that is no file name", () => {
  assert.throws(
    () =>
      makeFigure({ name: "../x", title: "T", subtitle: [], datasets: { rows: [{ a: 1 }] }, view }),
    /RangeError: figure: expected a name/,
  );
});

test("renderFigure fails where Vega-Lite would only warn or guess", async () => {
  const rows = [{ a: 1, b: 2 }];
  const channel = { ...view, encoding: { ...view.encoding, colour: { field: "a" } } };
  await assert.rejects(renderFigure(figureOf(rows, channel as Panel)), /figure example: .*colour/);
  const mark = { ...view, mark: "blob" } as unknown as Panel;
  await assert.rejects(
    renderFigure(figureOf(rows, mark)),
    /figure example: Vega-Lite refuses .* misspelled mark/,
  );
});

test("renderFigure takes a smaller scale before it gives up on the limit", async () => {
  const figure = figureOf(Array.from({ length: 300 }, (_, i) => ({ a: (i * 37) % 101, b: i })));
  const full = await renderFigure(figure);
  const small = await renderFigure(figure, full.png.length - 1);
  assert.ok(small.scale < 2 && small.png.length < full.png.length);
  assert.equal(small.width, full.width);
  await assert.rejects(renderFigure(figure, 100), /RangeError: .*at most 100 bytes/);
});

test("titles are escaped where the image is named", async () => {
  const { svg } = await renderFigure(figureOf([{ a: 1, b: 2 }], view, 'r < 0.5 & "more" $&'));
  assert.ok(
    svg.startsWith('<svg role="img" aria-label="r &lt; 0.5 &amp; &quot;more&quot; $&amp;"'),
  );
});

test("encodePng keeps 256 colors exactly and refuses data of the wrong size", async () => {
  const { loadImage, createCanvas } = await import("canvas");
  const data = new Uint8Array(4 * 256);
  for (let i = 0; i < 256; i++) data.set([i, 255 - i, (i * 7) % 256, 255], 4 * i);
  const png = encodePng({ data, width: 16, height: 16 });
  const context = createCanvas(16, 16).getContext("2d");
  context.drawImage(await loadImage(png), 0, 0);
  assert.deepEqual([...context.getImageData(0, 0, 16, 16).data], [...data]);
  assert.throws(() => encodePng({ data, width: 16, height: 17 }), /expected 1088 bytes, got 1024/);
});

test("encodePng stays near the colors where there are more than 256", async () => {
  const { loadImage, createCanvas } = await import("canvas");
  const side = 64;
  const data = new Uint8Array(4 * side * side);
  for (let i = 0; i < side * side; i++) data.set([i % 64, i >> 6, 128, 255], 4 * i);
  const context = createCanvas(side, side).getContext("2d");
  context.drawImage(await loadImage(encodePng({ data, width: side, height: side })), 0, 0);
  const worst = [...context.getImageData(0, 0, side, side).data].reduce(
    (most, value, i) => Math.max(most, Math.abs(value - data[i])),
    0,
  );
  assert.ok(worst <= 7, `off by ${worst}`);
});
