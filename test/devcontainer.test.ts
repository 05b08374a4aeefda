// The development container: its setup calls only commands that package.json has.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "..");
const readJson = (path: string) => JSON.parse(readFileSync(join(root, path), "utf8"));

test("the development container calls only npm ci and scripts that exist", () => {
  const { postCreateCommand } = readJson(".devcontainer/devcontainer.json");
  const { scripts } = readJson("package.json");
  for (const command of (postCreateCommand as string).split(" && ")) {
    if (command === "npm ci") continue;
    const script = command.match(/^npm run (\S+)$/)?.[1];
    assert.ok(script !== undefined && Object.hasOwn(scripts, script), command);
  }
});
