// A model without an engine for tests of what is around it: it learns one number a feature, in float32.
import { type Matrix, matrixFrom } from "../../lib/cohort/matrix.js";
import type { Engine } from "../../lib/engine/engine.js";
import { ARO, type AroSpec, PAPER_MODEL } from "../../lib/model/aro.js";
import type { AutoencoderModel } from "../../lib/model/autoencoder.js";
import {
  initializeWeights,
  type Losses,
  type Measured,
  type Start,
  type StepOptions,
} from "../../lib/model/model.js";
import type { Part } from "../../lib/preprocess/prepare.js";
import type { TrainingRows } from "../../lib/train/deal.js";
import { TRAINABLE, type TrainableOf } from "../../lib/train/trainable.js";

export interface FakeModel extends AutoencoderModel<AroSpec> {
  /** Each step's batch, options, and the first number that its dropout drew. */
  readonly steps: { batch: Matrix; options: StepOptions; drawn: number | undefined }[];
  readonly disposed: boolean;
}

export const SPEC: AroSpec = {
  ...PAPER_MODEL,
  features: 3,
  width: 2,
  hiddenLayers: 1,
  visible: null,
};

/** `onStep` may change the losses that a step reports, or do what a test wants done at that moment. */
export function fakeModel(
  start: Start,
  spec: AroSpec = SPEC,
  onStep: (losses: Losses, step: number) => Losses = (losses) => losses,
): FakeModel {
  const weights = "seed" in start ? initializeWeights(ARO, spec, start.seed) : start;
  let bias = Float32Array.from(weights.get("out_lin.bias")!);
  let stepCount = 0;
  const steps: FakeModel["steps"] = [];
  let disposed = false;
  const drops = spec.inputDropout > 0 || spec.hiddenDropout > 0;
  const lossesOf = (batch: Matrix): { losses: Measured; slope: Float64Array } => {
    const slope = new Float64Array(batch.columns);
    let huber = 0;
    let squares = 0;
    let count = 0;
    batch.values.forEach((value, i) => {
      if (!batch.observed[i]) return;
      const error = bias[i % batch.columns] - value;
      const size = Math.abs(error);
      huber += size <= 1 ? error ** 2 / 2 : size - 0.5;
      squares += error ** 2;
      slope[i % batch.columns] += Math.max(-1, Math.min(1, error));
      count++;
    });
    return { losses: { huber: huber / count, mse: squares / count, observed: count }, slope };
  };
  const missing = async (): Promise<never> => {
    throw new Error("fakeModel: not made for this");
  };
  return {
    spec,
    tensors: ARO.tensors(spec),
    leastRows: spec.batchNorm ? 2 : 1,
    steps,
    get disposed() {
      return disposed;
    },
    async step(batch, options) {
      const { losses, slope } = lossesOf(batch);
      const drawn = drops ? options.random?.uniform() : undefined;
      steps.push({ batch, options, drawn });
      slope.forEach((value, j) => {
        bias[j] -= options.learningRate * (value + (drawn ?? 0) * 1e-3);
      });
      stepCount++;
      return { ...losses, ...onStep(losses, stepCount) };
    },
    evaluate: async (batch) => lossesOf(batch).losses,
    readWeights: async () => new Map([...weights, ["out_lin.bias", Float32Array.from(bias)]]),
    gradients: missing,
    reconstruct: missing,
    encode: missing,
    slopes: missing,
    get stepCount() {
      return stepCount;
    },
    set stepCount(count) {
      stepCount = count;
    },
    // It has no moments.
    readTensor: async (name, kept) => {
      if (kept !== "value") return new Float32Array(weights.get(name)!.length);
      return name === "out_lin.bias" ? bias.slice() : weights.get(name)!;
    },
    writeTensor: (name, kept, values) => {
      if (name === "out_lin.bias" && kept === "value") bias = Float32Array.from(values);
    },
    dispose: () => {
      disposed = true;
    },
  };
}

/** An engine in name alone, and what builds fake models in its place and keeps them for the test to look at. */
export function fakeEngine(onStep?: (losses: Losses, step: number) => Losses): {
  readonly options: { readonly engine: Engine; readonly trainable: TrainableOf<"ARO"> };
  readonly built: FakeModel[];
} {
  const built: FakeModel[] = [];
  return {
    built,
    options: {
      engine: { name: "tfjs", backend: "fake", version: "0.0.0" } as Engine,
      trainable: {
        ...TRAINABLE.ARO,
        build: (_, spec, start) => {
          const model = fakeModel(start, spec, onStep);
          built.push(model);
          return model;
        },
      },
    },
  };
}

/** Rows whose entries follow from their place; NaN, "not observed", at row 1, column 0. */
export function preparedRows<P extends Part>(part: P, rows: number, shift = 0): TrainingRows<P> {
  const numbers = Array.from({ length: rows * 3 }, (_, i) =>
    i === 3 ? Number.NaN : 1 + (i % 3) + 0.1 * Math.floor(i / 3) + shift,
  );
  return {
    part,
    rows: Array.from({ length: rows }, (_, i) => i),
    ids: Array.from({ length: rows }, (_, i) => `${part}-${i}`),
    matrix: matrixFrom(rows, 3, numbers),
  };
}
