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

/** The comment above a group of exports, without its dot, by exported name. */
export function groupsOf(text: string): ReadonlyMap<string, string> {
  const groups = new Map<string, string>();
  let group: string | undefined;
  for (const statement of parse("index.ts", text).statements) {
    const comment = ts.getLeadingCommentRanges(text, statement.getFullStart())?.at(-1);
    if (comment) group = text.slice(comment.pos, comment.end).replace(/^\/\/ |\.$/g, "");
    if (!ts.isExportDeclaration(statement)) continue;
    const names = statement.exportClause;
    if (!names || !ts.isNamedExports(names)) throw new Error("index.ts: expected exports by name");
    for (const { name } of names.elements) {
      if (group === undefined) throw new Error(`index.ts: ${name.text} stands in no group`);
      groups.set(name.text, group);
    }
  }
  return groups;
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
  const groups = groupsOf(readFileSync(INDEX, "utf8"));
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
    categoryOrder: [...new Set(groups.values()), UNNAMED],
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
    for (const child of project.children ?? [])
      putIntoGroup(child, groups.get(child.name) ?? UNNAMED);
  });
  const project = await app.convert();
  if (!project) throw new Error("docs: typedoc could not read lib/index.ts");
  const silent = undocumented(project, groups);
  if (silent.length > 0) throw new Error(`docs: expected a docstring of ${silent.join(", ")}`);

  await app.generateOutputs(project);
  const text = readFileSync(join(folder, "API.md"), "utf8");
  rmSync(folder, { recursive: true });
  return text
    .replace(/<a id="[^"]*"><\/a> /g, "") // one on each property, of names that change
    .replace(/\n(?=Source: )/g, "\n\n")
    .replace(/\n{3,}/g, "\n\n")
    .replace("\n", `\n\n${HEAD}\n\n${contents(groups)}\n`);
}

/** A line of links for each group. */
function contents(groups: ReadonlyMap<string, string>): string {
  const lines = [...new Set(groups.values())].map((group) => {
    const names = [...groups].filter(([, of]) => of === group).map(([name]) => name);
    return `- ${group}: ${names.map((name) => `[${name}](#${name.toLowerCase()})`).join(", ")}.`;
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
function undocumented(project: ProjectReflection, groups: ReadonlyMap<string, string>): string[] {
  return (project.children ?? [])
    .filter(({ name }) => groups.has(name))
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
