// Plain decimal numbers, read from a cell's text or from its bytes.

const PLAIN = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
/** No number is longer, and a cell of a damaged file may have megabytes. */
export const LONGEST_NUMBER = 400;

const MINUS = 45;
const PLUS = 43;
const POINT = 46;
const ZERO = 48;
const SMALL_E = 101;
/** Numbers of up to this many digits are exact in float64, as are the first powers of ten. */
const EXACT_DIGITS = 15;
const EXACT_POWER = 22;
const POWERS = Float64Array.from({ length: 300 }, (_, power) => 10 ** power);
/** More than the relative rounding error of a number of up to 300 digits. */
const ERROR = 1e-13;
const LARGEST = 3.4028234663852886e38; // float32

/** Whether a text is a plain decimal number, of any size. */
export function isPlainNumber(text: string): boolean {
  return text.length <= LONGEST_NUMBER && PLAIN.test(text);
}

/** Reads a plain decimal number without blanks around it; undefined for anything else or beyond float32. */
export function parseNumber(text: string): number | undefined {
  if (!isPlainNumber(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(Math.fround(value)) ? value : undefined;
}

/** A number in bytes, and the index behind it. */
export interface NumberAt {
  value: number;
  end: number;
  /** The index of its decimal point, or -1. */
  point: number;
}

/**
 * Reads the number that begins at an index of UTF-8 bytes, up to the first byte that is no part of one. As float32 it
 * equals `parseNumber` of its text. The value is NaN if there is no number, or one that takes `parseNumber` to round.
 * @param found receives the result.
 */
export function readNumber(bytes: Uint8Array, start: number, found: NumberAt): void {
  const negative = bytes[start] === MINUS;
  const first = negative || bytes[start] === PLUS ? start + 1 : start;
  let at = first;
  let digits = 0;
  let point = -1;
  for (; ; at++) {
    const digit = bytes[at] - ZERO;
    if (digit >= 0 && digit <= 9) digits = digits * 10 + digit;
    else if (bytes[at] === POINT && point < 0) point = at;
    else break;
  }
  const count = point < 0 ? at - first : at - first - 1;
  let power = point < 0 ? 0 : point + 1 - at;
  let exact = count <= EXACT_DIGITS;
  if ((bytes[at] | 32) === SMALL_E) {
    const sign = bytes[at + 1];
    const from = sign === MINUS || sign === PLUS ? at + 2 : at + 1;
    let to = from;
    let exponent = 0;
    for (; bytes[to] >= ZERO && bytes[to] <= ZERO + 9; to++) {
      exponent = exponent * 10 + bytes[to] - ZERO;
    }
    if (to > from) {
      power += sign === MINUS ? -exponent : exponent;
      exact &&= Math.abs(power) <= EXACT_POWER;
      at = to;
    }
  }
  found.end = at;
  found.point = point;
  found.value = Number.NaN;
  if (count === 0 || count > POWERS.length || Math.abs(power) >= POWERS.length) return;
  const size = power < 0 ? digits / POWERS[-power] : digits * POWERS[power];
  if (size > LARGEST) return;
  const sure = exact || Math.fround(size * (1 - ERROR)) === Math.fround(size * (1 + ERROR));
  if (sure) found.value = negative ? -size : size;
}
