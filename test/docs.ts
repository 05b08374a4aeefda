// Writes lib/API.md from the docstrings of what lib/index.ts exports: `npm run docs [-- --check]`.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  Application,
  Comment,
  CommentTag,
  Converter,
  type DeclarationReflection,
  type ProjectReflection,
  type SomeType,
  type TypeDocOptions,
} from "typedoc";
import {
  MarkdownTheme,
  type MarkdownThemeContext,
  type PluginOptions,
} from "typedoc-plugin-markdown";
import ts from "typescript";
import { parse } from "./architecture.js";

const ROOT = join(import.meta.dirname, "..");
const INDEX = join(ROOT, "lib", "index.ts");
const API = join(ROOT, "lib", "API.md");

const HEAD = "<!-- Written by `npm run docs` from the docstrings; do not edit. -->";

/** The heading under which types stand that the exported functions name and the index does not export. */
const UNNAMED = "Types that are not exported";

/** Where an exported name belongs: the comment above its group, and the file that it comes from. */
interface Place {
  readonly group: string;
  /** As "cohort/tables.ts". */
  readonly file: string;
}

/** The place of each name that index.ts exports. */
export function placesOf(text: string): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>();
  let group: string | undefined;
  for (const statement of parse("index.ts", text).statements) {
    const comment = ts.getLeadingCommentRanges(text, statement.getFullStart())?.at(-1);
    if (comment) group = text.slice(comment.pos, comment.end).replace(/^\/\/ |\.$/g, "");
    if (!ts.isExportDeclaration(statement)) continue;
    const { exportClause: names, moduleSpecifier: from } = statement;
    if (!names || !ts.isNamedExports(names) || !from || !ts.isStringLiteral(from)) {
      throw new Error(`index.ts: expected exports by name, got ${statement.getText()}`);
    }
    const file = from.text.replace(/^\.\/|\.js$/g, "");
    for (const { name } of names.elements) {
      if (group === undefined) throw new Error(`index.ts: ${name.text} stands in no group`);
      places.set(name.text, { group, file: `${file}.ts` });
    }
  }
  return places;
}

/** Signatures show what a function takes and gives; below them stands only what the docstring adds. */
class ApiTheme extends MarkdownTheme {
  override getRenderContext(page: Parameters<MarkdownTheme["getRenderContext"]>[0]) {
    const context: MarkdownThemeContext = super.getRenderContext(page);
    context.partials.signatureReturns = ({ comment }) => {
      const returns = comment?.getTag("@returns");
      return returns ? `Returns ${context.helpers.getCommentParts(returns.content)}` : "";
    };
    return context;
  }
}

/** The text of lib/API.md. */
async function renderApi(): Promise<string> {
  const places = placesOf(readFileSync(INDEX, "utf8"));
  const folder = mkdtempSync(join(tmpdir(), "aro-docs-"));
  const options: Partial<
    TypeDocOptions & PluginOptions & { placeInternalsInOwningModule: boolean }
  > = {
    entryPoints: [INDEX],
    tsconfig: join(ROOT, "lib", "tsconfig.json"),
    plugin: ["typedoc-plugin-markdown", "typedoc-plugin-missing-exports"],
    placeInternalsInOwningModule: true,
    skipErrorChecking: true, // the type check comes before
    excludeExternals: true,
    disableGit: true,
    disableSources: true, // line numbers change daily
    readme: "none",
    name: "The package aro",
    sort: ["source-order"],
    categorizeByGroup: false,
    categoryOrder: [...groupsOf(places).keys(), UNNAMED],
    logLevel: "Warn",
    router: "module",
    outputs: [{ name: "markdown", path: folder }],
    entryFileName: "API",
    modulesFileName: "API",
    hidePageHeader: true,
    hideBreadcrumbs: true,
    useCodeBlocks: true,
    expandObjects: true,
    expandParameters: true,
    parametersFormat: "none",
    interfacePropertiesFormat: "table",
    typeAliasPropertiesFormat: "table",
    typeDeclarationFormat: "table",
    propertyMembersFormat: "table",
    tableColumnSettings: { hideModifiers: true, hideInherited: true },
  };
  const app = await Application.bootstrapWithPlugins(options);
  app.renderer.defineTheme("api", ApiTheme as never);
  app.options.setValue("theme", "api");
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const child of project.children ?? []) {
      const place = places.get(child.name);
      // A type that is not exported may have the name of one that is.
      const from = project.getSymbolIdFromReflection(child)?.fileName ?? "";
      const isExported = place !== undefined && from.endsWith(`lib/${place.file}`);
      putIntoGroup(child, isExported ? place.group : UNNAMED);
    }
  });
  const project = await app.convert();
  if (!project) throw new Error("docs: typedoc could not read lib/index.ts");
  const silent = undocumented(project, places);
  if (silent.length > 0) throw new Error(`docs: expected a docstring of ${silent.join(", ")}`);
  await app.generateOutputs(project);
  const text = readFileSync(join(folder, "API.md"), "utf8");
  rmSync(folder, { recursive: true });
  return text
    .replace(/<a id="[^"]*"><\/a> /g, "") // one on each property, of names that change
    .replace(/\[(`[^`]+`)\]\(#property-[\w-]+\)/g, "$1") // links to them
    .replace(/\n(?=Source: )/g, "\n\n")
    .replace(/\n{3,}/g, "\n\n")
    .replace("\n", `\n\n${HEAD}\n\n${contents(places)}\n`);
}

/** The names in each group. */
function groupsOf(places: ReadonlyMap<string, Place>): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const [name, { group }] of places) groups.set(group, [...(groups.get(group) ?? []), name]);
  return groups;
}

/** A line of links for each group. */
function contents(places: ReadonlyMap<string, Place>): string {
  const lines = [...groupsOf(places)].map(([group, names]) => {
    const links = names.map((name) => `[${name}](#${name.toLowerCase()})`);
    return `- ${group}: ${links.join(", ")}.`;
  });
  return lines.join("\n");
}

/** Puts what is exported into its group, and names its parameters as a reader would. */
function putIntoGroup(child: DeclarationReflection, group: string): void {
  child.comment ??= new Comment();
  child.comment.blockTags.push(new CommentTag("@category", [{ kind: "text", text: group }]));
  for (const { parameters } of child.signatures ?? []) {
    for (const parameter of parameters ?? []) {
      // A parameter that is taken apart in the signature has no name of its own.
      if (parameter.name === "__namedParameters") parameter.name = nameAfter(parameter.type);
    }
  }
}

/** "cohort" for a Cohort; "options" for options, whose type may have no name. */
function nameAfter(type: SomeType | undefined): string {
  if (type?.type !== "reference" || /Options$/.test(type.name)) return "options";
  return type.name[0].toLowerCase() + type.name.slice(1);
}

/** Exported names without a docstring. */
function undocumented(project: ProjectReflection, places: ReadonlyMap<string, Place>): string[] {
  return (project.children ?? [])
    .filter(({ name }) => places.has(name))
    .filter(
      (child) =>
        ![child, ...(child.signatures ?? [])].some(({ comment }) => comment?.summary.length),
    )
    .map(({ name }) => name);
}

if (process.argv[1] === import.meta.filename) {
  const text = await renderApi();
  if (!process.argv.includes("--check")) writeFileSync(API, text);
  else if (!existsSync(API) || readFileSync(API, "utf8") !== text) {
    console.error("lib/API.md is not what the docstrings say: run `npm run docs`");
    process.exitCode = 1;
  }
}
