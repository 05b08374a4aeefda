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

/** Adam on one weight; the options leave parts of it out. */
function adam(gradients: number[], rate: number, { correct = true, decay = 0.9 } = {}): number {
  let [w, m, v] = [0, 0, 0];
  for (let t = 1; t <= gradients.length; t++) {
    m = decay * m + (1 - decay) * gradients[t - 1];
    v = 0.999 * v + 0.001 * gradients[t - 1] ** 2;
    const mHat = correct ? m / (1 - decay ** t) : m;
    const vHat = correct ? v / (1 - 0.999 ** t) : v;
    w -= (rate * mHat) / (Math.sqrt(vHat) + 1e-8);
  }
  return w;
}

/** The forward pass; the options leave parts of it out, or turn the square matrices. */
function forward({
  visible = 0,
  bias = true,
  turned = false,
  inner = (a: number) => Math.max(0, a),
  last = (a: number) => Math.log(1 + Math.exp(a)),
}) {
  return (y: number[], seen: number, layers: { W: number[][]; b: number[] }[]) => {
    let h = y.map((v, j) => (j < (visible || seen) ? v : 0));
    for (const [k, { W, b }] of layers.entries()) {
      const turn = turned && W.length === h.length;
      h = W.map((row, o) => {
        const a = total(h.map((v, i) => v * (turn ? W[i][o] : row[i]))) + (bias ? b[o] : 0);
        return k < layers.length - 1 ? inner(a) : last(a);
      });
    }
    return h;
  };
}

/** Of the rows where a protein was measured, the best line's slope and the two means. */
function line(x: number[], y: number[]) {
  const rows = [...x.keys()].filter((i) => !Number.isNaN(y[i]));
  const [xs, ys] = [rows.map((i) => x[i]), rows.map((i) => y[i])];
  const products = total(xs.map((value, i) => (value - average(xs)) * (ys[i] - average(ys))));
  return { xs, ys, slope: products / total(xs.map((value) => (value - average(xs)) ** 2)) };
}

const wilson = (right: number, n: number, z = 1.959963984540054) => {
  const p = right / n;
  const center = (p + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const margin = (z / (1 + (z * z) / n)) * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
  return { low: center - margin, high: center + margin, margin };
};

/** The columns whose values `counts` accepts. */
const units = (latent: number[][], counts: (column: number[]) => boolean) =>
  latent[0].map((_, j) => latent.map((row) => row[j])).filter(counts).length;

const far = (a: number[], b: number[]) => Math.sqrt(total(a.map((x, j) => (x - b[j]) ** 2)));

const ATTEMPTS: readonly Attempt[] = [
  [
    "00.1",
    /unobserved entries must not count/,
    (o: number[], y: number[]) => average(minus(o, y).map(huber)),
  ],
  [
    "00.1",
    /this is a sum; the loss is a mean/,
    (o: number[], y: number[], m: number[]) => total(minus(o, y).map((d, i) => m[i] * huber(d))),
  ],
  [
    "00.1",
    /count less than their square/,
    (o: number[], y: number[], m: number[]) =>
      total(minus(o, y).map((d, i) => m[i] * d * d)) / total(m),
  ],
  [
    "00.2",
    /the loss is a mean, and so is its slope/,
    (o: number[], y: number[], m: number[]) => minus(o, y).map((d, i) => m[i] * slope(d)),
  ],
  [
    "00.2",
    /the sign is wrong/,
    (o: number[], y: number[], m: number[]) =>
      minus(y, o).map((d, i) => (m[i] * slope(d)) / total(m)),
  ],
  [
    "00.2",
    /a straight line; what is its slope\?/,
    (o: number[], y: number[], m: number[]) => minus(o, y).map((d, i) => (m[i] * d) / total(m)),
  ],
  ["00.3", /one more vector/, (f: number, h: number, k: number) => f * h + k * h * h + h * f],
  [
    "00.3",
    /output layer has a bias too/,
    (f: number, h: number, k: number) => f * h + h + k * (h * h + h) + h * f,
  ],
  [
    "00.3",
    /an input layer, its hidden layers and an output/,
    (f: number, h: number, k: number) => k * (h * h + h) + h * f + f,
  ],
  [
    "00.4",
    /both averages corrected/,
    (g: number[], rate: number) => adam(g, rate, { correct: false }),
  ],
  ["00.4", /moved uphill/, (g: number[], rate: number) => -adam(g, rate)],
  [
    "00.4",
    /plain gradient descent/,
    (g: number[], rate: number) => g.reduce((w, one) => w - rate * one, 0),
  ],
  [
    "00.4",
    /the first step must have the size/,
    (g: number[], rate: number) => adam(g, rate, { decay: 0.5 }),
  ],
  ["00.5", /may not see the last entries/, forward({ visible: 7 })],
  ["00.5", /five layers are no more than one/, forward({ inner: (a) => a })],
  ["00.5", /exactly 0/, forward({ last: (a) => Math.max(0, a) })],
  ["00.5", /what else does each unit add\?/, forward({ bias: false })],
  ["00.5", /row o of W belongs to unit o/, forward({ turned: true })],
  ["00.5", /row o of W belongs to unit o/, forward({ inner: (a) => Math.abs(a) })],

  ["01.1", /a measured zero is data/, (a: number[]) => a.filter(Boolean).length / a.length],
  ["01.1", /the share that is missing/, (a: number[]) => 1 - known(a).length / a.length],
  [
    "01.2",
    /go by the ids/,
    (rna: string[], _: string[], protein: number[]) => protein.slice(0, rna.length),
  ],
  [
    "01.2",
    /in the order of the proteins/,
    (rna: string[], ids: string[], protein: number[]) =>
      ids.flatMap((id, i) => (rna.includes(id) ? [protein[i]] : [])),
  ],
  [
    "01.3",
    /what are you shuffling\?/,
    (patients: string[], random: () => number) => {
      const rows = patients.map((_, i) => i).sort(() => random() - 0.5);
      return { test: rows.slice(0, 9), train: rows.slice(9) };
    },
  ],
  [
    "01.4",
    /samples of different names/,
    (train: string[], test: string[]) => train.filter((id) => test.includes(id)),
  ],
  [
    "01.4",
    /do not read the patient from the id/,
    (train: string[], test: string[]) => {
      const patients = train.map((id) => id.replace(/-.*/, ""));
      return [...new Set(test.map((id) => id.replace(/-.*/, "")))]
        .filter((id) => patients.includes(id))
        .sort();
    },
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
    "01.5",
    /always guessing the largest does better/,
    (labels: (string | null)[]) => 1 / new Set(labels.filter((l) => l)).size,
  ],

  [
    "02.1",
    /was not measured is not zero/,
    (_: number[], a: number[]) => a.map((x) => (Number.isNaN(x) ? 0 : x)),
  ],
  [
    "02.1",
    /one wild value moves a mean/,
    (train: number[], a: number[]) => a.map((x) => (Number.isNaN(x) ? average(known(train)) : x)),
  ],
  [
    "02.1",
    /may only use training rows/,
    (_: number[], a: number[]) => a.map((x) => (Number.isNaN(x) ? middle(a) : x)),
  ],
  [
    "02.1",
    /a measured zero is data, and stays/,
    (train: number[], a: number[]) => a.map((x) => x || middle(train)),
  ],
  [
    "02.2",
    /another test sample were added/,
    (_: number[], a: number[]) => a.map((x) => (x - average(a)) / spread(a)),
  ],
  [
    "02.2",
    /not by one less/,
    (train: number[], a: number[]) => a.map((x) => (x - average(train)) / spread(train, 1)),
  ],
  [
    "02.2",
    /not by the variance/,
    (train: number[], a: number[]) => a.map((x) => (x - average(train)) / spread(train) ** 2),
  ],
  [
    "02.3",
    /the logarithm is missing/,
    (x: number, mean: number, sd: number) => (x > mean ? (x - mean) / sd : 0),
  ],
  [
    "02.3",
    /first a z-score, then the clamp/,
    (x: number, mean: number, sd: number) => Math.log(1 + (Math.max(0, x) - mean) / sd),
  ],
  [
    "02.4",
    /log1p added 1 before the logarithm/,
    (u: number, mean: number, sd: number) => mean + sd * Math.exp(u),
  ],
  ["02.4", /not the logarithm/, (u: number, mean: number, sd: number) => u * sd + mean],
  ["02.5", /try it on a value below the mean/, (x: number) => x],
  [
    "02.5",
    /can they come back as two\?/,
    (x: number, mean: number) => (x > mean ? x : 2 * mean - x),
  ],
  ["02.6", /not 0; predict 0/, 0.122],
  ["02.6", /before the clamp/, 1],
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
    "03.1",
    /which mean is that\?/,
    (y: number[], p: number[]) => {
      const rows = [...y.keys()].filter((i) => !Number.isNaN(y[i]));
      const mean = average(rows.map((i) => y[i]));
      return (
        1 - total(rows.map((i) => (y[i] - p[i]) ** 2)) / total(rows.map((i) => (y[i] - mean) ** 2))
      );
    },
  ],
  [
    "03.2",
    /need not go through zero/,
    (x: number[], y: number[], at: number) => {
      const { xs, ys } = line(x, y);
      return (
        (at * total(xs.map((value, i) => value * ys[i]))) / total(xs.map((value) => value * value))
      );
    },
  ],
  [
    "03.2",
    /over the same samples/,
    (x: number[], y: number[], at: number) => {
      const { ys, slope: steep } = line(x, y);
      return average(ys) + steep * (at - average(x));
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
  ["03.4", /has begun to memorize/, (e: object[]) => e.length - 1],
  ["03.5", /what does r not notice\?/, [2, 3, 4, 5, 6, 7]],

  [
    "04.1",
    /draw the exponent evenly/,
    (u: number, low: number, high: number) => low * (1 - u) + high * u,
  ],
  [
    "04.1",
    /this is the exponent; give the rate/,
    (u: number, low: number, high: number) => Math.log10(low) * (1 - u) + Math.log10(high) * u,
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
    "04.2",
    /not with its neighbor/,
    (losses: (number | null)[]) =>
      losses.map((loss, i) => Math.min(loss ?? 1e99, i > 0 ? (losses[i - 1] ?? 1e99) : 1e99)),
  ],
  [
    "04.3",
    /compare at the same epoch/,
    (curve: number[], earlier: number[][]) =>
      Math.min(...curve) >
      middle(earlier.filter((one) => one.length >= curve.length).map((one) => Math.min(...one))),
  ],
  [
    "04.3",
    /lowest loss so far counts, not the latest/,
    (curve: number[], earlier: number[][]) => {
      const at = curve.length - 1;
      return curve[at] > middle(earlier.flatMap((one) => (at < one.length ? [one[at]] : [])));
    },
  ],
  [
    "04.4",
    /the second sample may not choose/,
    (a: number[], b: number[]) => Math.min(...b) - Math.min(...a),
  ],
  [
    "04.4",
    /the sign is wrong/,
    (a: number[], b: number[]) => Math.min(...a) - b[a.indexOf(Math.min(...a))],
  ],

  [
    "05.1",
    /one sample is enough/,
    (latent: number[][]) => units(latent, (column) => column.every((x) => x > 0)),
  ],
  [
    "05.1",
    /units that are off/,
    (latent: number[][]) => units(latent, (column) => !column.some((x) => x > 0)),
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
    "06.1",
    /centered on the share itself/,
    (right: number, n: number) => ({
      low: right / n - wilson(right, n).margin,
      high: right / n + wilson(right, n).margin,
    }),
  ],
  [
    "06.1",
    /90 % interval/,
    (right: number, n: number) => {
      const { low, high } = wilson(right, n, 1.6448536269514722);
      return { low, high };
    },
  ],
  [
    "06.2",
    /this is the accuracy/,
    (a: string[], p: string[]) => a.filter((one, i) => one === p[i]).length / a.length,
  ],
  [
    "06.2",
    /share of each call that is right/,
    (a: string[], p: string[]) =>
      average(
        [...new Set(p)].map(
          (c) =>
            a.filter((one, i) => one === c && p[i] === c).length /
            p.filter((one) => one === c).length,
        ),
      ),
  ],
  [
    "06.4",
    /prove that p is 0/,
    (score: number, drawn: number[]) => drawn.filter((one) => one >= score).length / drawn.length,
  ],
  [
    "06.4",
    /also where you divide/,
    (score: number, drawn: number[]) =>
      (drawn.filter((one) => one >= score).length + 1) / drawn.length,
  ],
  ["06.5", /enough, but not the least/, 27],
  ["06.5", /is that above the majority rate\?/, 20],

  [
    "07.1",
    /the code rounds down/,
    (f: number, ratios: number[]) => ratios.map((ratio) => Math.round(ratio * f)),
  ],
  [
    "07.1",
    /not of the layer before/,
    (f: number, ratios: number[]) =>
      ratios.map((_, i) =>
        ratios.slice(0, i + 1).reduce((width, ratio) => Math.floor(width * ratio), f),
      ),
  ],
  [
    "07.3",
    /check the sign/,
    (mean: number[], log: number[]) =>
      0.5 * total(mean.map((mu, i) => 1 + log[i] - mu ** 2 - Math.exp(log[i]))),
  ],
  [
    "07.3",
    /one half is missing/,
    (mean: number[], log: number[]) =>
      total(mean.map((mu, i) => mu ** 2 + Math.exp(log[i]) - log[i] - 1)),
  ],
  ["07.5", /must not be above/, () => 0.9],

  [
    "08.1",
    /how many of their deviations/,
    (a: number[]) => ({ mean: average(a), deviation: spread(a) }),
  ],
  [
    "08.1",
    /this is the variance/,
    (a: number[]) => ({ mean: average(a), deviation: spread(a, 1) ** 2 }),
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
    "08.3",
    /their mean varies less/,
    (a: number[], b: number[]) => ({
      difference: average(minus(a, b)),
      error: spread(minus(a, b), 1),
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
  [
    "08.4",
    /not by all rows/,
    (d: number[], train: number, held: number, t: number) => {
      const margin = t * spread(d, 1) * Math.sqrt(1 / d.length + held / (train + held));
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
    "09.2",
    /lower is better/,
    (a: number[], b: number[], t: number) => {
      const d = minus(a, b);
      const margin = (t * spread(d, 1)) / Math.sqrt(d.length);
      return average(d) > margin ? "first" : average(d) < -margin ? "second" : "undecided";
    },
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
  ["09.4", /do not depend on the number of features/, (n: number, w: number) => n / (2 * w + 1)],
  [
    "09.4",
    /in the first matrix and in the last/,
    (n: number, w: number, k: number) => (n - w - k * w * (w + 1)) / w,
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
    "13.1",
    /the share that is left/,
    (error: number, constant: number, floor: number) => 1 - (constant - error) / (constant - floor),
  ],
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
    "13.4",
    /which a line would see/,
    [
      [0, 1],
      [1, 2],
      [2, 1],
      [3, 3],
    ],
  ],
  ["leak.1", /4 of 5 defects are missed/, ["E"]],
  [
    "leak.4",
    /change the values/,
    (fit: (a: number[], b: number[]) => number, train: number[], held: number[]) =>
      fit(train, held) !== fit(train, [...held].reverse()),
  ],
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
  for (const [name, { mistakes }] of Object.entries(EXERCISES)) {
    for (const [hint] of mistakes) assert.doesNotMatch(hint, given, name);
  }
});
