// A folder for what a test file writes; it is removed when the file's tests have ended.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";

/** Creates an empty folder outside the repository. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "aro-test-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
