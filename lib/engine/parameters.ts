// A model's parameters inside a backend: cut into blocks of variables, and put together again by name.
import { type AutoencoderSpec, parametersOf, sizeOf, type Weights } from "../model/autoencoder.js";
import { type Block, biasOf, layOut, readBlock, wholeBlock, writeBlock } from "./blocks.js";
import { requireParameters } from "./contract.js";

/** What an engine trains: a tensor with Adam's moments. */
export interface Trained {
  read(what: "value" | "first" | "second"): Promise<Float32Array>;
  /** Replaces the moments; the arrays are the variable's from here on. */
  writeMoments(first: Float32Array, second: Float32Array): void;
  dispose(): void;
}

export interface Part<V> {
  readonly block: Block;
  readonly variable: V;
}

/** The variables by layer. */
export interface Layers<V> {
  readonly spec: AutoencoderSpec;
  /** Blocks of the input layer's weight, over the visible columns. */
  readonly input: readonly Part<V>[];
  readonly inputBias: V; // [width, 1]
  readonly hidden: readonly { readonly weight: V; readonly bias: V }[];
  /** Blocks of the output layer, over the features. */
  readonly output: readonly { readonly weight: Part<V>; readonly bias: Part<V> }[];
}

/** Makes an engine's variable out of a block of a parameter; the array is the variable's from here on. */
export type MakeVariable<V> = (
  name: string,
  values: Float32Array,
  shape: readonly [number, number],
) => V;

/** Owns the variables of one model until `dispose`. */
export class Parameters<V extends Trained> {
  readonly layers: Layers<V>;
  readonly #parts = new Map<string, Part<V>[]>();
  /** Weights of the input columns that the model does not see: they decay, and nothing else. */
  readonly #unseen: readonly { readonly block: Block; readonly values: Float32Array }[];

  /** Copies the weights, which must fit the spec, into variables with zero moments. */
  constructor(
    spec: AutoencoderSpec,
    weights: Weights,
    make: MakeVariable<V>,
    blockFeatures?: number,
  ) {
    const { width, hiddenLayers } = spec;
    const layout = layOut(spec, blockFeatures);
    const part = (name: string, block: Block): Part<V> => {
      const shape = [block.bottom - block.top, block.right - block.left] as const;
      const values = readBlock(weights.get(name)!, block);
      const made = { block, variable: make(name, values, shape) };
      const parts = this.#parts.get(name);
      if (parts) parts.push(made);
      else this.#parts.set(name, [made]);
      return made;
    };
    const whole = (name: string, rows: number, columns: number) =>
      part(name, wholeBlock(rows, columns)).variable;
    this.layers = {
      spec,
      input: layout.input.map((block) => part("inp_lin.weight", block)),
      inputBias: whole("inp_lin.bias", width, 1),
      hidden: Array.from({ length: hiddenLayers }, (_, i) => ({
        weight: whole(`encoder_layers.${i}.weight`, width, width),
        bias: whole(`encoder_layers.${i}.bias`, width, 1),
      })),
      output: layout.output.map((block) => ({
        weight: part("out_lin.weight", block),
        bias: part("out_lin.bias", biasOf(block)),
      })),
    };
    const input = weights.get("inp_lin.weight")!;
    this.#unseen = layout.unseen.map((block) => ({ block, values: readBlock(input, block) }));
  }

  /** Puts together what `read` gives for each variable, in PyTorch's layout; 0 where the model does not see. */
  async assemble(read: (variable: V) => Promise<Float32Array>): Promise<Map<string, Float32Array>> {
    const out = new Map<string, Float32Array>();
    for (const { name, shape } of parametersOf(this.layers.spec)) {
      const values = new Float32Array(sizeOf(shape));
      for (const { block, variable } of this.#parts.get(name)!) {
        writeBlock(values, block, await read(variable));
      }
      out.set(name, values);
    }
    return out;
  }

  /** Reads the weights, with those of the columns that the model does not see. */
  async readWeights(): Promise<Weights> {
    const weights = await this.assemble((variable) => variable.read("value"));
    for (const { block, values } of this.#unseen) {
      writeBlock(weights.get("inp_lin.weight")!, block, values);
    }
    return weights;
  }

  /** Multiplies the weights that the model does not see, which is all that AdamW does to them. */
  decayUnseen(keep: number): void {
    for (const { values } of this.#unseen) {
      for (let i = 0; i < values.length; i++) values[i] *= keep;
    }
  }

  /** @throws RangeError if the moments do not fit, or are not 0 where the model does not see. */
  writeMoments(firstMoments: Weights, secondMoments: Weights): void {
    for (const moments of [firstMoments, secondMoments]) {
      requireParameters("writeOptimizer", this.layers.spec, moments);
      for (const { block } of this.#unseen) {
        if (readBlock(moments.get("inp_lin.weight")!, block).some((moment) => moment !== 0)) {
          throw new RangeError(
            "writeOptimizer: expected no moments at columns that the model does not see, got some; " +
              "this state belongs to a model with other visible columns",
          );
        }
      }
    }
    for (const [name, parts] of this.#parts) {
      for (const { block, variable } of parts) {
        variable.writeMoments(
          readBlock(firstMoments.get(name)!, block),
          readBlock(secondMoments.get(name)!, block),
        );
      }
    }
  }

  dispose(): void {
    for (const parts of this.#parts.values()) {
      for (const { variable } of parts) variable.dispose();
    }
  }
}
