// Writes lib/API.md from the docstrings of what the package's doors export: `npm run docs [-- --check]`.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, posix } from "node:path";
import {
  Application,
  Comment,
  CommentTag,
  Converter,
  type DeclarationReflection,
  type SomeType,
  type TypeDocOptions,
} from "typedoc";
import {
  MarkdownTheme,
  type MarkdownThemeContext,
  type PluginOptions,
} from "typedoc-plugin-markdown";
import { type Door, readDoor, readDoors } from "./architecture.js";

const ROOT = join(import.meta.dirname, "..");
const API = join(ROOT, "lib", "API.md");

const HEAD = "<!-- Written by `npm run docs` from the docstrings; do not edit. -->";

/** The heading under which types stand that the exported functions name and no door exports. */
const UNNAMED = "Types that are not exported";

/** Every door of the package. */
export function readAllDoors(): readonly Door[] {
  return [...readDoors()].map(([name, file]) =>
    readDoor(name, file, readFileSync(join(ROOT, file), "utf8")),
  );
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
  const doors = readAllDoors();
  const folder = mkdtempSync(join(tmpdir(), "aro-docs-"));
  const options: Partial<
    TypeDocOptions & PluginOptions & { placeInternalsInOwningModule: boolean }
  > = {
    entryPoints: doors.map(({ file }) => join(ROOT, file)),
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
    categoryOrder: [...doors.flatMap(groupsOf), UNNAMED],
    logLevel: "Warn",
    router: "module",
    outputs: [{ name: "markdown", path: folder }],
    entryFileName: "API",
    hidePageHeader: true,
    hidePageTitle: true,
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
    for (const module of project.children ?? []) {
      const { exports } = doorOf(module, doors);
      for (const child of module.children ?? []) {
        // A type that is not exported may have the name of one that is.
        const from = project.getSymbolIdFromReflection(child)?.fileName ?? "";
        const exported = exports.find(
          ({ name, file }) => name === child.name && from.endsWith(file),
        );
        putIntoGroup(child, exported?.group ?? UNNAMED);
      }
    }
  });
  const project = await app.convert();
  if (!project) throw new Error("docs: typedoc could not read the doors");
  const modules = project.children ?? [];
  const silent = modules.flatMap((module) => undocumented(module, doorOf(module, doors)));
  if (silent.length > 0) throw new Error(`docs: expected a docstring of ${silent.join(", ")}`);
  await app.generateOutputs(project);
  const pages = doors.map((door) => {
    const page = readFileSync(join(folder, `${moduleName(door)}.md`), "utf8");
    return `# The door ${door.name}\n\n\`import { … } from "${door.name}"\`: ${door.about}\n\n${page}`;
  });
  rmSync(folder, { recursive: true });
  const text = `# The package aro\n\n${HEAD}\n\n${doors.map(contents).join("\n\n")}\n\n${pages.join("\n")}`;
  return text
    .replace(/<a id="[^"]*"><\/a> /g, "") // one on each property, of names that change
    .replace(/\]\(\w*\.md#/g, "](#") // all doors stand on one page
    .replace(/\[(`[^`]+`)\]\(#property-[\w-]+\)/g, "$1") // links to the properties
    .replace(/\n(?=Source: )/g, "\n\n")
    .replace(/\n{3,}/g, "\n\n");
}

/** typedoc's name of a door: its folder, or "index" for the first. */
function moduleName({ file }: Door): string {
  return posix.dirname(file) === "lib" ? "index" : posix.basename(posix.dirname(file));
}

function doorOf({ name }: DeclarationReflection, doors: readonly Door[]): Door {
  const door = doors.find((one) => moduleName(one) === name);
  if (!door) throw new Error(`docs: typedoc read a module ${name}, which is no door`);
  return door;
}

/** The groups of a door, in order. */
function groupsOf({ exports }: Door): string[] {
  return [...new Set(exports.map(({ group }) => group))];
}

/** A door with a line of links for each of its groups. */
function contents(door: Door): string {
  const lines = groupsOf(door).map((own) => {
    const names = door.exports.filter(({ group }) => group === own);
    const links = names.map(({ name }) => `[${name}](#${name.toLowerCase()})`);
    return `- ${own}: ${links.join(", ")}.`;
  });
  const anchor = `the-door-${door.name.replace("/", "")}`;
  return `[${door.name}](#${anchor}): ${door.about}\n\n${lines.join("\n")}`;
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
function undocumented(module: DeclarationReflection, { exports }: Door): string[] {
  return (module.children ?? [])
    .filter((child) => exports.some(({ name }) => name === child.name))
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
