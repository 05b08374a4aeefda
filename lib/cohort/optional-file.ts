// Reads a file that may not exist.
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

/**
 * Reads JSON; null if there is no such file.
 * @param isWhole whether the content is what it should be; it may throw on content that is not.
 * @param refuse the error's message, given the file's first characters.
 * @throws Error with that message if the file holds no JSON, or other content.
 */
export async function readOptionalJson<T>(
  file: string,
  isWhole: (content: T) => boolean,
  refuse: (found: string) => string,
): Promise<T | null> {
  const text = await readOptional(file);
  if (text === null) return null;
  try {
    const content = JSON.parse(text) as T;
    if (isWhole(content)) return content;
  } catch {
    // refused below
  }
  throw new Error(refuse(text.slice(0, 40)));
}
