// A parameter in a TensorFlow.js backend, cut into blocks. Each block is a variable with Adam's moments, which is updated
// in place where possible.
import type * as Tf from "@tensorflow/tfjs-core";
import { type AdamW, coefficients } from "./adamw.js";
import type { Columns, Kept, Parameter, ParameterOptions } from "./engine.js";
import type { Backend, Variable } from "./tfjs-backend.js";

export interface Part extends Block {
  readonly variable: Variable;
}

/** Owns its variables until `dispose`; a vector is one row. All methods require the backend to be active. */
export class TfjsParameter implements Parameter {
  readonly columns: Columns;
  readonly isTrained: boolean;
  /** Parts by rows: either one group of parts side by side, or a group of one part for each range of rows. */
  readonly groups: readonly (readonly Part[])[];
  readonly #rows: number;
  readonly #stride: number;
  /** A copy of the values, for the columns that are not used; null where all are. */
  readonly #rest: Float32Array | null;

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
    const used = { top: 0, bottom: this.#rows, left: start, right: end };
    const made = cut(used, shape.length === 1 ? end - start : blockEntries).map((part) => {
      const size = [part.bottom - part.top, part.right - part.left] as const;
      const own = readBlock(values, this.#stride, part);
      return { ...part, variable: makeVariable(backend, own, size) };
    });
    const isTall = made[0].bottom < this.#rows;
    this.groups = isTall ? made.map((part) => [part]) : [made];
    this.#rest = end - start < this.#stride ? values.slice() : null;
  }

  get parts(): readonly Part[] {
    return this.groups.flat();
  }

  /** Puts the numbers of all parts together in the parameter's shape; other columns of a moment or gradient are 0. */
  async assemble(
    kept: Kept | "gradient",
    copy: (part: Part) => Promise<Float32Array>,
  ): Promise<Float32Array> {
    const values = new Float32Array(this.#rows * this.#stride);
    if (kept === "value" && this.#rest) values.set(this.#rest);
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
    if (kept === "value") this.#rest?.set(values);
  }

  /** Applies AdamW's decay to the columns that are not used. */
  decayUnused({ learningRate, weightDecay }: AdamW): void {
    if (weightDecay === 0 || !this.#rest) return;
    const keep = 1 - learningRate * weightDecay;
    for (let i = 0; i < this.#rest.length; i++) this.#rest[i] *= keep;
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
function cut({ top, bottom, left, right }: Block, entries: number): Block[] {
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

function areaOf({ top, bottom, left, right }: Block): number {
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
function writeBlock(
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

/** Copies values `[rows, columns]` into a variable with zero moments. */
export function makeVariable(
  { library, tf, view }: Backend,
  values: Float32Array,
  shape: readonly [rows: number, columns: number],
): Variable {
  if (library) return library.variable(values, shape);
  const value = tf.keep(tf.tensor2d(values.slice(), [...shape]));
  const zeros = () => tf.keep(tf.zerosLike(value));
  const tensors: Record<Kept, Tf.Tensor2D> = { value, first: zeros(), second: zeros() };
  const put = (kept: Kept, tensor: Tf.Tensor2D) => {
    tensors[kept].dispose();
    tensors[kept] = tf.keep(tensor);
  };
  return {
    get: (kept) => tensors[kept],
    set: (kept, values) => put(kept, tf.tensor2d(values.slice(), [...shape])),
    replace: (value) => put("value", value),
    dispose: () => tf.dispose(Object.values(tensors)),
    update(gradient, rule) {
      const { value, first, second } = tensors;
      // All views after all allocations, which may move the heap.
      const [w, g, m, v] = [value, gradient, first, second].map(view);
      if (w && g && m && v) return updateInPlace(w, g, m, v, rule);
      // Where JavaScript cannot see their memory (WebGPU), new tensors take their place.
      const { keep, rate, root } = coefficients(rule);
      const { beta1, beta2, epsilon } = rule;
      const next = tf.tidy(() => {
        const m = tf.add<Tf.Tensor2D>(tf.mul(first, beta1), tf.mul(gradient, 1 - beta1));
        const squares = tf.mul(tf.square(gradient), 1 - beta2);
        const v = tf.add<Tf.Tensor2D>(tf.mul(second, beta2), squares);
        const change = tf.div(tf.mul(m, rate), tf.add(tf.mul(tf.sqrt(v), root), epsilon));
        return { value: tf.sub<Tf.Tensor2D>(tf.mul(value, keep), change), first: m, second: v };
      });
      for (const kept of ["value", "first", "second"] as const) put(kept, next[kept]);
    },
  };
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
