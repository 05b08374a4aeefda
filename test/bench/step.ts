// Times one training step against the same model written the usual way: `npm run bench [-- --json FILE]`.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
// The union package, since tfjs-core alone knows no gradients; it comes with tfjs-node-gpu.
import * as tf from "@tensorflow/tfjs";
import { emptyMatrix, type Matrix } from "../../lib/cohort/matrix.js";
import { createRandom } from "../../lib/cohort/random.js";
import { portableEngine } from "../../lib/engine/portable.js";
import {
  type AutoencoderSpec,
  initializeWeights,
  parametersOf,
  type Weights,
} from "../../lib/model/autoencoder.js";

/** One line of the table: how long ours takes and how long the reference does, in the unit. */
interface Row {
  readonly name: string;
  readonly unit: "ms";
  readonly ours: number;
  readonly reference: number;
  /** Reference by ours: above 1, ours is faster. */
  readonly ratio: number;
  /** Quartiles. */
  readonly spread: { readonly ours: [number, number]; readonly reference: [number, number] };
}

interface Contest {
  readonly name: string;
  readonly rounds: number;
  ours(): Promise<unknown>;
  reference(): Promise<unknown>;
  dispose(): void;
}

const LEARNING_RATE = 1e-4;

/** 2,000 features, 256 wide, 3 hidden layers, batches of 80 on wasm: hand-written against automatic gradients. */
async function smallStep(): Promise<Contest> {
  const spec: AutoencoderSpec = {
    ...{ features: 2000, width: 256, hiddenLayers: 3 },
    ...{ output: "softplus", inputDropout: 0.1, visible: null },
  };
  const weights = initializeWeights(spec, 1);
  const batch = randomBatch(80, spec.features);
  const engine = await portableEngine({ backend: "wasm" });
  const model = await engine.build(spec, weights);
  const dropout = createRandom(1, "dropout");
  const usual = usualModel(spec, weights, batch);
  return {
    name: "step-small",
    rounds: 15,
    ours: () => model.step(batch, { learningRate: LEARNING_RATE, dropout }),
    reference: usual.step,
    dispose: () => {
      model.dispose();
      usual.dispose();
    },
  };
}

/** The model as tfjs's own documentation would have it: `tf.variableGrads` and `tf.train.adam`. */
function usualModel(spec: AutoencoderSpec, weights: Weights, batch: Matrix) {
  const shape: [number, number] = [batch.rows, batch.columns];
  const target = tf.tensor2d(batch.values, shape);
  const observed = tf.tensor2d(Float32Array.from(batch.observed), shape);
  const count = tf.sum(observed);
  const layers = parametersOf(spec).map(({ name, shape }) => {
    const values = tf.tensor(weights.get(name)!, [...shape]);
    return tf.variable(shape.length === 2 ? tf.transpose(values) : values);
  });
  const adam = tf.train.adam(LEARNING_RATE, 0.9, 0.999, 1e-8);
  const loss = () => {
    let units: tf.Tensor = tf.dropout(target, spec.inputDropout);
    for (let i = 0; i < layers.length; i += 2) {
      const linear = tf.add(tf.matMul(units, layers[i]), layers[i + 1]);
      units = i + 2 < layers.length ? tf.relu(linear) : tf.softplus(linear);
    }
    const distance = tf.mul(tf.abs(tf.sub(units, target)), observed);
    const near = tf.minimum(distance, 1);
    return tf.div<tf.Scalar>(tf.sum(tf.mul(near, tf.sub(distance, tf.mul(near, 0.5)))), count);
  };
  return {
    step: async () => {
      const value = tf.tidy(() => {
        const { value, grads } = tf.variableGrads(loss, layers);
        adam.applyGradients(Object.entries(grads).map(([name, tensor]) => ({ name, tensor })));
        return value;
      });
      await value.data();
      value.dispose();
    },
    dispose: () => {
      tf.dispose([target, observed, count, ...layers]);
      adam.dispose();
    },
  };
}

function randomBatch(rows: number, columns: number): Matrix {
  const random = createRandom(1, "batch");
  const batch = emptyMatrix(rows, columns);
  for (let i = 0; i < batch.values.length; i++) {
    batch.values[i] = Math.max(0, random.normal());
    batch.observed[i] = random.uniform() < 0.8 ? 1 : 0;
  }
  return batch;
}

/** Runs both in turns, so that what else the machine does falls on both alike. */
async function run(contest: Contest): Promise<Row> {
  const times = { ours: [] as number[], reference: [] as number[] };
  for (let round = -2; round < contest.rounds; round++) {
    for (const side of ["ours", "reference"] as const) {
      const start = performance.now();
      await contest[side]();
      if (round >= 0) times[side].push(performance.now() - start); // the first rounds warm up
    }
  }
  contest.dispose();
  const quantile = (side: "ours" | "reference", q: number) => {
    const sorted = times[side].sort((a, b) => a - b);
    return sorted[Math.round(q * (sorted.length - 1))];
  };
  const quartiles = (side: "ours" | "reference"): [number, number] => [
    quantile(side, 0.25),
    quantile(side, 0.75),
  ];
  const [ours, reference] = [quantile("ours", 0.5), quantile("reference", 0.5)];
  return {
    ...{ name: contest.name, unit: "ms", ours, reference, ratio: reference / ours },
    spread: { ours: quartiles("ours"), reference: quartiles("reference") },
  };
}

const CONTESTS: readonly (() => Promise<Contest>)[] = [smallStep];

const { values: options } = parseArgs({ options: { json: { type: "string" } } });
const rows: Row[] = [];
for (const prepare of CONTESTS) rows.push(await run(await prepare()));
const number = (value: number) => Number(value.toFixed(2));
console.table(
  Object.fromEntries(
    rows.map(({ name, unit, ours, reference, ratio, spread }) => [
      name,
      {
        unit,
        ours: number(ours),
        "ours, quartiles": spread.ours.map(number).join(" - "),
        reference: number(reference),
        "reference, quartiles": spread.reference.map(number).join(" - "),
        "times faster": number(ratio),
      },
    ]),
  ),
);
if (options.json) writeFileSync(options.json, `${JSON.stringify(rows, null, 2)}\n`);
