// Replaces a file, or makes a folder, in one move: a reader finds the old state or the new one, never half of either.
import { randomUUID } from "node:crypto";
import { accessSync, constants, existsSync, statSync } from "node:fs";
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";

/** Matches the names of unfinished replacements: hidden files beside the file they were to replace. */
export const UNFINISHED = /^\..+\.[0-9a-f]{8}\.tmp$/;

/**
 * Writes a temporary file in the same folder, syncs it to the disk, and moves it into place.
 * If `write` throws, the file stays as it was.
 * @throws Error if the folder cannot be written to; if the disk is full, the message says what to do.
 */
export async function replaceFile(
  file: string,
  write: (handle: FileHandle) => Promise<void>,
): Promise<void> {
  await replaceDurably(file, async (aside) => {
    const handle = await open(aside, "wx");
    try {
      await write(handle);
      await handle.sync();
    } finally {
      await handle.close();
    }
  });
}

/**
 * The same for writers that open the file themselves: `write` fills a file in the same folder, which is then moved into
 * place.
 * @throws as `replaceFile`.
 */
export async function replaceFileAt(
  file: string,
  write: (aside: string) => Promise<void>,
): Promise<void> {
  await replaceDurably(file, async (aside) => {
    await write(aside);
    const handle = await open(aside, "r+");
    await handle.sync().finally(() => handle.close());
  });
}

/** Moves a file into place that `make` has made and synced. */
async function replaceDurably(file: string, make: (aside: string) => Promise<void>): Promise<void> {
  try {
    await moveIntoPlace(file, make);
  } catch (error) {
    throw explainFull(file, error);
  }
  await syncFolder(dirname(file));
}

/** Moves a file or folder into place that `make` has made beside it; if either fails, nothing of it is left. */
async function moveIntoPlace(place: string, make: (aside: string) => Promise<void>): Promise<void> {
  const aside = asideOf(place);
  try {
    await make(aside);
    await rename(aside, place);
  } catch (error) {
    await rm(aside, { recursive: true, force: true });
    throw error;
  }
}

/** Adds the remedy to a disk-full error for `file`; returns any other error unchanged. */
export function explainFull(file: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== "ENOSPC" && code !== "EDQUOT") return error;
  const what = code === "ENOSPC" ? "a full one" : "a quota that is used up";
  return new Error(
    `${file}: expected room on the disk, got ${what} (${code}); ` +
      "what was there before is whole: make room and start again",
    { cause: error },
  );
}

/** A unique name beside `file`, for what will replace it or what it replaced; `UNFINISHED` matches it. */
export function asideOf(file: string): string {
  return join(dirname(file), `.${basename(file)}.${randomUUID().slice(0, 8)}.tmp`);
}

/**
 * Makes a folder that appears whole or not at all: what `write` puts into the one it is given is moved into place.
 * @throws Error as `write`, or if a folder with something in it is there already.
 */
export async function createFolder(
  folder: string,
  write: (aside: string) => Promise<void>,
): Promise<void> {
  await moveIntoPlace(folder, async (aside) => {
    await mkdir(aside, { recursive: true });
    await write(aside);
  });
}

/**
 * Refuses a folder that `createFolder` could not make, before the work for it begins.
 * @throws Error if there is something at this path, or nothing can be written beside it.
 */
export function requireNewFolder(where: string, folder: string): void {
  if (existsSync(folder)) {
    throw new Error(
      `${where}: expected a folder that does not exist yet, got ${folder}; remove it, or name another`,
    );
  }
  let parent = dirname(resolve(folder));
  while (!existsSync(parent)) parent = dirname(parent);
  const place = `${where}: expected a place where ${folder} can be made, got`;
  if (!statSync(parent).isDirectory()) {
    throw new Error(`${place} ${parent}, which is a file; name another`);
  }
  try {
    accessSync(parent, constants.W_OK);
  } catch (cause) {
    throw new Error(`${place} ${parent}, where you may not write; name another`, { cause });
  }
}

/** Replaces a file by an object as indented JSON. */
export async function replaceJson(file: string, value: unknown): Promise<void> {
  await replaceFile(file, (handle) => handle.writeFile(`${JSON.stringify(value, null, 2)}\n`));
}

/** Makes names added to or removed from a folder survive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return; // folders cannot be opened there
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
