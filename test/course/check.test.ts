// The course's exercises: every published solution is accepted, and typical wrong answers are told apart.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import ts from "typescript";
import { projectRoot } from "../../lib/cohort/root.js";
import { judgeAnswer, type Verdict } from "../../lib/course/check.js";
import { checkCells } from "../../lib/jupyter/check.js";
import { readCodeCells } from "../../lib/jupyter/notebook.js";

const folder = join(projectRoot(), "notebooks", "exercises");
const NAME = "00-aro-from-scratch.ipynb";

/** Runs a notebook's cells with a `check` and collects the verdicts. */
async function verdictsOf(file: string): Promise<Map<string, Verdict>> {
  const cells = await readCodeCells(file);
  const source = cells.map((cell) => cell.source.replace(/^import .*$/m, "")).join("\n");
  const target = ts.ScriptTarget.ES2022;
  const code = ts.transpileModule(source, { compilerOptions: { target } }).outputText;
  const verdicts = new Map<string, Verdict>();
  const collect = (exercise: string, answer: never) =>
    verdicts.set(exercise, judgeAnswer(exercise, answer));
  new Function("check", code)(collect);
  return verdicts;
}

test("check accepts every solution", async () => {
  const verdicts = await verdictsOf(join(folder, "solutions", NAME));
  assert.equal(verdicts.size, 4);
  for (const [name, { right, message }] of verdicts) assert.ok(right, `${name}: ${message}`);
});

test("the exercises are open: none is answered, and the cells type-check", async () => {
  const verdicts = await verdictsOf(join(folder, NAME));
  assert.equal(verdicts.size, 4);
  for (const { message } of verdicts.values()) assert.match(message, /^no answer yet/);
  assert.deepEqual(await checkCells([join(folder, NAME)]), []);
  assert.deepEqual(await checkCells([join(folder, "solutions", NAME)]), []);
});

test("check says what is wrong with typical wrong answers", () => {
  type Entries = (o: number[], t: number[], m: number[]) => unknown;
  const huber = (d: number) => (Math.abs(d) <= 1 ? (d * d) / 2 : Math.abs(d) - 0.5);
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const clip = (d: number) => Math.min(Math.max(d, -1), 1);
  const wrong: [string, Entries | ((...args: never[]) => unknown), RegExp][] = [
    ["00.1", (o: number[], t: number[]) => mean(o.map((x, i) => huber(x - t[i]))), /unobserved/],
    [
      "00.1",
      (o: number[], t: number[], m: number[]) => mean(o.map((x, i) => m[i] * huber(x - t[i]))),
      /how many entries/,
    ],
    [
      "00.1",
      (o: number[], t: number[], m: number[]) => {
        const kept = o.map((x, i) => [x - t[i], m[i]]).filter(([, mark]) => mark);
        return mean(kept.map(([d]) => d * d));
      },
      /less than their square/,
    ],
    ["00.1", () => Number.NaN, /expected a number, got NaN/],
    [
      "00.2",
      (o: number[], t: number[], m: number[]) => o.map((x, i) => m[i] * clip(x - t[i])),
      /the loss is a mean/,
    ],
    ["00.2", (o: number[], t: number[]) => o.map((x, i) => clip(x - t[i]) / 18), /unobserved/],
    ["00.2", () => 3, /expected an array/],
    ["00.3", (f: number, h: number, k: number) => 2 * f * h + k * h * h, /one more vector/],
    ["00.4", (g: number[], rate: number) => -rate * mean(g) * g.length, /plain gradient descent/],
    ["00.4", (g: number[], rate: number) => -0.1 * rate * g[0], /first step/],
    [
      "00.4",
      () => {
        throw new Error("oops");
      },
      /threw "oops"/,
    ],
  ];
  for (const [name, answer, message] of wrong) {
    const verdict = judgeAnswer(name, answer as never);
    assert.equal(verdict.right, false);
    assert.match(verdict.message, message, name);
  }
});

test("check refuses an exercise that does not exist", () => {
  assert.throws(() => judgeAnswer("99.1", null), /expected an exercise of 00\.1, .* got "99\.1"/);
});
