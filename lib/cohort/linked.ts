// Fetches the files of a source that have addresses of their own; what a run leaves unfinished the next one goes on with.
import { existsSync } from "node:fs";
import { readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { findMismatch, putInPlace } from "./checksum.js";
import { type DownloadFileOptions, downloadFile } from "./download.js";
import { askLfs } from "./lfs.js";
import type { LinkedFile } from "./manifest.js";

export interface LinkedOptions extends DownloadFileOptions {
  /** Where the files belong. */
  readonly folder: string;
  /** A working folder of this call's own, on the same disk. */
  readonly work: string;
  /** Gives the address from which a file is really fetched. */
  readonly addressOf: (file: LinkedFile) => string;
  /** A Git LFS server to ask where that address does not serve the file. */
  readonly lfs?: string;
  /** Called with the bytes of all files so far. */
  readonly onBytes?: (bytes: number) => void;
}

/** What an unfinished file is called, beside the place of the finished one. */
const PART = ".part";

/**
 * Sees to it that each file lies in the folder, verified; those that do already are left alone.
 * An unfinished file is moved into the working folder first, so that only one of several processes goes on with it.
 * @throws Error that names the file, what is wrong and the way around.
 */
export async function fetchLinkedFiles(
  files: readonly LinkedFile[],
  { folder, work, addressOf, lfs, onBytes, ...options }: LinkedOptions,
): Promise<void> {
  let before = 0;
  for (const file of files) {
    const place = join(folder, file.name);
    const wrong = await findMismatch(place, file);
    if (wrong) {
      const part = join(work, file.name + PART);
      await rename(place + PART, part).catch(() => {}); // none there, or another process has it
      try {
        await fetchFromEither(file, addressOf(file), lfs, part, {
          ...options,
          onBytes: onBytes && ((bytes) => onBytes(before + bytes)),
        });
        await putInPlace(part, place, file);
      } catch (cause) {
        options.signal?.throwIfAborted();
        const there = existsSync(place) ? `; the one there should have ${wrong}` : "";
        throw new Error(
          `fetchSource: ${(cause as Error).message}; to go on without it, place ${file.name} (${file.bytes} bytes, ` +
            `sha256 ${file.sha256}) in ${folder} by hand${there}`,
          { cause },
        );
      } finally {
        await keepParts(work, folder);
      }
    }
    before += file.bytes;
    onBytes?.(before);
  }
}

/** Moves unfinished files out of a working folder to where the next run looks for them. */
export async function keepParts(work: string, folder: string): Promise<void> {
  for (const entry of await readdir(work).catch(() => [])) {
    if (entry.endsWith(PART)) await rename(join(work, entry), join(folder, entry)).catch(() => {});
  }
}

async function fetchFromEither(
  file: LinkedFile,
  url: string,
  lfs: string | undefined,
  part: string,
  options: DownloadFileOptions,
): Promise<void> {
  try {
    return await fetchVerified(file, url, part, options);
  } catch (first) {
    options.signal?.throwIfAborted();
    if (lfs === undefined) throw first;
    try {
      const served = await askLfs(lfs, file, options);
      await fetchVerified(file, served.url, part, { ...options, headers: served.headers });
    } catch (second) {
      options.signal?.throwIfAborted();
      const messages = `${(first as Error).message}; and ${(second as Error).message}`;
      throw new Error(messages, { cause: second });
    }
  }
}

async function fetchVerified(
  file: LinkedFile,
  url: string,
  part: string,
  options: DownloadFileOptions,
): Promise<void> {
  const resumed = existsSync(part);
  await downloadFile(url, part, file.bytes, options);
  let wrong = await findMismatch(part, file);
  if (wrong && resumed) {
    await rm(part); // its beginning may be another version's
    await downloadFile(url, part, file.bytes, options);
    wrong = await findMismatch(part, file);
  }
  if (!wrong) return;
  await rm(part);
  throw new Error(
    `expected a file of ${wrong} from ${url.split("?", 1)[0]}; it serves another version or was changed on the way`,
  );
}
