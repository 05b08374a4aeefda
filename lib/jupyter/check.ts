// Checks the cells of every notebook with the strict compiler and the linter: tslab itself checks them loosely.
import { execFile } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, relative } from "node:path";
import { projectRoot } from "../cohort/root.js";
import { listNotebooks, notebookName, readCodeCells } from "./notebook.js";
import { findTraps } from "./traps.js";

export interface CellProblem {
  readonly notebook: string;
  readonly cell: number;
  /** Counted from 1 within the cell. */
  readonly line: number;
  readonly message: string;
}

/** Where each line of an extracted file comes from; index 0 is line 1. */
type LineOrigins = readonly ({ cell: number; line: number } | null)[];

/**
 * Type-checks the notebooks' cells strictly, each notebook as one module, and looks for promises that nobody awaits
 * and for what tslab is known to compile wrongly.
 * Needs the compiled lib. Resolves to every problem found, at its notebook, cell and line.
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
    const name = `${notebookName(file)}.ts`;
    await writeFile(join(folder, name), `${lines.join("\n")}\n`);
    origins.set(name, from);
  }
  const config = {
    extends: "../tsconfig.json",
    // Cells leave names for later cells to use; a reader may not use them all.
    compilerOptions: { noUnusedLocals: false, lib: ["es2022"], rootDir: ".." },
    files: [...origins.keys()], // a folder that begins with a dot is never searched
    include: [],
  };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
  const require = createRequire(import.meta.url);
  const typed = await output(require.resolve("typescript/bin/tsc"), [
    "-p",
    folder,
    "--pretty",
    "false",
  ]);
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
    return new Promise((resolve, reject) => {
      execFile(
        process.execPath,
        [script, ...args],
        { cwd: root, maxBuffer: 1 << 26 },
        (error, stdout, stderr) => {
          // A non-zero exit is how both tell of problems; no output at all is a failure to run.
          if (error && stdout === "")
            reject(new Error(`checkCells: ${relative(root, script)} failed: ${stderr}`));
          else resolve(stdout);
        },
      );
    });
  }
}
