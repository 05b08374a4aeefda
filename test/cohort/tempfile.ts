// Small files in a scratch folder, and the messages of errors that name them.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { scratchFolder } from "../scratch.js";

const folder = scratchFolder();

let count = 0;

/** Writes a file under a name of its own that ends as given, and returns its path. */
export function writeTemp(ending: string, content: string | Uint8Array): string {
  const file = join(folder, `${count++}-${ending}`);
  writeFileSync(file, content);
  return file;
}

/** The message of the error that a function throws or rejects with; it must be an `Error` that names the file. */
export async function messageOf(act: () => unknown, file: string): Promise<string> {
  try {
    await act();
  } catch (error) {
    if (error instanceof Error && error.message.includes(file)) return error.message;
    throw error;
  }
  throw new Error(`expected an error that names ${file}, got none`);
}
