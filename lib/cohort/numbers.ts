// Plain decimal numbers, read from a cell's text and written as text.

const PLAIN = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
/** No number is longer, and a cell of a damaged file may have megabytes. */
export const LONGEST_NUMBER = 400;

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

const MINUS = 45;
const POINT = 46;
const ZERO = 48;
/** The powers of ten that six digits are scaled by, from the number's own power of ten, 5 to -4. */
const SCALES = Float64Array.from({ length: 10 }, (_, power) => 10 ** power);
/** No number of six digits is longer: "-123456000000000000000". */
export const LONGEST_SIX = 22;

/**
 * Writes a number at six significant digits, `String(Number(value.toPrecision(6)))`, as ASCII.
 * @param bytes has room for `LONGEST_SIX` more.
 * @returns the index behind the last byte.
 */
export function writeSixDigits(bytes: Uint8Array, start: number, value: number): number {
  const size = Math.abs(value);
  if (!(size >= 1e-4 && size < 1e6)) return writeRounded(bytes, start, value);
  let power = 5; // of ten, the largest that is not above the number
  while (power > 0 && size < SCALES[power]) power--;
  while (power <= 0 && size * SCALES[-power] < 1) power--;
  const scaled = size * SCALES[5 - power];
  let digits = Math.round(scaled);
  if (Math.abs(scaled - Math.floor(scaled) - 0.5) < 1e-9) return writeRounded(bytes, start, value);
  let decimals = 5 - power;
  while (decimals > 0 && digits % 10 === 0) {
    digits = (digits / 10) | 0;
    decimals--;
  }
  let at = start;
  if (value < 0) bytes[at++] = MINUS;
  const whole = Math.max(1, digitsOf(digits) - decimals);
  const end = at + whole + (decimals > 0 ? decimals + 1 : 0);
  for (let to = end - 1; to >= at; to--) {
    if (decimals > 0 && to === at + whole) {
      bytes[to] = POINT;
      continue;
    }
    bytes[to] = ZERO + (digits % 10);
    digits = (digits / 10) | 0;
  }
  return end;
}

function digitsOf(whole: number): number {
  let count = 1;
  while (count < SCALES.length && whole >= SCALES[count]) count++;
  return count;
}

function writeRounded(bytes: Uint8Array, start: number, value: number): number {
  const text = String(Number(value.toPrecision(6)));
  for (let i = 0; i < text.length; i++) bytes[start + i] = text.charCodeAt(i);
  return start + text.length;
}
