// The input that a training step sees: the visible columns, some entries of them dropped.
import type { Matrix } from "../cohort/matrix.js";
import type { Random } from "../cohort/random.js";
import type { AutoencoderSpec } from "../model/autoencoder.js";

/**
 * Copies the visible columns of a batch and, if `random` is given, drops each entry with probability p:
 * `x = draw < p * 2^32 ? 0 : x / (1 - p)`.
 * Draws once for each entry, row by row and from left to right, also where nothing was observed;
 * with p = 0 it draws nothing. Every engine takes its mask from here.
 * @returns `[rows, visible columns]`.
 */
export function dropoutInput(
  { rows, columns, values }: Matrix,
  { inputDropout, visible }: AutoencoderSpec,
  random?: Random,
): Float32Array {
  const { start, end } = visible ?? { start: 0, end: columns };
  const width = end - start;
  const out = new Float32Array(rows * width);
  const drop = random !== undefined && inputDropout > 0;
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
  return out;
}
