// Finds the test files that read golden numbers; run as a program, it lists them for `npm run test:golden`.
import ts from "typescript";
import { importsOf, parse, readSources, type Sources, targetOf } from "./architecture.js";

/**
 * Test files by the golden file that they read: those from which imports lead to a `goldenCases("name")`.
 *
 * @throws Error where the name is not a literal, so that the reader of a file would not be found.
 */
export function goldenReaders(sources: Sources): ReadonlyMap<string, readonly string[]> {
  const readers = new Map<string, string[]>();
  for (const path of sources.keys()) {
    if (!path.endsWith(".test.ts")) continue;
    const reached = [...reachableFrom(path, sources)];
    for (const name of new Set(reached.flatMap((file) => goldenNames(file, sources.get(file)!)))) {
      readers.set(name, [...(readers.get(name) ?? []), path]);
    }
  }
  return readers;
}

/** The file and all that its imports lead to, in the order in which they are met. */
function reachableFrom(path: string, sources: Sources): Set<string> {
  const reached = new Set([path]);
  for (const file of reached) {
    for (const link of importsOf(file, sources.get(file)!)) {
      const target = targetOf(link);
      if (link.kind !== "type" && target !== null && sources.has(target)) reached.add(target);
    }
  }
  return reached;
}

function goldenNames(path: string, text: string): string[] {
  const names: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && node.expression.getText() === "goldenCases") {
      const [name] = node.arguments;
      if (name === undefined || !ts.isStringLiteralLike(name)) {
        throw new Error(`${path}: goldenCases: expected a literal name, got ${node.getText()}`);
      }
      names.push(name.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(parse(path, text));
  return names;
}

if (process.argv[1] === import.meta.filename) {
  const readers = goldenReaders(readSources("test"));
  console.log([...new Set([...readers.values()].flat())].sort().join("\n"));
}
