// The doors of the package: what each exports, that an import finds it, and that the reference describes it.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import ts from "typescript";
import { readDoor } from "./architecture.js";
import { readAllDoors } from "./docs.js";

const root = join(import.meta.dirname, "..");
const doors = readAllDoors();

/** How many names a door may export. */
const MOST = {
  aro: 65,
  "aro/study": 43,
  "aro/claims": 7,
  "aro/figures": 25,
  "aro/course": 10,
  "aro/model": 22,
};

/** A model of a reader's own, for which the door "aro/model" is. */
const MODEL = "test/layers/language.test.ts";

/** What no notebook and no README calls, for scripts of one's own. */
const FOR_SCRIPTS = [
  "Cohort",
  "Matrix",
  "matrixFrom",
  "PreparedCohort",
  "Engine",
  "AroSpec",
  "VaeSpec",
  "writeWeights",
  "readRun",
  "trainRun",
  "fitImputer",
  "fitSharedDecoder",
  "sharedDecoderPredictor",
  "openHiddenCells",
  "Profile",
  "Study",
  "latentLayer",
  "crossEntropy",
  "reconstructionHead",
  "saveFigure",
  "showFigure",
];

test("readDoor reads the group and the file of each name", () => {
  const text = [
    '// The door "aro/room": the room.',
    "",
    "// First things.",
    "",
    'export { a, type B } from "./a.js";',
    'export { c } from "../other/c.js";',
    "",
    "// Last things.",
    "",
    'export { d } from "./d.js";',
  ].join("\n");
  assert.deepEqual(readDoor("aro/room", "lib/room/index.ts", text), {
    name: "aro/room",
    file: "lib/room/index.ts",
    about: "the room.",
    exports: [
      { name: "a", group: "First things", file: "lib/room/a.ts" },
      { name: "B", group: "First things", file: "lib/room/a.ts" },
      { name: "c", group: "First things", file: "lib/other/c.ts" },
      { name: "d", group: "Last things", file: "lib/room/d.ts" },
    ],
  });
});

test("readDoor refuses exports without names or without a group", () => {
  const read = (text: string) => readDoor("aro", "lib/index.ts", text);
  assert.throws(() => read('// All.\nexport * from "./a.js";'), /expected exports by name/);
  assert.throws(() => read('export { a } from "./a.js";'), /a stands in no group/);
});

test("each door exports at most the names that it may, and no name has two doors", () => {
  assert.deepEqual(
    doors.map(({ name }) => name),
    Object.keys(MOST),
  );
  for (const { name, exports } of doors) {
    const most = MOST[name as keyof typeof MOST];
    assert.ok(exports.length <= most, `${name} exports ${exports.length} names, at most ${most}`);
  }
  const names = doors.flatMap(({ exports }) => exports.map(({ name }) => name));
  assert.deepEqual(
    names.filter((name, i) => names.indexOf(name) !== i),
    [],
  );
});

test("a notebook, a README, a model of a reader's own or a stated script calls each exported name", () => {
  const read = (path: string) => readFileSync(join(root, path), "utf8");
  const notebooks = readdirSync(join(root, "notebooks"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ipynb"))
    .flatMap((path) => JSON.parse(read(join("notebooks", path))).cells)
    .filter((cell) => cell.cell_type === "code")
    .map((cell) => cell.source.join(""));
  const words = new Set(
    [...notebooks, read("README.md"), read("data/README.md"), read(MODEL)].join("\n").match(/\w+/g),
  );
  const unused = doors
    .flatMap(({ exports }) => exports.map(({ name }) => name))
    .filter((name) => !words.has(name) && !FOR_SCRIPTS.includes(name));
  assert.deepEqual(unused, []);
});

test("a compiler finds the types of each door, as tslab's, as Node's and as a bundler's", () => {
  const from = join(root, "notebooks", "cell.ts");
  for (const [module, moduleResolution] of [
    [ts.ModuleKind.ESNext, ts.ModuleResolutionKind.Node10], // tslab's, which knows no exports
    [ts.ModuleKind.NodeNext, ts.ModuleResolutionKind.NodeNext],
    [ts.ModuleKind.ESNext, ts.ModuleResolutionKind.Bundler],
  ]) {
    const options = { module, moduleResolution } as ts.CompilerOptions;
    for (const { name, file } of doors) {
      const { resolvedModule } = ts.resolveModuleName(name, from, options, ts.sys);
      const compiled = file.replace("lib/", "lib/dist/").replace(".ts", ".d.ts");
      assert.equal(
        resolvedModule?.resolvedFileName,
        join(root, compiled),
        `${name}, module resolution ${moduleResolution}`,
      );
    }
  }
});

test("an import of a door gives what the door exports, and of no other file of the package", async () => {
  for (const { name, file, exports } of doors) {
    const text = readFileSync(join(root, file), "utf8");
    const values = exports
      .map((one) => one.name)
      .filter((one) => !new RegExp(`type (\\{ )?${one}\\b`).test(text));
    assert.deepEqual(Object.keys(await import(name)).sort(), values.sort(), name);
  }
  await assert.rejects(import("aro/dist/index.js" as string), {
    code: "ERR_PACKAGE_PATH_NOT_EXPORTED",
  });
});

test("lib/API.md has a heading for each exported name, below its door's and its group's", () => {
  const page = readFileSync(join(root, "lib", "API.md"), "utf8").replaceAll("\\_", "_");
  for (const { name: door, exports } of doors) {
    const [, part] = page.split(`\n# The door ${door}\n`);
    assert.ok(part, `lib/API.md has no part for ${door}: run \`npm run docs\``);
    const lines = part.split(/\n# /)[0].split("\n");
    for (const { name, group } of exports) {
      const at = lines.findIndex((line) => line === `### ${name}` || line === `### ${name}()`);
      assert.ok(at > 0, `lib/API.md has no heading for ${name}: run \`npm run docs\``);
      const above = lines.slice(0, at).findLast((line) => line.startsWith("## "));
      assert.equal(above, `## ${group}`, name);
    }
  }
});
