// Tables that are written are read back as they were, and the real anndata, mudata and pandas open them.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { createAnnData } from "../../lib/cohort/anndata-writer.js";
import { matrixFrom } from "../../lib/cohort/matrix.js";
import { venvPython } from "../../lib/cohort/python.js";
import { projectRoot } from "../../lib/cohort/root.js";
import { readSampleSheet } from "../../lib/cohort/samplesheet.js";
import { type WideTable, writeTable } from "../../lib/cohort/table-writer.js";
import { readTable } from "../../lib/cohort/tables.js";
import { scratchFolder } from "../scratch.js";

const folder = scratchFolder();
const place = (name: string) => join(folder, name);

const TABLE: WideTable = {
  samples: ["S1", "S,2", 'S"3'],
  features: ["TP53", "AKT1"],
  matrix: matrixFrom(3, 2, [1, 0.1, Number.NaN, 2e-9, 1 / 3, 0]),
  describing: {
    patient: ["P1", "P2", "P2"],
    stage: ["I", null, "II"],
    age: [50.5, null, 61],
    smoker: [true, false, null],
  },
};

test("samples by features are read back bit by bit from every format, gaps as gaps", async () => {
  for (const ending of ["tsv", "csv", "parquet", "h5ad"]) {
    const file = place(`back.${ending}`);
    await writeTable(file, TABLE);
    await writeTable(file, TABLE); // replaces it
    const ignore = ending === "h5ad" ? [] : ["stage", "age", "smoker"];
    const table = await readTable({ name: "x", file, orientation: "samples-in-rows", ignore });
    assert.deepEqual(table.samples, TABLE.samples);
    assert.deepEqual(table.features, TABLE.features);
    assert.deepEqual(table.matrix, TABLE.matrix);
    assert.deepEqual([...(table.patients?.values() ?? [])], ["P1", "P2", "P2"]);
  }
  const sheet = await readSampleSheet({ file: place("back.h5ad") });
  assert.deepEqual(
    sheet.samples.map(({ labels }) => labels),
    [
      { sample: "S1", stage: "I", age: 50.5, smoker: "true" },
      { sample: "S,2", stage: null, age: null, smoker: "false" },
      { sample: 'S"3', stage: "II", age: 61, smoker: null },
    ],
  );
  assert.ok(readdirSync(folder).every((name) => name.startsWith("back.")));
});

test("what a format has no place for is refused, and nothing is left", async () => {
  const layers = { low: TABLE.matrix };
  const refused = (file: string, table: Parameters<typeof writeTable>[1], message: RegExp) =>
    assert.rejects(writeTable(place(file), table), { name: "RangeError", message });
  await refused("t.xlsx", TABLE, /ends in \.tsv, \.csv, \.parquet or \.h5ad, got .*t\.xlsx/);
  await refused("t.tsv", { ...TABLE, layers }, /got layers; write each to its own file/);
  await refused("t.h5ad", [{ a: 1 }], /got plain rows/);
  await refused("t.csv", [], /expected rows/);
  await refused("t.tsv", { ...TABLE, samples: ["S1"] }, /expected 1 x 2 values .*, got 3 x 2/);
  await refused("t.tsv", { ...TABLE, features: ["age", "AKT1"] }, /got "age" again/);
  await refused(
    "t.h5ad",
    { ...TABLE, layers: { "a/b": TABLE.matrix } },
    /without "\/", got "a\/b"/,
  );
  assert.deepEqual(
    readdirSync(folder).filter((name) => !name.startsWith("back.")),
    [],
  );
});

const candidates = [process.env.ARO_GOLDEN_PYTHON ?? "", venvPython(projectRoot(), ".venv-golden")];
const python = candidates.find(
  (one) =>
    existsSync(one) && spawnSync(one, ["-c", "import anndata, mudata, pyarrow"]).status === 0,
);
const inPython = python
  ? {}
  : { skip: "no Python with test/golden/requirements.txt in .venv-golden" };

test("anndata, mudata and pandas open what is written", inPython, async () => {
  await writeTable(place("a.h5ad"), {
    ...TABLE,
    layers: { low: TABLE.matrix },
    about: { unit: "log2", n: 3 },
  });
  await writeTable(place("rows.parquet"), [
    { feature: "TP53", r: 0.5, n: 3, why: null },
    { feature: "AKT1", r: null, n: 2, why: "too few" },
  ]);
  const protein = { features: ["TP53", "AKT1"], layers: ["low"], describing: { r: [0.5, null] } };
  const writer = await createAnnData(place("m.h5mu"), {
    samples: TABLE.samples,
    content: new Map<string, typeof protein | { features: string[] }>([
      ["protein", protein],
      ["metabolite", { features: ["glucose"] }],
    ]),
  });
  writer.write({ modality: "protein" }, 0, Float32Array.of(1, 2));
  writer.write({ modality: "protein" }, 1, Float32Array.of(3, 4, 5, Number.NaN));
  writer.write({ modality: "protein", layer: "low" }, 0, Float32Array.of(6, 7, 8, 9, 10, 11));
  writer.write({ modality: "metabolite" }, 0, Float32Array.of(12, 13, 14));
  await writer.finish({ novelty: [0.5, null, 1], outside: [true, false, false] }, { model: "M" });
  const script = `
import warnings, json, sys, anndata, mudata, pandas as pd
warnings.simplefilter("error", UserWarning)
a = anndata.read_h5ad(sys.argv[1] + "/a.h5ad")
m = mudata.read_h5mu(sys.argv[1] + "/m.h5mu")
p = pd.read_parquet(sys.argv[1] + "/rows.parquet")
a.write_h5ad(sys.argv[1] + "/again.h5ad")
m.write(sys.argv[1] + "/again.h5mu")
rows = lambda x: [[None if v != v else float(v) for v in row] for row in x]
print(json.dumps([
    list(a.obs_names), list(a.var_names), rows(a.X), rows(a.layers["low"]), list(a.obs["stage"].cat.categories),
    [str(v) for v in a.obs["stage"]], a.uns["unit"], float(a.uns["n"]),
    list(m.mod), rows(m["protein"].X), rows(m["protein"].layers["low"]), rows(m["metabolite"].X),
    rows([m["protein"].var["r"]]), list(m.obs_names), rows([m.obs["novelty"]]), m.uns["model"],
    list(p.columns), rows([p["r"]]), list(p["why"]),
]))`;
  const found = JSON.parse(String(execFileSync(python ?? "", ["-c", script, folder])));
  const tenth = Math.fround(0.1);
  const values = [
    [1, tenth],
    [null, Math.fround(2e-9)],
    [Math.fround(1 / 3), 0],
  ];
  assert.deepEqual(found, [
    TABLE.samples,
    TABLE.features,
    values,
    values,
    ["I", "II"],
    ["I", "nan", "II"],
    "log2",
    3,
    ["protein", "metabolite"],
    [
      [1, 2],
      [3, 4],
      [5, null],
    ],
    [
      [6, 7],
      [8, 9],
      [10, 11],
    ],
    [[12], [13], [14]],
    [[0.5, null]],
    TABLE.samples,
    [[0.5, null, 1]],
    "M",
    ["feature", "r", "n", "why"],
    [[0.5, null]],
    [null, "too few"],
  ]);
  const again = await readTable({ name: "protein", file: place("again.h5mu"), layer: "low" });
  assert.deepEqual([...again.matrix.values], [6, 7, 8, 9, 10, 11]);
});
