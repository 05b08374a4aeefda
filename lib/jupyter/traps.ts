// What tslab 1.0.22 compiles wrongly without a word: found in the cells' syntax before a run fails on it.
import ts from "typescript";
import type { CodeCell } from "./notebook.js";

export interface Trap {
  readonly cell: number;
  /** Counted from 1 within the cell. */
  readonly line: number;
  readonly message: string;
}

/**
 * Finds shorthand properties that name something of an earlier cell, and destructuring that renames: tslab rewrites
 * names of earlier cells to `exports.name`, forgets to do so in `{ name }`, and does so where it must not in
 * `{ name: other } = value`.
 * Source: wrapPrevIdentifier in tslab's src/converter.ts.
 */
export function findTraps(cells: readonly CodeCell[]): Trap[] {
  const earlier = new Set<string>();
  return cells.flatMap(({ number, source }) => {
    const file = ts.createSourceFile(`cell${number}.ts`, source, ts.ScriptTarget.ES2022, true);
    const own = new Set<string>();
    const shorthands: ts.ShorthandPropertyAssignment[] = [];
    const traps: Trap[] = [];
    const report = (node: ts.Node, message: string) => {
      const { line } = file.getLineAndCharacterOfPosition(node.getStart(file));
      traps.push({ cell: number, line: line + 1, message });
    };
    const visit = (node: ts.Node) => {
      if (ts.isShorthandPropertyAssignment(node)) shorthands.push(node);
      if (isDeclaration(node) && node.name && ts.isIdentifier(node.name)) own.add(node.name.text);
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

type Declaration =
  | ts.VariableDeclaration
  | ts.BindingElement
  | ts.ParameterDeclaration
  | ts.FunctionDeclaration
  | ts.ImportSpecifier;

function isDeclaration(node: ts.Node): node is Declaration {
  return (
    ts.isVariableDeclaration(node) ||
    ts.isBindingElement(node) ||
    ts.isParameter(node) ||
    ts.isFunctionDeclaration(node) ||
    ts.isImportSpecifier(node)
  );
}
