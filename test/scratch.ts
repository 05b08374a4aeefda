// A folder for what a test file writes; it is removed when the file's process ends.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Creates an empty folder outside the repository. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "aro-test-"));
  // Not in a hook: hooks run in order, and a later one may stop what still writes here or unmount a disk.
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
