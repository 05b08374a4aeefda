// The native engine: the autoencoder on kernels of our own, one pass over weights and moments a step.
import type { Matrix } from "../cohort/matrix.js";
import type { Random } from "../cohort/random.js";
import { type AutoencoderSpec, checkSpec, visibleOf, type Weights } from "../model/autoencoder.js";
import { BaseModel, type Pass, type Passed } from "./base.js";
import { chunks } from "./chunks.js";
import { meanLosses, requireFinite, requireObserved, requireTensors } from "./contract.js";
import { type HiddenDropout, hiddenDropout, zeroColumns } from "./dropout.js";
import type { Engine, Kept, Losses } from "./engine.js";
import { ACTIVATION, type Kernels, kernelVersion, loadKernels } from "./kernels.js";
import { memoryLimits, requireMemory } from "./memory.js";
import {
  decayUnseen,
  dropLanes,
  kernelRule,
  type Layer,
  layersOf,
  makeGradients,
  makeParameters,
  type Parameter,
} from "./native-layers.js";
import { type Backspace, Spaces, type Workspace } from "./native-spaces.js";

/**
 * Makes the native engine; the first time, its kernels are compiled, which takes some seconds.
 * @throws Error with the reason if there is no compiler for them.
 */
export async function nativeEngine(): Promise<Engine> {
  const kernels = await loadKernels();
  return {
    name: "native",
    backend: `${32 * kernels.vector}-bit vectors, ${kernels.threads} threads`,
    version: await kernelVersion(),
    async build(spec, weights) {
      checkSpec(spec);
      requireTensors("build", spec, weights);
      requireMemory(spec, memoryLimits("native"));
      return new NativeModel(kernels, spec, weights);
    },
  };
}

class NativeModel extends BaseModel {
  readonly #kernels: Kernels;
  readonly #parameters: Map<string, Parameter>;
  readonly #spaces: Spaces;

  constructor(kernels: Kernels, spec: AutoencoderSpec, weights: Weights) {
    super(spec, weights);
    this.#kernels = kernels;
    this.#spaces = new Spaces(kernels, spec);
    this.#parameters = makeParameters(kernels, spec, weights);
  }

  async evaluate(batch: Matrix): Promise<Losses> {
    const observed = requireObserved("evaluate", this.enter("evaluate", batch));
    const total = new Float64Array(2);
    for (const rows of chunks(batch)) {
      const space = this.#forward(rows, this.input(rows));
      const sums = this.#output(rows, space, null, new Float64Array(8), 1);
      for (const i of [0, 1]) total[i] += sums[i];
    }
    return meanLosses("evaluate", Float32Array.from(total), observed);
  }

  async reconstruct(batch: Matrix): Promise<Float32Array> {
    this.enter("reconstruct", batch);
    const { features } = this.spec;
    const out = new Float32Array(batch.rows * features);
    let done = 0;
    for (const rows of chunks(batch)) {
      const { below, lanes } = this.#forward(rows, this.input(rows));
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
    this.enter("encode", batch);
    const { width } = this.spec;
    const out = new Float32Array(batch.rows * width);
    let done = 0;
    for (const rows of chunks(batch)) {
      const { activations, lanes } = this.#forward(rows, this.input(rows), { relu });
      const place = out.subarray(done * width, (done + rows.rows) * width);
      this.#kernels.transpose(activations.at(-1)!, lanes, width, rows.rows, place, width);
      done += rows.rows;
    }
    return out;
  }

  protected async readParameter(name: string, kept: Kept): Promise<Float32Array> {
    return this.#parameters.get(name)![kept].slice();
  }

  protected writeParameter(name: string, kept: Kept, values: Float32Array): void {
    this.#parameters.get(name)![kept].set(values);
  }

  protected free(): void {
    this.#spaces.clear();
    this.#parameters.clear();
  }

  protected override inspect(where: string, batch: Matrix): number {
    const found = new Float64Array(2);
    this.#kernels.inspect(batch.values, batch.observed, found);
    if (found[0] === 0) requireFinite(where, batch);
    return found[1];
  }

  /** Drops in the kernels where something is to be dropped. */
  protected override dropInput(batch: Matrix, random?: Random): Float32Array {
    const { inputDropout } = this.spec;
    if (random === undefined || inputDropout === 0) return super.dropInput(batch);
    const { rows, columns, values } = batch;
    const { dropped } = this.#spaces.of(rows);
    const { start, end } = visibleOf(this.spec);
    const state = Uint32Array.from(random.state());
    const [threshold, scale] = [inputDropout * 0x100000000, 1 / (1 - inputDropout)];
    this.#kernels.drop(
      ...([values, columns, start, rows, end - start, threshold, scale, state, dropped] as const),
    );
    const [a, b, c, counter] = state;
    random.moveTo([a, b, c, counter]);
    return zeroColumns(dropped, this.spec);
  }

  /** A pass forward and backward; it is over when this returns. */
  protected async pass({ batch, input, observed, random, rule }: Pass): Promise<Passed> {
    const kernels = this.#kernels;
    const { rows } = batch;
    const { width } = this.spec;
    const adam = rule ? kernelRule(rule) : new Float64Array(8);
    const gradients = rule ? undefined : makeGradients(this.#parameters);
    const drop = hiddenDropout(this.spec, rows, random);
    const left = drop?.scale ?? 1; // of what the slopes pass, which is not dropped
    const space = this.#forward(batch, input, { drop });
    const { activations, lanes } = space;
    const back = this.#spaces.backOf(rows);
    const { packed, packedInput, byRow, slopes, slope, inputSlope } = back;
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
    kernels.slope(slopes, width, lanes, activations.at(-1)!, left / observed, slope);
    for (let i = layers.hidden.length - 1; i >= 0; i--) {
      kernels.backward(layers.hidden[i].weight[0], width, width, slope, lanes, slopes);
      pack(activations[i]);
      update(targets.hidden[i], packed);
      kernels.slope(slopes, width, lanes, activations[i], left, slope);
    }
    const { inputs, weight, stride } = layers.input;
    if (inputSlope) {
      kernels.backwardRow(weight[0], stride, width, inputs, slope, lanes, rows, inputSlope);
    }
    kernels.pack(input, inputs, inputs, rows, packedInput);
    update(targets.input, packedInput);
    if (rule) decayUnseen(this.spec, this.#parameters.get("inp_lin.weight")!.value, adam[0]);
    return { sums: Float32Array.from(sums), slope: inputSlope, gradients: gradients ?? null };
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

  /** Up to the latent representation, from input `[rows, visible columns]`. */
  #forward(
    { rows }: Matrix,
    input: Float32Array,
    { relu = true, drop = null as HiddenDropout | null } = {},
  ): Workspace {
    const { width } = this.spec;
    const space = this.#spaces.of(rows);
    const { lanes, below, activations } = space;
    const layers = layersOf(this.spec, this.#parameters);
    const activation = relu ? "relu" : "linear";
    this.#kernels.transposeStrips(input, rows, layers.input.inputs, space.input);
    for (const [i, layer] of [layers.input, ...layers.hidden].entries()) {
      this.#layer(layer, i === 0 ? space.input : below, lanes, activation, activations[i]);
      if (drop) dropLanes(activations[i], lanes, drop.next(), rows);
      this.#kernels.pack(activations[i], lanes, lanes, width, below);
    }
    return space;
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
    const sums = new Float64Array(2 * this.#kernels.threads);
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
