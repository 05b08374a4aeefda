// Plain decimal numbers, read from a cell's text.

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
