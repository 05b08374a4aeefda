// Records of experiments: written from finished runs alone, read for the same settings alone, and checked here.
import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { chooseEngine } from "../../lib/engine/choose.js";
import { experimentsOf, planExperiment } from "../../lib/study/experiments.js";
import { carryOut } from "../../lib/study/planned-runs.js";
import { foldersOf, readProfile } from "../../lib/study/profile.js";
import {
  checkRecord,
  findRecord,
  readRecord,
  readRecords,
  recordExperiment,
  scoreExperiment,
} from "../../lib/study/record.js";
import { formatRecord } from "../../lib/study/record-file.js";
import { openStudy } from "../../lib/study/study.js";
import { scratchFolder } from "../scratch.js";

const SETTINGS = "model.width=4,training.epochs=2,training.seed=4711,experiments.seeds=1";
const profile = readProfile({ ARO_PROFILE: "course", ARO_SET: SETTINGS });
const study = await openStudy(profile);
const { engine } = await chooseEngine({ prefer: "cpu" });
const plan = planExperiment(study, "seeds");
const file = join(scratchFolder(), "seeds.json");
after(() => {
  for (const run of plan.runs) rmSync(run.folder, { recursive: true, force: true });
});

test("a record is written of finished runs alone, and read back for the same settings alone", async () => {
  assert.match((await findRecord(plan, file)).about, /there is no/);
  await assert.rejects(
    recordExperiment(plan, engine, file),
    /expected finished runs of seeds, got none of 2 \(.*: missing\); npx aro train seeds/,
  );
  const [first, second] = plan.runs;
  await carryOut([second], engine);
  const part = await recordExperiment(plan, engine, file);
  assert.deepEqual(
    part.runs.map(({ name }) => name),
    [second.name],
  );
  assert.match((await findRecord(plan, file)).about, /; 1 of 2 runs is not recorded$/);
  rmSync(second.folder, { recursive: true });
  await carryOut([first], engine);
  const written = await recordExperiment(plan, engine, file);
  assert.equal(written.runs.length, 2);
  assert.equal(written.scores.length, 2 * 3 * 4); // two modalities, inferred, all
  assert.deepEqual(
    written.runs.map(({ name }) => name),
    [first.name, second.name],
    "what an earlier record has of a run stays",
  );
  await carryOut(plan.runs, engine);
  const { record, about } = await findRecord(plan, file);
  assert.deepEqual(record, written);
  assert.match(
    about,
    /2 runs, recorded \d{4}-\d\d-\d\d \(engine tfjs, .*\); made by npx aro train seeds && npx aro record seeds$/,
  );

  const longer = readProfile({ ARO_PROFILE: "course", ARO_SET: `${SETTINGS},training.epochs=3` });
  const other = await findRecord(planExperiment({ ...study, profile: longer }, "seeds"), file);
  assert.equal(other.record, null);
  assert.match(other.about, /of other settings or data, first in ARO unmasked, seed 4711/);

  const at = written.scores.findIndex(({ modality }) => modality === "all");
  const moved = {
    ...written,
    scores: written.scores.map((row, i) => (i === at ? { ...row, mse: row.mse * 1.001 } : row)),
  };
  const here = { ...written, variants: plan.experiment.variants, unfinished: [] };
  assert.deepEqual(
    checkRecord(moved, here).map(({ modality, agrees }) => [modality, agrees]),
    Array.from({ length: 6 }, (_, i) => [
      ["inferred", "yes"],
      ["all", i === 0 ? "no" : "yes"],
    ]).flat(),
  );
});

test("without a record, only the variants that are asked for are trained", async () => {
  const own = readProfile({ ARO_PROFILE: "course", ARO_SET: `${SETTINGS},training.seed=4712` });
  const fresh = planExperiment({ ...study, profile: own }, "seeds");
  after(() => fresh.runs.map(({ folder }) => rmSync(folder, { recursive: true, force: true })));
  const { scores, unfinished } = await scoreExperiment(fresh, engine, { only: ["ARO masked"] });
  assert.deepEqual([...new Set(scores.map(({ variant }) => variant))], ["ARO masked"]);
  assert.equal(unfinished.length, 1);
  await assert.rejects(
    scoreExperiment(fresh, engine, { only: ["ARO maskt"] }),
    /expected a variant of seeds ARO unmasked, ARO masked, got "ARO maskt"; did you mean "ARO masked"/,
  );
});

test("a damaged record is named, with what to do", async () => {
  writeFileSync(file, '{"runs": ');
  await assert.rejects(
    findRecord(plan, file),
    /seeds\.json, got "\{"runs": "; restore it with git/,
  );
});

test("an experiment's records of all cohorts are read by the name of their profile", async () => {
  const folder = scratchFolder();
  const recordOf = (name: string) => ({ profile: name, runs: [], scores: [], accuracies: [] });
  for (const name of ["second", "first", "without"]) mkdirSync(join(folder, name));
  for (const name of ["second", "first"]) {
    writeFileSync(join(folder, name, "splits-quick.json"), JSON.stringify(recordOf(name)));
  }
  const found = await readRecords("splits-quick", folder);
  assert.deepEqual(
    found.map((record) => record.profile),
    ["first", "second"],
  );
});

test("the committed records hold every variant and seed that their experiments have today", async () => {
  const own = readProfile({});
  const recorded: string[] = [];
  for (const { name, variants, seeds } of experimentsOf(own)) {
    const record = await readRecord(own, name);
    if (record === null) continue;
    recorded.push(name);
    const planned = seeds.flatMap((seed, i) =>
      variants
        .filter(({ repeats = seeds.length }) => i < repeats)
        .map((variant) => `${variant.name}, seed ${seed}`),
    );
    const rows = [...record.scores, ...record.accuracies];
    const found = new Set(rows.map(({ variant, seed }) => `${variant}, seed ${seed}`));
    assert.deepEqual([...found].sort(), planned.sort(), name);
  }
  assert.deepEqual(recorded, ["seeds", "splits", "splits-30", "rates", "decoder", "authors"]);
});

test("each profile has a folder of records, beside the runs that git ignores", () => {
  const { records, runs } = foldersOf(readProfile({}));
  assert.ok(records.endsWith(join("data", "records", "ucec")));
  assert.ok(!records.startsWith(runs));
});

test("a record has a line for each run, score or row, and reads back as it was", () => {
  const record = {
    name: "sets",
    left: undefined,
    runs: [{ name: "a, {b}", hash: "1" }],
    accuracies: [],
    result: { samples: 3, levels: [0.5, 0.9], nothing: {}, scores: [{ r: null }, { r: 0.5 }] },
  };
  const text = formatRecord(record);
  assert.deepEqual(text.split("\n"), [
    "{",
    '  "name": "sets",',
    '  "runs": [',
    '    {"name":"a, {b}","hash":"1"}',
    "  ],",
    '  "accuracies": [],',
    '  "result": {',
    '    "samples": 3,',
    '    "levels": [0.5,0.9],',
    '    "nothing": {},',
    '    "scores": [',
    '      {"r":null},',
    '      {"r":0.5}',
    "    ]",
    "  }",
    "}",
  ]);
  assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(record)));
});
