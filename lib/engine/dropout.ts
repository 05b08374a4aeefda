// What a training step sets to 0: entries of the input, whole columns of it, and activations of the hidden layers.
//
// Every engine takes its masks from here. A step draws one number for each visible entry of the input, row by row and
// from left to right, also where nothing was observed; then one for each activation, layer by layer from the input
// layer's to the latent ones, each row by row. A share of 0 draws nothing. A draw below p * 2^32 drops.
import type { Matrix } from "../cohort/matrix.js";
import type { Random } from "../cohort/random.js";
import { type AutoencoderSpec, visibleOf } from "../model/autoencoder.js";
import { transposedColumns } from "./blocks.js";

/**
 * Takes the visible columns of a batch and, if `random` is given, drops each entry with probability p:
 * `x = draw < p * 2^32 ? 0 : x / (1 - p)`. Columns that are to be 0 are.
 * @returns `[rows, visible columns]`; the batch's own values where nothing is to be done.
 */
export function dropoutInput(batch: Matrix, spec: AutoencoderSpec, random?: Random): Float32Array {
  const { rows, columns, values } = batch;
  const { inputDropout, visible, zeroed } = spec;
  const { start, end } = visibleOf(spec);
  const width = end - start;
  const drop = random !== undefined && inputDropout > 0;
  if (!drop && visible === null && zeroed.length === 0) return values;
  const out = new Float32Array(rows * width);
  const threshold = inputDropout * 0x100000000;
  const scale = 1 / (1 - inputDropout);
  const draws = new Uint32Array(drop ? width : 0);
  for (let row = 0; row < rows; row++) {
    const from = row * columns + start;
    const to = row * width;
    if (drop) {
      random.fillUint32(draws);
      for (let j = 0; j < width; j++) {
        out[to + j] = draws[j] < threshold ? 0 : values[from + j] * scale;
      }
    } else {
      out.set(values.subarray(from, from + width), to);
    }
  }
  return zeroColumns(out, spec);
}

/** Sets to 0 what is to be 0 of an input `[rows, visible columns]`, in place. */
export function zeroColumns(input: Float32Array, spec: AutoencoderSpec): Float32Array {
  const { start, end } = visibleOf(spec);
  const width = end - start;
  for (const column of spec.zeroed) {
    if (column < start || column >= end) continue;
    for (let i = column - start; i < input.length; i += width) input[i] = 0;
  }
  return input;
}

/** Draws what to multiply `[rows, columns]` entries with: 0 with probability p, else `1 / (1 - p)`. */
export function drawMask(share: number, rows: number, columns: number, random: Random) {
  const mask = new Float32Array(rows * columns);
  const draws = new Uint32Array(columns);
  const threshold = share * 0x100000000;
  const scale = 1 / (1 - share);
  for (let row = 0; row < rows; row++) {
    random.fillUint32(draws);
    for (let j = 0; j < columns; j++) mask[row * columns + j] = draws[j] < threshold ? 0 : scale;
  }
  return mask;
}

/** The dropout of a step's activations. */
export interface HiddenDropout {
  /** What those that stay are multiplied with, in float32; their slopes as well. */
  readonly scale: number;
  /** Draws the next layer's mask, `[width, rows]` of 0 and `scale`. */
  next(): Float32Array;
}

/** Null where nothing is to be dropped. */
export function hiddenDropout(
  { hiddenDropout: share, width }: AutoencoderSpec,
  rows: number,
  random?: Random,
): HiddenDropout | null {
  if (random === undefined || share === 0) return null;
  return {
    scale: Math.fround(1 / (1 - share)),
    next: () => transposedColumns(drawMask(share, rows, width, random), width, 0, width),
  };
}
