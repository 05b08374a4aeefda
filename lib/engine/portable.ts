// The engine that runs anywhere: tfjs on wasm, WebGPU or plain JavaScript, through the same code.
import type * as Tf from "@tensorflow/tfjs-core";
import type { Matrix } from "../cohort/matrix.js";
import { checkSpec, visibleOf, type Weights } from "../model/autoencoder.js";
import { type Backend, type BackendName, loadBackend } from "./backend.js";
import { BaseModel, type Pass, type Passed } from "./base.js";
import { wholeBlock, writeBlock } from "./blocks.js";
import { chunks } from "./chunks.js";
import { meanLosses, requireObserved, requireTensors } from "./contract.js";
import { hiddenDropout } from "./dropout.js";
import type { Engine, Kept, Losses } from "./engine.js";
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
      requireTensors("build", spec, weights);
      requireMemory(spec, memoryLimits(name));
      backend.activate();
      const make = (_: string, values: Float32Array, shape: readonly [number, number]) =>
        new Variable(backend, values, shape);
      return new PortableModel(
        backend,
        new Parameters(spec, weights, make, blockFeatures),
        weights,
      );
    },
  };
}

class PortableModel extends BaseModel {
  readonly #backend: Backend;
  readonly #parameters: Parameters<Variable>;
  readonly #network: Network;

  constructor(backend: Backend, parameters: Parameters<Variable>, weights: Weights) {
    super(parameters.layers.spec, weights);
    this.#backend = backend;
    this.#parameters = parameters;
    this.#network = { ...parameters.layers, backend };
  }

  async evaluate(batch: Matrix): Promise<Losses> {
    const observed = requireObserved("evaluate", this.enter("evaluate", batch));
    const { tf } = this.#backend;
    const network = this.#network;
    let losses = { huber: 0, mse: 0 };
    for (const rows of chunks(batch)) {
      this.require("evaluate");
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
    this.enter("reconstruct", batch);
    const { tf } = this.#backend;
    const network = this.#network;
    const { features } = this.spec;
    const out = new Float32Array(batch.rows * features);
    let done = 0;
    for (const { rows, ...rest } of chunks(batch)) {
      this.require("reconstruct");
      const latent = tf.tidy(() => this.#latent({ rows, ...rest }));
      for (const [i, { weight }] of network.output.entries()) {
        this.require("reconstruct");
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
    this.enter("encode", batch);
    const { tf } = this.#backend;
    const out = new Float32Array(batch.rows * this.spec.width);
    let done = 0;
    for (const rows of chunks(batch)) {
      this.require("encode");
      const values = await take(tf.tidy(() => tf.transpose(this.#latent(rows, relu))));
      out.set(values, done);
      done += values.length;
    }
    return out;
  }

  protected async readParameter(name: string, kept: Kept): Promise<Float32Array> {
    return await this.#parameters.read(name, kept);
  }

  protected writeParameter(name: string, kept: Kept, values: Float32Array): void {
    this.#parameters.write(name, kept, values);
  }

  protected free(): void {
    this.#parameters.dispose();
  }

  /** The backend is active when this returns. */
  protected override require(where: string): void {
    super.require(where);
    this.#backend.activate();
  }

  protected async pass({ batch, input, observed, random, rule }: Pass): Promise<Passed> {
    const { tf } = this.#backend;
    const gradients = new Map<Variable, Tf.Tensor2D>();
    const apply: Apply = rule
      ? (variable, gradient) => variable.update(gradient, rule)
      : (variable, gradient) => gradients.set(variable, tf.keep(tf.clone(gradient)));
    const slopes: Tf.Tensor2D[] = []; // [rows, visible columns of a block]
    const sums = tf.tidy(() => {
      const drop = hiddenDropout(this.spec, batch.rows, random);
      const passed = forward(this.#network, input, { drop });
      const onSlope = this.spec.batchNorm
        ? (slope: Tf.Tensor2D) => slopes.push(tf.keep(tf.transpose(slope)))
        : null;
      return backward(this.#network, passed, batch, observed, apply, onSlope);
    });
    if (rule) this.#parameters.decayUnseen(1 - rule.learningRate * rule.weightDecay);
    return {
      slope: slopes.length > 0 ? await this.#assembleSlope(slopes) : null,
      gradients: rule
        ? null
        : await this.#parameters.assemble((variable) => take(gradients.get(variable)!)),
      sums: await take(sums),
    };
  }

  /** Puts the slopes of the input's blocks beside each other, `[rows, visible columns]`. */
  async #assembleSlope(slopes: readonly Tf.Tensor2D[]): Promise<Float32Array> {
    const { start, end } = visibleOf(this.spec);
    const whole = wholeBlock(slopes[0].shape[0], end - start);
    const out = new Float32Array(whole.rows * whole.columns);
    for (const [i, { block }] of this.#network.input.entries()) {
      const place = { ...whole, left: block.left - start, right: block.right - start };
      writeBlock(out, place, await take(slopes[i]));
    }
    return out;
  }

  #latent(batch: Matrix, relu = true): Tf.Tensor2D {
    const { activations } = forward(this.#network, this.input(batch), { relu });
    return activations[activations.length - 1];
  }
}

/** Reads a tensor and frees it. */
async function take(tensor: Tf.Tensor): Promise<Float32Array> {
  const values = await tensor.data<"float32">();
  tensor.dispose();
  return values;
}
