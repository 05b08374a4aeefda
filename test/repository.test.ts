// The repository as a reader clones it: exact pins, no traces of a machine, modest files, notebooks that ran.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { listTracked } from "./prose.js";
import {
  checkNotebook,
  checkPins,
  checkRequirements,
  checkText,
  FIXED_PACKAGES,
  type Manifest,
  type Notebook,
  pinsOf,
} from "./repository.js";

const ROOT = join(import.meta.dirname, "..");
const LARGEST = 1_500_000; // bytes of a tracked file

/** What every repository has, and what this one was asked to consist of. */
const TOP_LEVEL = [
  "package.json tsconfig.json notebooks lib data figures test environment.md",
  "README.md LICENSE CITATION.cff CHANGELOG.md package-lock.json biome.json",
]
  .join(" ")
  .split(" ");

const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const readManifest = (path: string) => JSON.parse(read(path)) as Manifest;
const expectNone = (problems: readonly string[]) =>
  assert.ok(problems.length === 0, `\n${problems.join("\n")}`);

const tracked = listTracked();
const files = tracked ?? [];
const cloned = tracked ? {} : { skip: "not a git clone, so what is tracked is not known" };

test("the gallery in README links every figure, and the notebook and cell that made it", () => {
  const [, gallery] = read("README.md").split("### Gallery\n");
  const rows = new Map(
    [...gallery.matchAll(/\]\(figures\/([\w-]+)\.svg\) \| .*\]\((.*)\), ([\w-]+) \|$/gm)].map(
      ([, name, notebook, cell]) => [name, `${notebook}#${cell}`],
    ),
  );
  const made = readdirSync(join(ROOT, "figures"))
    .filter((name) => name.endsWith(".json"))
    .map((name) => JSON.parse(read(`figures/${name}`)) as { name: string; source: string });
  assert.deepEqual(
    [...rows].sort(),
    made.map(({ name, source }): [string, string] => [name, source]).sort(),
  );
});

test("every version in package.json and lib/package.json is exact", () => {
  assert.ok(pinsOf(readManifest("package.json")).length > FIXED_PACKAGES.length);
  const paths = ["package.json", "lib/package.json"];
  expectNone(paths.flatMap((path) => checkPins(path, readManifest(path))));
});

test("the packages that the project is built on are there", () => {
  const { dependencies, optionalDependencies } = readManifest("package.json");
  const names = Object.keys({ ...dependencies, ...optionalDependencies });
  expectNone(FIXED_PACKAGES.filter((name) => !names.includes(name)));
});

test("the lock file holds the versions that package.json asks for", () => {
  const { packages } = JSON.parse(read("package-lock.json")) as {
    packages: Record<string, { version?: string }>;
  };
  for (const [name, pin] of pinsOf(readManifest("package.json"))) {
    const locked = packages[`node_modules/${name}`]?.version;
    assert.equal(locked, pin.split("@").at(-1), `${name} in package-lock.json`);
  }
});

test("every Python requirement is exact", cloned, () => {
  const paths = files.filter((path) => /requirements[\w-]*\.txt$/.test(path));
  assert.ok(paths.includes("test/golden/requirements.txt"));
  expectNone(paths.flatMap((path) => checkRequirements(path, read(path))));
});

for (const name of ["README.md", "LICENSE", "CITATION.cff", "CHANGELOG.md", "environment.md"]) {
  test(`${name} exists and says something`, () => {
    assert.ok(existsSync(join(ROOT, name)), `${name} is missing`);
    assert.ok(read(name).trim().length > 100, `${name} is all but empty`);
  });
}

test("the top level holds what was asked for, and beside it only dotfiles", cloned, () => {
  const names = new Set(files.map((path) => path.split("/")[0]));
  expectNone([...names].filter((name) => !name.startsWith(".") && !TOP_LEVEL.includes(name)));
});

test("no tracked file names a package registry or a path of one machine", cloned, () => {
  assert.ok(files.length > 20);
  const texts = files.map((path) => [path, read(path)] as const);
  expectNone(texts.flatMap(([path, text]) => (text.includes("\0") ? [] : checkText(path, text))));
});

test("no tracked file is larger than 1.5 MB", cloned, () => {
  const sizes = files.map((path) => [path, statSync(join(ROOT, path)).size] as const);
  expectNone(
    sizes.filter(([, size]) => size > LARGEST).map(([path, size]) => `${path}: ${size} bytes`),
  );
});

test("what is made or fetched is not tracked, except golden files", cloned, () => {
  const made = /^(node_modules|\.venv|lib\/dist|data\/(raw|cache|runs))\/|\.(xlsx|parquet|gz|zip)$/;
  const golden = /^test\/golden\//;
  expectNone(files.filter((path) => made.test(path) && !golden.test(path)));
});

test("notebooks are numbered from 00 without a gap", cloned, () => {
  const numbers = files.flatMap(
    (path) => path.match(/^notebooks\/(\d\d)-[\w-]+\.ipynb$/)?.[1] ?? [],
  );
  assert.ok(numbers.length > 0, "notebooks/ holds no notebook");
  const last = Math.max(...numbers.map(Number));
  const expected = Array.from({ length: last + 1 }, (_, i) => String(i).padStart(2, "0"));
  assert.deepEqual([...numbers].sort(), expected);
});

for (const path of files.filter((path) => path.endsWith(".ipynb"))) {
  test(`${path} was run from top to bottom without an error`, () => {
    const notebook = JSON.parse(read(path)) as Notebook;
    assert.ok(notebook.cells.some((cell) => cell.cell_type === "code"));
    expectNone(checkNotebook(path, notebook));
  });
}

test("checkPins accepts exact versions and aliases, and nothing else", () => {
  const exact = { a: "1.2.3", b: "1.0.0-rc.1", c: "npm:@napi-rs/canvas@1.1.1" };
  assert.deepEqual(checkPins("p", { dependencies: exact }), []);
  for (const range of [
    "^1.2.3",
    "~1.2.3",
    "1.x",
    "*",
    "latest",
    ">=1.0.0",
    "npm:a@^1.0.0",
    "file:lib",
  ]) {
    assert.equal(checkPins("p", { devDependencies: { a: range } }).length, 1, range);
    assert.equal(checkPins("p", { optionalDependencies: { a: range } }).length, 1, range);
  }
});

test("checkRequirements accepts == and nothing else", () => {
  assert.deepEqual(
    checkRequirements("r", "# why\n-r requirements.txt\nnumpy==2.4.6\ntorch[a]==2.13.0+cpu  # x\n"),
    [],
  );
  assert.deepEqual(checkRequirements("r", "numpy==2.4.6\nscipy>=1\ntorch"), [
    'r:2: "scipy>=1"; pin one exact version with ==',
    'r:3: "torch"; pin one exact version with ==',
  ]);
});

test("checkText notices hosts and machine paths, with their line", () => {
  const host = ["https://registry", "npmjs", "org/x"].join(".");
  const home = ["", "home", "someone", "x"].join("/");
  const root = ["", "root", "x"].join("/");
  const problems = checkText("README.md", `fine\nsee ${host}\nfine\n"${home}" ${root}`);
  assert.equal(problems.length, 2);
  assert.match(problems[0], /^README\.md:2: names a package registry: .*npmjs/);
  assert.match(problems[1], /^README\.md:4: names a path of one machine: .*someone/);
  const innocent = "lib/worker/x https://a.org/home/b/ ./root/x src/tmp/ the root / home";
  assert.deepEqual(checkText("README.md", innocent), []);
});

test("checkNotebook notices cells that did not run, ran out of order, or failed", () => {
  const code = (count: number | null, outputs: readonly object[] = [], source = "f();") => ({
    cell_type: "code",
    source,
    execution_count: count,
    outputs,
  });
  const problemsOf = (...cells: object[]) => checkNotebook("n", { cells } as unknown as Notebook);
  const text = { cell_type: "markdown", source: "# Title" };
  assert.deepEqual(problemsOf(text, code(1), code(null, [], " "), code(2)), []);
  assert.match(problemsOf(code(1), code(null))[0], /cell 2 has execution count none, expected 2/);
  assert.match(problemsOf(code(2))[0], /count 2, expected 1/);
  assert.match(problemsOf(code(1, [{ output_type: "error" }]))[0], /ended in an error/);
  const stderr = { output_type: "stream", name: "stderr" };
  const thrown = { ...stderr, text: ["RangeError: expected 2\n", "    at f (a.ts:1:2)\n"] };
  assert.match(problemsOf(code(1, [thrown]))[0], /cell 1 wrote an error to stderr: RangeError/);
  assert.deepEqual(problemsOf(code(1, [{ ...stderr, text: "3 of 10 epochs" }])), []);
  const path = ["", "tmp", "x.png"].join("/");
  const shown = { output_type: "stream", name: "stdout", text: `wrote ${path}` };
  assert.match(problemsOf(code(1, [shown]))[0], /cell 1 shows a path of one machine: wrote/);
  const data = { output_type: "display_data", data: { "text/html": [`<a href="${path}">`] } };
  assert.equal(problemsOf(code(1, [data])).length, 1);
  const image = { output_type: "display_data", data: { "image/png": `+${path}=` } };
  assert.deepEqual(problemsOf(code(1, [image])), []);
});
