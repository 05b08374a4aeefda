// Tables for readers: aligned, escaped, and never with a NaN in a cell.
import assert from "node:assert/strict";
import { test } from "node:test";
import { formatCell, markdownTable, showTable, textTable } from "../../lib/figures/table.js";

const rows = [
  { name: "zero", mse: 0.21042, n: 28057, r: null },
  { name: "a | b", mse: 3.1e-30, n: 5, r: 0.5 },
];

test("textTable aligns numbers to the right and names to the left", () => {
  assert.equal(
    textTable(rows),
    [
      "name       mse       n      r",
      "-----  -------  ------  -----",
      "zero     0.210  28,057      –",
      "a | b  3.1e-30       5  0.500",
    ].join("\n"),
  );
});

test("markdownTable escapes bars and takes the columns asked for, in their order", () => {
  const text = markdownTable(rows, {
    columns: [
      ["mse", "MSE"],
      ["name", "Predictor"],
    ],
    digits: 2,
  });
  assert.equal(text, "| MSE | Predictor |\n| ---: | --- |\n| 0.21 | zero |\n| 3.1e-30 | a \\| b |");
});

test("in a kernel the table is shown as HTML with its text escaped", () => {
  let shown = "";
  const holder = globalThis as { __tslab__?: unknown };
  holder.__tslab__ = {
    require: () => ({
      display: {
        html: (source: string) => {
          shown = source;
        },
      },
    }),
  };
  try {
    showTable([{ "a<b": "x & y" }], { caption: "a < b" });
  } finally {
    delete holder.__tslab__;
  }
  assert.match(shown, /<th style="text-align:left">a&lt;b<\/th>/);
  assert.match(shown, /x &amp; y/);
  assert.match(shown, /^<table>\n<caption[^>]*><b>a &lt; b<\/b><\/caption>\n<thead>/);
});

test("a caption is the line above a table", () => {
  assert.equal(textTable([{ n: 1 }], { caption: "counts" }), "counts\nn\n-\n1");
});

test("an empty table and a NaN are refused", () => {
  assert.throws(() => textTable([]), /got none/);
  assert.throws(() => formatCell(Number.NaN), /got NaN/);
});
