// A file that is replaced in one move: whoever reads it finds the old one or the new one, never half of either.
import { randomUUID } from "node:crypto";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** What unfinished replacements are called: hidden, and beside the file that they were to replace. */
export const UNFINISHED = /^\..+\.[0-9a-f]{8}\.tmp$/;

/**
 * Writes a file aside in its own folder, syncs it to the disk, and moves it into place.
 * If `write` throws, the file stays as it was.
 * @throws Error if the folder cannot be written to.
 */
export async function replaceFile(
  file: string,
  write: (handle: FileHandle) => Promise<void>,
): Promise<void> {
  const folder = dirname(file);
  const aside = join(folder, `.${basename(file)}.${randomUUID().slice(0, 8)}.tmp`);
  try {
    const handle = await open(aside, "wx");
    try {
      await write(handle);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(aside, file);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

/** Replaces a file by an object as indented JSON. */
export async function replaceJson(file: string, value: unknown): Promise<void> {
  await replaceFile(file, (handle) => handle.writeFile(`${JSON.stringify(value, null, 2)}\n`));
}

/** Makes sure that names added to or removed from a folder survive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return; // folders cannot be opened there
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
