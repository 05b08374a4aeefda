// The rules of the house, as checks of source texts that name the file, the line and the rule broken.
import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import ts from "typescript";

/** Texts by path from the repository's root, e.g. "lib/model/weights.ts". */
export type Sources = ReadonlyMap<string, string>;

export interface Import {
  /** Who imports, and in which line, counted from 1. */
  readonly from: string;
  readonly line: number;
  /** As written. */
  readonly specifier: string;
  /** "type" vanishes when compiled, "lazy" runs when it is reached. */
  readonly kind: "static" | "type" | "lazy";
}

/** Rooms in the order in which data walks through them; imports point back along it. */
const ORDER = [
  "nearest.ts",
  "options.ts",
  "markup.ts",
  "cohort",
  "preprocess",
  "engine",
  "layers",
  "model",
  "train",
  "evaluate",
  "figures",
  "impute",
  "page",
  "study",
  "claims",
  "course",
  "jupyter",
  "cli",
  "index.ts",
];

const VAGUE = /^(utils?|helpers?|types?|common|misc)$/i;

/** The file of each door of the package, by the name that an import gives: "aro/study" is lib/study/index.ts. */
export function readDoors(): ReadonlyMap<string, string> {
  const text = readFileSync(join(import.meta.dirname, "..", "lib", "package.json"), "utf8");
  const { name, exports } = JSON.parse(text) as { name: string; exports: Record<string, string> };
  return new Map(
    Object.entries(exports).map(([path, compiled]) => [
      posix.join(name, path),
      posix.join("lib", compiled.replace("dist/", "").replace(/\.js$/, ".ts")),
    ]),
  );
}

/** A file through which the package is imported. */
export interface Door {
  /** As an import names it: "aro/study". */
  readonly name: string;
  /** Relative to the repository: "lib/study/index.ts". */
  readonly file: string;
  /** What its first line says of it. */
  readonly about: string;
  readonly exports: readonly Exported[];
}

/** An exported name. */
export interface Exported {
  readonly name: string;
  /** The comment above its group. */
  readonly group: string;
  /** The file that it comes from, as "lib/cohort/tables.ts". */
  readonly file: string;
}

/**
 * Reads the text of a door.
 * @throws Error if it exports anything but names, or a name outside of a group.
 */
export function readDoor(name: string, file: string, text: string): Door {
  const exports: Exported[] = [];
  let group: string | undefined;
  for (const statement of parse(file, text).statements) {
    const comment = ts.getLeadingCommentRanges(text, statement.getFullStart())?.at(-1);
    if (comment) group = text.slice(comment.pos, comment.end).replace(/^\/\/ |\.$/g, "");
    if (!ts.isExportDeclaration(statement)) continue;
    const { exportClause: names, moduleSpecifier: from } = statement;
    if (!names || !ts.isNamedExports(names) || !from || !ts.isStringLiteral(from)) {
      throw new Error(`${file}: expected exports by name, got ${statement.getText()}`);
    }
    const source = posix.join(posix.dirname(file), from.text.replace(/\.js$/, ".ts"));
    for (const element of names.elements) {
      if (group === undefined) throw new Error(`${file}: ${element.name.text} stands in no group`);
      exports.push({ name: element.name.text, group, file: source });
    }
  }
  const [head] = text.split("\n", 1);
  return { name, file, about: head.replace(/^\/\/ (The door "[^"]*": )?/, ""), exports };
}

/** Every .ts file under a folder of the repository, except what the compiler wrote. */
export function readSources(folder: string): Sources {
  const root = join(import.meta.dirname, "..");
  const paths = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .map((path) => `${folder}/${path.replaceAll("\\", "/")}`)
    .filter((path) => path.endsWith(".ts") && !/\/(dist|node_modules)\//.test(path))
    .sort();
  return new Map(paths.map((path) => [path, readFileSync(join(root, path), "utf8")]));
}

/** Finds each import, export-from, `import()` and `require()` of a file, in order. */
export function importsOf(path: string, text: string): Import[] {
  const source = parse(path, text);
  const found: Import[] = [];
  const add = (node: ts.Node, to: ts.Node | undefined, kind: Import["kind"]) => {
    if (!to || !ts.isStringLiteralLike(to)) return;
    found.push({ from: path, line: lineOf(source, node), specifier: to.text, kind });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node, node.moduleSpecifier, importKind(node));
    else if (ts.isExportDeclaration(node)) {
      add(node, node.moduleSpecifier, node.isTypeOnly ? "type" : "static");
    } else if (ts.isImportTypeNode(node)) {
      add(node, ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, "type");
    } else if (ts.isCallExpression(node) && isLoader(node.expression)) {
      add(node, node.arguments[0], "lazy");
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** Imports point back along the order of rooms; figures takes rows as other rooms type them; nobody imports a door. */
export function checkDirection(sources: Sources): string[] {
  const homeless = [...sources.keys()]
    .filter((path) => !ORDER.includes(roomOf(path)))
    .map((path) => `${path}:1: ${roomOf(path)} is no room; ${orderText()}`);
  const problems = eachImport(sources).flatMap((link) => {
    const target = targetOf(link);
    if (/^aro(\/|$)/.test(link.specifier) || (target !== null && isDoor(target))) {
      return [report(link, "nothing in lib imports a door of the package")];
    }
    if (target === null) return [];
    const from = roomOf(link.from);
    const to = roomOf(target);
    if (from === to) return [];
    const isText = to === "options.ts" || to === "markup.ts";
    if (from === "figures" && link.kind !== "type" && !isText) {
      return [report(link, "figures imports types alone of other rooms")];
    }
    if (!ORDER.includes(to) || ORDER.indexOf(to) > ORDER.indexOf(from)) {
      return [report(link, `${from} must not import ${to}; ${orderText()}`)];
    }
    return [];
  });
  return [...homeless, ...problems];
}

/** Follows imports between files and names each circle once. */
export function checkCycles(sources: Sources): string[] {
  const links = new Map([...sources].map(([path, text]) => [path, importsOf(path, text)]));
  const done = new Set<string>();
  const problems: string[] = [];
  const walk = (path: string, trail: readonly Import[]): void => {
    const start = trail.findIndex((link) => link.from === path);
    if (start >= 0) {
      const circle = trail.slice(start).map(({ from, line }) => `${from}:${line}`);
      problems.push(`import cycle, no file may reach itself: ${[...circle, path].join(" -> ")}`);
      return;
    }
    if (done.has(path)) return;
    for (const link of links.get(path) ?? []) {
      const target = targetOf(link);
      if (target !== null) walk(target, [...trail, link]);
    }
    done.add(path);
  };
  for (const path of sources.keys()) walk(path, []);
  return problems;
}

/** TensorFlow.js is imported in lib/engine alone; Vega in lib/figures alone, and only when it is needed. */
export function checkPackages(sources: Sources): string[] {
  return eachImport(sources).flatMap((link) => {
    if (link.specifier.startsWith("@tensorflow/") && roomOf(link.from) !== "engine") {
      return [report(link, "only lib/engine imports @tensorflow/*")];
    }
    if (!/^vega(-|\/|$)/.test(link.specifier)) return [];
    if (roomOf(link.from) !== "figures") return [report(link, "only lib/figures imports vega")];
    return link.kind === "static"
      ? [report(link, "vega is imported lazily: `await import(...)`, or `import type`")]
      : [];
  });
}

/** A function that a door exports and that takes options passes them to `checkOptions`, by its own name. */
export function checkDoors(sources: Sources): string[] {
  const doors = [...sources].filter(([path]) => isDoor(path));
  const exported = doors.flatMap(([path, text]) => readDoor(path, path, text).exports);
  return [...new Set(exported.map(({ file }) => file))].flatMap((path) => {
    const names = exported.filter(({ file }) => file === path).map(({ name }) => name);
    const source = parse(path, sources.get(path) ?? "");
    return source.statements.filter(ts.isFunctionDeclaration).flatMap((declared) => {
      const name = declared.name?.text ?? "";
      const takes = declared.parameters.some((parameter) => takesOptions(parameter));
      if (!names.includes(name) || !takes) return [];
      const checks = new RegExp(`checkOptions(<[^(]*>)?\\(\\s*"${name}"`);
      return checks.test(declared.getText())
        ? []
        : [`${path}:${lineOf(source, declared)}: ${name} takes options and does not check them`];
    });
  });
}

/** "lib/index.ts" and "lib/study/index.ts" are doors. */
function isDoor(path: string): boolean {
  return /^lib\/(\w+\/)?index\.ts$/.test(path);
}

/** By the name, by the type's name, or as the last parameter, of a type without a name, that is taken apart or optional. */
function takesOptions({ name, type, initializer, parent }: ts.ParameterDeclaration): boolean {
  if (name.getText() === "options" || /Options(<\w+>)?$/.test(type?.getText() ?? "")) return true;
  const isLast = parent.parameters.at(-1)?.name === name;
  const isWhole = parent.parameters.length === 1 && !initializer; // a record is no options
  return (
    isLast &&
    !isWhole &&
    type !== undefined &&
    ts.isTypeLiteralNode(type) &&
    (ts.isObjectBindingPattern(name) || type.members.some(({ questionToken }) => questionToken))
  );
}

/** No `any`, no comment that silences the compiler, no default export. */
export function checkLanguage(sources: Sources): string[] {
  return [...sources].flatMap(([path, text]) => {
    const source = parse(path, text);
    const problems: string[] = [];
    const add = (line: number, rule: string) => problems.push(`${path}:${line}: ${rule}`);
    text.split("\n").forEach((line, i) => {
      const silenced = line.match(/@ts-(ignore|nocheck|expect-error)/);
      if (silenced) add(i + 1, `${silenced[0]} is not allowed in lib; fix the type`);
    });
    const visit = (node: ts.Node): void => {
      if (node.kind === ts.SyntaxKind.AnyKeyword) {
        add(lineOf(source, node), "any is not allowed in lib; name the type, or use unknown");
      }
      if (isDefaultExport(node)) add(lineOf(source, node), "no default exports; export by name");
      ts.forEachChild(node, visit);
    };
    visit(source);
    return problems;
  });
}

/** A literal is not spread into another: `{ ...{ a, b }, c }` is `{ a, b, c }`. */
export function checkSpreads(sources: Sources): string[] {
  return [...sources].flatMap(([path, text]) => {
    const source = parse(path, text);
    const problems: string[] = [];
    const visit = (node: ts.Node): void => {
      if (ts.isSpreadAssignment(node) || ts.isSpreadElement(node)) {
        const { expression } = node;
        if (ts.isObjectLiteralExpression(expression) || ts.isArrayLiteralExpression(expression)) {
          problems.push(`${path}:${lineOf(source, node)}: a literal is spread; write its parts`);
        }
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
    return problems;
  });
}

/** A file says in its first line what it is, and is not named after nothing. */
export function checkHeads(sources: Sources): string[] {
  return [...sources].flatMap(([path, text]) => {
    const problems: string[] = [];
    if (!/^\/\/ \S.{9,}/.test(text)) {
      problems.push(`${path}:1: the first line is a // comment that says what the file is`);
    }
    const vague = path.split("/").find((part) => VAGUE.test(part.split(".")[0]));
    if (vague) problems.push(`${path}:1: "${vague}" says nothing; name it after its subject`);
    return problems;
  });
}

/** Under verbatimModuleSyntax `import { type X } from` still runs the module: only `import type` is a type. */
function importKind({ importClause }: ts.ImportDeclaration): Import["kind"] {
  return importClause?.isTypeOnly ? "type" : "static";
}

function isLoader(callee: ts.Expression): boolean {
  if (callee.kind === ts.SyntaxKind.ImportKeyword) return true;
  if (ts.isPropertyAccessExpression(callee)) return callee.name.text === "require";
  return ts.isIdentifier(callee) && callee.text === "require";
}

function isDefaultExport(node: ts.Node): boolean {
  if (ts.isExportAssignment(node)) return true;
  if (ts.isExportSpecifier(node)) return node.name.text === "default";
  return (
    ts.canHaveModifiers(node) &&
    (ts.getModifiers(node) ?? []).some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword)
  );
}

function eachImport(sources: Sources): Import[] {
  return [...sources].flatMap(([path, text]) => importsOf(path, text));
}

/** The file that an import leads to; null for a package. */
export function targetOf({ from, specifier }: Import): string | null {
  if (!specifier.startsWith(".")) return null;
  return posix.join(posix.dirname(from), specifier).replace(/\.js$/, ".ts");
}

/** "lib/model/weights.ts" stands in "model", "lib/index.ts" is its own. */
function roomOf(path: string): string {
  return path.startsWith("lib/") ? path.split("/")[1] : path;
}

function report({ from, line, specifier }: Import, rule: string): string {
  return `${from}:${line}: imports "${specifier}", but ${rule}`;
}

function orderText(): string {
  return `the order is ${ORDER.join(" < ")}`;
}

export function parse(path: string, text: string): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
}

function lineOf(source: ts.SourceFile, node: ts.Node): number {
  return source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
}
