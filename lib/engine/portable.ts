// The engine that runs anywhere: tfjs on wasm, WebGPU or plain JavaScript, through the same code.
import type * as Tf from "@tensorflow/tfjs-core";
import type { Matrix } from "../cohort/matrix.js";
import { type AutoencoderSpec, checkSpec, type Weights } from "../model/autoencoder.js";
import { type Backend, type BackendName, loadBackend } from "./backend.js";
import { wholeBlock, writeBlock } from "./blocks.js";
import { chunks } from "./chunks.js";
import {
  meanLosses,
  requireBatch,
  requireObserved,
  requireParameters,
  requireRates,
  requireSteps,
} from "./contract.js";

import { dropoutInput } from "./dropout.js";
import type { Engine, Kept, Losses, Model, StepOptions } from "./engine.js";
import { memoryLimits, requireMemory } from "./memory.js";
import {
  type Apply,
  backward,
  blockLosses,
  forward,
  type Network,
  outputBlock,
} from "./network.js";
import { Parameters } from "./parameters.js";
import { Variable } from "./variable.js";

export interface PortableOptions {
  readonly backend?: BackendName;
  /** Features that are worked on at a time; by default as many as fit the processor's cache. */
  readonly blockFeatures?: number;
}

/**
 * Makes an engine out of tfjs operations.
 * @throws Error with the reason if the backend cannot run here.
 */
export async function portableEngine({
  backend: name = "wasm",
  blockFeatures,
}: PortableOptions = {}): Promise<Engine> {
  const backend = await loadBackend(name);
  return {
    name: "portable",
    backend: name,
    version: backend.tf.version_core,
    async build(spec, weights) {
      checkSpec(spec);
      requireParameters("build", spec, weights);
      requireMemory(spec, memoryLimits(name));
      backend.activate();
      const make = (_: string, values: Float32Array, shape: readonly [number, number]) =>
        new Variable(backend, values, shape);
      return new PortableModel(backend, new Parameters(spec, weights, make, blockFeatures));
    },
  };
}

class PortableModel implements Model {
  readonly spec: AutoencoderSpec;
  readonly #backend: Backend;
  readonly #parameters: Parameters<Variable>;
  readonly #network: Network;
  #step = 0;
  #disposed = false;

  constructor(backend: Backend, parameters: Parameters<Variable>) {
    this.spec = parameters.layers.spec;
    this.#backend = backend;
    this.#parameters = parameters;
    this.#network = { ...parameters.layers, backend };
  }

  async step(batch: Matrix, options: StepOptions): Promise<Losses> {
    this.#enter("step", batch);
    requireRates(options);
    const { learningRate, weightDecay = 0, dropout } = options;
    const observed = requireObserved("step", batch);
    const rule = { learningRate, weightDecay, step: this.#step + 1 };
    const sums = this.#pass(batch, observed, dropout, (variable, gradient) =>
      variable.update(gradient, rule),
    );
    if (weightDecay !== 0) this.#parameters.decayUnseen(1 - learningRate * weightDecay);
    this.#step = rule.step;
    return meanLosses("step", await take(sums), observed);
  }

  async gradients(batch: Matrix): Promise<Weights> {
    this.#enter("gradients", batch);
    const observed = requireObserved("gradients", batch);
    const { tf } = this.#backend;
    const gradients = new Map<Variable, Tf.Tensor2D>();
    const sums = this.#pass(batch, observed, undefined, (variable, gradient) => {
      gradients.set(variable, tf.keep(tf.clone(gradient)));
    });
    const values = await this.#parameters.assemble((variable) => take(gradients.get(variable)!));
    meanLosses("gradients", await take(sums), observed);
    return values;
  }

  async evaluate(batch: Matrix): Promise<Losses> {
    this.#enter("evaluate", batch);
    const observed = requireObserved("evaluate", batch);
    const { tf } = this.#backend;
    const network = this.#network;
    let losses = { huber: 0, mse: 0 };
    for (const rows of chunks(batch)) {
      this.#activate("evaluate");
      const sums = tf.tidy(() => {
        const latent = this.#latent(rows);
        const blocks = network.output.map(({ weight }, i) =>
          tf.tidy(() => {
            const { reconstruction } = outputBlock(network, i, latent);
            return blockLosses(tf, reconstruction, rows, weight.block).sums;
          }),
        );
        return tf.stack(blocks);
      });
      const part = meanLosses("evaluate", await take(sums), observed);
      losses = { huber: losses.huber + part.huber, mse: losses.mse + part.mse };
    }
    return losses;
  }

  async reconstruct(batch: Matrix): Promise<Float32Array> {
    this.#enter("reconstruct", batch);
    const { tf } = this.#backend;
    const network = this.#network;
    const { features } = this.spec;
    const out = new Float32Array(batch.rows * features);
    let done = 0;
    for (const { rows, ...rest } of chunks(batch)) {
      this.#activate("reconstruct");
      const latent = tf.tidy(() => this.#latent({ rows, ...rest }));
      for (const [i, { weight }] of network.output.entries()) {
        this.#activate("reconstruct");
        const byRow = tf.tidy(() => tf.transpose(outputBlock(network, i, latent).reconstruction));
        const { top: left, bottom: right } = weight.block;
        const place = { ...wholeBlock(rows, features), left, right };
        writeBlock(out.subarray(done * features), place, await take(byRow));
      }
      latent.dispose();
      done += rows;
    }
    return out;
  }

  async encode(batch: Matrix, { relu = true } = {}): Promise<Float32Array> {
    this.#enter("encode", batch);
    const { tf } = this.#backend;
    const out = new Float32Array(batch.rows * this.spec.width);
    let done = 0;
    for (const rows of chunks(batch)) {
      this.#activate("encode");
      const values = await take(tf.tidy(() => tf.transpose(this.#latent(rows, relu))));
      out.set(values, done);
      done += values.length;
    }
    return out;
  }

  async readWeights(): Promise<Weights> {
    this.#activate("readWeights");
    return this.#parameters.readWeights();
  }

  get stepCount(): number {
    return this.#step;
  }

  set stepCount(step: number) {
    this.#step = requireSteps(step);
  }

  async readTensor(name: string, kept: Kept): Promise<Float32Array> {
    this.#activate("readTensor");
    return this.#parameters.readTensor(name, kept);
  }

  writeTensor(name: string, kept: Kept, values: Float32Array): void {
    this.#activate("writeTensor");
    this.#parameters.writeTensor(name, kept, values);
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#parameters.dispose();
  }

  #activate(where: string): void {
    if (this.#disposed) throw new Error(`${where}: expected a living model, got a disposed one`);
    this.#backend.activate();
  }

  #enter(where: string, batch: Matrix): void {
    this.#activate(where);
    requireBatch(where, this.spec, batch);
  }

  /** A forward and a backward pass; the caller takes the sums of the losses. */
  #pass(batch: Matrix, observed: number, random: StepOptions["dropout"], apply: Apply): Tf.Tensor {
    return this.#backend.tf.tidy(() => {
      const passed = forward(this.#network, dropoutInput(batch, this.spec, random));
      return backward(this.#network, passed, batch, observed, apply);
    });
  }

  #latent(batch: Matrix, relu = true): Tf.Tensor2D {
    const { activations } = forward(this.#network, dropoutInput(batch, this.spec), relu);
    return activations[activations.length - 1];
  }
}

/** Reads a tensor and frees it. */
async function take(tensor: Tf.Tensor): Promise<Float32Array> {
  const values = await tensor.data<"float32">();
  tensor.dispose();
  return values;
}
