// A model on an engine: parameters by name, trained step by step. Its page, such as aro.ts, defines what it computes.
//
// A batch goes one way: train (lib/train/train.ts) -> step (here) -> pass (the model's page) -> forward of each layer
// (lib/layers) -> a primitive of the engine (lib/engine/native.ts, tfjs.ts) -> a kernel. It comes back through the layers'
// `back`, where the engine settles each gradient by one step of AdamW.
import { createRandom, type Random } from "../cohort/random.js";
import { type AdamW, adamw } from "../engine/adamw.js";
import type { Columns, Engine, Kept, Parameter } from "../engine/engine.js";
import { sizeOf } from "../engine/shapes.js";
import { countNumbers, type Described, type Pass, type TensorShape } from "../layers/layers.js";
import { checkOptions, required } from "../options.js";
import type { Deal, RunData } from "./batches.js";
import { requireMemory } from "./memory.js";

/** The losses are not finite: the weights diverged under these settings. */
export class DivergenceError extends Error {
  override readonly name = "DivergenceError";
  /** @param found the first loss that is not finite, such as "Huber NaN". */
  constructor(
    message: string,
    readonly found = message,
  ) {
    super(message);
  }
}

/** Means over the observed entries of a batch. */
export interface Losses {
  /** Huber loss with delta 1. */
  readonly huber: number;
  readonly mse: number;
}

/** What a pass measured. */
export interface Measured extends Losses {
  /** Observed entries of the batch. */
  readonly observed: number;
  /** The other terms of the model's loss, by name. */
  readonly parts?: Readonly<Record<string, number>>;
}

/** Values by tensor name, each in PyTorch's layout: a weight is row-major `[outputs, inputs]`. */
export type Weights = ReadonlyMap<string, Float32Array>;

/** What a model starts from: weights, or the seed that they are drawn with (see `initializeWeights`). */
export type Start = Weights | { readonly seed: number };

export interface StepOptions {
  readonly learningRate: number;
  /** Decoupled, as in AdamW; 0 in the paper. */
  readonly weightDecay?: number;
  /** Where dropout and noise are drawn from; without it nothing is dropped and no noise is added. */
  readonly random?: Random;
  /** Counted from 1; for models whose loss changes during training. */
  readonly epoch?: number;
}

const GRADIENTS = { weightDecay: "weight", random: "object", epoch: "count" } as const;
const STEP = { learningRate: required("weight"), ...GRADIENTS } as const;
const SEED = { seed: required("number") } as const;

/** A model under training. */
export interface Model<Batch, Net = Network<Batch>> {
  readonly network: Net;
  /** Parameters and buffers, in the order in which files hold them. */
  readonly tensors: readonly TensorShape[];
  /** The fewest rows that a step can use. */
  readonly leastRows: number;
  /** Takes one step; resolves to the losses before it, as PyTorch reports them. */
  step(batch: Batch, options: StepOptions): Promise<Measured>;
  /** Computes the losses without dropout and noise, with running statistics; changes nothing. */
  evaluate(batch: Batch): Promise<Measured>;
  /** The gradients that a step would apply, by parameter; for tests and explanations. */
  gradients(batch: Batch, options?: Omit<StepOptions, "learningRate">): Promise<Weights>;
  /** Copies every tensor: the parameters and the buffers. */
  readWeights(): Promise<Map<string, Float32Array>>;
  /** Steps taken so far, which Adam's bias corrections use; to resume, set it together with the tensors. */
  stepCount: number;
  /** Copies what is kept of one tensor, so that a large model need not be copied at once. */
  readTensor(name: string, kept: Kept): Promise<Float32Array>;
  /**
   * Replaces what is kept of one tensor; with all tensors and `stepCount` restored, training resumes exactly.
   * @throws RangeError if the model keeps no such tensor, or the values do not fit it.
   */
  writeTensor(name: string, kept: Kept, values: Float32Array): void;
  /**
   * Runs work that trains nothing, one piece at a time, and frees the tensors that it makes.
   * @param work gets the pass that the network's layers take.
   * @throws Error if the model was disposed.
   */
  run<R>(where: string, work: (pass: Pass) => Promise<R>): Promise<R>;
  /** Frees the engine's memory; the model must not be used again. */
  dispose(): void;
}

/** Sums over the observed entries of a batch. */
export interface Sums {
  /** Huber losses; those of the validation rows decide schedule, early stopping and the best epoch, whatever is trained. */
  readonly huber: number;
  /** Squared errors. */
  readonly squared: number;
  /** Terms of the loss, scaled so that those of a batch's chunks add up. */
  readonly parts?: Readonly<Record<string, number>>;
}

/** What a model computes, written in layers; it knows no engine. */
export interface Network<Batch> {
  /** Its layers' tensors, in the order in which files hold them. */
  readonly tensors: readonly TensorShape[];
  /** Adam's settings that differ from PyTorch's defaults. */
  readonly adam?: Partial<AdamW>;
  /** Rows that a training step needs: 2 where batch normalization divides by the batch's variance. */
  readonly leastRows: number;
  /**
   * Checks a batch and counts its observed entries.
   * @throws RangeError if it does not fit.
   */
  inspect(where: string, batch: Batch, engine: Engine): number;
  /**
   * Runs forward and, if the pass has a settlement, backward.
   * @param observed what `inspect` counted; the loss is a mean over as many entries.
   */
  pass(batch: Batch, observed: number, pass: Pass & { readonly epoch: number }): Promise<Sums>;
  /** Computes the losses of held-out rows; by default `pass` without training. */
  evaluate?(batch: Batch, pass: Pass): Promise<Sums>;
  /** Cuts a batch into parts that are evaluated one after the other, which bounds memory; by default it is one part. */
  chunks?(batch: Batch): readonly Batch[];
}

/** A kind of model: its settings, and the layers that they make. */
export interface Architecture<Spec, Batch, Net extends Network<Batch>> {
  /** As run folders record it. */
  readonly name: string;
  /** @throws RangeError naming the first setting that makes no sense, and what it may be. */
  check(spec: Spec): void;
  /** Numbers in a row of a batch, for the estimate of memory; small ones need not be counted. */
  rowSize?(spec: Spec): number;
  network(spec: Spec): Net;
}

/** A model that `trainRun` trains: an architecture, and how its batches are made from a cohort's rows. */
export interface Trainable<Spec, Batch = unknown, Net extends Network<Batch> = Network<Batch>>
  extends Architecture<Spec, Batch, Net> {
  /** @param uncounted columns that the validation loss does not count, if the model can leave them out. */
  deal(data: RunData, spec: Spec, uncounted: Columns | null): Deal<Batch>;
  /** What the model reads of the data beside the rows; it becomes part of the run's fingerprint. */
  besides?(data: RunData): unknown;
  /** The name of the random stream of dropout and noise; by default "dropout". */
  readonly stream?: string;
}

/**
 * Builds a model that starts from these weights, which are copied, or from weights drawn with a seed, which are as large
 * as the model and let go of at once.
 * @throws RangeError if a setting makes no sense, the weights do not fit, or training would run out of memory.
 */
export function buildModel<Spec, Batch, Net extends Network<Batch>>(
  engine: Engine,
  architecture: Architecture<Spec, Batch, Net>,
  spec: Spec,
  start: Start,
): Model<Batch, Net> {
  architecture.check(spec);
  requireMemory(architecture, spec, engine);
  const network = architecture.network(spec);
  const { tensors } = network;
  const weights =
    start instanceof Map
      ? (start as Weights)
      : initializeWeights(
          architecture,
          spec,
          checkOptions("build", start as { readonly seed: number }, SEED).seed,
        );
  requireTensors("build", tensors, weights);
  const parameters = makeParameters(engine, tensors, weights);
  const parameter = (name: string): Parameter => {
    const found = parameters.get(name);
    if (found) return found;
    throw new RangeError(
      `expected a parameter of the model (${[...parameters.keys()].join(", ")}), got "${name}"`,
    );
  };
  const still: Pass = { engine, parameter, isTraining: false, settlement: null };
  let isDisposed = false;

  const requireAlive = (where: string) => {
    if (isDisposed) throw new Error(`${where}: expected a living model, got a disposed one`);
  };
  const run = <R>(where: string, work: (pass: Pass) => Promise<R>): Promise<R> =>
    engine.run(async () => {
      requireAlive(where);
      return await work(still);
    });
  const inspect = (where: string, batch: Batch): number => {
    const observed = network.inspect(where, batch, engine);
    if (observed > 0) return observed;
    throw new RangeError(
      `${where}: expected at least one observed entry in the batch, got none; the loss has no mean then`,
    );
  };
  const find = (where: string, name: string, kept: Kept): Parameter => {
    requireAlive(where);
    const parameter = parameters.get(name);
    if (parameter && (kept === "value" || parameter.isTrained)) return parameter;
    throw new RangeError(
      `${where}: expected a ${kept === "value" ? "tensor" : "trained parameter"} of the model, got "${name}"`,
    );
  };

  const model: Model<Batch, Net> = {
    tensors,
    leastRows: network.leastRows,
    network,
    run,
    stepCount: 0,
    async step(batch, options) {
      const {
        learningRate,
        weightDecay = 0,
        random,
        epoch = 1,
      } = checkOptions("step", options, STEP);
      const observed = inspect("step", batch);
      const step = model.stepCount + 1;
      const settlement = adamw({ ...network.adam, learningRate, weightDecay, step });
      const pass = { ...still, isTraining: true, random, settlement, epoch };
      const sums = await run("step", () => network.pass(batch, observed, pass));
      model.stepCount = step;
      return meansOf("step", [sums], observed);
    },
    async evaluate(batch) {
      const observed = inspect("evaluate", batch);
      const sums: Sums[] = [];
      for (const chunk of network.chunks?.(batch) ?? [batch]) {
        sums.push(
          await run("evaluate", async (pass) => {
            if (network.evaluate) return await network.evaluate(chunk, pass);
            return await network.pass(chunk, observed, { ...pass, epoch: 1 });
          }),
        );
      }
      return meansOf("evaluate", sums, observed);
    },
    async gradients(batch, options = {}) {
      const { random, epoch = 1 } = checkOptions("gradients", options, GRADIENTS);
      const observed = inspect("gradients", batch);
      const settlement = new Map<string, Promise<Float32Array>>();
      // Without random draws, these are the gradients of the loss that `evaluate` computes.
      const pass = { ...still, isTraining: random !== undefined, random, settlement, epoch };
      return await run("gradients", async () => {
        meansOf("gradients", [await network.pass(batch, observed, pass)], observed);
        const names = tensors.filter(({ name }) => settlement.has(name)).map(({ name }) => name);
        const values = await Promise.all(names.map((name) => settlement.get(name)!));
        return new Map(names.map((name, i) => [name, values[i]]));
      });
    },
    async readWeights() {
      const weights = new Map<string, Float32Array>();
      for (const { name } of tensors) weights.set(name, await model.readTensor(name, "value"));
      return weights;
    },
    async readTensor(name, kept) {
      return await engine.readParameter(find("readTensor", name, kept), kept);
    },
    writeTensor(name, kept, values) {
      const parameter = find("writeTensor", name, kept);
      requireSize("writeTensor", parameter, values);
      engine.writeParameter(parameter, kept, values);
    },
    dispose() {
      if (isDisposed) return;
      isDisposed = true;
      for (const parameter of parameters.values()) engine.dispose(parameter);
      parameters.clear();
    },
  };
  return model;
}

/**
 * Draws initial tensors; weights and biases of dense layers are uniform in `±1 / sqrt(inputs)`, as in torch.nn.Linear.
 * The numbers are the same on every engine.
 */
export function initializeWeights<Spec>(
  architecture: Described<Spec> & { check(spec: Spec): void },
  spec: Spec,
  seed: number,
): Map<string, Float32Array> {
  architecture.check(spec);
  let bound = 0;
  return new Map(
    architecture.network(spec).tensors.map(({ name, shape, start }) => {
      const values = new Float32Array(sizeOf(shape));
      if (start === "ones") values.fill(1);
      if (start === "uniform") {
        if (shape.length === 2) bound = 1 / Math.sqrt(shape[1]); // the bias that follows shares it
        drawUniform(createRandom(seed, name), bound, values);
      }
      return [name, values];
    }),
  );
}

/** Counts the trained parameters of a model: 303,863,222 for the paper's ARO. */
export function countParameters<Spec>(architecture: Described<Spec>, spec: Spec): number {
  return countNumbers(architecture.network(spec).tensors, true);
}

/** @throws RangeError if there is not one array of the right length for each tensor, or another one. */
function requireTensors(where: string, tensors: readonly TensorShape[], weights: Weights): void {
  for (const tensor of tensors) requireSize(where, tensor, weights.get(tensor.name));
  const known = new Set(tensors.map(({ name }) => name));
  const other = [...weights.keys()].find((name) => !known.has(name));
  if (other === undefined) return;
  throw new RangeError(`${where}: expected no tensor named "${other}" in this model`);
}

function requireSize(
  where: string,
  { name, shape }: Pick<TensorShape, "name" | "shape">,
  values: Float32Array | undefined,
): void {
  if (values?.length === sizeOf(shape)) return;
  throw new RangeError(
    `${where}: expected ${sizeOf(shape)} numbers for ${name} [${shape.join(", ")}], got ${values?.length ?? "none"}`,
  );
}

/** Separate from `buildModel`, whose closures would otherwise keep the initial weights alive. */
function makeParameters(
  engine: Engine,
  tensors: readonly TensorShape[],
  weights: Weights,
): Map<string, Parameter> {
  return new Map(
    tensors.map(({ name, shape, ...options }) => {
      return [name, engine.parameter(name, shape, weights.get(name)!, options)];
    }),
  );
}

/** Fills an array with uniform draws from `±bound`. */
export function drawUniform(random: Random, bound: number, values: Float32Array): void {
  // In blocks, which draws hundreds of millions of numbers per second.
  const words = new Uint32Array(Math.min(values.length, 1 << 16));
  for (let start = 0; start < values.length; start += words.length) {
    const part = words.subarray(0, Math.min(words.length, values.length - start));
    random.fillUint32(part);
    for (let i = 0; i < part.length; i++) values[start + i] = (part[i] / 2 ** 31 - 1) * bound;
  }
}

/** @throws DivergenceError if a loss is not finite. */
function meansOf(where: string, sums: readonly Sums[], observed: number): Measured {
  const add = (of: (one: Sums) => number) => sums.reduce((total, one) => total + of(one), 0);
  const [huber, mse] = [add((one) => one.huber) / observed, add((one) => one.squared) / observed];
  const names = Object.keys(sums[0].parts ?? {});
  const parts = Object.fromEntries(names.map((name) => [name, add((one) => one.parts![name])]));
  for (const [name, loss] of Object.entries({ Huber: huber, MSE: mse, ...parts })) {
    if (Number.isFinite(loss)) continue;
    const found = `${name} ${loss}`;
    throw new DivergenceError(
      `${where}: expected finite losses, got ${found}; ` +
        "the weights have diverged: train again with a lower learning rate",
      found,
    );
  }
  return { huber, mse, observed, ...(names.length > 0 && { parts }) };
}
