// The native engine: the autoencoder on kernels of our own, one pass over weights and moments a step.
import type { Matrix } from "../cohort/matrix.js";
import type { Random } from "../cohort/random.js";
import {
  type AutoencoderSpec,
  checkSpec,
  parametersOf,
  sizeOf,
  type Weights,
} from "../model/autoencoder.js";
import { BETA1, BETA2, coefficients, EPSILON } from "./adam.js";
import { chunks } from "./chunks.js";
import {
  meanLosses,
  requireFinite,
  requireObserved,
  requireParameter,
  requireParameters,
  requireRates,
  requireShape,
  requireSteps,
  requireUnseenAtRest,
} from "./contract.js";
import { dropoutInput } from "./dropout.js";
import type { Engine, Kept, Losses, Model, StepOptions } from "./engine.js";
import { ACTIVATION, type Kernels, kernelVersion, loadKernels, threadCount } from "./kernels.js";
import { memoryLimits, requireMemory } from "./memory.js";
import { decayUnseen, type Layer, layersOf, type Parameter } from "./native-layers.js";
import { type Backspace, Spaces, type Workspace } from "./native-spaces.js";

/**
 * Makes the native engine; the first time, its kernels are compiled, which takes some seconds.
 * @throws Error with the reason if there is no compiler for them.
 */
export async function nativeEngine(): Promise<Engine> {
  const kernels = await loadKernels();
  return {
    name: "native",
    backend: `${32 * kernels.vector}-bit vectors, ${threadCount()} threads`,
    version: await kernelVersion(),
    async build(spec, weights) {
      checkSpec(spec);
      requireParameters("build", spec, weights);
      requireMemory(spec, memoryLimits("native"));
      return new NativeModel(kernels, spec, weights);
    },
  };
}

class NativeModel implements Model {
  readonly spec: AutoencoderSpec;
  readonly #kernels: Kernels;
  readonly #parameters: Map<string, Parameter>;
  readonly #spaces: Spaces;
  #step = 0;
  #disposed = false;

  constructor(kernels: Kernels, spec: AutoencoderSpec, weights: Weights) {
    this.spec = spec;
    this.#kernels = kernels;
    this.#spaces = new Spaces(kernels, spec);
    this.#parameters = new Map(
      parametersOf(spec).map(({ name, shape }) => {
        const make = () => kernels.allocate(sizeOf(shape));
        const value = make();
        value.set(weights.get(name)!);
        return [name, { value, first: make(), second: make() }];
      }),
    );
  }

  async step(batch: Matrix, options: StepOptions): Promise<Losses> {
    const marks = this.#enter("step", batch);
    requireRates(options);
    const { learningRate, weightDecay = 0, dropout } = options;
    const observed = requireObserved("step", batch, marks);
    const rule = { learningRate, weightDecay, step: this.#step + 1 };
    const { keep, rate, root } = coefficients(rule);
    const adam = Float64Array.of(keep, rate, root, BETA1, 1 - BETA1, BETA2, 1 - BETA2, EPSILON);
    const sums = this.#train(batch, observed, dropout, adam);
    if (keep !== 1) decayUnseen(this.spec, this.#parameters.get("inp_lin.weight")!.value, keep);
    this.#step = rule.step;
    return meanLosses("step", Float32Array.from(sums), observed);
  }

  async gradients(batch: Matrix): Promise<Weights> {
    const marks = this.#enter("gradients", batch);
    const observed = requireObserved("gradients", batch, marks);
    const gradients = new Map(
      parametersOf(this.spec).map(({ name, shape }) => [name, new Float32Array(sizeOf(shape))]),
    );
    const sums = this.#train(batch, observed, undefined, new Float64Array(8), gradients);
    meanLosses("gradients", Float32Array.from(sums), observed);
    return gradients;
  }

  async evaluate(batch: Matrix): Promise<Losses> {
    const marks = this.#enter("evaluate", batch);
    const observed = requireObserved("evaluate", batch, marks);
    const total = new Float64Array(2);
    for (const rows of chunks(batch)) {
      const space = this.#forward(rows, this.#input(rows));
      const sums = this.#output(rows, space, null, new Float64Array(8), 1);
      for (const i of [0, 1]) total[i] += sums[i];
    }
    return meanLosses("evaluate", Float32Array.from(total), observed);
  }

  async reconstruct(batch: Matrix): Promise<Float32Array> {
    this.#enter("reconstruct", batch);
    const { features } = this.spec;
    const out = new Float32Array(batch.rows * features);
    let done = 0;
    for (const rows of chunks(batch)) {
      const { below, lanes } = this.#forward(rows, this.#input(rows));
      const linear = new Float32Array(features * lanes);
      this.#layer(
        layersOf(this.spec, this.#parameters).output,
        below,
        lanes,
        this.spec.output,
        linear,
      );
      const place = out.subarray(done * features, (done + rows.rows) * features);
      this.#kernels.transpose(linear, lanes, features, rows.rows, place, features);
      done += rows.rows;
    }
    return out;
  }

  async encode(batch: Matrix, { relu = true } = {}): Promise<Float32Array> {
    this.#enter("encode", batch);
    const { width } = this.spec;
    const out = new Float32Array(batch.rows * width);
    let done = 0;
    for (const rows of chunks(batch)) {
      const { activations, lanes } = this.#forward(rows, this.#input(rows), relu);
      const place = out.subarray(done * width, (done + rows.rows) * width);
      this.#kernels.transpose(activations.at(-1)!, lanes, width, rows.rows, place, width);
      done += rows.rows;
    }
    return out;
  }

  async readWeights(): Promise<Weights> {
    this.#require("readWeights");
    return new Map([...this.#parameters].map(([name, { value }]) => [name, value.slice()]));
  }

  get stepCount(): number {
    return this.#step;
  }

  set stepCount(step: number) {
    this.#step = requireSteps(step);
  }

  async readTensor(name: string, kept: Kept): Promise<Float32Array> {
    this.#require("readTensor");
    requireParameter("readTensor", this.spec, name);
    return this.#parameters.get(name)![kept].slice();
  }

  writeTensor(name: string, kept: Kept, values: Float32Array): void {
    this.#require("writeTensor");
    requireParameter("writeTensor", this.spec, name, values);
    if (name === "inp_lin.weight" && kept !== "value") requireUnseenAtRest(this.spec, values);
    this.#parameters.get(name)![kept].set(values);
  }

  dispose(): void {
    this.#disposed = true;
    this.#spaces.clear();
    this.#parameters.clear();
  }

  #require(where: string): void {
    if (this.#disposed) throw new Error(`${where}: expected a living model, got a disposed one`);
  }

  /** Checks a batch, and gives the number of its observed entries. */
  #enter(where: string, batch: Matrix): number {
    this.#require(where);
    requireShape(where, this.spec, batch);
    const found = new Float64Array(2);
    this.#kernels.inspect(batch.values, batch.observed, found);
    if (found[0] === 0) requireFinite(where, batch);
    return found[1];
  }

  #layer(
    { weight, bias, outputs, inputs, stride }: Layer,
    below: Float32Array,
    lanes: number,
    activation: keyof typeof ACTIVATION,
    out: Float32Array,
  ): void {
    const code = ACTIVATION[activation];
    this.#kernels.forward(weight[0], stride, outputs, inputs, bias[0], below, lanes, code, out);
  }

  /** The visible columns of a batch, some of them dropped if `random` is given; `[rows, visible columns]`. */
  #input(batch: Matrix, random?: Random): Float32Array {
    const { inputDropout, visible } = this.spec;
    if (random === undefined || inputDropout === 0) {
      return visible === null ? batch.values : dropoutInput(batch, this.spec);
    }
    const { rows, columns, values } = batch;
    const { dropped } = this.#spaces.of(rows);
    const { start, end } = visible ?? { start: 0, end: columns };
    const state = Uint32Array.from(random.state());
    const [threshold, scale] = [inputDropout * 0x100000000, 1 / (1 - inputDropout)];
    this.#kernels.drop(
      ...([values, columns, start, rows, end - start, threshold, scale, state, dropped] as const),
    );
    const [a, b, c, counter] = state;
    random.moveTo([a, b, c, counter]);
    return dropped;
  }

  /** Up to the latent representation, from input `[rows, visible columns]`. */
  #forward({ rows }: Matrix, input: Float32Array, relu = true): Workspace {
    const { width } = this.spec;
    const space = this.#spaces.of(rows);
    const { lanes, below, activations } = space;
    const layers = layersOf(this.spec, this.#parameters);
    const activation = relu ? "relu" : "linear";
    this.#kernels.transposeStrips(input, rows, layers.input.inputs, space.input);
    for (const [i, layer] of [layers.input, ...layers.hidden].entries()) {
      this.#layer(layer, i === 0 ? space.input : below, lanes, activation, activations[i]);
      this.#kernels.pack(activations[i], lanes, lanes, width, below);
    }
    return space;
  }

  /** Forward and backward; updates the parameters, or fills the gradients if they are given. Gives the sums of losses. */
  #train(
    batch: Matrix,
    observed: number,
    random: Random | undefined,
    adam: Float64Array,
    gradients?: Weights,
  ): Float64Array {
    const kernels = this.#kernels;
    const { rows } = batch;
    const { width } = this.spec;
    const input = this.#input(batch, random);
    const space = this.#forward(batch, input);
    const { activations, lanes } = space;
    const back = this.#spaces.backOf(rows);
    const { packed, packedInput, byRow, slopes, slope } = back;
    const layers = layersOf(this.spec, this.#parameters);
    const targets = layersOf(this.spec, this.#parameters, gradients);
    const pack = (activation: Float32Array) => {
      kernels.transpose(activation, lanes, width, rows, byRow, width);
      kernels.pack(byRow, width, width, rows, packed);
    };
    const update = ({ weight, bias, outputs, inputs, stride }: Layer, from: Float32Array) =>
      kernels.update(
        ...([...weight, stride, outputs, inputs, ...bias] as const),
        ...([slope, lanes, from, rows, adam] as const),
      );
    pack(activations.at(-1)!);
    const sums = this.#output(batch, space, back, adam, 1 / observed, gradients && targets.output);
    kernels.slope(slopes, width, lanes, activations.at(-1)!, 1 / observed, slope);
    for (let i = layers.hidden.length - 1; i >= 0; i--) {
      kernels.backward(layers.hidden[i].weight[0], width, width, slope, lanes, slopes);
      pack(activations[i]);
      update(targets.hidden[i], packed);
      kernels.slope(slopes, width, lanes, activations[i], 1, slope);
    }
    const { inputs } = layers.input;
    kernels.pack(input, inputs, inputs, rows, packedInput);
    update(targets.input, packedInput);
    return sums;
  }

  /** The output layer: the losses, `[huber, mse]` summed, and with a backspace what follows from them. */
  #output(
    { rows, values, observed }: Matrix,
    { below, lanes }: Workspace,
    back: Backspace | null,
    adam: Float64Array,
    scale: number,
    gradients?: Layer,
  ): Float64Array {
    const { weight, bias, outputs, inputs } = layersOf(this.spec, this.#parameters).output;
    const sums = new Float64Array(2 * threadCount());
    this.#kernels.output(
      ...([below, back?.packed ?? null, ...weight, ...bias] as const),
      ...([
        outputs,
        inputs,
        rows,
        lanes,
        values,
        observed,
        ACTIVATION[this.spec.output],
        scale,
      ] as const),
      ...([adam, back?.slopes ?? null] as const),
      ...([gradients?.weight[0] ?? null, gradients?.bias[0] ?? null, sums] as const),
    );
    return sums.subarray(0, 2);
  }
}
