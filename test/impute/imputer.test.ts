// From files to imputed tables: what a bundle keeps, what it refuses, and how often its intervals hold.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import pl from "nodejs-polars";
import { fit, impute as imputeCommand } from "../../lib/cli/impute.js";
import { readCohortFile } from "../../lib/cohort/cohort-file.js";
import { type Matrix, selectRows, sliceColumns } from "../../lib/cohort/matrix.js";
import { readSampleSheet } from "../../lib/cohort/samplesheet.js";
import { simulateCohort } from "../../lib/cohort/simulate.js";
import { readTable } from "../../lib/cohort/tables.js";
import { openImputer } from "../../lib/impute/bundle.js";
import { impute } from "../../lib/impute/impute.js";
import { fitImputer } from "../../lib/impute/imputer.js";
import { judge } from "../../lib/impute/quality.js";
import { scratchFolder } from "../scratch.js";
import { readValues } from "./imputed-values.js";

const folder = scratchFolder();
const place = (name: string) => join(folder, name);
const { cohort } = simulateCohort({
  seed: 7,
  patients: 90,
  features: { RNA: 60, protein: 40, metabolite: 12 },
});
const held = cohort.samples.flatMap(({ patient }, row) =>
  Number(patient.replace(/\D/g, "")) % 3 === 0 ? [row] : [],
);
const kept = cohort.samples.map((_, row) => row).filter((row) => !held.includes(row));
const rna = cohort.modalities[0];

function tableText(rows: readonly number[], start: number, end: number): string {
  const { matrix, features, samples } = cohort;
  const cell = (row: number, j: number) =>
    matrix.observed[row * matrix.columns + j] ? matrix.values[row * matrix.columns + j] : "";
  const columns = Array.from({ length: end - start }, (_, k) => start + k);
  const lines = rows.map((row) =>
    [samples[row].id, ...columns.map((j) => cell(row, j))].join("\t"),
  );
  return `${[["sample", ...features.slice(start, end)].join("\t"), ...lines].join("\n")}\n`;
}

function heldTable(): { samples: string[]; features: string[]; matrix: Matrix } {
  return {
    samples: held.map((row) => cohort.samples[row].id),
    features: cohort.features.slice(rna.start, rna.end),
    matrix: selectRows(sliceColumns(cohort.matrix, rna.start, rna.end), held),
  };
}

before(async () => {
  const protein = cohort.modalities[1];
  const metabolite = cohort.modalities[2];
  writeFileSync(place("rna.tsv"), tableText(kept, rna.start, rna.end));
  writeFileSync(place("protein.tsv"), tableText(kept, protein.start, protein.end));
  // Twenty samples lack metabolites.
  writeFileSync(
    place("metabolite.tsv"),
    tableText(kept.slice(20), metabolite.start, metabolite.end),
  );
  const sheet = kept.map((row) => `${cohort.samples[row].id}\t${cohort.samples[row].patient}`);
  writeFileSync(place("samples.tsv"), `sample\tpatient\n${sheet.join("\n")}\n`);
  writeFileSync(place("new.tsv"), tableText(held, rna.start, rna.end));
  const tables = ["RNA", "protein", "metabolite"].map((name) => ({
    name,
    file: `${name.toLowerCase()}.tsv`,
  }));
  writeFileSync(
    place("mine.json"),
    JSON.stringify({ name: "mine", tables, sampleSheet: { file: "samples.tsv" } }),
  );
  assert.equal(await fit({ cohort: place("mine.json"), output: place("model") }), 0);
  const choice = { model: place("model"), rna: place("new.tsv"), output: place("out") };
  assert.equal(await imputeCommand(choice), 0);
});

test("a sample that lacks a modality is used for what it has", async () => {
  const read = await readCohortFile(place("mine.json"), "first");
  assert.equal(read.samples.length, kept.length);
  assert.equal((await readCohortFile(place("mine.json"))).samples.length, kept.length - 20);
  const { decoder, quality } = await openImputer(place("model"));
  assert.equal(decoder.trainedOn.length, kept.length);
  assert.ok(quality.filter(({ modality }) => modality === "metabolite").every(({ n }) => n > 0));
});

test("90 % intervals hold 87 to 95 % of the values of patients who were held out", () => {
  const values = readValues(place("out"));
  for (const { name, start, end } of cohort.modalities.slice(1)) {
    let [inside, count, error, spread] = [0, 0, 0, 0];
    for (let j = start; j < end; j++) {
      const at = (row: number) => row * cohort.matrix.columns + j;
      const own = held.filter((row) => cohort.matrix.observed[at(row)]);
      const mean = own.reduce((sum, row) => sum + cohort.matrix.values[at(row)], 0) / own.length;
      for (const row of own) {
        const truth = cohort.matrix.values[at(row)];
        const key = `${cohort.samples[row].id} ${name} ${cohort.features[j]}`;
        const [value, low, high] = values.get(key)!;
        assert.ok(low < value && value < high);
        count++;
        if (truth >= low && truth <= high) inside++;
        error += (truth - value) ** 2;
        spread += (truth - mean) ** 2;
      }
    }
    const coverage = inside / count;
    assert.ok(coverage > 0.87 && coverage < 0.95, `${name}: ${coverage}`);
    assert.ok(error < 0.85 * spread, `${name}: the units are undone, ${error / spread}`);
  }
});

test("columns are matched by name in any order, and missing features are filled and counted", async () => {
  const whole = readValues(place("out"));
  const { samples, features, matrix } = heldTable();
  const order = features.map((_, j) => j).reverse();
  const turned = {
    ...matrix,
    values: Float32Array.from(matrix.values, (_, i) => {
      const row = Math.floor(i / matrix.columns);
      return matrix.values[row * matrix.columns + order[i % matrix.columns]];
    }),
  };
  const table = { samples, features: order.map((j) => features[j]), matrix: turned };
  const result = await impute({ model: place("model"), table, output: place("turned") });
  assert.equal(result.found, 1);
  assert.deepEqual(readValues(place("turned")), whole);
  const fewer = {
    samples,
    features: features.map((name, j) => (j < 6 ? `no ${name}` : name)),
    matrix,
  };
  const lacking = await impute({ model: place("model"), table: fewer, output: place("fewer") });
  assert.ok(Math.abs(lacking.found - 0.9) < 1e-9);
  assert.notDeepEqual(readValues(place("fewer")), whole);
});

test("too few of the model's features are refused by name, one sample alone is imputed", async () => {
  const { samples, features, matrix } = heldTable();
  const model = place("model");
  const strange = features.map((name) => `other ${name}`);
  await assert.rejects(
    impute({ model, table: { samples, features: strange, matrix }, output: place("strange") }),
    /expected at least 50 % of the model's 60 features of RNA, got 0\.0 %/,
  );
  assert.ok(!existsSync(place("strange")));
  const table = { samples: [samples[3]], features, matrix: selectRows(matrix, [3]) };
  await impute({ model, table, output: place("alone") });
  const whole = readValues(place("out"));
  for (const [key, numbers] of readValues(place("alone"))) {
    numbers.forEach((value, i) => {
      assert.ok(Math.abs(value - whole.get(key)![i]) <= 1e-5 * (1 + Math.abs(value)), key);
    });
  }
});

/** The table with every value times a factor plus an offset. */
function scaled(by: number, plus: number) {
  const { samples, features, matrix } = heldTable();
  const values = matrix.values.map((value) => by * value + plus);
  return { samples, features, matrix: { ...matrix, values } };
}

test("other units are told, on the whole and of each sample, and nothing is aligned in silence", async () => {
  const model = place("model");
  const same = await impute({ model, table: heldTable(), output: place("same") });
  assert.deepEqual(same.notes, []);
  const { notes } = await impute({ model, table: scaled(1000, 50), output: place("raised") });
  assert.equal(notes.length, 1);
  assert.match(notes[0], /of the new values lie outside .* are they in the same units .*--align/);
  const [, ...lines] = readFileSync(place("raised/samples.tsv"), "utf8").trim().split("\n");
  assert.ok(lines.every((line) => /other scale: \d+ % of the values beyond/.test(line)));
  assert.notDeepEqual(readValues(place("raised")), readValues(place("same")));
});

test("alignment undoes other units, says so, and is refused where a distribution cannot be told", async () => {
  const model = place("model");
  const errorOf = (output: string) => {
    let sum = 0;
    const values = readValues(place(output));
    const protein = cohort.modalities[1];
    for (const row of held) {
      for (let j = protein.start; j < protein.end; j++) {
        const at = row * cohort.matrix.columns + j;
        if (!cohort.matrix.observed[at]) continue;
        const [value] = values.get(`${cohort.samples[row].id} protein ${cohort.features[j]}`)!;
        sum += (value - cohort.matrix.values[at]) ** 2;
      }
    }
    return sum;
  };
  const whole = errorOf("out");
  for (const align of ["z", "quantile"] as const) {
    const plain = await impute({ model, table: heldTable(), output: place(`own ${align}`), align });
    assert.match(
      plain.notes.join(),
      /aligned to the training samples by .*, which removes true differences/,
    );
    await impute({ model, table: scaled(1000, 50), output: place(`moved ${align}`), align });
    assert.ok(errorOf(`moved ${align}`) < 1.2 * whole, `${align}: ${errorOf(`moved ${align}`)}`);
    // Units are gone whatever they were, to the rounding of the file.
    const [one, other] = [readValues(place(`own ${align}`)), readValues(place(`moved ${align}`))];
    for (const [key, [value, low, high]] of one) {
      assert.ok(Math.abs(value - other.get(key)![0]) < 0.02 * (high - low), key);
    }
    const { samples, features, matrix } = heldTable();
    const table = { samples: [samples[0]], features, matrix: selectRows(matrix, [0]) };
    await assert.rejects(
      impute({ model, table, output: place("single"), align }),
      /expected at least 10 samples to align by .*, got 1; a distribution cannot be told/,
    );
  }
  assert.ok(errorOf("raised") > 1.5 * whole);
});

test("a sample unlike the training samples is told by name, in the table and in the report", async () => {
  const { samples, features, matrix } = heldTable();
  const values = matrix.values.slice();
  // Genes change places: each value is one that occurs, but not together with the others.
  for (let j = 0; j < matrix.columns; j++) {
    values[j] = matrix.values[((7 * j + 3) % samples.length) * matrix.columns + j];
  }
  const table = { samples, features, matrix: { ...matrix, values } };
  const { outside } = await impute({ model: place("model"), table, output: place("odd") });
  assert.ok(outside.includes(samples[0]), outside.join());
  const line = readFileSync(place("odd/samples.tsv"), "utf8")
    .split("\n")
    .find((one) => one.startsWith(`${samples[0]}\t`))!;
  assert.match(line, /outside: unlike the training samples/);
  const report = readFileSync(place("odd/report.html"), "utf8");
  assert.ok(report.includes(`<td>${samples[0]}</td>`));
});

test("intervals of another level are narrower or wider, an unknown level is refused", async () => {
  const model = place("model");
  await impute({ model, table: heldTable(), output: place("half"), level: 0.5 });
  const narrow = readValues(place("half"));
  for (const [key, [value, low, high]] of readValues(place("out"))) {
    const [same, above, below] = narrow.get(key)!;
    assert.ok(same === value && low < above && below < high, key);
  }
  await assert.rejects(
    impute({ model, table: heldTable(), output: place("odd level"), level: 0.7 }),
    /expected a level of 0.5, 0.8, 0.9, 0.95 for protein, got 0.7/,
  );
});

test("the report is one page that needs no network, and escapes names", async () => {
  const { samples, features, matrix } = heldTable();
  const table = { samples: samples.map((id) => `<b>${id}`), features, matrix };
  await impute({ model: place("model"), table, output: place("names") });
  const report = readFileSync(place("names/report.html"), "utf8");
  assert.doesNotMatch(report, /<script|<link|<img|(src|href)=|@import/);
  assert.doesNotMatch(report, /<b>|NaN|undefined|Infinity/);
  assert.equal(report.match(/<svg /g)?.length, 6);
  assert.equal(report.match(/<svg /g)?.length, report.match(/<\/svg>/g)?.length);
  assert.match(report, /protein: \d+ strong, \d+ usable, \d+ weak/);
});

test("a bundle that is damaged, newer or none is refused by name", async () => {
  const { cpSync } = await import("node:fs");
  const copy = (name: string) => {
    cpSync(place("model"), place(name), { recursive: true });
    return place(name);
  };
  const damaged = copy("damaged");
  const bytes = readFileSync(join(damaged, "weights.safetensors"));
  bytes[bytes.length - 5] ^= 1;
  writeFileSync(join(damaged, "weights.safetensors"), bytes);
  await assert.rejects(openImputer(damaged), /weights\.safetensors: .* the file is damaged/);
  const edited = copy("edited");
  writeFileSync(
    join(edited, "model.json"),
    readFileSync(join(edited, "model.json"), "utf8").replace('"seed":42', '"seed":43'),
  );
  await assert.rejects(openImputer(edited), /model\.json: .* the file is damaged/);
  const newer = copy("newer");
  const text = readFileSync(join(newer, "model.json"), "utf8").replace('"format":3', '"format":4');
  writeFileSync(join(newer, "model.json"), text);
  const { createHash } = await import("node:crypto");
  const sum = createHash("sha256").update(text).digest("hex");
  writeFileSync(join(newer, "model.json.sha256"), `${sum}\n`);
  await assert.rejects(openImputer(newer), /expected a bundle of format 3, got 4; update/);
  await assert.rejects(openImputer(folder), /expected a model bundle, .*npx aro fit writes one/);
});

test("nothing that exists is written over, and nothing half-written is left", async () => {
  await assert.rejects(
    fitImputer(cohort, { output: place("model") }),
    /expected a folder that does not exist yet/,
  );
  await assert.rejects(
    fitImputer(cohort, { output: place("model/README.md/deeper") }),
    /expected a place where .*deeper can be made, got .*README\.md, which is a file; name another/,
  );
  const stopping = new AbortController();
  const { signal } = stopping;
  const stopped = impute({
    model: place("model"),
    table: heldTable(),
    output: place("stopped"),
    signal,
  });
  stopping.abort(new Error("interrupted"));
  await assert.rejects(stopped, /interrupted/);
  assert.ok(!existsSync(place("stopped")));
  assert.ok(readdirSync(folder).every((name) => !name.startsWith(".")));
});

test("a control fits by the same command, and predicts worse than the model", async () => {
  const skillOf = async (method: "mean" | "ridge" | "shared-decoder") => {
    const { quality } = await fitImputer(cohort, { rows: kept, method });
    const own = quality.filter(({ modality }) => modality === "protein");
    return own.reduce((sum, { skill }) => sum + skill.value, 0) / own.length;
  };
  const [mean, ridge, decoder] = [
    await skillOf("mean"),
    await skillOf("ridge"),
    await skillOf("shared-decoder"),
  ];
  assert.ok(Math.abs(mean) < 0.05, `${mean}`);
  assert.ok(ridge > 0.1 && decoder > ridge - 0.02, `${ridge}, ${decoder}`);
});

test("ARO imputes nothing below a training mean, says so, and its open intervals hold", async () => {
  const output = place("aro-model");
  const told: [number, string][] = [];
  const { decoder, aro, quality } = await fitImputer(cohort, {
    rows: kept,
    method: "aro",
    output,
    aro: { model: { width: 64 }, training: { epochs: 200, learningRate: 3e-3, plateau: null } },
    onProgress: (share, what) => told.push([share, what]),
  });
  assert.match(
    told[0][1],
    /^ARO is trained 6 times for 200 epochs, with \d+ features, 64 units wide: about \d+ s, .* GiB of memory$/,
  );
  assert.ok(told.every(([share], i) => i === 0 || share > told[i - 1][0]));
  assert.match(told.at(-2)!.join(" "), /^0\.97 ARO, epoch 200 of 200, about 0 s left$/);
  assert.match(told.at(-1)!.join(" "), /^1 intervals, and the quality of each feature$/);
  assert.deepEqual(await openImputer(output).then((one) => one.aro?.spec), aro?.spec);
  for (const { method, errors } of decoder.choices) {
    assert.equal(method, "aro");
    assert.deepEqual(Object.keys(errors), ["aro", "ridge-cis", "mean"]);
  }
  assert.match(
    readFileSync(join(output, "README.md"), "utf8"),
    /ARO predicts log1p\(max\(0, z\)\)[\s\S]*- Model: ARO, 64 units wide with 3 hidden layers .* 200 epochs .* AdamW at 3e-3 .*, constant\./,
  );
  const r = quality.flatMap((one) => (one.modality === "protein" ? [one.r.value] : []));
  const typical = r.sort((a, b) => a - b)[r.length / 2];
  assert.ok(typical > 0.2, `it learned something: ${typical}`);
  const { notes } = await impute({
    model: output,
    table: heldTable(),
    output: place("aro-out"),
    level: 0.5,
  });
  assert.match(notes.join(), /no value is below its feature's training mean/);
  const values = readValues(place("aro-out"));
  const { mean, std } = decoder.paths.scaler;
  let [inside, count, open] = [0, 0, 0];
  for (const { name, start, end } of cohort.modalities.slice(1)) {
    for (let j = start; j < end; j++) {
      for (const row of held) {
        const [value, low, high] = values.get(
          `${cohort.samples[row].id} ${name} ${cohort.features[j]}`,
        )!;
        assert.ok(value >= mean[j] - 1e-4 * Math.abs(mean[j]), `${name} ${value} < ${mean[j]}`);
        assert.ok(low === Number.NEGATIVE_INFINITY || low > mean[j] - 1e-4 * std[j]);
        const at = row * cohort.matrix.columns + j;
        if (!cohort.matrix.observed[at]) continue;
        const truth = cohort.matrix.values[at];
        count++;
        if (truth >= low && truth <= high) inside++;
        if (low === Number.NEGATIVE_INFINITY) open++;
      }
    }
  }
  assert.ok(inside / count > 0.44 && inside / count < 0.6, `${inside / count}`);
  assert.ok(open > 0 && open < count, `${open} of ${count} are open below`);
});

test("a verdict follows from r, its lower bound and the number of samples", () => {
  const verdicts = [
    [50, 0.6, 0.4],
    [50, 0.4, 0.1],
    [50, 0.4, -0.1],
    [50, 0.2, 0.1],
    [9, 0.9, 0.8],
  ].map(([n, value, low]) => judge(n, { value, low, high: 1 }).verdict);
  assert.deepEqual(verdicts, ["strong", "usable", "weak", "weak", "weak"]);
});

test("the model card names what it is, how good, and what it is not for", () => {
  const card = readFileSync(place("model/README.md"), "utf8");
  assert.match(card, new RegExp(`- ${kept.length} samples of`));
  assert.match(card, /\| protein \| 40 \|/);
  for (const method of ["shared decoder", "ridge", "ridge \\+ cis \\+ offset", "mean of the"]) {
    assert.match(card, new RegExp(`\\| protein \\| ${method}.*\\d \\(0\\.\\d+ to [01]\\.\\d+\\)`));
  }
  assert.doesNotMatch(card, /NaN|undefined|Infinity/);
  assert.match(card, /## Not for\n\n- Diagnosis or treatment/);
  const lines = readFileSync(place("out/features.tsv"), "utf8").trim().split("\n");
  assert.equal(lines.length, 1 + 52);
});

test("values are the same as TSV, Parquet and MuData, long and wide", async () => {
  const long = readValues(place("out"));
  const options = { model: place("model"), rna: place("new.tsv") } as const;
  for (const [format, wide] of [
    ["parquet", undefined],
    ["tsv", true],
    ["parquet", true],
    ["h5mu", undefined],
  ] as const) {
    const output = place(`out-${format}-${wide}`);
    assert.equal(await imputeCommand({ ...options, output, format, wide }), 0);
    if (format === "parquet" && !wide) {
      const rows = pl.readParquet(join(output, "values.parquet")).toRecords();
      assert.equal(rows.length, long.size);
      for (const { sample, modality, feature, ...numbers } of rows) {
        assert.deepEqual(Object.values(numbers), long.get(`${sample} ${modality} ${feature}`));
      }
      assert.deepEqual(readdirSync(output).sort(), [
        "features.tsv",
        "report.html",
        "samples.tsv",
        "values.parquet",
      ]);
      continue;
    }
    for (const { name, start, end } of cohort.modalities.slice(1)) {
      for (const [k, kind] of ["value", "low", "high"].entries()) {
        const file =
          format === "h5mu" ? "values.h5mu" : `${name}${k === 0 ? "" : `.${kind}`}.${format}`;
        const layer = format === "h5mu" && k > 0 ? kind : undefined;
        const orientation = "samples-in-rows";
        const table = await readTable({ name, file: join(output, file), layer, orientation });
        assert.deepEqual(table.features, cohort.features.slice(start, end));
        table.samples.forEach((sample, i) => {
          table.features.forEach((feature, j) => {
            const at = i * table.matrix.columns + j;
            const expected = long.get(`${sample} ${name} ${feature}`)?.[k];
            assert.equal(table.matrix.observed[at], expected === undefined ? 0 : 1);
            const value = table.matrix.values[at];
            if (expected === undefined) return;
            const rounding = 5.1e-6 * Math.abs(expected); // to six digits, and to float32
            assert.ok(Math.abs(value - expected) <= rounding, `${value}, ${expected}`);
          });
        });
      }
    }
  }
  const sheet = await readSampleSheet({ file: join(place("out-h5mu-undefined"), "values.h5mu") });
  assert.equal(sheet.samples.length, held.length);
  assert.ok(sheet.samples.every(({ labels }) => Number.isFinite(labels.novelty)));
});
