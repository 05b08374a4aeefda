// Compiles a program that tests start many times, because tsx would double the time that each start takes.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import ts from "typescript";
import { projectRoot } from "../../lib/cohort/root.js";

/**
 * Compiles a program and every file that its imports lead to; the path counts from the repository's root.
 * @returns the compiled program, which is removed when this process exits.
 */
export function compile(program: string): string {
  const cache = join(projectRoot(), "data", "cache"); // inside the repository, where packages are found
  mkdirSync(cache, { recursive: true });
  const to = mkdtempSync(join(cache, "test-"));
  process.on("exit", () => rmSync(to, { recursive: true }));
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
  const files = new Set([join(projectRoot(), program)]);
  for (const file of files) {
    const text = readFileSync(file, "utf8");
    for (const { fileName } of ts.preProcessFile(text).importedFiles) {
      if (fileName.startsWith(".")) files.add(join(dirname(file), fileName.replace(/js$/, "ts")));
    }
    const target = join(to, relative(projectRoot(), file).replace(/ts$/, "js"));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, ts.transpileModule(text, { compilerOptions }).outputText);
  }
  return join(to, program.replace(/\.ts$/, ".js"));
}
