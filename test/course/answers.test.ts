// Wrong answers as learners write them, none of them taken from the library: each is told what is wrong with it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { EXERCISES, judgeAnswer } from "../../lib/course/check.js";

/** Exercise, a part of the hint, and the answer; NaN is an entry that was not measured. */
type Attempt = readonly [exercise: string, hint: RegExp, answer: unknown];

const total = (a: number[]) => a.reduce((sum, x) => sum + x, 0);
const average = (a: number[]) => total(a) / a.length;
const known = (a: number[]) => a.filter((x) => !Number.isNaN(x));
const middle = (a: number[]) => {
  const sorted = known(a).sort((x, y) => x - y);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
};
const spread = (a: number[], less = 0) =>
  Math.sqrt(total(a.map((x) => (x - average(a)) ** 2)) / (a.length - less));
const minus = (a: number[], b: number[]) => a.map((x, i) => x - b[i]);
const huber = (d: number) => (Math.abs(d) <= 1 ? 0.5 * d * d : Math.abs(d) - 0.5);
const slope = (d: number) => (Math.abs(d) <= 1 ? d : Math.sign(d));

/** Adam on one weight, with another decay of the mean than the exercise's 0.9. */
function adam(gradients: number[], rate: number): number {
  let [w, m, v] = [0, 0, 0];
  for (let t = 1; t <= gradients.length; t++) {
    m = 0.5 * m + 0.5 * gradients[t - 1];
    v = 0.999 * v + 0.001 * gradients[t - 1] ** 2;
    w -= (rate * (m / (1 - 0.5 ** t))) / (Math.sqrt(v / (1 - 0.999 ** t)) + 1e-8);
  }
  return w;
}

/** The forward pass with the square matrices turned. */
function turned(y: number[], seen: number, layers: { W: number[][]; b: number[] }[]) {
  return layers.reduce(
    (h, { W, b }, k) =>
      W.map((row, o) => {
        const weights = W.length === h.length ? W.map((other) => other[o]) : row;
        const a = b[o] + total(h.map((v, i) => v * weights[i]));
        return k < layers.length - 1 ? Math.max(0, a) : Math.log(1 + Math.exp(a));
      }),
    y.map((v, j) => (j < seen ? v : 0)),
  );
}

const far = (a: number[], b: number[]) => Math.sqrt(total(a.map((x, j) => (x - b[j]) ** 2)));

/** The first so many patients are the test part, whatever is drawn. */
const partAt = (count: number) => (patients: string[]) => {
  const held = [...new Set(patients)].slice(0, count);
  const rows = [...patients.keys()];
  const isHeld = (row: number) => held.includes(patients[row]);
  return { test: rows.filter(isHeld), train: rows.filter((row) => !isHeld(row)) };
};

const deal = (rows: number[], keys: string[], k: number) => {
  const order = [...new Set(rows.map((row) => keys[row]))];
  return Array.from({ length: k }, (_, fold) =>
    rows.filter((row) => order.indexOf(keys[row]) % k === fold),
  );
};

/** Nested folds by patient; the options part patients outside or inside, or deal all rows inside. */
const nest =
  ({ outer = false, inner = false, all = false }) =>
  (patients: string[], k: number) => {
    const rows = [...patients.keys()];
    const own = rows.map(String);
    return deal(rows, outer ? own : patients, k).map((test) => {
      const rest = rows.filter((row) => all || !test.includes(row));
      const folds = deal(rest, inner ? own : patients, k);
      const without = (some: number[]) => rest.filter((row) => !some.includes(row));
      return { test, inner: folds.map((some) => ({ validation: some, train: without(some) })) };
    });
  };

/** The same word for each pipeline with a defect. */
const sheet = (word: string) => ({ A: word, C: word, E: word, F: word, H: word });

const ATTEMPTS: readonly Attempt[] = [
  [
    "00.1",
    /unobserved entries must not count/,
    (o: number[], y: number[]) => average(minus(o, y).map(huber)),
  ],
  [
    "00.2",
    /the loss is a mean, and so is its slope/,
    (o: number[], y: number[], m: number[]) => minus(o, y).map((d, i) => m[i] * slope(d)),
  ],
  ["00.3", /one more vector/, (f: number, h: number, k: number) => f * h + k * h * h + h * f],
  ["00.4", /the first step must have the size/, adam],
  ["00.5", /row o of W belongs to unit o/, turned],
  ["01.1", /a measured zero is data/, (a: number[]) => a.filter(Boolean).length / a.length],
  [
    "01.2",
    /go by the ids/,
    (rna: string[], _: string[], protein: number[]) => protein.slice(0, rna.length),
  ],
  [
    "01.4",
    /samples of different names/,
    (train: string[], test: string[]) => train.filter((id) => test.includes(id)),
  ],
  [
    "01.5",
    /cannot be scored/,
    (labels: (string | null)[]) => {
      const counts: Record<string, number> = {};
      for (const label of labels) if (label) counts[label] = (counts[label] ?? 0) + 1;
      return Math.max(...Object.values(counts)) / labels.length;
    },
  ],
  [
    "02.1",
    /was not measured is not zero/,
    (_: number[], a: number[]) => a.map((x) => (Number.isNaN(x) ? 0 : x)),
  ],
  [
    "02.2",
    /another test sample were added/,
    (_: number[], a: number[]) => a.map((x) => (x - average(a)) / spread(a)),
  ],
  [
    "02.3",
    /the logarithm is missing/,
    (x: number, mean: number, sd: number) => (x > mean ? (x - mean) / sd : 0),
  ],
  [
    "02.4",
    /log1p added 1 before the logarithm/,
    (u: number, mean: number, sd: number) => mean + sd * Math.exp(u),
  ],
  ["02.5", /try it on a value below the mean/, (x: number) => x],
  ["02.6", /draw many/, 0.3],
  [
    "03.1",
    /the share of the error that is left/,
    (y: number[], p: number[], mean: number) => {
      const rows = [...y.keys()].filter((i) => !Number.isNaN(y[i]));
      return (
        total(rows.map((i) => (y[i] - p[i]) ** 2)) / total(rows.map((i) => (y[i] - mean) ** 2))
      );
    },
  ],
  [
    "03.2",
    /need not go through zero/,
    (x: number[], y: number[], at: number) => {
      const rows = [...y.keys()].filter((i) => !Number.isNaN(y[i]));
      return (at * total(rows.map((i) => x[i] * y[i]))) / total(rows.map((i) => x[i] ** 2));
    },
  ],
  [
    "03.3",
    /compare with λ = 1e9|mean of y; is it\?|depend on λ/,
    (_: number[][], y: number[]) => average(y),
  ],
  [
    "03.4",
    /what could you still report/,
    (e: { test: number }[]) =>
      e.findIndex(({ test: one }) => one === Math.min(...e.map((x) => x.test))),
  ],
  [
    "04.1",
    /draw the exponent evenly/,
    (u: number, low: number, high: number) => low * (1 - u) + high * u,
  ],
  [
    "04.2",
    /which number does your minimum take null for/,
    (losses: number[]) => {
      let best = Number.POSITIVE_INFINITY;
      return losses.map((loss) => {
        best = Math.min(best, loss);
        return best;
      });
    },
  ],
  [
    "04.3",
    /compare at the same epoch/,
    (curve: number[], earlier: number[][]) =>
      Math.min(...curve) >
      middle(earlier.filter((one) => one.length >= curve.length).map((one) => Math.min(...one))),
  ],
  [
    "04.4",
    /the second sample may not choose/,
    (a: number[], b: number[]) => Math.min(...b) - Math.min(...a),
  ],
  [
    "05.1",
    /one sample is enough/,
    (latent: number[][]) => latent[0].filter((_, j) => latent.every((row) => row[j] > 0)).length,
  ],
  [
    "05.2",
    /nearest other group/,
    (points: number[][], labels: string[]) =>
      average(
        points.map((point, i) => {
          const to = (own: boolean) =>
            average(
              points.flatMap((other, j) =>
                j !== i && (labels[j] === labels[i]) === own ? [far(point, other)] : [],
              ),
            );
          return (to(false) - to(true)) / Math.max(to(false), to(true));
        }),
      ),
  ],
  [
    "05.3",
    /without the adjustment/,
    (a: string[], b: string[]) => {
      let [same, all] = [0, 0];
      for (let i = 0; i < a.length; i++)
        for (let j = i + 1; j < a.length; j++) {
          all++;
          if ((a[i] === a[j]) === (b[i] === b[j])) same++;
        }
      return same / all;
    },
  ],
  [
    "05.4",
    /is its own nearest neighbor/,
    (latent: number[][], map: number[][], k: number) =>
      average(
        latent.map((_, i) => {
          const near = (points: number[][]) =>
            points
              .map((point, j) => ({ j, d: far(point, points[i]) }))
              .sort((a, b) => a.d - b.d)
              .slice(0, k)
              .map(({ j }) => j);
          return near(latent).filter((j) => near(map).includes(j)).length / k;
        }),
      ),
  ],
  [
    "06.1",
    /29 right of 29/,
    (right: number, n: number) => {
      const p = right / n;
      const margin = 1.959963984540054 * Math.sqrt((p * (1 - p)) / n);
      return { low: p - margin, high: p + margin };
    },
  ],
  [
    "06.2",
    /this is the accuracy/,
    (a: string[], p: string[]) => a.filter((one, i) => one === p[i]).length / a.length,
  ],
  [
    "06.4",
    /prove that p is 0/,
    (score: number, drawn: number[]) => drawn.filter((one) => one >= score).length / drawn.length,
  ],
  [
    "07.1",
    /the code rounds down/,
    (f: number, ratios: number[]) => ratios.map((ratio) => Math.round(ratio * f)),
  ],
  [
    "07.3",
    /check the sign/,
    (mean: number[], log: number[]) =>
      0.5 * total(mean.map((mu, i) => 1 + log[i] - mu ** 2 - Math.exp(log[i]))),
  ],
  [
    "08.1",
    /how many of their deviations/,
    (a: number[]) => ({ mean: average(a), deviation: spread(a) }),
  ],
  [
    "08.3",
    /take differences first/,
    (a: number[], b: number[]) => ({
      difference: average(a) - average(b),
      error: Math.sqrt(spread(a, 1) ** 2 / a.length + spread(b, 1) ** 2 / b.length),
    }),
  ],
  [
    "08.4",
    /twenty splits are not twenty experiments/,
    (d: number[], _: number, __: number, t: number) => {
      const margin = (t * spread(d, 1)) / Math.sqrt(d.length);
      return { low: average(d) - margin, high: average(d) + margin };
    },
  ],
  ["08.5", /this is Bonferroni/, (p: number[]) => p.map((one) => Math.min(1, p.length * one))],
  [
    "09.1",
    /an exact match is too much to ask/,
    (percent: number, _: number, upTo: number) => {
      const sizes: number[] = [];
      for (let n = 1; n <= upTo; n++)
        for (let k = 0; k <= n; k++) if ((100 * k) / n === percent) sizes.push(n);
      return sizes;
    },
  ],
  [
    "09.2",
    /two means always differ/,
    (a: number[], b: number[]) => (average(a) < average(b) ? "first" : "second"),
  ],
  [
    "09.3",
    /0\.14 and 0\.140 are two claims/,
    (printed: string, ours: number) => Math.abs(Number(printed.replace(/,/g, "")) - ours) <= 0.005,
  ],
  [
    "09.4",
    /each hidden layer has a bias/,
    (n: number, w: number, k: number) => (n - k * w ** 2) / (2 * w + 1),
  ],
  [
    "12.1",
    /gradient at x alone/,
    (g: (x: number[]) => number[], x: number[], base: number[]) =>
      g(x).map((one, j) => one * (x[j] - base[j])),
  ],
  [
    "12.2",
    /which share of the change is it\?/,
    (a: number[], at: number, base: number) => Math.abs(at - base - total(a)),
  ],
  [
    "12.3",
    /was not measured cannot be found/,
    (set: string[], top: string[], all: string[]) => ({
      found: set.filter((gene) => top.includes(gene)).length,
      byChance: (top.length / all.length) * set.length,
    }),
  ],
  ["12.4", /this is Bonferroni/, (p: number[]) => p.map((one) => Math.min(1, p.length * one))],
  ["13.1", /this is the skill/, (error: number, constant: number) => (constant - error) / constant],
  [
    "13.2",
    /the first values are not the lowest/,
    (a: number[], share: number) =>
      a.map((x, i) => (i < Math.round(share * a.length) ? Number.NaN : x)),
  ],
  [
    "13.3",
    /errors in both directions must cancel/,
    (truth: number[], seen: number[], p: number[]) =>
      average(truth.flatMap((x, i) => (Number.isNaN(seen[i]) ? [Math.abs(p[i] - x)] : []))),
  ],
  [
    "leak.4",
    /change the values/,
    (fit: (a: number[], b: number[]) => number, train: number[], held: number[]) =>
      fit(train, held) !== fit(train, [...held].reverse()),
  ],
  [
    "01.3",
    /what are you shuffling\?/,
    (patients: string[], random: () => number) => {
      const rows = [...patients.keys()].sort(() => random() - 0.5);
      return { test: rows.slice(0, 9), train: rows.slice(9) };
    },
  ],
  [
    "01.3",
    /in neither part; list each row/,
    (patients: string[]) => {
      const first = [...new Set(patients)].map((patient) => patients.indexOf(patient));
      return { test: first.slice(0, 6), train: first.slice(6) };
    },
  ],
  ["01.3", /always the same ones/, partAt(6)],
  ["01.3", /the test part has 14 of 20 patients/, partAt(14)],
  ["02.6", /best constant, which is not 0/, 0.122],
  ["02.6", /before the clamp/, 1],
  ["02.6", /but then comes the logarithm/, 0.5],
  ["03.5", /what does r not notice\?/, [2, 3, 4, 5, 6, 7]],
  ["03.5", /a constant has no correlation/, [9, 9, 9, 9, 9, 9]],
  ["03.5", /r is -1\.000; it must be above/, [6, 5, 4, 3, 2, 1]],
  ["03.5", /expected 6 predictions, got 2/, [1, 2]],
  ["06.3", /the setting is then chosen on test rows/, nest({ all: true })],
  ["06.3", /in the test part of a fold and outside/, nest({ outer: true })],
  ["06.3", /in the training and the validation part/, nest({ inner: true })],
  ["06.3", /test row exactly once/, (p: string[], k: number) => Array(k).fill(nest({})(p, k)[0])],
  ["06.5", /begins at 0\.44; is that above the majority/, 18],
  ["06.5", /enough, but not the least/, 27],
  ["06.5", /naming the larger class does as well/, 17],
  ["06.5", /expected a count of 29 samples/, 0.8],
  ["07.5", /2000 % of the budget; it must not be above/, () => 1],
  ["07.5", /a larger ratio fits too/, () => 0.01],
  ["07.5", /expected a positive ratio, got 0/, () => 0],
  ["13.4", /correlation of 0\.98 with coordinate 0/, [1, 2, 3, 4].map((x) => [x, x])],
  ["13.4", /both coordinates must vary/, [1, 2, 3, 4].map((x) => [1, x])],
  ["13.4", /nothing to predict/, [-2, -1, 1, 2].map((x) => [x, 0])],
  ["13.4", /expected at least 4 points, got 1/, [[1, 2]]],
  ["leak.1", /5 of 5 defects are missed/, []],
  ["leak.1", /3 that you accuse are sound/, [..."ABCDEFGH"]],
  ["leak.1", /1 that you accuse is sound, and 4 of 5 defects/, ["H", "B"]],
  ["leak.2", /1 of 5 are right/, sheet("parted pairs")],
  ["leak.2", /one word for each pipeline/, { A: "parted pairs" }],
  ["leak.2", /expected one of .*, got "sound"/, sheet("sound")],
  ["leak.3", /2 of 5 are right/, sheet("duplicateSample")],
  ["leak.3", /expected one of .*, got "a test"/, sheet("a test")],
];

for (const [exercise, hint, answer] of ATTEMPTS) {
  test(`${exercise}: a learner's answer is told: ${hint.source}`, () => {
    const { right, message } = judgeAnswer(exercise, answer);
    assert.ok(!right, "taken for right");
    assert.match(message, hint);
  });
}

test("no hint hands out the answer: it names no formula that the exercise asks for", () => {
  const given = /√|Math\.|=>|\* \(|log1p\(|expm1/;
  for (const [name, { mistakes = [] }] of Object.entries(EXERCISES)) {
    for (const [hint] of mistakes) assert.doesNotMatch(hint, given, name);
  }
});
