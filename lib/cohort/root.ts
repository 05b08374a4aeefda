// The repository's root on disk; everything that is read or written lies below it.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The name in the repository's own package.json. */
const PACKAGE = "aro-notebooks";

/**
 * Finds the repository's root: the nearest folder at or above the given one whose package.json is named
 * "aro-notebooks".
 * @throws Error if there is no such folder up to the root of the file system.
 */
export function projectRoot(from: string = import.meta.dirname): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (packageName(folder) === PACKAGE) return folder;
    if (folder === dirname(folder)) break;
  }
  throw new Error(
    `projectRoot: expected a package.json named "${PACKAGE}" at or above ${from}, got none; ` +
      "the library works from a checkout of the repository",
  );
}

/** The version of the library, from its own package.json. */
export function libraryVersion(): string {
  const manifest = readFileSync(join(projectRoot(), "lib", "package.json"), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}

function packageName(folder: string): unknown {
  try {
    const content: unknown = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    return (content as { name?: unknown } | null)?.name;
  } catch {
    return undefined; // missing or unreadable, so not ours: look further up
  }
}
