// Spot the leak: each canary exposes its defect, and spares the pipelines without it.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { type Outcome, openPipelines } from "../../lib/course/pipelines.js";
import {
  duplicateSample,
  findSharedPatients,
  permuteLabels,
  permuteRows,
} from "../../lib/evaluate/canaries.js";
import { compareClassifiers } from "../../lib/evaluate/compare.js";
import { type PreparedCohort, requireHeldOut } from "../../lib/preprocess/prepare.js";

const { cohort, pipelines } = openPipelines();
const letters = Object.keys(pipelines);
const tissue = cohort.samples.map(({ labels }) => labels.tissue);
const prepared = new Map(letters.map((letter) => [letter, pipelines[letter].prepare(cohort)]));
const reports = new Map<string, Outcome>();

const evaluate = (letter: string, parts: PreparedCohort, labels = tissue) =>
  pipelines[letter].evaluate(parts, labels);

/** The letters for which a canary sings. */
async function exposed(
  sings: (letter: string, parts: PreparedCohort) => unknown,
): Promise<string[]> {
  const heard: string[] = [];
  for (const [letter, parts] of prepared) if (await sings(letter, parts)) heard.push(letter);
  return heard;
}

before(async () => {
  for (const [letter, parts] of prepared) reports.set(letter, await evaluate(letter, parts));
});

test("every pipeline scores clearly better than nothing, and the defects cannot be told by the score", () => {
  for (const [letter, { measure, value }] of reports) {
    assert.ok(value > (measure === "skill" ? 0.25 : 0.8), `${letter}: ${value}`);
  }
  const methods = (letter: string) => pipelines[letter].about;
  assert.equal(methods("A"), methods("D"));
  assert.equal(methods("H"), methods("D"));
  assert.equal(methods("C"), methods("G"));
  assert.equal(methods("F"), methods("B"));
});

test("a patient on both sides exposes the split that parts pairs", async () => {
  assert.deepEqual(await exposed((_, parts) => findSharedPatients(parts).length > 0), ["E"]);
});

test("shuffled RNA exposes the zeros taken for missing", async () => {
  const kept = async (letter: string, parts: PreparedCohort) => {
    const { measure, value } = await evaluate(letter, permuteRows(parts));
    return measure === "skill" ? value > 0.05 : value > 0.7;
  };
  assert.deepEqual(await exposed(kept), ["H"]);
});

test("shuffled labels expose the labels from names, and take a sound classifier to one half", async () => {
  const onAverage = async (letter: string, parts: PreparedCohort) => {
    const values = [1, 2, 3, 4, 5].map((seed) =>
      evaluate(letter, parts, permuteLabels(tissue, { seed })),
    );
    return (await Promise.all(values)).reduce((sum, { value }) => sum + value / 5, 0);
  };
  const classifiers = letters.filter((letter) => reports.get(letter)?.labels);
  assert.deepEqual(classifiers, ["B", "F"]);
  assert.ok((await onAverage("B", prepared.get("B")!)) < 0.6);
  assert.equal(await onAverage("F", prepared.get("F")!), reports.get("F")?.value);
});

test("overwritten test samples expose scaling before the split, and stopping on test samples", async () => {
  const changed = new Map(
    [...prepared].map(
      ([
        letter,
        {
          test: { rows },
        },
      ]) => {
        const [first, ...others] = rows;
        const overwritten = others.reduce((now, row) => duplicateSample(now, first, row), cohort);
        return [letter, pipelines[letter].prepare(overwritten)];
      },
    ),
  );
  const moved = (letter: string, { train }: PreparedCohort) => {
    const { values } = changed.get(letter)!.train.matrix;
    return values.some((value, at) => value !== train.matrix.values[at]);
  };
  assert.deepEqual(await exposed(moved), ["A"]);
  const chosen = async (letter: string) =>
    (await evaluate(letter, changed.get(letter)!)).chosen !== reports.get(letter)?.chosen;
  assert.deepEqual(await exposed(chosen), ["C"]);
});

test("a scaler that has seen test samples is refused", async () => {
  const refused = (_: string, { scaler, test }: PreparedCohort) => {
    try {
      requireHeldOut(scaler, test);
      return false;
    } catch {
      return true;
    }
  };
  assert.deepEqual(await exposed(refused), ["A"]);
});

test("the hospital alone guesses the labels from names, and not the recorded ones", async () => {
  const guessed = async (letter: string) => {
    const { labels } = reports.get(letter)!;
    if (labels === null) return false;
    const [majority, hospital] = await compareClassifiers({
      embeddings: cohort.matrix,
      labels,
      groups: cohort.samples.map(({ patient }) => patient),
      classifiers: [],
      covariates: { hospital: cohort.samples.map((s) => s.labels.cohort) },
    });
    return hospital.balancedAccuracy > majority.balancedAccuracy + 0.2;
  };
  assert.deepEqual(await exposed(guessed), ["F"]);
});
