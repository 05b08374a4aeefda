// Our side of the bench: `ours.ts TASK FOLDER` prepares a task of this library and works when it is asked to.
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import {
  countObserved,
  type Matrix,
  selectColumns,
  selectRows,
  sliceColumns,
} from "../../lib/cohort/matrix.js";
import { readGbmSheets } from "../../lib/cohort/paper.js";
import { createRandom } from "../../lib/cohort/random.js";
import { readTable } from "../../lib/cohort/tables.js";
import { readUcec } from "../../lib/cohort/ucec.js";
import { chooseEngine } from "../../lib/engine/choose.js";
import { describeEngine, type Engine } from "../../lib/engine/engine.js";
import { fastestAlgebra } from "../../lib/engine/linear-algebra.js";
import { nativeEngine } from "../../lib/engine/native.js";
import { tfjsEngine } from "../../lib/engine/tfjs.js";
import { fitMlp, predictMlp } from "../../lib/evaluate/mlp.js";
import { fitPca, transformPca } from "../../lib/evaluate/pca.js";
import { selectPoints } from "../../lib/evaluate/points.js";
import { LAMBDAS } from "../../lib/evaluate/predictor.js";
import { fitSmoother } from "../../lib/evaluate/ridge.js";
import { fitSharedDecoder } from "../../lib/impute/fit.js";
import { impute } from "../../lib/impute/impute.js";
import { fitImputer } from "../../lib/impute/imputer.js";
import { inferModalities } from "../../lib/impute/infer.js";
import type { SeenTable } from "../../lib/impute/new-table.js";
import { ARO, type AroSpec, PAPER_MODEL } from "../../lib/model/aro.js";
import { buildAutoencoder } from "../../lib/model/autoencoder.js";
import { initializeWeights } from "../../lib/model/model.js";
import { buildModis, MODIS } from "../../lib/model/modis.js";
import { VAE } from "../../lib/model/vae.js";
import { applyScaler, fitScaler } from "../../lib/preprocess/scaler.js";
import {
  EMBEDDINGS,
  LINKED,
  MODELS,
  partsOf,
  readBatch,
  readEmbeddings,
  readLinked,
  readRaw,
  SHAPES,
  type ShapeName,
  type TableName,
  tablesOf,
} from "./inputs.js";
import { bareProducts } from "./products.js";
import type { Ready } from "./side.js";
import { usualStep } from "./usual.js";

/** A task that is ready: `run` does the work `times` over, and its time is told for one. */
export interface Task extends Ready {
  readonly times?: number;
  run(): unknown;
}

export const LEARNING_RATE = 1e-5;

const TASKS: Readonly<Record<string, (folder: string) => Promise<Task>>> = {
  "step-paper": (folder) => step(folder, "paper", nativeEngine(), false),
  "step-paper-masked": (folder) => step(folder, "paper", nativeEngine(), true),
  "step-paper-tensorflow": (folder) =>
    step(folder, "paper", tfjsEngine({ backend: "tensorflow" }), false),
  "step-small": (folder) =>
    step(
      folder,
      "small",
      chooseEngine().then(({ engine }) => engine),
      false,
    ),
  "step-small-wasm": (folder) => step(folder, "small", tfjsEngine({ backend: "wasm" }), false),
  "step-small-usual": async (folder) => ({
    ...(await usualStep(specOf("small", false), readBatch(folder, "small"), LEARNING_RATE)),
    times: 4,
  }),
  "step-vae": vae,
  "step-modis": modis,
  classifier,
  "products-paper": () => bareProducts(SHAPES.paper),
  preprocess,
  pca: (folder) => pca(folder, "paper"),
  "pca-200": (folder) => pca(folder, "200"),
  "pca-1600": (folder) => pca(folder, "1600"),
  "smoother-200": (folder) => smoother(folder, "200"),
  "smoother-1600": (folder) => smoother(folder, "1600"),
  "shared-decoder": sharedDecoder,
  fit,
  impute: imputeNew,
  load,
  xlsx,
  "read-ccle": (folder) => read(folder, "ccle"),
  "read-tall": (folder) => read(folder, "tall"),
  "read-wide": (folder) => read(folder, "wide"),
  "read-h5ad": (folder) => read(folder, "h5ad"),
  "read-parquet": (folder) => read(folder, "parquet"),
};

function specOf(name: ShapeName, masked: boolean): AroSpec {
  const { features, rna, width, hiddenLayers } = SHAPES[name];
  const visible = masked ? { start: 0, end: rna } : null;
  return { ...PAPER_MODEL, features, width, hiddenLayers, visible };
}

async function step(
  folder: string,
  name: ShapeName,
  starting: Promise<Engine>,
  masked: boolean,
): Promise<Task> {
  const engine = await starting;
  const spec = specOf(name, masked);
  const model = buildAutoencoder(engine, ARO, spec, { seed: 1 });
  const batch = readBatch(folder, name);
  const options = { learningRate: LEARNING_RATE, random: createRandom(1, "dropout") };
  const { huber } = await model.step(batch, options);
  return {
    with: describeEngine(engine),
    answer: [huber],
    times: name === "small" ? 10 : 1,
    run: () => model.step(batch, options),
  };
}

async function vae(folder: string): Promise<Task> {
  const engine = await nativeEngine();
  const spec = { ...MODELS.vae, features: SHAPES.medium.features, visible: null };
  const model = buildAutoencoder(engine, VAE, spec, initializeWeights(VAE, spec, 1));
  const batch = readBatch(folder, "medium");
  const options = { learningRate: LEARNING_RATE, random: createRandom(1, "noise") };
  const { huber } = await model.step(batch, options);
  return { with: describeEngine(engine), answer: [huber], run: () => model.step(batch, options) };
}

async function modis(folder: string): Promise<Task> {
  const engine = await nativeEngine();
  const batch = readBatch(folder, "medium");
  const { ratios, ends, classes, ...shared } = MODELS.modis;
  const columns = ends.map((end, i) => ({ start: ends[i - 1] ?? 0, end }));
  const spec = {
    ...shared,
    classes,
    modalities: columns.map(({ start, end }, i) => ({
      name: `${i}`,
      features: end - start,
      ratios,
    })),
  };
  const batches = columns.map(({ start, end }) => ({
    matrix: selectColumns(
      batch,
      Array.from({ length: end - start }, (_, j) => start + j),
    ),
    classes: Array.from({ length: batch.rows }, (_, row) => row % classes),
  }));
  const model = buildModis(engine, spec, initializeWeights(MODIS, spec, 1));
  const options = { learningRate: LEARNING_RATE, random: createRandom(1, "noise") };
  const { parts } = await model.step(batches, options);
  const answer = ["reconstruction", "adversarial", "classes"].map(
    (name) => parts![`generators ${name}`],
  );
  return { with: describeEngine(engine), answer, run: () => model.step(batches, options) };
}

/** Every fold of the embeddings, with the authors' settings. */
async function classifier(folder: string): Promise<Task> {
  const { points, labels, folds } = readEmbeddings(folder);
  const { classes } = EMBEDDINGS;
  const { engine } = await chooseEngine();
  const run = async () => {
    let hits = 0;
    for (const { train, test } of folds) {
      const known = train.map((row) => labels[row]);
      const model = await fitMlp(selectPoints(points, train), known, classes, { engine });
      const probabilities = await predictMlp(model, selectPoints(points, test), { engine });
      test.forEach((row, i) => {
        const found = probabilities.subarray(i * classes, (i + 1) * classes);
        if (found.indexOf(Math.max(...found)) === labels[row]) hits++;
      });
    }
    return hits / points.rows;
  };
  return { with: describeEngine(engine), answer: [await run()], run };
}

async function preprocess(folder: string): Promise<Task> {
  const raw = readRaw(folder, "paper");
  const parts = partsOf(SHAPES.paper);
  const ids = parts[0].map(String);
  const run = () => {
    const scaler = fitScaler(raw, parts[0], ids);
    return parts.map((rows) => applyScaler(scaler, raw, rows));
  };
  return { with: "this library", answer: run().map(({ values }) => meanOf(values)), run };
}

/** What an answer takes less than a tenth of a second for is done several times over. */
const timesOf = (name: ShapeName) => (name === "200" ? 5 : 1);

async function pca(folder: string, name: ShapeName): Promise<Task> {
  const batch = readBatch(folder, name);
  const run = () => {
    const fitted = fitPca(batch, batch.rows);
    return { fitted, scores: transformPca(fitted, batch) };
  };
  const { fitted, scores } = run();
  const squares = meanOf(scores.map((score) => score ** 2)) * scores.length;
  return {
    with: withAlgebra(),
    answer: [fitted.explainedVariance[0], squares],
    times: timesOf(name),
    run,
  };
}

async function smoother(folder: string, name: ShapeName): Promise<Task> {
  const raw = readRaw(folder, name);
  const [train, held] = partsOf(SHAPES[name]).map((rows) => selectPoints(raw, rows));
  const run = () => {
    const fitted = fitSmoother(train);
    const similarity = fitted.compare(held);
    return LAMBDAS.map((lambda) => fitted.weights(similarity, lambda));
  };
  const answer = run().map(({ values }) => meanOf(values.map((weight) => weight ** 2)));
  return { with: withAlgebra(), answer, times: timesOf(name), run };
}

const withAlgebra = () => `this library, ${fastestAlgebra().name}`;

async function sharedDecoder(folder: string): Promise<Task> {
  const { engine } = await chooseEngine();
  const cohort = readLinked(folder);
  const { train, samples, rna } = LINKED;
  const rest = Array.from({ length: samples - train }, (_, i) => train + i);
  const seen = selectRows(sliceColumns(cohort.matrix, 0, rna), rest);
  const run = async () => {
    const rows = Array.from({ length: train }, (_, i) => i);
    const decoder = await fitSharedDecoder(cohort, { rows, engine });
    return await inferModalities(decoder, seen, { engine });
  };
  const { mean } = await run();
  let [squares, count] = [0, 0];
  for (const [i, row] of rest.entries()) {
    for (let j = 0; j < mean.columns; j++) {
      const at = row * cohort.matrix.columns + rna + j;
      if (!cohort.matrix.observed[at]) continue;
      squares += (mean.values[i * mean.columns + j] - cohort.matrix.values[at]) ** 2;
      count++;
    }
  }
  const answer = [squares / count, meanOf(mean.values.map((value) => value ** 2))];
  return { with: describeEngine(engine), answer, run };
}

/** The training samples of the linked cohort, to a bundle. */
async function fit(folder: string): Promise<Task> {
  const { engine } = await chooseEngine();
  const cohort = readLinked(folder);
  const rows = Array.from({ length: LINKED.train }, (_, i) => i);
  const output = join(folder, "bundle");
  const run = async () => {
    rmSync(output, { recursive: true, force: true });
    return await fitImputer(cohort, { rows, engine, output });
  };
  const { decoder } = await run();
  const answer = [decoder.paths.standard.scale.filter((scale) => scale > 0).length];
  return { with: describeEngine(engine), answer, run };
}

/** New samples by such a bundle, to one table a modality with its bounds. */
async function imputeNew(folder: string): Promise<Task> {
  const { engine } = await chooseEngine();
  const cohort = readLinked(folder);
  const { train, samples, rna, newcomers } = LINKED;
  const model = join(folder, "bundle-to-impute-by");
  await fitImputer(cohort, {
    rows: Array.from({ length: train }, (_, i) => i),
    engine,
    output: model,
  });
  const seen = sliceColumns(cohort.matrix, 0, rna);
  const features = cohort.features.slice(0, rna);
  const newSamples = (count: number) => {
    const rows = Array.from({ length: count }, (_, i) => train + (i % (samples - train)));
    return { samples: rows.map((_, i) => `N${i}`), features, matrix: selectRows(seen, rows) };
  };
  const output = join(folder, "imputed");
  const imputeTable = async (table: SeenTable) => {
    rmSync(output, { recursive: true, force: true });
    return await impute({ model, table, output, wide: true, engine });
  };
  const warmUp = await imputeTable(newSamples(LINKED.warmUp));
  const table = newSamples(newcomers);
  return {
    with: describeEngine(engine),
    answer: [warmUp.samples, warmUp.features],
    run: () => imputeTable(table),
  };
}

async function load(): Promise<Task> {
  const run = () => readUcec();
  const { matrix } = await run();
  const sum = meanOf(matrix.values) * matrix.values.length;
  return {
    with: "this library",
    answer: [matrix.rows, matrix.columns, countObserved(matrix), sum],
    run,
  };
}

/** From the workbook itself each time, writing what the cache of sheets keeps. */
async function xlsx(folder: string): Promise<Task> {
  const cache = { folder: join(folder, "sheets") };
  const run = async () => {
    rmSync(cache.folder, { recursive: true, force: true });
    return await readGbmSheets(join(folder, "workbook.xlsx"), cache);
  };
  const matrices = Object.values(await run()).map(({ matrix }) => matrix);
  const count = matrices.reduce((sum, matrix) => sum + countObserved(matrix), 0);
  const size = matrices.reduce(
    (sum, { values }) => sum + meanOf(values.map(Math.abs)) * values.length,
    0,
  );
  return { with: "this library", answer: [count, size], run };
}

/** Tables, each read into a matrix with a mask. */
async function read(folder: string, name: TableName): Promise<Task> {
  const files = tablesOf(folder, name);
  const run = async () => {
    const matrices: Matrix[] = [];
    for (const { file, orientation } of files) {
      matrices.push((await readTable({ name, file, orientation })).matrix);
    }
    return matrices;
  };
  const matrices = await run();
  const sum = (of: (matrix: Matrix) => number) => matrices.reduce((all, one) => all + of(one), 0);
  const answer = [
    sum(({ values }) => values.length),
    sum((matrix) => countObserved(matrix)),
    sum(({ values }) => meanOf(values.map(Math.abs)) * values.length),
  ];
  return { with: "this library", answer, run };
}

function meanOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

/** The most memory that this process ever held, in bytes: of Linux's count, which begins when the program does. */
function peakMemory(): number {
  try {
    const [, kibibytes] = /^VmHWM:\s*(\d+) kB/m.exec(readFileSync("/proc/self/status", "utf8"))!;
    return 1024 * Number(kibibytes);
  } catch {
    return 1024 * process.resourceUsage().maxRSS;
  }
}

async function answer(what: string, { run, times = 1 }: Task): Promise<number> {
  if (what === "peak") return peakMemory();
  const start = performance.now();
  for (let i = 0; i < times; i++) await run();
  return (performance.now() - start) / times;
}

const [name, folder] = process.argv.slice(2);
const say = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);
const task = await TASKS[name](folder).catch((error: Error) => {
  say({ with: "", answer: [], skip: error.message } satisfies Ready);
});
if (task) {
  say({ with: task.with, answer: task.answer } satisfies Ready);
  for await (const line of createInterface({ input: process.stdin })) say(await answer(line, task));
}
process.exit();
