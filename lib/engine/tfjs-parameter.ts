// A parameter in a TensorFlow.js backend, cut into blocks. Each block is a variable with Adam's moments, which is updated
// in place where possible.
import type * as Tf from "@tensorflow/tfjs-core";
import { type AdamW, coefficients } from "./adamw.js";
import type { Columns, Kept, Parameter, ParameterOptions } from "./engine.js";
import type { Backend, Library } from "./tfjs-backend.js";

export interface Part extends Block {
  readonly variable: Variable;
}

/** Columns that are not used, in JavaScript's memory. */
interface Unused {
  readonly block: Block;
  readonly values: Float32Array;
}

/** Owns its variables until `dispose`; a vector is one row. All methods require the backend to be active. */
export class TfjsParameter implements Parameter {
  readonly columns: Columns;
  readonly isTrained: boolean;
  /** Parts by rows: either one group of parts side by side, or a group of one part for each range of rows. */
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
    // One array for all parts: large arrays would pile up faster than garbage collection frees them.
    const into = new Float32Array(Math.max(...this.parts.map(areaOf)));
    for (const part of this.parts) {
      part.variable.set(kept, readBlock(values, this.#stride, part, into));
    }
    if (kept !== "value") return;
    for (const unused of this.#unused) readBlock(values, this.#stride, unused.block, unused.values);
  }

  /** Applies AdamW's decay to the columns that are not used. */
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

/** Rows `[top, bottom)` and columns `[left, right)` of a matrix. */
export interface Block {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

/** Cuts a block along its longer side into blocks of at most `entries` entries, and at least 16 rows or columns. */
export function cut({ top, bottom, left, right }: Block, entries: number): Block[] {
  const [height, width] = [bottom - top, right - left];
  const isWide = width > height;
  const [long, short] = isWide ? [width, height] : [height, width];
  const size = Math.min(long, Math.max(16, Math.floor(entries / short)));
  return Array.from({ length: Math.ceil(long / size) }, (_, i) => {
    const [start, end] = [i * size, Math.min(long, (i + 1) * size)];
    return isWide
      ? { top, bottom, left: left + start, right: left + end }
      : { top: top + start, bottom: top + end, left, right };
  });
}

export function areaOf({ top, bottom, left, right }: Block): number {
  return (bottom - top) * (right - left);
}

/** Copies a block from a row-major matrix of `columns` columns, to the beginning of `into` if given. */
export function readBlock(
  matrix: Float32Array | Uint8Array,
  columns: number,
  block: Block,
  into?: Float32Array,
): Float32Array {
  const { top, bottom, left, right } = block;
  const width = right - left;
  const size = areaOf(block);
  const out = into?.subarray(0, size) ?? new Float32Array(size);
  if (width === columns) {
    out.set(matrix.subarray(top * columns, bottom * columns));
    return out;
  }
  for (let row = top; row < bottom; row++) {
    const from = row * columns;
    out.set(matrix.subarray(from + left, from + right), (row - top) * width);
  }
  return out;
}

/** Copies values into a block of a row-major matrix of `columns` columns. */
export function writeBlock(
  matrix: Float32Array,
  columns: number,
  { top, bottom, left, right }: Block,
  values: Float32Array,
): void {
  const width = right - left;
  for (let row = top; row < bottom; row++) {
    const from = (row - top) * width;
    matrix.set(values.subarray(from, from + width), row * columns + left);
  }
}

/** Owns memory of its backend until `dispose`. All methods require the backend to be active. */
export interface Variable {
  /** Applies a gradient of the same shape; the caller must dispose it. */
  update(gradient: Tf.Tensor2D, rule: AdamW): void;
  /**
   * Returns the value or a moment, which the next update changes. In wasm, it must not be the second factor of a product:
   * wasm caches those by tensor and would miss an update in place.
   */
  get(kept: Kept): Tf.Tensor2D;
  /** Replaces the value or a moment by a copy of `values`, of the same length. */
  set(kept: Kept, values: Float32Array): void;
  /** Replaces the value. Takes ownership of the tensor. */
  replace(value: Tf.Tensor2D): void;
  dispose(): void;
}

/** Copies values `[rows, columns]` into a variable with zero moments. */
export function makeVariable(
  backend: Backend,
  values: Float32Array,
  shape: readonly [rows: number, columns: number],
): Variable {
  const { library, tf } = backend;
  if (library) return new LibraryVariable(library, tf, values, shape);
  return new TensorVariable(backend, values, shape);
}

/** Three tensors. Where JavaScript cannot see their memory (WebGPU), an update makes new ones. */
class TensorVariable implements Variable {
  readonly #backend: Backend;
  readonly #kept: Record<Kept, Tf.Tensor2D>;

  constructor(backend: Backend, values: Float32Array, shape: readonly [number, number]) {
    const { tf } = backend;
    this.#backend = backend;
    const value = tf.keep(tf.tensor2d(values.slice(), [...shape]));
    const zeros = () => tf.keep(tf.zerosLike(value));
    this.#kept = { value, first: zeros(), second: zeros() };
  }

  update(gradient: Tf.Tensor2D, rule: AdamW): void {
    const { value, first, second } = this.#kept;
    // All views after all allocations, which may move the heap.
    const [w, g, m, v] = [value, gradient, first, second].map(this.#backend.view);
    if (w && g && m && v) updateInPlace(w, g, m, v, rule);
    else this.#updateCopies(gradient, rule);
  }

  get(kept: Kept): Tf.Tensor2D {
    return this.#kept[kept];
  }

  set(kept: Kept, values: Float32Array): void {
    const { shape } = this.#kept[kept];
    this.#put(kept, this.#backend.tf.tensor2d(values.slice(), shape));
  }

  replace(value: Tf.Tensor2D): void {
    this.#put("value", value);
  }

  dispose(): void {
    this.#backend.tf.dispose(Object.values(this.#kept));
  }

  #updateCopies(gradient: Tf.Tensor2D, rule: AdamW): void {
    const { tf } = this.#backend;
    const { keep, rate, root } = coefficients(rule);
    const { beta1, beta2, epsilon } = rule;
    const next = tf.tidy(() => {
      const { value, first, second } = this.#kept;
      const m = tf.add(tf.mul(first, beta1), tf.mul(gradient, 1 - beta1));
      const v = tf.add(tf.mul(second, beta2), tf.mul(tf.square(gradient), 1 - beta2));
      const change = tf.div(tf.mul(m, rate), tf.add(tf.mul(tf.sqrt(v), root), epsilon));
      return { value: tf.sub(tf.mul(value, keep), change), first: m, second: v };
    });
    for (const kept of ["value", "first", "second"] as const) {
      this.#put(kept, next[kept] as Tf.Tensor2D);
    }
  }

  #put(kept: Kept, tensor: Tf.Tensor2D): void {
    this.#kept[kept].dispose();
    this.#kept[kept] = this.#backend.tf.keep(tensor);
  }
}

/** Updates weights and moments in place. */
function updateInPlace(
  weights: Float32Array,
  gradient: Float32Array,
  first: Float32Array,
  second: Float32Array,
  rule: AdamW,
): void {
  const { keep, rate, root } = coefficients(rule);
  const { beta1, beta2, epsilon } = rule;
  const [gain1, gain2] = [1 - beta1, 1 - beta2];
  for (let i = 0; i < weights.length; i++) {
    const slope = gradient[i];
    const m = beta1 * first[i] + gain1 * slope;
    const v = beta2 * second[i] + gain2 * slope * slope;
    first[i] = m;
    second[i] = v;
    weights[i] = weights[i] * keep - (rate * m) / (Math.sqrt(v) * root + epsilon);
  }
}

/** Three variables of libtensorflow. */
class LibraryVariable implements Variable {
  readonly #library: Library;
  readonly #tf: typeof Tf;
  readonly #shape: readonly [number, number];
  readonly #handles: Readonly<Record<Kept, Tf.Tensor>>;

  constructor(
    library: Library,
    tf: typeof Tf,
    values: Float32Array,
    shape: readonly [number, number],
  ) {
    this.#library = library;
    this.#tf = tf;
    this.#shape = shape;
    const variable = () => library.variable(shape);
    this.#handles = { value: variable(), first: variable(), second: variable() };
    this.set("value", values);
    for (const kept of ["first", "second"] as const) {
      tf.tidy(() => library.assign(this.#handles[kept], tf.zerosLike(this.get("value"))));
    }
  }

  update(gradient: Tf.Tensor2D, rule: AdamW): void {
    const { value, first, second } = this.#handles;
    const { keep } = coefficients(rule);
    if (keep !== 1) {
      this.#tf.tidy(() => this.#library.assign(value, this.#tf.mul(this.get("value"), keep)));
    }
    this.#library.adam([value, first, second], gradient, rule);
  }

  get(kept: Kept): Tf.Tensor2D {
    return this.#library.value(this.#handles[kept]);
  }

  set(kept: Kept, values: Float32Array): void {
    const tf = this.#tf;
    tf.tidy(() => {
      // A tensor may share the memory of the array that it was made from, which updates would change.
      const copy = this.#library.copy(tf.tensor2d(values, [...this.#shape]));
      this.#library.assign(this.#handles[kept], copy);
    });
  }

  replace(value: Tf.Tensor2D): void {
    this.#library.assign(this.#handles.value, value);
  }

  dispose(): void {
    for (const handle of Object.values(this.#handles)) this.#library.destroy(handle);
  }
}
