// The architecture holds: every file of lib stands in its room, knows only the rooms before it, and is plain.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  checkCycles,
  checkDirection,
  checkDoors,
  checkHeads,
  checkLanguage,
  checkPackages,
  checkSpreads,
  importsOf,
  readSources,
  type Sources,
} from "./architecture.js";

const lib = readSources("lib");
const tests = readSources("test");

const sources = (files: Record<string, string>): Sources => new Map(Object.entries(files));

const expectNone = (problems: readonly string[]) =>
  assert.ok(problems.length === 0, `\n${problems.join("\n")}`);

/** One problem, at this place, by this rule. */
function expectOne(problems: readonly string[], place: string, rule: RegExp): void {
  assert.equal(problems.length, 1, problems.join("\n"));
  assert.ok(problems[0].includes(place), `"${problems[0]}" names ${place}`);
  assert.match(problems[0], rule);
}

test("lib and test are found, in every room that data walks through first", () => {
  const rooms = new Set([...lib.keys()].map((path) => path.split("/")[1]));
  for (const room of ["cohort", "preprocess", "model", "engine"]) {
    assert.ok(rooms.has(room), `lib/${room} holds files`);
  }
  assert.ok(tests.has("test/architecture.test.ts"));
  const links = [...lib].flatMap(([path, text]) => importsOf(path, text));
  assert.ok(links.length > lib.size / 2, `${links.length} imports in ${lib.size} files`);
});

test("imports point back along the order of rooms, and nothing imports a door", () =>
  expectNone(checkDirection(lib)));

test("no file reaches itself through its imports", () => expectNone(checkCycles(lib)));

test("TensorFlow.js stays in lib/engine, and Vega in lib/figures until it is needed", () =>
  expectNone(checkPackages(lib)));

test("what the doors export checks the options that it takes", () => expectNone(checkDoors(lib)));

test("lib has no any, no silenced compiler and no default export", () =>
  expectNone(checkLanguage(lib)));

test("no literal is spread into another", () =>
  expectNone([...checkSpreads(lib), ...checkSpreads(tests)]));

test("every file of lib and test says in its first line what it is, and has a name that tells", () =>
  expectNone([...checkHeads(lib), ...checkHeads(tests)]));

test("importsOf finds each way to import, with its line", () => {
  const text = [
    "// A file.",
    'import { a } from "./a.js";',
    'import type { B } from "./b.js";',
    'export { c } from "./c.js";',
    'import "./d.js";',
    'const e = () => import("./e.js");',
    'const f = require("./f.js");',
    'type G = import("./g.js").G;',
    'const notOne = "import x from y"; // import { z } from "z"',
  ].join("\n");
  assert.deepEqual(
    importsOf("lib/model/x.ts", text).map(({ specifier, line, kind }) => [specifier, line, kind]),
    [
      ["./a.js", 2, "static"],
      ["./b.js", 3, "type"],
      ["./c.js", 4, "static"],
      ["./d.js", 5, "static"],
      ["./e.js", 6, "lazy"],
      ["./f.js", 7, "lazy"],
      ["./g.js", 8, "type"],
    ],
  );
});

test("checkDirection notices an import that points forward, and the type of one too", () => {
  const place = "lib/cohort/matrix.ts:2";
  for (const line of ["import { a } from", "import type { A } from", "export * from"]) {
    const files = sources({ "lib/cohort/matrix.ts": `// x\n${line} "../engine/engine.js";` });
    expectOne(
      checkDirection(files),
      place,
      /cohort must not import engine; the order is nearest.ts < options.ts < markup.ts < cohort </,
    );
  }
  const back = sources({ "lib/engine/engine.ts": 'import type { A } from "../cohort/matrix.js";' });
  assert.deepEqual(checkDirection(back), []);
});

test("checkDirection notices figures that know a room, and the study imported too early", () => {
  const door = sources({ "lib/figures/loss.ts": 'import { a } from "../options.js";' });
  assert.deepEqual(checkDirection(door), []);
  const rows = sources({ "lib/figures/loss.ts": 'import type { A } from "../cohort/matrix.js";' });
  assert.deepEqual(checkDirection(rows), []);
  const figure = sources({ "lib/figures/loss.ts": 'import { a } from "../cohort/matrix.js";' });
  expectOne(checkDirection(figure), "lib/figures/loss.ts:1", /figures imports types alone/);
  const early = sources({ "lib/train/train.ts": 'import { a } from "../study/profile.js";' });
  expectOne(checkDirection(early), "lib/train/train.ts:1", /train must not import study/);
  const late = sources({ "lib/claims/ledger.ts": 'import { a } from "../study/profile.js";' });
  assert.deepEqual(checkDirection(late), []);
});

test("checkDirection notices an import of a door, a room that is none, and a way out of lib", () => {
  for (const specifier of ["../index.js", "../study/index.js", "aro", "aro/study"]) {
    const files = sources({ "lib/cli/main.ts": `import { a } from "${specifier}";` });
    expectOne(checkDirection(files), "lib/cli/main.ts:1", /nothing in lib imports/);
  }
  const strange = sources({ "lib/attic/x.ts": "export const a = 1;" });
  expectOne(checkDirection(strange), "lib/attic/x.ts:1", /attic is no room/);
  const outside = sources({ "lib/cli/main.ts": 'import { a } from "../../test/golden.js";' });
  expectOne(checkDirection(outside), "lib/cli/main.ts:1", /must not import/);
});

test("checkCycles names the way around a circle, also of types and lazy imports", () => {
  const circle = sources({
    "lib/model/a.ts": '// a\nimport { b } from "./b.js";',
    "lib/model/b.ts": 'import type { C } from "./c.js";',
    "lib/model/c.ts": 'const a = () => import("./a.js");',
  });
  expectOne(
    checkCycles(circle),
    "lib/model/a.ts:2 -> lib/model/b.ts:1 -> lib/model/c.ts:1",
    /cycle/,
  );
  const diamond = sources({
    "lib/model/a.ts": 'import "./b.js"; import "./c.js";',
    "lib/model/b.ts": 'import "./d.js";',
    "lib/model/c.ts": 'import "./d.js";',
    "lib/model/d.ts": "export {};",
  });
  assert.deepEqual(checkCycles(diamond), []);
});

test("checkPackages notices TensorFlow.js and Vega out of place, and Vega that is not lazy", () => {
  const tf = sources({ "lib/train/loss.ts": 'import type { T } from "@tensorflow/tfjs-core";' });
  expectOne(checkPackages(tf), "lib/train/loss.ts:1", /only lib\/engine/);
  const lazily = sources({ "lib/train/loss.ts": 'await import("@tensorflow/tfjs-core");' });
  expectOne(checkPackages(lazily), "lib/train/loss.ts:1", /only lib\/engine/);
  const away = sources({ "lib/claims/a.ts": 'import("vega")' });
  expectOne(checkPackages(away), "lib/claims/a.ts:1", /only lib\/figures/);
  const eager = sources({ "lib/figures/a.ts": '//\nimport { compile } from "vega-lite";' });
  expectOne(checkPackages(eager), "lib/figures/a.ts:2", /lazily/);
  const good = sources({
    "lib/figures/a.ts": 'import type { V } from "vega"; await import("vega-lite");',
    "lib/engine/a.ts": 'import * as tf from "@tensorflow/tfjs-core";',
  });
  assert.deepEqual(checkPackages(good), []);
});

test("checkDoors notices a function of a door that takes options and does not check them", () => {
  const door = (body: string, index = '// Models.\nexport { f } from "./model/a.js";') =>
    checkDoors(
      sources({
        "lib/index.ts": index,
        "lib/model/a.ts": `//\nexport function f(a: A, options: FOptions = {}) { ${body} }`,
      }),
    );
  expectOne(door("g(options);"), "lib/model/a.ts:2", /f takes options and does not check/);
  expectOne(door('checkOptions("g", options, {});'), "lib/model/a.ts:2", /f takes options/);
  assert.deepEqual(door('checkOptions("f", options, {});'), []);
  assert.deepEqual(door('checkOptions<F<T>>(\n"f", options, {});'), []);
  const room = { "lib/model/index.ts": '// Models.\nexport { f } from "./a.js";' };
  const within = sources({ ...room, "lib/model/a.ts": "//\nexport function f(options: A) {}" });
  expectOne(checkDoors(within), "lib/model/a.ts:2", /f takes options/);
  assert.deepEqual(door("g(options);", '// Models.\nexport { g } from "./model/a.js";'), []);
  for (const parameters of [
    "{ a }: { readonly a?: A } = {}",
    "b: B, { a }: { readonly a: A }",
    "b: B, { a = 1 }: { readonly a?: A } = {}",
    "b: B, c: { readonly a?: A }",
  ]) {
    const room = sources({
      "lib/index.ts": '// Models.\nexport { f } from "./model/a.js";',
      "lib/model/a.ts": `//\nexport function f(${parameters}) {}`,
    });
    expectOne(checkDoors(room), "lib/model/a.ts:2", /f takes options/);
  }
  const apart = "export function f({ a }: FOptions) {}";
  const index = '// Models.\nexport { f } from "./model/a.js";';
  expectOne(
    checkDoors(sources({ "lib/index.ts": index, "lib/model/a.ts": apart })),
    "lib/model/a.ts:1",
    /f takes options/,
  );
});

test("checkLanguage notices any, silenced compilers and default exports, and not the word", () => {
  const one = (text: string) => checkLanguage(sources({ "lib/model/a.ts": text }));
  expectOne(one("const a = (1 as any).b;"), "lib/model/a.ts:1", /any is not allowed/);
  expectOne(one("\nexport function f(x: any[]): void {}"), "lib/model/a.ts:2", /any/);
  expectOne(one("// @ts-ignore\nconst a = 1;"), "lib/model/a.ts:1", /@ts-ignore/);
  expectOne(one("export default 1;"), "lib/model/a.ts:1", /default/);
  expectOne(one("export default function f() {}"), "lib/model/a.ts:1", /default/);
  expectOne(one("const a = 1;\nexport { a as default };"), "lib/model/a.ts:2", /default/);
  assert.deepEqual(one('// any default\nexport const a = "as any";'), []);
});

test("checkSpreads notices literals in literals and in calls, and no other spread", () => {
  const one = (text: string) => checkSpreads(sources({ "lib/model/a.ts": text }));
  expectOne(one("const a = { ...{ b: 1 }, c };"), "lib/model/a.ts:1", /literal/);
  expectOne(one("f(\n  ...[1, 2], 3);"), "lib/model/a.ts:2", /literal/);
  assert.deepEqual(one("f({ ...a, ...(b && { c }) }, ...[1].map(g), ...d);"), []);
});

test("checkHeads notices a missing head and an empty name", () => {
  const head = sources({ "lib/model/a.ts": 'import "./b.js";', "lib/model/b.ts": "// TODO" });
  assert.equal(checkHeads(head).length, 2);
  for (const path of ["lib/model/utils.ts", "test/helpers/a.ts", "lib/cohort/types.ts"]) {
    const files = sources({ [path]: "// The things that have no other place." });
    expectOne(checkHeads(files), `${path}:1`, /says nothing/);
  }
});
