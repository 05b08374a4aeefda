// Whether a file is the one that the manifest names: by its size first, then by its SHA-256.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { rename, stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import type { Checked } from "./manifest.js";

/** Says what is expected and what was got, or nothing if the file is the right one. */
export async function findMismatch(
  file: string,
  { bytes, sha256 }: Checked,
): Promise<string | undefined> {
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile()) return `${bytes} bytes, got no file`;
  if (found.size !== bytes) return `${bytes} bytes, got ${found.size}`;
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  const got = hash.digest("hex");
  return got === sha256 ? undefined : `sha256 ${sha256}, got ${got}`;
}

/** Moves a verified file to where it belongs, on the same disk. */
export async function putInPlace(from: string, to: string, expected: Checked): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    // Windows refuses while a reader has the old file open: no loss if that one is whole too.
    if (await findMismatch(to, expected)) throw error;
  }
}
