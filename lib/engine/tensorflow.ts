// The engine on libtensorflow: its operations one at a time, with tensors freed as soon as they were used.
import type { Matrix } from "../cohort/matrix.js";
import { checkSpec, visibleOf, type Weights } from "../model/autoencoder.js";
import { type Addon, loadAddon } from "./addon.js";
import { BaseModel, type Pass, type Passed } from "./base.js";
import { type Block, wholeBlock, writeBlock } from "./blocks.js";
import { chunks } from "./chunks.js";
import { meanLosses, requireObserved, requireTensors } from "./contract.js";
import { hiddenDropout } from "./dropout.js";
import type { Engine, Kept, Losses } from "./engine.js";
import { memoryLimits, requireMemory } from "./memory.js";
import { type Id, Operations, type Precision } from "./operations.js";
import { Parameters } from "./parameters.js";
import {
  type ApplyTensorflow,
  backwardTensorflow,
  forwardTensorflow,
  lossesTensorflow,
  outputTensorflow,
  type TensorflowNetwork,
  uploadBatch,
} from "./tensorflow-network.js";
import { adamSettings, TensorflowVariable } from "./tensorflow-variable.js";

export interface TensorflowOptions {
  /** Features that are worked on at a time; by default what suits the processor, and all on a GPU. */
  readonly blockFeatures?: number;
  /** Of products; by default bfloat16 on a graphics processor that has it, float32 elsewhere. */
  readonly precision?: Precision;
}

/** Entries of a weight block: 8 MiB, which allocators keep at hand and large caches hold. */
const BLOCK_ENTRIES = 1 << 21;

/**
 * Makes the engine.
 * @throws Error with the reason if its addon is not built or cannot be loaded.
 */
export async function tensorflowEngine({
  blockFeatures,
  precision,
}: TensorflowOptions = {}): Promise<Engine> {
  const addon = loadAddon();
  const operations = new Operations(addon, precision ?? choosePrecision(addon));
  return {
    name: "tensorflow",
    backend: "tensorflow",
    version:
      operations.precision === "float32"
        ? addon.TF_Version
        : `${addon.TF_Version}, bfloat16 products`,
    async build(spec, weights) {
      checkSpec(spec);
      requireTensors("build", spec, weights);
      requireMemory(spec, memoryLimits("tensorflow"));
      const size = addon.isUsingGpuDevice()
        ? spec.features
        : Math.max(16, Math.floor(BLOCK_ENTRIES / spec.width));
      const make = (_: string, values: Float32Array, shape: readonly [number, number]) =>
        new TensorflowVariable(operations, shape, values);
      const parameters = new Parameters(spec, weights, make, blockFeatures ?? size);
      return new TensorflowModel(operations, parameters, weights);
    },
  };
}

/** A graphics processor without bfloat16 refuses a small product in it. */
function choosePrecision(addon: Addon): Precision {
  if (!addon.isUsingGpuDevice()) return "float32";
  try {
    const operations = new Operations(addon, "bfloat16");
    const read = operations.scope(() => {
      const one = operations.tensor([1, 1], Float32Array.of(1));
      return operations.read(operations.product(one, one));
    });
    return read[0] === 1 ? "bfloat16" : "float32";
  } catch {
    return "float32";
  }
}

class TensorflowModel extends BaseModel {
  readonly #operations: Operations;
  readonly #parameters: Parameters<TensorflowVariable>;
  readonly #network: TensorflowNetwork;

  constructor(
    operations: Operations,
    parameters: Parameters<TensorflowVariable>,
    weights: Weights,
  ) {
    super(parameters.layers.spec, weights);
    this.#operations = operations;
    this.#parameters = parameters;
    this.#network = { ...parameters.layers, operations };
  }

  async evaluate(batch: Matrix): Promise<Losses> {
    const observed = requireObserved("evaluate", this.enter("evaluate", batch));
    const operations = this.#operations;
    const sums: number[] = [];
    for (const rows of chunks(batch)) {
      operations.scope(() => {
        const latent = this.#latent(rows);
        const uploaded = uploadBatch(operations, rows);
        for (const [i, { weight }] of this.#network.output.entries()) {
          operations.scope(() => {
            const { reconstruction } = outputTensorflow(this.#network, i, latent);
            sums.push(...lossesTensorflow(operations, reconstruction, uploaded, weight.block).sums);
          });
        }
      });
    }
    return meanLosses("evaluate", Float32Array.from(sums), observed);
  }

  async reconstruct(batch: Matrix): Promise<Float32Array> {
    this.enter("reconstruct", batch);
    const operations = this.#operations;
    const { features } = this.spec;
    const out = new Float32Array(batch.rows * features);
    let done = 0;
    for (const rows of chunks(batch)) {
      operations.scope(() => {
        const latent = this.#latent(rows);
        for (const [i, { weight }] of this.#network.output.entries()) {
          operations.scope(() => {
            const { reconstruction } = outputTensorflow(this.#network, i, latent);
            const { top: left, bottom: right } = weight.block;
            const place = { ...wholeBlock(rows.rows, features), left, right };
            writeBlock(
              out.subarray(done * features),
              place,
              operations.read(operations.transpose(reconstruction)),
            );
          });
        }
      });
      done += rows.rows;
    }
    return out;
  }

  async encode(batch: Matrix, { relu = true } = {}): Promise<Float32Array> {
    this.enter("encode", batch);
    const out = new Float32Array(batch.rows * this.spec.width);
    let done = 0;
    for (const rows of chunks(batch)) {
      this.#operations.scope(() => {
        const latent = this.#latent(rows, relu);
        const values = this.#operations.read(this.#operations.transpose(latent));
        out.set(values, done);
        done += values.length;
      });
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

  protected async pass({ batch, input, observed, random, rule }: Pass): Promise<Passed> {
    const operations = this.#operations;
    const gradients = new Map<TensorflowVariable, Float32Array>();
    const { start, end } = visibleOf(this.spec);
    const whole = wholeBlock(batch.rows, end - start);
    const slope = this.spec.batchNorm ? new Float32Array(batch.rows * whole.columns) : null;
    const sums = operations.scope(() => {
      const settings = rule && adamSettings(operations, rule);
      const apply: ApplyTensorflow = settings
        ? (variable, gradient) => variable.update(gradient, settings)
        : (variable, gradient) => gradients.set(variable, operations.read(gradient));
      const drop = hiddenDropout(this.spec, batch.rows, random);
      const passed = forwardTensorflow(this.#network, input, { drop });
      const uploaded = uploadBatch(operations, batch);
      const onSlope = (part: Id, { left, right }: Block) => {
        const place = { ...whole, left: left - start, right: right - start };
        writeBlock(slope!, place, operations.read(part));
      };
      return backwardTensorflow(
        ...([this.#network, passed, uploaded, observed, apply, slope && onSlope] as const),
      );
    });
    if (rule) this.#parameters.decayUnseen(1 - rule.learningRate * rule.weightDecay);
    const assembled = rule
      ? null
      : await this.#parameters.assemble(async (variable) => gradients.get(variable)!);
    return { sums, slope, gradients: assembled };
  }

  /** In the scope around. */
  #latent(batch: Matrix, relu = true): Id {
    return this.#operations.scope(() => {
      const { activations } = forwardTensorflow(this.#network, this.input(batch), { relu });
      return activations[activations.length - 1];
    });
  }
}
