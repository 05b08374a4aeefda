// Reads a file that may not be there.
import { readFile } from "node:fs/promises";

/**
 * Reads a text; null if there is no such file.
 * @throws Error if there is one that cannot be read.
 */
export async function readOptional(file: string): Promise<string | null> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}
