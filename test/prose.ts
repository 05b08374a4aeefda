// The repository's prose: the text of Markdown files and of notebooks, and the comments of TypeScript, without code.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

const ROOT = join(import.meta.dirname, "..");

/** A text with the lines of its file; what is no prose is blanked, so that lines and columns stay. */
export interface Prose {
  /** From the repository's root; a notebook's cell has ` cell N` behind it, counted from 1. */
  readonly place: string;
  /** The file alone. */
  readonly path: string;
  readonly text: string;
}

/** Lists the tracked files that exist, from the repository's root; null outside a git clone. */
export function listTracked(): string[] | null {
  try {
    const options = { cwd: ROOT, encoding: "utf8", stdio: "pipe", maxBuffer: 1 << 26 } as const;
    return execFileSync("git", ["ls-files", "-z"], options)
      .split("\0")
      .filter((path) => path !== "" && existsSync(join(ROOT, path)));
  } catch {
    return null;
  }
}

/** Reads the Markdown of a file: all of a Markdown file, or each Markdown cell of a notebook. */
export function readMarkdown(path: string): Prose[] {
  const text = readFileSync(join(ROOT, path), "utf8");
  if (!path.endsWith(".ipynb")) return [{ place: path, path, text }];
  const { cells } = JSON.parse(text) as {
    cells: readonly { cell_type: string; source: string | readonly string[] }[];
  };
  return cells.flatMap(({ cell_type, source }, i) =>
    cell_type === "markdown"
      ? [{ place: `${path} cell ${i + 1}`, path, text: [source].flat().join("") }]
      : [],
  );
}

/** Blanks blocks of code between fences. */
export function withoutFences(markdown: string): string {
  return markdown.replace(/^( *)(`{3,}|~{3,})[^\n]*\n[\s\S]*?^\1\2/gm, blank);
}

/** Blanks what a Markdown renderer shows as code. */
export function withoutCode(markdown: string): string {
  return withoutFences(markdown).replace(/(?<!`)(`+)(?!`)[^\n]*?[^`]\1(?!`)/g, blank);
}

/** Blanks code, formulas, HTML tags and the targets of links. */
export function wordsOfMarkdown(markdown: string): string {
  return withoutCode(markdown)
    .replace(/\$\$[\s\S]*?\$\$|\$[^$\n]+\$/g, blank)
    .replace(/\]\([^)\s]*\)|<[^>\n]+>|https?:\/\/\S+/g, blank);
}

/** Keeps the comments of a TypeScript file, without what they quote in backticks. */
export function wordsOfComments(source: string): string {
  const scanner = ts.createScanner(
    ts.ScriptTarget.ES2022,
    false,
    ts.LanguageVariant.Standard,
    source,
  );
  let out = "";
  for (let kind = scanner.scan(); kind !== ts.SyntaxKind.EndOfFileToken; kind = scanner.scan()) {
    const text = scanner.getTokenText();
    const isComment =
      kind === ts.SyntaxKind.SingleLineCommentTrivia ||
      kind === ts.SyntaxKind.MultiLineCommentTrivia;
    out += isComment ? withoutCode(text).replace(/https?:\/\/\S+|@\w+/g, blank) : blank(text);
  }
  return out;
}

function blank(text: string): string {
  return text.replace(/[^\n]/g, " ");
}
