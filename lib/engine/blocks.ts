// How a parameter is cut into blocks small enough to stay in a processor's cache while they are used.
import { type AutoencoderSpec, visibleOf } from "../model/autoencoder.js";

/** The rows `[top, bottom)` and columns `[left, right)` of a parameter `[rows, columns]`; a bias has one column. */
export interface Block {
  readonly rows: number;
  readonly columns: number;
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

/** The blocks of each layer, along the features; what the model does not see stands apart. */
export interface Layout {
  /** Of `inp_lin.weight`, over the visible columns. */
  readonly input: readonly Block[];
  /** Of `inp_lin.weight`, left and right of the visible columns. */
  readonly unseen: readonly Block[];
  /** Of `out_lin.weight`; its bias is cut at the same rows. */
  readonly output: readonly Block[];
}

/** Entries of a weight block: 1 MiB of float32, which fits the second-level cache of today's processors. */
const BLOCK_ENTRIES = 1 << 18;

/** Cuts the two feature layers into blocks of at most `blockFeatures` features. */
export function layOut(
  spec: AutoencoderSpec,
  blockFeatures = Math.max(16, Math.floor(BLOCK_ENTRIES / spec.width)),
): Layout {
  const { features, width } = spec;
  const { start, end } = visibleOf(spec);
  const columns = (left: number, right: number): Block => ({
    ...{ rows: width, columns: features },
    ...{ top: 0, bottom: width, left, right },
  });
  return {
    input: cut(start, end, blockFeatures).map(([left, right]) => columns(left, right)),
    unseen: [columns(0, start), columns(end, features)].filter(({ left, right }) => left < right),
    output: cut(0, features, blockFeatures).map(([top, bottom]) => ({
      ...{ rows: features, columns: width },
      ...{ top, bottom, left: 0, right: width },
    })),
  };
}

/** The block that holds a whole parameter of this shape. */
export function wholeBlock(rows: number, columns: number): Block {
  return { rows, columns, top: 0, bottom: rows, left: 0, right: columns };
}

/** The bias entries that belong to the rows of a weight block. */
export function biasOf({ rows, top, bottom }: Block): Block {
  return { rows, columns: 1, top, bottom, left: 0, right: 1 };
}

/** The entries of a block. */
export function areaOf({ top, bottom, left, right }: Block): number {
  return (bottom - top) * (right - left);
}

/** Copies a block out of a parameter, into the beginning of `into` if that is given; row-major `[bottom - top, right - left]`. */
export function readBlock(
  parameter: Float32Array,
  block: Block,
  into?: Float32Array,
): Float32Array {
  const { columns, top, bottom, left, right } = block;
  const width = right - left;
  const size = areaOf(block);
  const out = into?.subarray(0, size) ?? new Float32Array(size);
  if (width === columns) {
    out.set(parameter.subarray(top * columns, bottom * columns));
    return out;
  }
  for (let row = top; row < bottom; row++) {
    const from = row * columns;
    out.set(parameter.subarray(from + left, from + right), (row - top) * width);
  }
  return out;
}

/** Copies a block into its place in a parameter. */
export function writeBlock(parameter: Float32Array, block: Block, values: Float32Array): void {
  const { columns, top, bottom, left, right } = block;
  const width = right - left;
  for (let row = top; row < bottom; row++) {
    const from = (row - top) * width;
    parameter.set(values.subarray(from, from + width), row * columns + left);
  }
}

/**
 * Transposes the columns `[start, end)` of row-major values `[rows, columns]`;
 * `[end - start, rows]` in float32.
 */
export function transposedColumns(
  values: Float32Array | Uint8Array,
  columns: number,
  start: number,
  end: number,
): Float32Array {
  const rows = values.length / columns;
  const out = new Float32Array((end - start) * rows);
  const tile = 64; // of which both sides stay in the first-level cache
  for (let left = start; left < end; left += tile) {
    const right = Math.min(left + tile, end);
    for (let row = 0; row < rows; row++) {
      const from = row * columns;
      let to = (left - start) * rows + row;
      for (let j = left; j < right; j++, to += rows) out[to] = values[from + j];
    }
  }
  return out;
}

function cut(start: number, end: number, size: number): [number, number][] {
  const out: [number, number][] = [];
  for (let at = start; at < end; at += size) out.push([at, Math.min(at + size, end)]);
  return out;
}
