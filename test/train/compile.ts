// Compiles a program that tests start many times, because tsx would double the time that each start takes.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";
import { projectRoot } from "../../lib/cohort/root.js";

/**
 * Compiles a program, the files at the top of `lib`, and every file of the folders that it imports from; paths count from the repository's root.
 * @returns the compiled program, which is removed when this process exits.
 */
export function compile(program: string, folders: readonly string[]): string {
  const cache = join(projectRoot(), "data", "cache"); // inside the repository, where packages are found
  mkdirSync(cache, { recursive: true });
  const to = mkdtempSync(join(cache, "test-"));
  process.on("exit", () => rmSync(to, { recursive: true }));
  const files = ["lib", ...folders].flatMap((folder) =>
    readdirSync(join(projectRoot(), folder)).map((name) => `${folder}/${name}`),
  );
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
  for (const file of [...files, program].filter((name) => name.endsWith(".ts"))) {
    const text = readFileSync(join(projectRoot(), file), "utf8");
    const { outputText } = ts.transpileModule(text, { compilerOptions });
    const target = join(to, file.replace(/\.ts$/, ".js"));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, outputText);
  }
  return join(to, program.replace(/\.ts$/, ".js"));
}
