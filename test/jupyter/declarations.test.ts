// What a kernel parses before the first cell runs: each package of declarations costs every notebook its start.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import ts from "typescript";
import { projectRoot } from "../../lib/cohort/root.js";
import { readDoors } from "../architecture.js";

test("the declarations of the package reach no other package than Node and polars", () => {
  const doors = [...readDoors().values()].map((file) =>
    join(projectRoot(), file.replace("lib/", "lib/dist/").replace(/\.ts$/, ".d.ts")),
  );
  const program = ts.createProgram(doors, {
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Node10,
    target: ts.ScriptTarget.ES2022,
    skipLibCheck: true,
    types: ["node"],
  });
  const packages = program.getSourceFiles().flatMap(({ fileName }) => {
    const [, found] =
      /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(fileName) ?? [];
    return found ? [found] : [];
  });
  assert.deepEqual([...new Set(packages)].sort(), [
    "@types/node",
    "nodejs-polars",
    "typescript",
    "undici-types",
  ]);
});
