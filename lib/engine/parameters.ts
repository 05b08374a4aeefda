// A model's parameters inside a backend: cut into blocks of variables, and put together again by name.
import type { AutoencoderSpec, Weights } from "../model/autoencoder.js";
import { areaOf, type Block, biasOf, layOut, readBlock, wholeBlock, writeBlock } from "./blocks.js";
import type { Kept } from "./engine.js";

/** What an engine trains: a tensor with Adam's moments. */
export interface Trained {
  read(kept: Kept): Promise<Float32Array>;
  /** Replaces the value or a moment by a copy of the values. */
  write(kept: Kept, values: Float32Array): void;
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

/** Input weights of columns that the model does not see. */
interface Unseen {
  readonly block: Block;
  readonly values: Float32Array;
}

/** Owns the variables of one model until `dispose`. */
export class Parameters<V extends Trained> {
  readonly layers: Layers<V>;
  readonly #parts = new Map<string, Part<V>[]>();
  /** They decay, and nothing else. */
  readonly #unseen: readonly Unseen[];

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
    for (const name of this.#parts.keys()) out.set(name, await this.#assembleOne(name, read));
    return out;
  }

  /** Reads one parameter or a moment of it; moments are 0 where the model does not see. */
  async read(name: string, kept: Kept): Promise<Float32Array> {
    const values = await this.#assembleOne(name, (variable) => variable.read(kept));
    if (kept === "value") {
      for (const { block, values: unseen } of this.#unseenOf(name)) {
        writeBlock(values, block, unseen);
      }
    }
    return values;
  }

  /** Copies as many values as the parameter has; moments are 0 where the model does not see. */
  write(name: string, kept: Kept, values: Float32Array): void {
    for (const { block, values: unseen } of this.#unseenOf(name)) {
      if (kept === "value") unseen.set(readBlock(values, block));
    }
    // One array for all blocks: garbage of large ones comes faster than it is collected.
    const parts = this.#parts.get(name)!;
    const into = new Float32Array(Math.max(...parts.map(({ block }) => areaOf(block))));
    for (const { block, variable } of parts) {
      variable.write(kept, readBlock(values, block, into));
    }
  }

  /** Multiplies the weights that the model does not see, which is all that AdamW does to them. */
  decayUnseen(keep: number): void {
    for (const { values } of this.#unseen) {
      for (let i = 0; i < values.length; i++) values[i] *= keep;
    }
  }

  dispose(): void {
    for (const parts of this.#parts.values()) {
      for (const { variable } of parts) variable.dispose();
    }
  }

  async #assembleOne(
    name: string,
    read: (variable: V) => Promise<Float32Array>,
  ): Promise<Float32Array> {
    const parts = this.#parts.get(name)!;
    const { rows, columns } = parts[0].block;
    const values = new Float32Array(rows * columns);
    for (const { block, variable } of parts) {
      writeBlock(values, block, await read(variable));
    }
    return values;
  }

  #unseenOf(name: string): readonly Unseen[] {
    return name === "inp_lin.weight" ? this.#unseen : [];
  }
}
