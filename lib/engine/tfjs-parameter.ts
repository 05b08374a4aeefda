// A parameter in a TensorFlow.js backend: cut into blocks of variables, and assembled again.
import type { AdamW } from "./adamw.js";
import { areaOf, type Block, cut, readBlock, writeBlock } from "./blocks.js";
import type { Columns, Kept, Parameter, ParameterOptions } from "./engine.js";
import type { Backend } from "./tfjs-backend.js";
import { makeVariable, type Variable } from "./tfjs-variable.js";

export interface Part extends Block {
  readonly variable: Variable;
}

/** Columns outside of the used ones, in JavaScript's memory. */
interface Unused {
  readonly block: Block;
  readonly values: Float32Array;
}

/** Owns its variables until `dispose`; a vector is one row. All methods require the backend to be active. */
export class TfjsParameter implements Parameter {
  readonly columns: Columns;
  readonly isTrained: boolean;
  /** Parts with the same rows stand together: either one group of many parts side by side, or many groups of one. */
  readonly groups: readonly (readonly Part[])[];
  readonly #rows: number;
  readonly #stride: number;
  readonly #unused: readonly Unused[];

  /** @param blockEntries of a part; a vector is one part. */
  constructor(
    backend: Backend,
    blockEntries: number,
    readonly name: string,
    readonly shape: readonly number[],
    values: Float32Array,
    { columns, isTrained = true }: ParameterOptions,
  ) {
    this.#stride = shape[shape.length - 1];
    this.#rows = shape.length === 1 ? 1 : shape[0];
    this.columns = columns ?? { start: 0, end: this.#stride };
    this.isTrained = isTrained;
    const { start, end } = this.columns;
    const block = (left: number, right: number) => ({ top: 0, bottom: this.#rows, left, right });
    const read = (part: Block) => readBlock(values, this.#stride, part);
    const parts = cut(block(start, end), shape.length === 1 ? end - start : blockEntries);
    const made = parts.map((part) => {
      const size = [part.bottom - part.top, part.right - part.left] as const;
      return { ...part, variable: makeVariable(backend, read(part), size) };
    });
    const isTall = made[0].bottom < this.#rows;
    this.groups = isTall ? made.map((part) => [part]) : [made];
    this.#unused = [block(0, start), block(end, this.#stride)]
      .filter((one) => areaOf(one) > 0)
      .map((one) => ({ block: one, values: read(one) }));
  }

  get parts(): readonly Part[] {
    return this.groups.flat();
  }

  /** Copies the parameter's value or a moment. */
  async read(kept: Kept, copy: (part: Part) => Promise<Float32Array>): Promise<Float32Array> {
    const values = await this.assemble(copy);
    if (kept === "value") {
      for (const unused of this.#unused) {
        writeBlock(values, this.#stride, unused.block, unused.values);
      }
    }
    return values;
  }

  /** Puts the numbers of all parts together in the parameter's shape, with 0 outside of the used columns. */
  async assemble(copy: (part: Part) => Promise<Float32Array>): Promise<Float32Array> {
    const values = new Float32Array(this.#rows * this.#stride);
    for (const part of this.parts) writeBlock(values, this.#stride, part, await copy(part));
    return values;
  }

  /** Replaces the value or a moment by a copy; moments outside of the used columns stay 0. */
  write(kept: Kept, values: Float32Array): void {
    // One array for all parts: garbage of large ones comes faster than it is collected.
    const into = new Float32Array(Math.max(...this.parts.map(areaOf)));
    for (const part of this.parts) {
      part.variable.set(kept, readBlock(values, this.#stride, part, into));
    }
    if (kept !== "value") return;
    for (const unused of this.#unused) readBlock(values, this.#stride, unused.block, unused.values);
  }

  /** What AdamW does to the columns that are not used. */
  decayUnused({ learningRate, weightDecay }: AdamW): void {
    if (weightDecay === 0) return;
    const keep = 1 - learningRate * weightDecay;
    for (const { values } of this.#unused) {
      for (let i = 0; i < values.length; i++) values[i] *= keep;
    }
  }

  dispose(): void {
    for (const { variable } of this.parts) variable.dispose();
  }
}
