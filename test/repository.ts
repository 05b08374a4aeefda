// What may lie in the repository, as checks of manifests, texts and notebooks that say where and what is wrong.

/** Packages that the project is built on, by request of those it is built for. */
export const FIXED_PACKAGES = [
  "tslab",
  "@tensorflow/tfjs-node-gpu",
  "nodejs-polars",
  "vega-lite",
  "simple-statistics",
  "ml-kmeans",
];

const SECTIONS = [
  "dependencies",
  "devDependencies",
  "optionalDependencies",
  "peerDependencies",
] as const;

/** The part of a package.json that names other packages. */
export type Manifest = Partial<Record<(typeof SECTIONS)[number], Readonly<Record<string, string>>>>;

export interface Notebook {
  readonly cells: readonly {
    readonly cell_type: string;
    readonly source: string | readonly string[];
    readonly execution_count?: number | null;
    readonly outputs?: readonly NotebookOutput[];
  }[];
}

interface NotebookOutput {
  readonly output_type: string;
  /** Of a stream: "stdout" or "stderr". */
  readonly name?: string;
  readonly text?: string | readonly string[];
  readonly data?: Readonly<Record<string, unknown>>;
}

const EXACT = /^(npm:(@[\w.-]+\/)?[\w.-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/;

// Written so that none of these matches its own source.
const HOSTS = [
  /registry\.npmjs\.org/i,
  /registry\.yarnpkg\.com/i,
  /registry\.npmmirror\.com/i,
  /files\.pythonhosted\.org/i,
  /pypi\.org\/simple/i,
  /"resolved": "(https?|file):\/\//,
  /^registry\s*=\s*\S+:/,
];

const MACHINE_PATHS = [
  /(?<![\w.~$}])\/work\//,
  /(?<![\w.~$}])\/home\/[\w.-]+\//,
  /(?<![\w.~$}])\/Users\/[\w.-]+\//,
  /(?<![\w.~$}])\/root\//,
];

const TEMPORARY = /(?<![\w.~$}])\/tmp\//;

/** Every package that a manifest names, with the version it asks for. */
export function pinsOf(manifest: Manifest): [name: string, version: string][] {
  return SECTIONS.flatMap((section) => Object.entries(manifest[section] ?? {}));
}

/** Versions are exact: what was tested is what a reader installs. */
export function checkPins(path: string, manifest: Manifest): string[] {
  return pinsOf(manifest)
    .filter(([, version]) => !EXACT.test(version))
    .map(([name, version]) => `${path}: "${name}" asks for "${version}"; pin one exact version`);
}

/** Each requirement of a pip file is `name==version`, or another such file; comments are free. */
export function checkRequirements(path: string, text: string): string[] {
  return text.split("\n").flatMap((line, i) => {
    const wanted = line.replace(/#.*/, "").split(";")[0].trim();
    const fine =
      wanted === "" ||
      /^-r [\w./-]+$/.test(wanted) ||
      /^[\w.-]+(\[[\w,-]+\])?==\d[\w.+!-]*$/.test(wanted);
    return fine ? [] : [`${path}:${i + 1}: "${wanted}"; pin one exact version with ==`];
  });
}

/** A text names no package registry and no place on somebody's machine. */
export function checkText(path: string, text: string): string[] {
  return text.split("\n").flatMap((line, i) => {
    const found = [
      ...HOSTS.map((pattern) => [pattern, "names a package registry"] as const),
      ...MACHINE_PATHS.map((pattern) => [pattern, "names a path of one machine"] as const),
    ].find(([pattern]) => pattern.test(line));
    return found ? [`${path}:${i + 1}: ${found[1]}: ${excerpt(line, found[0])}`] : [];
  });
}

/** A notebook was run once from top to bottom, nothing failed, and its outputs name no place on a machine. */
export function checkNotebook(path: string, notebook: Notebook): string[] {
  const problems: string[] = [];
  let expected = 1;
  notebook.cells.forEach((cell, i) => {
    const at = `${path}: cell ${i + 1}`;
    if (cell.cell_type !== "code" || joined(cell.source).trim() === "") return;
    if (cell.execution_count !== expected) {
      const got = cell.execution_count ?? "none";
      problems.push(`${at} has execution count ${got}, expected ${expected}; run all in order`);
    }
    expected++;
    for (const output of cell.outputs ?? []) {
      const text = [joined(output.text), textOf(output.data)].join("\n");
      if (output.output_type === "error") problems.push(`${at} ended in an error`);
      // The kernel reports a thrown error as text on stderr, with its stack.
      if (output.name === "stderr" && /Error\b|^\s+at \S+/m.test(text)) {
        problems.push(`${at} wrote an error to stderr: ${text.trim().split("\n")[0]}`);
      }
      const place = [TEMPORARY, ...MACHINE_PATHS].find((pattern) => pattern.test(text));
      if (place) problems.push(`${at} shows a path of one machine: ${excerpt(text, place)}`);
    }
  });
  return problems;
}

/** What a reader can read of a display: an image's base64 may spell anything. */
function textOf(data: NotebookOutput["data"] = {}): string {
  const readable = Object.entries(data).filter(([mime]) => !/^image\/(?!svg)/.test(mime));
  return JSON.stringify(Object.fromEntries(readable));
}

function joined(text: string | readonly string[] | undefined): string {
  return typeof text === "string" ? text : (text ?? []).join("");
}

function excerpt(text: string, pattern: RegExp): string {
  const at = text.search(pattern);
  return text.slice(Math.max(0, at - 20), at + 40).trim();
}
