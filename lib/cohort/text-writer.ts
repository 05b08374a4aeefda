// Writes a table of text cell by cell as bytes, without a string for each of its millions of numbers.
import { closeSync, openSync, writeSync } from "node:fs";
import { LONGEST_SIX, writeSixDigits } from "./numbers.js";

export interface TextWriter {
  /** Appends UTF-8. */
  text(bytes: Uint8Array): void;
  /** Appends a number at six significant digits; nothing for NaN. */
  number(value: number): void;
  /** Writes what is left, and closes the file. */
  close(): void;
  /** Closes the file after an error, unless it is closed. */
  abandon(): void;
}

const CAPACITY = 2 ** 20; // bytes gathered before they are written

/**
 * Opens a new file, or replaces one.
 * @throws Error if the file cannot be written; so do the functions of the writer.
 */
export function openTextWriter(file: string): TextWriter {
  const handle = openSync(file, "w");
  const gathered = new Uint8Array(CAPACITY);
  let at = 0;
  let isOpen = true;
  const abandon = () => {
    if (isOpen) closeSync(handle);
    isOpen = false;
  };
  const flush = () => {
    writeAll(handle, gathered.subarray(0, at));
    at = 0;
  };
  return {
    text(bytes) {
      if (at + bytes.length > CAPACITY) flush();
      if (bytes.length > CAPACITY) return writeAll(handle, bytes);
      gathered.set(bytes, at);
      at += bytes.length;
    },
    number(value) {
      if (Number.isNaN(value)) return;
      if (at + LONGEST_SIX > CAPACITY) flush();
      at = writeSixDigits(gathered, at, value);
    },
    close() {
      try {
        flush();
      } finally {
        abandon();
      }
    },
    abandon,
  };
}

function writeAll(handle: number, bytes: Uint8Array): void {
  for (let from = 0; from < bytes.length; ) from += writeSync(handle, bytes, from);
}
