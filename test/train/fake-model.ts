// A model without an engine's work, for tests of what is around it: it learns one number a feature, in float32.
import { countObserved, type Matrix, matrixFrom } from "../../lib/cohort/matrix.js";
import type { Engine, Kept, Parameter } from "../../lib/engine/engine.js";
import { ARO, type AroSpec, PAPER_MODEL } from "../../lib/model/aro.js";
import type { TrainingRows } from "../../lib/model/batches.js";
import {
  buildModel,
  type Losses,
  type Model,
  type Network,
  type Start,
  type Trainable,
} from "../../lib/model/model.js";
import type { Part } from "../../lib/preprocess/prepare.js";

/** A step that the model was asked for: its batch, its rate, and the first number that its dropout drew. */
export interface FakeStep {
  readonly batch: Matrix;
  readonly learningRate: number;
  readonly drawn: number | undefined;
}

/** May change the losses that a step reports, or do what a test wants done at that moment. */
export type OnStep = (losses: Losses, step: number) => Losses;

export const SPEC: AroSpec = {
  ...PAPER_MODEL,
  features: 3,
  width: 2,
  hiddenLayers: 1,
  visible: null,
};

interface FakeParameter extends Parameter {
  readonly kept: Record<Kept, Float32Array>;
  isDisposed: boolean;
}

/** An engine that keeps parameters and computes nothing, and what tests look at of each model that is built on it. */
function storage(built: FakeBuilt[]): Engine {
  const fake = (parameter: Parameter) => parameter as FakeParameter;
  return {
    name: "tfjs",
    backend: "fake",
    version: "0.0.0",
    precision: "float32",
    memoryLimits: () => ({ heap: 1e9, total: 1e9, available: 1e9 }),
    run: (work) => work(),
    parameter(name, shape, values, { isTrained = true } = {}) {
      const [first, second] = [0, 0].map(() => new Float32Array(values.length));
      const columns = { start: 0, end: shape[shape.length - 1] };
      const kept = { value: values.slice(), first, second };
      const made: FakeParameter = { name, shape, columns, isTrained, kept, isDisposed: false };
      const isFirst = built.at(-1)?.parameters.some((other) => other.name === name) ?? true;
      if (isFirst) built.push(builtOf());
      built.at(-1)!.parameters.push(made);
      return made;
    },
    readParameter: async (parameter, kept) => fake(parameter).kept[kept].slice(),
    writeParameter: (parameter, kept, values) => fake(parameter).kept[kept].set(values),
    dispose(parameter) {
      fake(parameter).isDisposed = true;
    },
  } as Partial<Engine> as Engine;
}

/** What a test sees of a model that a run built. */
export interface Built {
  readonly steps: FakeStep[];
  readonly disposed: boolean;
  /** The tensors as they are now, also after disposal. */
  weights(): Map<string, Float32Array>;
}

interface FakeBuilt extends Built {
  readonly parameters: FakeParameter[];
}

function builtOf(): FakeBuilt {
  const parameters: FakeParameter[] = [];
  return {
    parameters,
    steps: [],
    get disposed() {
      return parameters.every(({ isDisposed }) => isDisposed);
    },
    weights: () => new Map(parameters.map(({ name, kept }) => [name, kept.value.slice()])),
  };
}

/** An ARO whose network adds up errors by itself. */
function fakeAro(onStep: OnStep, built: FakeBuilt[]): Trainable<AroSpec, Matrix, Network<Matrix>> {
  return {
    ...ARO,
    network(spec) {
      const drops = spec.inputDropout > 0 || spec.hiddenDropout > 0;
      return {
        tensors: ARO.network(spec).tensors,
        leastRows: spec.batchNorm ? 2 : 1,
        inspect: (_where, batch) => countObserved(batch),
        async pass(batch, observed, { settlement, random, parameter }) {
          const held = parameter("out_lin.bias") as FakeParameter;
          const bias = held.kept.value;
          const { steps } = built.find(({ parameters }) => parameters.includes(held))!;
          const { huber, squared, slope } = measure(bias, batch);
          if (settlement === null || settlement instanceof Map) return { huber, squared };
          const { learningRate, step } = settlement;
          const drawn = drops ? random?.uniform() : undefined;
          steps.push({ batch, learningRate, drawn });
          slope.forEach((value, j) => {
            bias[j] -= learningRate * (value + (drawn ?? 0) * 1e-3);
          });
          const losses = onStep({ huber: huber / observed, mse: squared / observed }, step);
          return { huber: losses.huber * observed, squared: losses.mse * observed };
        },
      };
    },
  };
}

function measure(bias: Float32Array, { values, observed, columns }: Matrix) {
  const slope = new Float64Array(columns);
  let huber = 0;
  let squared = 0;
  values.forEach((value, i) => {
    if (!observed[i]) return;
    const error = bias[i % columns] - value;
    const size = Math.abs(error);
    huber += size <= 1 ? error ** 2 / 2 : size - 0.5;
    squared += error ** 2;
    slope[i % columns] += Math.max(-1, Math.min(1, error));
  });
  return { huber, squared, slope };
}

/** Builds a fake model by itself, outside of a run. */
export function fakeModel(
  start: Start,
  spec: AroSpec = SPEC,
  onStep: OnStep = (losses) => losses,
): Model<Matrix> & { readonly steps: FakeStep[] } {
  const built: FakeBuilt[] = [];
  const model = buildModel(storage(built), fakeAro(onStep, built), spec, start);
  return Object.assign(model, { steps: built[0].steps });
}

/** An engine in name alone, and the model to train on it, which runs take for ARO. */
export function fakeEngine(onStep: OnStep = (losses) => losses): {
  readonly engine: Engine;
  readonly model: Trainable<AroSpec>;
  readonly built: Built[];
} {
  const built: FakeBuilt[] = [];
  return { built, engine: storage(built), model: fakeAro(onStep, built) };
}

/** Rows whose entries follow from their place; NaN, "not observed", at row 1, column 0. */
function preparedRows<P extends Part>(part: P, rows: number, shift = 0): TrainingRows<P> {
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

/** A cohort of 7 training and 4 validation rows, whose validation rows lie a little higher. */
export const DATA = {
  name: "tiny",
  train: preparedRows("train", 7),
  validation: preparedRows("validation", 4, 0.2),
};
