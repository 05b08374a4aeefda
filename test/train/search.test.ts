// The search: at least as good as random on functions whose minimum is known, repeatable, and never out of its space.
import assert from "node:assert/strict";
import { test } from "node:test";
import { median } from "simple-statistics";
import { createRandom } from "../../lib/cohort/random.js";
import { suggest } from "../../lib/train/search.js";
import type { Space } from "../../lib/train/space.js";
import { assertInside, branin, hartmann, lowest, mixed, search } from "./objectives.js";

const SEEDS = Array.from({ length: 10 }, (_, seed) => seed);
const TRIALS = 25;

/** The chance of so many heads or more in `count` tosses of a fair coin: the one-sided sign test. */
function chanceOf(heads: number, count: number): number {
  let chance = 0;
  let ways = 1; // of k heads
  for (let k = 0; k <= count; k++) {
    if (k >= heads) chance += ways / 2 ** count;
    ways = (ways * (count - k)) / (k + 1);
  }
  return chance;
}

test("the Bayesian search is better than random on Branin, Hartmann and a mixed space, at equal budget", (t) => {
  const all = { won: 0, lost: 0 };
  for (const [name, objective] of Object.entries({ branin, hartmann, mixed })) {
    const bayes = SEEDS.map((seed) => lowest(search(objective, "bayes", seed, TRIALS)));
    const random = SEEDS.map((seed) => lowest(search(objective, "random", seed, TRIALS)));
    const won = bayes.filter((value, i) => value < random[i]).length;
    const lost = bayes.filter((value, i) => value > random[i]).length;
    t.diagnostic(
      `${name}: median ${median(bayes).toFixed(3)}, random ${median(random).toFixed(3)}, ${won} won, ${lost} lost`,
    );
    assert.ok(median(bayes) < median(random), name);
    assert.ok(won > lost, `${name}: ${won} won, ${lost} lost`);
    all.won += won;
    all.lost += lost;
  }
  const chance = chanceOf(all.won, all.won + all.lost);
  assert.ok(chance < 0.001, `sign test over all: ${all.won} won, ${all.lost} lost, p = ${chance}`);
});

test("the same seed gives the same trials, another seed others", () => {
  const trials = search(mixed, "bayes", 3, 12);
  assert.deepEqual(search(mixed, "bayes", 3, 12), trials);
  assert.notDeepEqual(search(mixed, "bayes", 4, 12), trials);
});

test("both methods begin with the same points, and part where the model speaks", () => {
  const [bayes, random] = [search(mixed, "bayes", 3, 12), search(mixed, "random", 3, 12)];
  assert.deepEqual(bayes.slice(0, 7), random.slice(0, 7));
  for (let i = 7; i < 12; i++) assert.notDeepEqual(bayes[i], random[i]);
});

test("every suggestion is in the space, also where all losses are equal or far apart", () => {
  for (const value of [() => 1, (i: number) => (i % 5 === 0 ? 1e9 : i)]) {
    const trials = [];
    for (let i = 0; i < 14; i++) {
      const point = suggest("bayes", mixed.space, trials, createRandom(1, `${i}`));
      assertInside(mixed, point);
      trials.push({ point, value: value(i) });
    }
  }
});

test("a space of few points is tried out before any point is tried again by the model", () => {
  const space: Space = [
    { name: "a", kind: "boolean" },
    { name: "n", kind: "integer", low: 1, high: 4, scale: "linear" },
  ];
  const value = (point: object) => JSON.stringify(point).length;
  const trials = search({ space, value }, "bayes", 0, 14);
  const startup = new Set(trials.slice(0, 4).map(({ point }) => JSON.stringify(point))).size;
  const later = trials.slice(4, 4 + 8 - startup).map(({ point }) => JSON.stringify(point));
  assert.equal(new Set(later).size, 8 - startup);
});
