// Checks the cells of notebooks with the strict compiler and the linter, and for what tslab compiles wrongly.
import { execFile } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join, relative } from "node:path";
import { promisify } from "node:util";
import ts from "typescript";
import { projectRoot } from "../cohort/root.js";
import { type CodeCell, listNotebooks, notebookName, readCodeCells } from "./notebook.js";

const run = promisify(execFile);

export interface CellProblem {
  readonly notebook: string;
  readonly cell: number;
  /** Counted from 1 within the cell. */
  readonly line: number;
  readonly message: string;
}

/** The origin of each line of an extracted file; index 0 is line 1. */
type LineOrigins = readonly ({ cell: number; line: number } | null)[];

/**
 * Type-checks the notebooks' cells strictly, each notebook as one module, and looks for promises that are not awaited
 * and for code that tslab compiles wrongly. Needs the compiled lib.
 * @returns every problem, with its notebook, cell and line.
 * @throws Error if a file is not a notebook, or the compiler or the linter does not start.
 */
export async function checkCells(files?: readonly string[]): Promise<CellProblem[]> {
  const root = projectRoot();
  const folder = join(root, ".cells");
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const origins = new Map<string, LineOrigins>();
  const traps: CellProblem[] = [];
  for (const file of files ?? (await listNotebooks())) {
    const lines = ["export {};"];
    const from: ({ cell: number; line: number } | null)[] = [null];
    const cells = await readCodeCells(file);
    traps.push(...findTraps(cells).map((trap) => ({ notebook: notebookName(file), ...trap })));
    for (const { number, source } of cells) {
      source.split("\n").forEach((text, i) => {
        lines.push(text);
        from.push({ cell: number, line: i + 1 });
      });
    }
    const own = `${notebookName(file)}.ts`;
    const name = origins.has(own) ? `${basename(dirname(file))}-${own}` : own;
    await writeFile(join(folder, name), `${lines.join("\n")}\n`);
    origins.set(name, from);
  }
  const config = {
    extends: "../tsconfig.json",
    // Cells define names for later cells; not all are used.
    compilerOptions: { noUnusedLocals: false, lib: ["es2022"], rootDir: ".." },
    files: [...origins.keys()], // listed, since tsc does not search folders that begin with a dot
    include: [],
  };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
  const require = createRequire(import.meta.url);
  const compiler = require.resolve("typescript/bin/tsc");
  const typed = await output(compiler, ["-p", folder, "--pretty", "false"]);
  const linted = await output(require.resolve("@biomejs/biome/bin/biome"), [
    "lint",
    "--vcs-enabled=false",
    "--only=nursery/noFloatingPromises",
    "--reporter=github",
    folder,
  ]);
  await rm(folder, { recursive: true, force: true });
  const general = typed.split("\n").find((line) => line.startsWith("error TS"));
  if (general) throw new Error(`checkCells: the compiler could not start: ${general}`);
  return [
    ...traps,
    ...parse(typed, /([^\s/\\]+\.ts)\((\d+),\d+\): (.+)/g),
    ...parse(linted, /file=[^,]*?([^/\\,]+\.ts),line=(\d+)[^:]*::(.+)/g),
  ];

  function parse(text: string, pattern: RegExp): CellProblem[] {
    return [...text.matchAll(pattern)].map(([, name, line, message]) => {
      const at = origins.get(name)?.[Number(line) - 1] ?? { cell: 0, line: Number(line) };
      return { notebook: name.replace(/\.ts$/, ""), ...at, message: message.trim() };
    });
  }

  async function output(script: string, args: string[]): Promise<string> {
    const options = { cwd: root, maxBuffer: 1 << 26 };
    const { stdout } = await run(process.execPath, [script, ...args], options).catch((found) => {
      // Both exit with an error if they find problems; without any output, they failed to run.
      if (found.stdout) return found;
      throw new Error(`checkCells: ${relative(root, script)} failed: ${found.stderr}`);
    });
    return stdout;
  }
}

/**
 * Finds code that tslab 1.0.22 silently compiles wrongly: shorthand properties with names from earlier cells, and
 * destructuring that renames. tslab rewrites names from earlier cells to `exports.name`, but not in `{ name }`, and
 * also where it must not, in `{ name: other } = value`.
 * Source: wrapPrevIdentifier in tslab's src/converter.ts.
 */
function findTraps(cells: readonly CodeCell[]): Omit<CellProblem, "notebook">[] {
  const earlier = new Set<string>();
  return cells.flatMap(({ number, source }) => {
    const file = ts.createSourceFile(`cell${number}.ts`, source, ts.ScriptTarget.ES2022, true);
    const own = new Set<string>();
    const shorthands: ts.ShorthandPropertyAssignment[] = [];
    const traps: Omit<CellProblem, "notebook">[] = [];
    const report = (node: ts.Node, message: string) => {
      const { line } = file.getLineAndCharacterOfPosition(node.getStart(file));
      traps.push({ cell: number, line: line + 1, message });
    };
    const visit = (node: ts.Node) => {
      if (ts.isShorthandPropertyAssignment(node)) shorthands.push(node);
      const isDeclared =
        ts.isVariableDeclaration(node) ||
        ts.isBindingElement(node) ||
        ts.isParameter(node) ||
        ts.isFunctionDeclaration(node) ||
        ts.isImportSpecifier(node);
      if (isDeclared && node.name && ts.isIdentifier(node.name)) own.add(node.name.text);
      if (ts.isBindingElement(node) && node.propertyName) {
        const name = node.propertyName.getText(file);
        report(node, `tslab may break "{ ${name}: ... }" in destructuring; take the value whole`);
      }
      ts.forEachChild(node, visit);
    };
    visit(file);
    for (const node of shorthands) {
      const name = node.name.text;
      if (earlier.has(name) && !own.has(name)) {
        report(node, `tslab loses "{ ${name} }" of an earlier cell; write "{ ${name}: ${name} }"`);
      }
    }
    for (const name of own) earlier.add(name);
    return traps;
  });
}
