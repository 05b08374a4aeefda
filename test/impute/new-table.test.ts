// New samples from a file: read as the training table was, and what is said of a table that does not fit.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { before, test } from "node:test";
import { readCohortFile } from "../../lib/cohort/cohort-file.js";
import { simulateCohort } from "../../lib/cohort/simulate.js";
import { readTable } from "../../lib/cohort/tables.js";
import { openImputer } from "../../lib/impute/bundle.js";
import { impute } from "../../lib/impute/impute.js";
import { fitImputer } from "../../lib/impute/imputer.js";
import { openValues } from "../../lib/impute/values-writer.js";
import { scratchFolder } from "../scratch.js";
import { readValues } from "./imputed-values.js";

const folder = scratchFolder();
const place = (name: string) => join(folder, name);
const { cohort } = simulateCohort({
  seed: 3,
  patients: 60,
  normalShare: 0,
  features: { RNA: 30, protein: 20, metabolite: 10 },
});
const rows = cohort.samples.map((_, row) => row);
const [known, fresh] = [rows.slice(0, -6), rows.slice(-6)];
const method = "ridge-cis"; // without networks, so that a fit takes a second
const ensembl = new Map(
  cohort.features.map((feature, j) => [feature, `ENSG${String(j + 1).padStart(11, "0")}`]),
);

type Cells = string[][];

/** A modality as cells, samples in rows; values are made by a function. */
function cellsOf(modality: string, of: readonly number[], make: (value: number) => number): Cells {
  const { start, end } = cohort.modalities.find(({ name }) => name === modality)!;
  const columns = Array.from({ length: end - start }, (_, k) => start + k);
  const body = of.map((row) => [
    cohort.samples[row].id,
    ...columns.map((j) => {
      const at = row * cohort.matrix.columns + j;
      return cohort.matrix.observed[at] ? String(make(cohort.matrix.values[at])) : "NA";
    }),
  ]);
  return [["sample", ...cohort.features.slice(start, end)], ...body];
}

const turn = (cells: Cells) => cells[0].map((_, j) => cells.map((row) => row[j]));
const rename = ([header, ...body]: Cells, names: (name: string) => string) => [
  [header[0], ...header.slice(1).map(names)],
  ...body,
];

function write(name: string, cells: Cells): string {
  writeFileSync(place(name), `${cells.map((row) => row.join("\t")).join("\n")}\n`);
  return place(name);
}

const log = (value: number) => Math.log2(count(value) + 1);
const count = (value: number) => Math.abs(Math.round(40 * value));

/** Fits on tables whose values are made by a function. */
async function fitOn(name: string, make: (value: number) => number, table: object) {
  mkdirSync(place(name));
  for (const one of ["RNA", "protein", "metabolite"]) {
    const cells = cellsOf(one, known, make);
    write(`${name}/${one}.tsv`, one === "RNA" ? turn(cells) : cells);
  }
  const sheet = known.map((row) => [cohort.samples[row].id, cohort.samples[row].patient]);
  write(`${name}/samples.tsv`, [["sample", "patient"], ...sheet]);
  const tables = ["RNA", "protein", "metabolite"].map((one) => ({
    name: one,
    file: `${one}.tsv`,
    ...table,
  }));
  const file = place(`${name}/cohort.json`);
  writeFileSync(file, JSON.stringify({ name, tables, sampleSheet: { file: "samples.tsv" } }));
  const output = place(`${name}/model`);
  await fitImputer(await readCohortFile(file, "first"), { method, output });
  return output;
}

let [counts, logs] = ["", ""];
before(async () => {
  counts = await fitOn("counts", count, {
    transform: "log2(x + 1)",
    units: "reads",
    missing: ["-7"],
  });
  logs = await fitOn("logs", log, {});
});

test("counts stated as log2(x + 1) at the fit are transformed for new samples, and imputed as counts", async () => {
  const file = write("new-counts.tsv", turn(cellsOf("RNA", fresh, count)));
  const { notes } = await impute({ model: counts, table: { file }, output: place("of counts") });
  assert.ok(
    notes.some((note) => note.includes("values transformed: log2(x + 1)")),
    notes.join(),
  );
  const logged = write("new-logs.tsv", turn(cellsOf("RNA", fresh, log)));
  await impute({ model: logs, table: { file: logged }, output: place("of logs") });
  const [got, expected] = ["of counts", "of logs"].map((name) => readValues(place(name)));
  assert.equal(got.size, fresh.length * 30);
  for (const [key, numbers] of expected) {
    const ours = got.get(key)!;
    numbers.forEach((value, i) => {
      const undone = Math.max(0, 2 ** value - 1);
      assert.ok(Math.abs(ours[i] - undone) <= 1e-4 * (1 + undone), `${key}: ${ours[i]}, ${undone}`);
    });
  }
  const card = readFileSync(join(counts, "README.md"), "utf8");
  assert.match(
    readFileSync(join(logs, "README.md"), "utf8"),
    /- Units: those of the training tables\./,
  );
  assert.match(card, /RNA: reads, modeled as log2\(x \+ 1\); protein: reads, .* imputed in reads/);
});

test("options override how the training table was read", async () => {
  const file = write("new-upright.tsv", cellsOf("RNA", fresh, log));
  const table = { file, orientation: "samples-in-rows", transform: "none" } as const;
  await impute({ model: counts, table, output: place("upright") });
  const [got, expected] = ["upright", "of counts"].map((name) => readValues(place(name)));
  for (const [key, [value]] of expected) {
    assert.ok(Math.abs(got.get(key)![0] - value) <= 1e-4 * (1 + value), key);
  }
});

test("a missing mark of the training table counts as missing in new samples", async () => {
  const cells = turn(cellsOf("RNA", fresh, count));
  cells[1] = [cells[1][0], ...fresh.map(() => "-7")];
  const file = write("new-missing.tsv", cells);
  await impute({ model: counts, table: { file }, output: place("missing") });
  const [, first] = readFileSync(place("missing/samples.tsv"), "utf8").split("\n");
  assert.equal(Number(first.split("\t")[1]), Number((29 / 30).toFixed(4)));
});

test("a table that does not fit is refused with what its names show", async () => {
  const upright = cellsOf("RNA", fresh, log);
  const refusal = async (cells: Cells, expected: RegExp) => {
    const file = write("wrong.tsv", cells);
    await assert.rejects(
      impute({ model: logs, table: { file }, output: place("wrong") }),
      expected,
    );
  };
  const table = { file: write("wrong.tsv", upright), orientation: "features-in-rows" } as const;
  await assert.rejects(
    impute({ model: logs, table, output: place("wrong") }),
    /samples are named as features are, .* leave --orientation out/,
  );
  const named = (names: (name: string) => string) => turn(rename(upright, names));
  await refusal(
    named((name) => `${ensembl.get(name)}.4`),
    /it has Ensembl ids where training had symbols: .* with --map/,
  );
  await refusal(
    named((name) => name.replace("G", "Gen")),
    /missing are "\w+", "\w+", "\w+" and 27 more, .* look like mouse genes, those of training like human ones/,
  );
  await refusal(
    named((name) => `${ensembl.get(name)?.replace("ENSG", "ENSMUSG")}`),
    /look like mouse genes/,
  );
  await refusal(
    named((name) => name.toLowerCase()),
    /write the ids alike: .* in the table, .* in training \(upper and lower case; 29 more\)/,
  );
});

test("a table that lies the other way round than the training table is read as its features lie, with a note", async () => {
  const file = write("upright.tsv", cellsOf("RNA", fresh, log));
  const { notes } = await impute({ model: logs, table: { file }, output: place("as it lies") });
  assert.match(
    readFileSync(place("as it lies/report.html"), "utf8"),
    /<p class="note">[^<]*unlike the training table; read so<\/p>/,
  );
  assert.match(
    notes.join("\n"),
    /upright\.tsv: has samples in rows, unlike the training table; read so/,
  );
  assert.deepEqual(readValues(place("as it lies")), readValues(place("of logs")));
  const like = { file: place("new-logs.tsv") };
  const { notes: none } = await impute({ model: logs, table: like, output: place("alike") });
  assert.doesNotMatch(none.join("\n"), /unlike the training table/);
});

test("new tables need neither the id column nor the annotations of the training table, and may have others", async () => {
  const annotate = (cells: Cells, columns: Record<string, (name: string) => string>) =>
    cells.map(([name, ...rest], i) => [
      ...Object.entries(columns).map(([column, of]) => (i === 0 ? column : of(name))),
      ...rest,
    ]);
  const folder = dirname(logs);
  const trained = {
    "gene id": (name: string) => ensembl.get(name)!,
    symbol: (name: string) => name,
  };
  const upright = turn(cellsOf("RNA", known, log));
  write("logs/RNA-annotated.tsv", annotate(upright, trained));
  const tables = [
    { name: "RNA", file: "RNA-annotated.tsv", id: "symbol", ignore: ["gene id"] },
    { name: "protein", file: "protein.tsv" },
  ];
  const file = join(folder, "annotated.json");
  writeFileSync(file, JSON.stringify({ name: "a", tables, sampleSheet: { file: "samples.tsv" } }));
  const model = place("annotated");
  await fitImputer(await readCohortFile(file, "first"), { method, output: model });
  const cells = turn(cellsOf("RNA", fresh, log));
  const imputed = async (name: string, columns: Parameters<typeof annotate>[1], rest = {}) => {
    const table = { file: write(`${name}.tsv`, annotate(cells, columns)), ...rest };
    await impute({ model, table, output: place(`from ${name}`) });
    return readValues(place(`from ${name}`));
  };
  const same = await imputed("same", trained);
  assert.deepEqual(await imputed("plain", { gene: (name) => name }), same);
  const other = { gene: (name: string) => name, type: () => "coding" };
  assert.deepEqual(await imputed("other", other, { ignore: ["type"] }), same);
  await assert.rejects(imputed("unknown", other), /no cell of the column is a number/);
});

test("Ensembl ids are imputed by a map to the symbols of the training", async () => {
  const upright = cellsOf("RNA", fresh, log);
  const file = write("ensembl.tsv", turn(rename(upright, (name) => `${ensembl.get(name)}.4`)));
  const map = write("map.tsv", [
    ["id", "symbol"],
    ...[...ensembl].slice(0, 30).map(([symbol, id]) => [`${id}.11`, symbol]),
  ]);
  await impute({ model: logs, table: { file, map: { file: map } }, output: place("mapped") });
  assert.deepEqual(readValues(place("mapped")), readValues(place("of logs")));
});

test("a map of the training renames new samples too, which may have either name, unless another is given", async () => {
  const map = write("symbols.tsv", [
    ["id", "symbol"],
    ...[...ensembl].map(([symbol, id]) => [id.replace("ENSG", "X"), symbol]),
  ]);
  const file = join(dirname(logs), "mapped.json");
  const table = (name: string) => ({ name, file: `${name}.tsv` });
  const tables = [{ ...table("RNA"), map: { file: map } }, table("protein")];
  const cells = readFileSync(join(dirname(logs), "RNA.tsv"), "utf8");
  const other = cells.replaceAll(
    /^[^\t]+/gm,
    (name) => ensembl.get(name)?.replace("ENSG", "X") ?? name,
  );
  writeFileSync(join(dirname(logs), "RNA-ids.tsv"), other);
  const named = { ...tables[0], file: "RNA-ids.tsv" };
  writeFileSync(
    file,
    JSON.stringify({ name: "m", tables: [named, tables[1]], sampleSheet: { file: "samples.tsv" } }),
  );
  const model = place("with names");
  await fitImputer(await readCohortFile(file, "first"), { method, output: model });
  const upright = cellsOf("RNA", fresh, log);
  const ids = rename(upright, (name) => ensembl.get(name)!.replace("ENSG", "X"));
  for (const [name, own] of [
    ["ids", ids],
    ["symbols", upright],
  ] as const) {
    const { notes } = await impute({
      model,
      table: { file: write(`${name}.tsv`, turn(own)) },
      output: place(`by ${name}`),
    });
    assert.match(notes.join("\n"), /30 of 30 features found a name in .*names\.tsv/);
  }
  assert.deepEqual(readValues(place("by ids")), readValues(place("by symbols")));
  const wrong = write("wrong.tsv", [
    ["id", "symbol"],
    ["nothing", "nobody"],
  ]);
  const given = { file: place("ids.tsv"), map: { file: wrong } };
  await assert.rejects(impute({ model, table: given, output: place("by wrong") }), /got 0.0 %/);
  writeFileSync(join(model, "names.tsv"), "name\tfeature\n");
  await assert.rejects(
    impute({ model, table: { file: place("ids.tsv") }, output: place("by damaged") }),
    /names.tsv/,
  );
});

test("a map of names that the bundle does not list is not read", async () => {
  const stray = write("logs/model/names.tsv", [
    ["name", "feature"],
    ["G0001", "G0002"],
  ]);
  const table = { file: place("new-logs.tsv") };
  await impute({ model: logs, table, output: place("with a stray map") });
  rmSync(stray);
  assert.deepEqual(readValues(place("with a stray map")), readValues(place("of logs")));
});

test("training samples and samples with few features are told", async () => {
  const cells = cellsOf("RNA", [known[0], ...fresh], log);
  cells[2] = [cells[2][0], ...cells[2].slice(1).map((cell, j) => (j < 20 ? "NA" : cell))];
  const table = { file: write("known.tsv", turn(cells)) };
  const { notes } = await impute({ model: logs, table, output: place("known") });
  const id = cohort.samples[known[0]].id;
  assert.ok(
    notes.some((note) => note.includes(`1 sample had the id of a training sample ("${id}")`)),
    notes.join(),
  );
  assert.ok(
    notes.some((note) => /1 sample measured less than 50 % .* training medians/.test(note)),
    notes.join(),
  );
});

test("modalities whose tables could not have files of their own are refused", async () => {
  const file = place("new-logs.tsv");
  await assert.rejects(
    readTable({ name: "metabolite/plasma", file, orientation: "features-in-rows" }),
    /expected a name for .*new-logs\.tsv that can name a file, .* got "metabolite\/plasma"/,
  );
  const layout = { folder: place(""), format: "tsv", wide: true, samples: [] } as const;
  for (const names of [["features"], ["a", "a.low"]]) {
    const modalities = new Map(names.map((name) => [name, ["f"]]));
    await assert.rejects(
      openValues({ ...layout, modalities }, await openImputer(logs)),
      /expected a file of its own for each wide table, got "(features|a\.low)" twice/,
    );
  }
});

test("wide is refused for h5mu, which always has a table per modality", async () => {
  const table = { file: place("new-logs.tsv") };
  await assert.rejects(
    impute({ model: logs, table, output: place("wide"), format: "h5mu", wide: true }),
    /expected wide only for tsv and parquet/,
  );
});

test("imputing by a model that errs more than the mean warns of it, in the report too", async () => {
  const model = place("untrained");
  await fitImputer(await readCohortFile(join(dirname(logs), "cohort.json"), "first"), {
    method: "aro",
    output: model,
    aro: { model: { width: 4, hiddenLayers: 0 }, training: { epochs: 1 } },
  });
  const table = { file: place("new-logs.tsv") };
  const { notes } = await impute({ model, table, output: place("by an untrained model") });
  assert.match(notes.join("\n"), /protein by ARO is worse than the mean .*; do not use it/);
  assert.match(
    readFileSync(place("by an untrained model/report.html"), "utf8"),
    /<p class="warning">protein by ARO is worse than the mean/,
  );
});
