// Text in figures: its width, its line breaks, and the format of numbers.
import { figureWidth } from "./theme.js";

/** Estimates the width of text in pixels; Inter's letters average 0.52 em. */
export function textWidth(text: string, fontSize = 11): number {
  return 0.52 * fontSize * text.length;
}

/** The width that the longest label needs beside an axis, in pixels, at most `limit`. */
export function labelRoom(labels: readonly string[], limit = 320): number {
  return Math.min(limit, Math.ceil(Math.max(...labels.map((label) => textWidth(label)))) + 8);
}

/** The columns of a horizontal legend whose names do not fit `width` pixels in one row; undefined if they fit. */
export function legendColumns(names: readonly string[], width: number): number | undefined {
  const room = names.map((name) => textWidth(name) + 34); // with symbol and gap
  if (room.reduce((sum, one) => sum + one, 0) <= width) return undefined;
  return Math.max(1, Math.floor(width / Math.max(...room)));
}

/** Breaks text between words into lines that fit `width` pixels. */
export function wrap(text: string, fontSize: number, width = figureWidth): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const longer = lines.length > 0 ? `${lines.at(-1)} ${word}` : word;
    if (lines.length > 0 && textWidth(longer, fontSize) <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/**
 * Formats a count with commas between thousands: "45,248".
 * @throws RangeError if it is not finite; so do the functions below.
 */
export function count(value: number): string {
  return finite(value).toLocaleString("en-US");
}

/** Formats a number with a fixed number of decimals and a true minus sign: "−0.02". */
export function decimal(value: number, digits = 2): string {
  const text = finite(value).toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
}

/** Formats a share in [0, 1] as a percentage: "84.5 %". Never rounds to 0 or 100 % what is not: "< 1 %", "> 99 %". */
export function percent(share: number, digits = 0): string {
  const text = (100 * finite(share)).toFixed(digits);
  if (share > 0 && Number(text) === 0) return `< ${10 ** -digits} %`;
  if (share < 1 && Number(text) === 100) return `> ${100 - 10 ** -digits} %`;
  return `${text} %`;
}

/** Formats a count with its noun: "1 sample", "115 samples". */
export function counted(value: number, singular: string, plural = `${singular}s`): string {
  return `${count(value)} ${value === 1 ? singular : plural}`;
}

/** Joins words: "a, b and c". */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

function finite(value: number): number {
  if (!Number.isFinite(value)) {
    throw new RangeError(`figure: expected a finite number to write, got ${value}`);
  }
  return value;
}
