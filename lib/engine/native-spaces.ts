// Where the native engine leaves what it computes between two kernels, kept from step to step.
import { type AutoencoderSpec, visibleOf } from "../model/autoencoder.js";

import type { Kernels } from "./kernels.js";

/** Where a pass over batches of one size leaves what it computes. */
export interface Workspace {
  readonly rows: number;
  /** Rows, rounded up to whole strips. */
  readonly lanes: number;
  readonly dropped: Float32Array; // [rows, visible]
  readonly input: Float32Array; // [lanes / strip, visible, strip]
  /** Of the layer below the one that was computed last. */
  readonly below: Float32Array; // [lanes / strip, width, strip]
  /** After the input layer and each hidden one. */
  readonly activations: readonly Float32Array[]; // [width, lanes]
}

/** What only a backward pass needs. */
export interface Backspace {
  readonly packedInput: Float32Array; // [visible / strip, rows, strip]
  readonly packed: Float32Array; // [width / strip, rows, strip], of an activation
  readonly byRow: Float32Array; // [rows, width]
  readonly slopes: Float32Array; // [threads, width / strip, lanes, strip], before a ReLU
  readonly slope: Float32Array; // [width, lanes]
  /** With respect to what the input layer reads; null without batch normalization, which alone asks for it. */
  readonly inputSlope: Float32Array | null; // [rows, visible]
}

/** Batch sizes whose spaces are kept: of full batches, of an epoch's last, and of the validation. */
const KEPT = 3;

/** The spaces of one model by the rows of a batch. */
export class Spaces {
  readonly #kernels: Kernels;
  readonly #spec: AutoencoderSpec;
  readonly #spaces = new Map<number, Workspace & { backspace?: Backspace }>();

  constructor(kernels: Kernels, spec: AutoencoderSpec) {
    this.#kernels = kernels;
    this.#spec = spec;
  }

  of(rows: number): Workspace & { backspace?: Backspace } {
    const known = this.#spaces.get(rows);
    if (known) {
      this.#spaces.delete(rows); // it is the youngest again
      this.#spaces.set(rows, known);
      return known;
    }
    const [oldest] = this.#spaces.keys();
    if (this.#spaces.size === KEPT) this.#spaces.delete(oldest);
    const { width, hiddenLayers } = this.#spec;
    const lanes = this.#whole(rows);
    const { start, end } = visibleOf(this.#spec);
    const inputs = end - start;
    const make = (length: number) => this.#kernels.allocate(length);
    const made = {
      ...{ rows, lanes, dropped: make(rows * inputs), input: make(lanes * inputs) },
      below: make(lanes * width),
      activations: Array.from({ length: hiddenLayers + 1 }, () => make(width * lanes)),
    };
    this.#spaces.set(rows, made);
    return made;
  }

  backOf(rows: number): Backspace {
    const space = this.of(rows);
    if (space.backspace) return space.backspace;
    const { width, batchNorm } = this.#spec;
    const { lanes, input, dropped } = space;
    const make = (length: number) => this.#kernels.allocate(length);
    space.backspace = {
      packedInput: make(this.#whole(input.length / lanes) * rows),
      packed: make(this.#whole(width) * rows),
      byRow: make(width * rows),
      slopes: make(this.#kernels.threads * this.#whole(width) * lanes),
      slope: make(width * lanes),
      inputSlope: batchNorm ? make(dropped.length) : null,
    };
    return space.backspace;
  }

  clear(): void {
    this.#spaces.clear();
  }

  /** Rounded up to whole strips. */
  #whole(count: number): number {
    const strip = 2 * this.#kernels.vector;
    return Math.ceil(count / strip) * strip;
  }
}
