// Matrices cut into blocks small enough to stay in a processor's cache while they are used.

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

/** Copies a block out of a row-major matrix of so many columns, to the beginning of `into` if it is given. */
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

/** Copies values into a block of a row-major matrix of so many columns. */
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
