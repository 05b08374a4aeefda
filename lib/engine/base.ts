// What the models of all engines have in common: steps, tensors by name, batch normalization, and an end.
import type { Matrix } from "../cohort/matrix.js";
import type { Random } from "../cohort/random.js";
import {
  type AutoencoderSpec,
  parametersOf,
  tensorsOf,
  type Weights,
} from "../model/autoencoder.js";
import type { AdamStep } from "./adam.js";
import { BatchNorm } from "./batch-norm.js";
import {
  meanLosses,
  requireBatch,
  requireObserved,
  requireRates,
  requireSteps,
  requireTensor,
  requireTwoRows,
  requireUnseenAtRest,
} from "./contract.js";
import { dropoutInput } from "./dropout.js";
import type { Kept, Losses, Model, StepOptions } from "./engine.js";

/** What a pass forward and backward works on. */
export interface Pass {
  readonly batch: Matrix;
  /** What the input layer reads, `[rows, visible columns]`. */
  readonly input: Float32Array;
  /** Observed entries, over which the losses are means. */
  readonly observed: number;
  /** Where the dropout of activations is drawn from. */
  readonly random: Random | undefined;
  /** How parameters are updated; null asks for their gradients instead. */
  readonly rule: AdamStep | null;
}

/** What comes of a pass. */
export interface Passed {
  /** Of the losses, by parts of the batch: `[huber, mse, huber, mse, ...]`. */
  readonly sums: Float32Array;
  /** With respect to the pass's input, `[rows, visible columns]`; null without batch normalization. */
  readonly slope: Float32Array | null;
  /** Of the engine's own parameters, by name; null where they were updated. */
  readonly gradients: Weights | null;
}

export abstract class BaseModel implements Model {
  readonly spec: AutoencoderSpec;
  readonly #norm: BatchNorm | null;
  #step = 0;
  #disposed = false;

  constructor(spec: AutoencoderSpec, weights: Weights) {
    this.spec = spec;
    this.#norm = spec.batchNorm ? new BatchNorm(spec, weights) : null;
  }

  abstract evaluate(batch: Matrix): Promise<Losses>;
  abstract reconstruct(batch: Matrix): Promise<Float32Array>;
  abstract encode(batch: Matrix, options?: { readonly relu?: boolean }): Promise<Float32Array>;

  /** Up to its first await, it runs before anything else does. */
  protected abstract pass(pass: Pass): Promise<Passed>;
  protected abstract readParameter(name: string, kept: Kept): Promise<Float32Array>;
  /** Copies values that are as many as the parameter's. */
  protected abstract writeParameter(name: string, kept: Kept, values: Float32Array): void;
  protected abstract free(): void;

  async step(batch: Matrix, options: StepOptions): Promise<Losses> {
    this.enter("step", batch);
    requireRates(options);
    const { learningRate, weightDecay = 0, dropout: random } = options;
    const observed = requireObserved("step", batch);
    const rule = { learningRate, weightDecay, step: this.#step + 1 };
    if (this.#norm) requireTwoRows(batch);
    const normalized = this.#norm?.train(batch, random);
    const input = normalized?.values ?? this.dropInput(batch, random);
    const { sums, slope } = await this.pass({ batch, input, observed, random, rule });
    if (normalized) this.#norm!.update(this.#norm!.gradients(normalized, slope!), rule);
    this.#step = rule.step;
    return meanLosses("step", sums, observed);
  }

  async gradients(batch: Matrix): Promise<Weights> {
    this.enter("gradients", batch);
    const observed = requireObserved("gradients", batch);
    const normalized = this.#norm?.apply(batch);
    const input = normalized?.values ?? dropoutInput(batch, this.spec);
    const passed = await this.pass({ batch, input, observed, random: undefined, rule: null });
    meanLosses("gradients", passed.sums, observed);
    const ofNorm = normalized && this.#norm!.gradients(normalized, passed.slope!);
    const gradients = new Map([...passed.gradients!, ...(ofNorm ?? [])]);
    return new Map(parametersOf(this.spec).map(({ name }) => [name, gradients.get(name)!]));
  }

  async readWeights(): Promise<Weights> {
    this.require("readWeights");
    const weights = new Map<string, Float32Array>();
    for (const { name } of tensorsOf(this.spec)) {
      weights.set(name, await this.readTensor(name, "value"));
    }
    return weights;
  }

  get stepCount(): number {
    return this.#step;
  }

  set stepCount(step: number) {
    this.#step = requireSteps(step);
  }

  async readTensor(name: string, kept: Kept): Promise<Float32Array> {
    this.require("readTensor");
    requireTensor("readTensor", this.spec, name, kept);
    if (this.#norm?.has(name)) return this.#norm.read(name, kept);
    return await this.readParameter(name, kept);
  }

  writeTensor(name: string, kept: Kept, values: Float32Array): void {
    this.require("writeTensor");
    requireTensor("writeTensor", this.spec, name, kept, values);
    requireUnseenAtRest(this.spec, name, kept, values);
    if (this.#norm?.has(name)) this.#norm.write(name, kept, values);
    else this.writeParameter(name, kept, values);
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.free();
  }

  /** @throws Error if the model was disposed of. */
  protected require(where: string): void {
    if (this.#disposed) throw new Error(`${where}: expected a living model, got a disposed one`);
  }

  protected enter(where: string, batch: Matrix): void {
    this.require(where);
    requireBatch(where, this.spec, batch);
  }

  /** What the input layer reads where nothing is trained, `[rows, visible columns]`. */
  protected input(batch: Matrix): Float32Array {
    return this.#norm?.apply(batch).values ?? dropoutInput(batch, this.spec);
  }

  /** What it reads in a training step without batch normalization. */
  protected dropInput(batch: Matrix, random?: Random): Float32Array {
    return dropoutInput(batch, this.spec, random);
  }
}
