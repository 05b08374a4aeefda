// A cohort as a file: paths relative to it, every fault at once, and its profile with a folder of its own.
import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Ajv2020 as Ajv } from "ajv/dist/2020.js";
import { describeCohortFile, readCohortFile } from "../../lib/cohort/cohort-file.js";
import { projectRoot } from "../../lib/cohort/root.js";
import { readSchema } from "../../lib/cohort/schema.js";
import { foldersOf, readProfile, replicatesPaper } from "../../lib/study/profile.js";
import { openStudy } from "../../lib/study/study.js";
import { scratchFolder } from "../scratch.js";

const folder = scratchFolder();

const SAMPLES = Array.from({ length: 12 }, (_, i) => `S${i}`);

function write(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

const table = (features: readonly string[]) =>
  [
    ["sample", ...features],
    ...SAMPLES.map((id, i) => [id, ...features.map((_, j) => ((i * 7 + j * 3) % 11) + 0.5)]),
  ]
    .map((row) => row.join("\t"))
    .join("\n");
write("rna.tsv", table(["g1", "g2", "g3"]));
write("metabolites.tsv", table(["m1", "m2"]));
write("samples.tsv", ["id\tkind", ...SAMPLES.map((id, i) => `${id}\t${"abc"[i % 3]}`)].join("\n"));
const LEAST = {
  name: "mine",
  tables: [
    { name: "RNA", file: "rna.tsv" },
    { name: "metabolite", file: "metabolites.tsv" },
  ],
  sampleSheet: { file: "samples.tsv" },
};

test("readCohortFile finds files beside the cohort file, and each sample is its own patient", async () => {
  const cohort = await readCohortFile(write("cohort.json", LEAST));
  assert.equal(cohort.name, "mine");
  assert.deepEqual(
    cohort.modalities.map(({ name, start, end }) => [name, start, end]),
    [
      ["RNA", 0, 3],
      ["metabolite", 3, 5],
    ],
  );
  assert.deepEqual(
    cohort.samples.map(({ id, patient }) => [id, patient]),
    SAMPLES.map((id) => [id, id]),
  );
  assert.equal(cohort.samples[4].labels.kind, "b");
});

test("samples take the names of the sample sheet by a table of both, in rows and in columns", async () => {
  const expected = await readCohortFile(write("cohort.json", LEAST));
  write("ids.csv", ["assay,sample", ...SAMPLES.map((id, i) => `${20 - i}_rna,${id}`)].join("\n"));
  const rows = table(["g1", "g2", "g3"]).split("\n");
  const named = rows.map((row, i) => (i === 0 ? row : row.replace(/^S\d+/, `${21 - i}_rna`)));
  const cells = named.map((row) => row.split("\t"));
  write("in-rows.tsv", named.join("\n"));
  write("in-columns.tsv", cells[0].map((_, j) => cells.map((row) => row[j]).join("\t")).join("\n"));
  for (const file of ["in-rows.tsv", "in-columns.tsv"]) {
    const rna = { name: "RNA", file, samples: { file: "ids.csv" } };
    const cohort = await readCohortFile(
      write("renamed.json", { ...LEAST, tables: [rna, LEAST.tables[1]] }),
    );
    assert.deepEqual(cohort.samples, expected.samples);
    assert.deepEqual(cohort.matrix, expected.matrix);
    assert.match(cohort.notes.join("\n"), /12 of 12 samples found a name in .*ids\.csv/);
  }
  const rna = { name: "RNA", file: "in-rows.tsv" };
  await assert.rejects(
    readCohortFile(write("unnamed.json", { ...LEAST, tables: [rna, LEAST.tables[1]] })),
    /expected samples that the sample sheet has too .* or pass samples: a table of the names here and there/,
  );
});

test("describeCohortFile names every fault at once", () => {
  const file = write("wrong.json", {
    name: "no/folder",
    sampleShet: [],
    tables: [
      { name: "RNA", file: "rna.tsv", missing: "ND" },
      { name: "RNA", file: "nowhere.tsv", orientation: "sideways" },
      { file: 3 },
    ],
    sampleSheet: {},
    labels: { predict: [1] },
  });
  assert.throws(
    () => describeCohortFile(file),
    (error: Error) => {
      for (const part of [
        'name: expected letters, digits, "-", "_" and "."',
        'got "sampleShet"; did you mean "sampleSheet"?',
        'tables[0].missing: expected a list of texts, got "ND"',
        'tables[1].orientation: expected "samples-in-rows" or "features-in-rows"',
        "tables[1].file: expected a file, got none at",
        'tables[2]: expected "name", got none',
        "tables[2].file: expected a text, got 3",
        'tables: expected each name once, got "RNA" again',
        'sampleSheet: expected "file", got none',
        "labels.predict: expected a list of texts, got [1]",
      ]) {
        assert.ok(error.message.includes(part), `${part} in ${error.message}`);
      }
      return error instanceof RangeError && error.message.includes("got 10 faults");
    },
  );
});

test("describeCohortFile refuses what is not JSON, and names the file", () => {
  const file = write("broken.json", "{");
  assert.throws(() => describeCohortFile(file), /broken\.json: expected a cohort file in JSON/);
  assert.throws(
    () => describeCohortFile(join(folder, "absent.json")),
    /absent\.json: expected a cohort file, got none/,
  );
  assert.throws(() => describeCohortFile(write("list.json", [])), /the cohort: expected an object/);
});

test("a cohort file stands for a profile, with a folder of its own and no claim to replicate", async () => {
  const ARO_COHORT = write("labeled.json", { ...LEAST, labels: { predict: ["kind"] } });
  const profile = readProfile({ ARO_COHORT, ARO_SET: "training.epochs=3" });
  assert.equal(profile.training.epochs, 3);
  assert.deepEqual(profile.labels, { described: ["kind"], tasks: ["kind"], covariates: [] });
  assert.equal(replicatesPaper(profile), false);
  const { figures, notebooks } = foldersOf(profile);
  assert.match(figures, /data.runs.mine.figures$/);
  assert.match(notebooks, /data.runs.mine.notebooks$/);
  const { cohort, split } = await openStudy(profile);
  assert.equal(cohort.samples.length, SAMPLES.length);
  assert.equal(split.train.length + split.validation.length + split.test.length, SAMPLES.length);
});

test("a cohort file may not take the name of a profile, whose runs it would mix with", () => {
  const ARO_COHORT = write("ucec.json", { ...LEAST, name: "ucec" });
  assert.throws(() => readProfile({ ARO_COHORT }), /a name other than the profiles'.*got "ucec"/);
});

test("a profile is a cohort file too: a source, labels and the settings that differ", async () => {
  const profiles = join(projectRoot(), "data", "cohorts");
  for (const name of readdirSync(profiles)) {
    const profile = readProfile({ ARO_COHORT: join(profiles, name) });
    assert.deepEqual(profile, readProfile({ ARO_PROFILE: profile.name }));
    assert.equal(`${profile.name}.json`, name);
  }
  const small = {
    name: "small",
    source: "simulate",
    labels: { predict: ["tissue"] },
    settings: { "training.epochs": 7, "split.by": "sample" },
    outcomes: { numbers: ["age"] },
  };
  const profile = readProfile({ ARO_COHORT: write("small.json", small) });
  assert.deepEqual([profile.training.epochs, profile.split.by], [7, "sample"]);
  assert.deepEqual(profile.outcomes, {
    survival: { time: "survivalMonths", died: "died" },
    numbers: ["age"],
  });
  assert.ok((await openStudy(profile)).cohort.samples.length > 12);
  const wrong = (more: object) =>
    readProfile({ ARO_COHORT: write("wrong-source.json", { ...small, ...more }) });
  assert.throws(() => wrong({ source: "ucecc" }), /source: expected .*"ucec".*, got "ucecc"/);
  assert.throws(() => wrong({ tables: LEAST.tables }), /expected no "tables" beside a source/);
  assert.throws(() => wrong({ source: undefined }), /expected "tables" or "source", got neither/);
  assert.throws(
    () => wrong({ settings: { "training.epoch": 7 } }),
    /wrong-source\.json: expected KEY=VALUE .* got "training\.epoch=7"; did you mean "training\.epochs"\?/,
  );
  assert.throws(() => wrong({ settings: { "training.epochs": "many" } }), /expected a number for/);
});

test("a cohort file without labels predicts the columns of its sheet that are classes", () => {
  const sheet = SAMPLES.map((id, i) => `${id}\t${"abc"[i % 2]}\t${i}\t${i === 0 ? "x" : "y"}`);
  write("columns.tsv", ["id\tkind\tnumber\trare", ...sheet].join("\n"));
  const columns = { ...LEAST, sampleSheet: { file: "columns.tsv" } };
  const labels = (more: object) =>
    readProfile({ ARO_COHORT: write("columns.json", { ...columns, ...more }) }).labels;
  assert.deepEqual(labels({}), { described: ["kind"], tasks: ["kind"], covariates: [] });
  assert.deepEqual(labels({ labels: { predict: ["rare"], describe: ["number"] } }), {
    described: ["number"],
    tasks: ["rare"],
    covariates: [],
  });
  assert.throws(
    () => labels({ labels: { predict: ["kinds"] } }),
    /labels\.predict to be columns of the sample sheet \(kind, number, rare\), got "kinds"; did you mean "kind"\?/,
  );
});

test("the published schema accepts and refuses what describeCohortFile does, by another validator", () => {
  const accepts = new Ajv({ allErrors: true }).compile(readSchema());
  const full = {
    $schema: "cohort.schema.json",
    about: "words",
    keep: "first",
    seen: "metabolite",
    ...LEAST,
    tables: [
      { ...LEAST.tables[0], transform: "log2(CPM + 1)", missingMeans: "zero", missing: ["ND"] },
      { ...LEAST.tables[1], genes: { file: "rna.tsv", to: "g1" }, duplicates: "mean" },
    ],
    labels: { predict: ["kind"], covariates: [] },
  };
  const wrongs = [3, "", null, [], {}, [1], { other: 1 }, "sideways"];
  let refused = 0;
  const compare = (content: unknown) => {
    const file = write("compared.json", JSON.stringify(content));
    let fault = "";
    try {
      describeCohortFile(file);
    } catch (error) {
      fault = (error as Error).message;
      refused++;
    }
    const text = JSON.stringify(content);
    // What no schema can say: files that do not exist, and names that are not those of the tables.
    const beyond = fault
      .split("\n")
      .slice(1)
      .every((line) => /got none at|the name of a table/.test(line));
    assert.equal(accepts(JSON.parse(text)), fault === "" || beyond, `${text}\n${fault}`);
  };
  const replaced = (value: unknown, path: readonly (string | number)[], by: unknown): unknown => {
    if (path.length === 0) return by;
    const [key, ...rest] = path;
    const inner = (value as Record<string | number, unknown>)[key];
    const copy = Array.isArray(value) ? [...value] : { ...(value as object) };
    return Object.assign(copy, { [key]: replaced(inner, rest, by) });
  };
  const pathsOf = (value: unknown): (string | number)[][] =>
    typeof value !== "object" || value === null
      ? [[]]
      : [
          [],
          ...Object.entries(value).flatMap(([key, one]) =>
            pathsOf(one).map((path) => [key, ...path]),
          ),
        ];
  compare(full);
  compare(LEAST);
  assert.equal(refused, 0);
  for (const path of pathsOf(full))
    for (const wrong of wrongs) compare(replaced(full, path, wrong));
  assert.ok(refused > 100, `${refused} refused`);
});
