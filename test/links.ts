// Relative links of Markdown files and notebooks: each leads to a tracked file or folder, and to a heading that exists.
import { posix } from "node:path";
import { type Prose, withoutCode, withoutFences } from "./prose.js";

export interface Link {
  /** As in `Prose`, with the line in it. */
  readonly place: string;
  readonly path: string;
  /** As written. */
  readonly target: string;
}

const LINK = /\]\(\s*<?([^)\s>]*)>?(?:\s+"[^"]*")?\s*\)/g;
const DEFINITION = /^ {0,3}\[[^\]]+\]:\s*<?(\S+?)>?(?:\s+"[^"]*")?\s*$/g;
const TAG = /<(?:a|img|source)\b[^>]*?\s(?:href|src|srcset)="([^"]*)"/g;

/** Finds the links of a text, in order, those of other hosts among them. */
export function linksOf({ place, path, text }: Prose): Link[] {
  return withoutCode(text)
    .split("\n")
    .flatMap((line, i) =>
      [LINK, DEFINITION, TAG]
        .flatMap((pattern) => [...line.matchAll(pattern)])
        .sort((a, b) => a.index - b.index)
        .map((match) => ({ place: `${place}:${i + 1}`, path, target: match[1] })),
    );
}

/** The anchors of a Markdown file as GitHub makes them: lower case, blanks to hyphens, repeated ones numbered. */
export function anchorsOf(markdown: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading] of withoutFences(markdown).matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    anchors.add(unique(slugOf(heading), anchors));
  }
  for (const [, id] of markdown.matchAll(/<a\b[^>]*?\s(?:id|name)="([^"]+)"/g)) anchors.add(id);
  return anchors;
}

function slugOf(heading: string): string {
  return heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_\- ]/gu, "")
    .replaceAll(" ", "-");
}

function unique(slug: string, taken: ReadonlySet<string>): string {
  for (let n = 0; ; n++) {
    const name = n === 0 ? slug : `${slug}-${n}`;
    if (!taken.has(name)) return name;
  }
}

/**
 * Checks the relative links of texts.
 * @param tracked the files that links may lead to, from the repository's root; their folders count as well.
 * @param markdownOf gives the text of a Markdown file, for the headings.
 * @returns one line for each broken link, with what it leads to.
 */
export function checkLinks(
  texts: readonly Prose[],
  tracked: readonly string[],
  markdownOf: (path: string) => string,
): string[] {
  const files = new Set(tracked);
  const folders = new Set(tracked.flatMap(foldersAbove));
  const anchors = new Map<string, Set<string>>();
  const hasAnchor = (file: string, anchor: string) => {
    const known = anchors.get(file) ?? anchorsOf(markdownOf(file));
    anchors.set(file, known);
    return known.has(anchor);
  };
  return texts.flatMap(linksOf).flatMap(({ place, path, target }) => {
    if (/^[a-z][a-z0-9+.-]*:|^\/\//i.test(target)) return [];
    if (target === "") return [`${place}: a link without a target`];
    const [file, anchor] = target.split("#", 2);
    const to = file === "" ? path : posix.join(posix.dirname(path), decodeURI(file));
    if (target.startsWith("/") || to.startsWith("..")) {
      return [`${place}: ${target} leads out of the repository`];
    }
    const isFolder = folders.has(to.replace(/\/$/, ""));
    if (!files.has(to) && !isFolder) return [`${place}: ${target} leads to no tracked file`];
    if (!anchor || !to.endsWith(".md")) return [];
    return hasAnchor(to, anchor) ? [] : [`${place}: ${target} leads to no heading`];
  });
}

function foldersAbove(path: string): string[] {
  const parts = path.split("/").slice(0, -1);
  return ["", ...parts].map((_, i) => parts.slice(0, i).join("/") || ".");
}
