// The command that examines this machine: what is there, what is missing with its remedy, which engine runs and why.
import { readFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { join, relative } from "node:path";
import { countOf } from "../cohort/problems.js";
import { findPython, runCommand } from "../cohort/python.js";
import { projectRoot } from "../cohort/root.js";
import { type Considered, chooseEngine, surveyEngines } from "../engine/choose.js";
import { findCompiler, threadCount } from "../engine/compile.js";
import { describeEngine, type Engine, isPortable } from "../engine/engine.js";
import { memoryLimits } from "../engine/platform.js";
import { textTable } from "../figures/table.js";
import { availableDisk } from "../model/cost.js";
import { describeEnvironment } from "../train/environment.js";

/** What is found of one thing. */
interface Finding {
  /** Whether it will do. */
  readonly fits: boolean;
  /** Version and place, or what is wrong and the remedy. */
  readonly found: string;
}

/** `aro doctor` prints what was found, as JSON with --json; exit status 1 if Node, Python or every engine is missing. */
export async function doctor({ json }: { readonly json?: true }): Promise<number> {
  const report = await examine();
  console.log(json ? JSON.stringify(report, null, 2) : describe(report));
  return report.node.fits && report.python.fits && report.chosen ? 0 : 1;
}

type Report = Awaited<ReturnType<typeof examine>>;

async function examine() {
  const root = projectRoot();
  const choice = await chooseEngine().catch((error: Error) => error);
  const engine = choice instanceof Error ? null : choice.engine;
  const { total, available } = memoryLimits(engine?.backend ?? "cpu");
  const environment = engine && (await describeEnvironment(engine));
  return {
    node: examineNode(root),
    python: await examinePython(root),
    /** Needed for the engines native and tensorflow alone. */
    compiler: await findingOf(async () => findCompiler().version),
    engines: await surveyEngines(),
    chosen: engine && environment && { ...environment.engine, threads: threadsOf(engine) },
    /** Why the engine that ARO_ENGINE asks for cannot run. */
    refused: choice instanceof Error ? choice.message : null,
    processor: { model: cpus()[0]?.model.trim() ?? "unknown", cores: availableParallelism() },
    threadLimits: environment?.threadLimits ?? {},
    memory: { total, available: Number.isFinite(available) ? available : null },
    disk: { available: await availableDisk(root) },
    versions: Object.fromEntries(
      ["aro", ...PACKAGES].map((name) => [name, versionOf(join(root, "node_modules", name))]),
    ),
  };
}

/** Whose versions decide what comes out. */
const PACKAGES = [
  "@tensorflow/tfjs-core",
  "@tensorflow/tfjs-node-gpu",
  "nodejs-polars",
  "simple-statistics",
  "ml-kmeans",
  "umap-js",
  "vega-lite",
  "tslab",
];

function versionOf(folder: string): string | null {
  try {
    return (JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string })
      .version;
  } catch {
    return null; // not installed
  }
}

/** Holds the running Node against `engines` in package.json, which reads `>=20.19 <25`. */
function examineNode(root: string): Finding {
  const { engines } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    engines: { node: string };
  };
  const [oldest, oldestMinor, tooNew] = engines.node.match(/\d+/g)!.map(Number);
  const [major, minor] = process.versions.node.split(".").map(Number);
  const fits = major < tooNew && (major > oldest || (major === oldest && minor >= oldestMinor));
  const found = `${process.version} (${process.platform}-${process.arch})`;
  return { fits, found: fits ? found : `${found}; expected ${engines.node}: install another Node` };
}

async function examinePython(root: string): Promise<Finding> {
  return await findingOf(async () => {
    const python = await findPython();
    const { output } = await runCommand(python, ["--version"]);
    const inside = relative(root, python);
    return `${output.trim()} (${inside.startsWith("..") ? python : inside})`;
  });
}

async function findingOf(find: () => Promise<string>): Promise<Finding> {
  try {
    return { fits: true, found: await find() };
  } catch (error) {
    return { fits: false, found: (error as Error).message };
  }
}

/** ARO_THREADS limits the native engine, TensorFlow's own variable TensorFlow; the portable backends have a single thread. */
function threadsOf(engine: Engine): number {
  if (engine.name === "native") return threadCount();
  if (isPortable(engine)) return 1;
  return Number(process.env.TF_NUM_INTRAOP_THREADS) || availableParallelism();
}

function describe(report: Report): string {
  const { chosen, processor, memory, versions } = report;
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
  const free = memory.available === null ? "" : `, ${gigabytes(memory.available)} available`;
  const rows = Object.entries({
    Node: report.node.found,
    Python: report.python.found,
    compiler: report.compiler.found,
    processor: `${processor.model}, ${processor.cores} cores`,
    memory: gigabytes(memory.total) + free,
    disk: `${gigabytes(report.disk.available)} free`,
    ...versions,
  }).map(([what, found]) => ({ what, found: found ?? "not installed" }));
  const last = chosen
    ? `chosen: ${describeEngine(chosen)}${chosen.name === "native" ? "" : `, ${countOf(chosen.threads, "thread")}`}`
    : `chosen: none; ${report.refused}`;
  return [textTable(rows), textTable<Considered>(report.engines), last].join("\n\n");
}
