// What both sides of the bench work on: one matrix a shape, as raw files that either side can read.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Cohort } from "../../lib/cohort/cohort.js";
import { emptyMatrix, type Matrix, matrixFrom } from "../../lib/cohort/matrix.js";
import type { Orientation } from "../../lib/cohort/orientation.js";
import { runCommand } from "../../lib/cohort/python.js";
import { createRandom } from "../../lib/cohort/random.js";
import { sourceFolder } from "../../lib/cohort/sources.js";
import { writeTable } from "../../lib/cohort/table-writer.js";
import { LAMBDAS } from "../../lib/evaluate/predictor.js";
import { applyScaler, fitScaler } from "../../lib/preprocess/scaler.js";

export interface Shape {
  readonly samples: number;
  /** The first samples are the training rows, then come as many for validation as for testing, or one less. */
  readonly batch: number;
  /** RNA first, complete; of the other features a share of the samples is missing. */
  readonly features: number;
  readonly rna: number;
  readonly width: number;
  readonly hiddenLayers: number;
}

const SHALLOW = { width: 1, hiddenLayers: 0 } as const; // no network is trained on it

export const SHAPES: Readonly<Record<"paper" | "medium" | "small" | "200" | "1600", Shape>> = {
  paper: {
    samples: 115,
    batch: 80,
    features: 71_094,
    rna: 50_455,
    width: 2048,
    hiddenLayers: 3,
  },
  medium: {
    samples: 115,
    batch: 80,
    features: 20_000,
    rna: 14_200,
    width: 1024,
    hiddenLayers: 3,
  },
  small: {
    samples: 115,
    batch: 80,
    features: 2000,
    rna: 1420,
    width: 256,
    hiddenLayers: 3,
  },
  200: { samples: 260, batch: 200, features: 4000, rna: 4000, ...SHALLOW },
  1600: { samples: 2080, batch: 1600, features: 4000, rna: 4000, ...SHALLOW },
};

/** The models beside ARO, at the medium shape. */
export const MODELS = {
  vae: {
    width: 1024,
    encoderLayers: 2,
    latent: 256,
    decoderLayers: 2,
    output: "softplus" as const,
    hiddenDropout: 0.1,
    klWeight: 1,
    warmUpEpochs: 0,
  },
  /** Three modalities, each from the end of the one before. */
  modis: {
    ends: [14_200, 19_800, 20_000],
    ratios: [0.1, 0.05],
    latent: 64,
    classes: 2,
    klWeight: 5e-4,
  },
} as const;

/** Embeddings to classify: as many samples and latent units as the paper has. */
export const EMBEDDINGS = { samples: 115, units: 2048, classes: 3, folds: 5 } as const;

/** A cohort of the size of UCEC: sites and proteins of the same genes as the first RNA. */
export const LINKED = {
  samples: 115,
  train: 80,
  rna: 28_000,
  proteins: 11_000,
  sites: 8_000,
  firstSite: 2_000,
  /** New samples to impute: the others over and over. */
  newcomers: 1_000,
  /** Of those, imputed once before the time is taken. */
  warmUp: 50,
} as const;

export type ShapeName = keyof typeof SHAPES;

/** Rows of the three parts: 80, 17 and 18 of 115, as in the paper. */
export function partsOf({ samples, batch }: Shape): readonly number[][] {
  const middle = batch + Math.floor((samples - batch) / 2);
  const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
  return [range(0, batch), range(batch, middle), range(middle, samples)];
}

/** Writes what the other side cannot know: shapes, models, shrinkages to choose from, and where UCEC lies. */
export function writeSettings(folder: string): void {
  const settings = {
    shapes: SHAPES,
    models: MODELS,
    embeddings: EMBEDDINGS,
    linked: LINKED,
    lambdas: LAMBDAS,
    ucec: sourceFolder("ucec"),
  };
  writeFileSync(join(folder, "settings.json"), JSON.stringify(settings));
}

/**
 * Writes FOLDER/SHAPE: `raw.f32`, `[samples, features]` as measured, NaN where nothing was; `batch.f32`, the training
 * rows preprocessed; `batch.u8`, what was observed of them.
 */
export function writeInputs(folder: string, name: ShapeName): void {
  const shape = SHAPES[name];
  const raw = simulateMeasurements(shape);
  const [train] = partsOf(shape);
  const batch = applyScaler(fitScaler(raw, train, train.map(String)), raw, train);
  const place = join(folder, name);
  mkdirSync(place, { recursive: true });
  const values = raw.values.map((value, i) => (raw.observed[i] ? value : Number.NaN));
  writeFileSync(join(place, "raw.f32"), values);
  writeFileSync(join(place, "batch.f32"), batch.values);
  writeFileSync(join(place, "batch.u8"), batch.observed);
}

/**
 * Writes FOLDER/workbook.xlsx, a tenth of the rows of the paper's glioblastoma workbook, whose making takes Python.
 * @throws Error if Python fails.
 */
export async function writeWorkbook(folder: string, python: string): Promise<void> {
  const file = join(folder, "workbook.xlsx");
  const args = [join(import.meta.dirname, "workbook.py"), file, "0.1"];
  const { code, output } = await runCommand(python, args);
  if (code !== 0)
    throw new Error(`bench: expected workbook.py to make a workbook, got ${output.trim()}`);
}

/** The tables that both sides read, by contest. */
export type TableName = "ccle" | "tall" | "wide" | "h5ad" | "parquet";

interface TableFile {
  readonly file: string;
  readonly orientation: Orientation;
}

/** The real cell lines, where ARO_TEST_DATA has them. */
const CCLE = ["rna_zscore_706", "rppa_214", "metabolites_225"];

/** Writes FOLDER/NAME.json, which lists tables, and the tables themselves, unless real ones are here. */
export function writeTables(folder: string, name: "ccle" | "tall" | "wide"): void {
  const real = CCLE.map((one) =>
    join(process.env.ARO_TEST_DATA ?? "../shared/data", "ccle505", `${one}.tsv.gz`),
  );
  const tables: TableFile[] =
    name !== "ccle"
      ? [{ file: join(folder, `${name}.tsv`), orientation: "features-in-rows" }]
      : real.every((file) => existsSync(file))
        ? real.map((file) => ({ file, orientation: "samples-in-rows" }))
        : [706, 214, 225].map((columns) => {
            const file = join(folder, `ccle-${columns}.tsv.gz`);
            writeFileSync(file, gzipSync(renderTable(505, columns)));
            return { file, orientation: "samples-in-rows" };
          });
  if (name === "tall") writeFileSync(tables[0].file, renderTable(30_000, 200));
  if (name === "wide") writeFileSync(tables[0].file, renderTable(12_000, 2_000));
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(tables));
}

/** Numbers with four decimals; one in twenty is missing. */
function renderTable(rows: number, columns: number): Buffer {
  const random = createRandom(1, `${rows} x ${columns}`);
  const names = Array.from({ length: columns }, (_, j) => `C${j}`);
  const lines = [Buffer.from(`id\t${names.join("\t")}\n`)];
  for (let row = 0; row < rows; row++) {
    const cells = names.map(() =>
      random.uniform() < 0.05 ? "NA" : (8 + 2 * random.normal()).toFixed(4),
    );
    lines.push(Buffer.from(`R${row}\t${cells.join("\t")}\n`));
  }
  return Buffer.concat(lines);
}

/** Writes FOLDER/NAME.json, which lists one table of 2,000 samples, and that table in its format. */
export async function writeTypedTable(folder: string, name: "h5ad" | "parquet"): Promise<void> {
  const [rows, columns] = [2_000, 12_000];
  const random = createRandom(1, "typed table");
  const values = Float32Array.from({ length: rows * columns }, () =>
    random.uniform() < 0.05 ? Number.NaN : 8 + 2 * random.normal(),
  );
  const file = join(folder, `typed.${name}`);
  await writeTable(file, {
    samples: Array.from({ length: rows }, (_, i) => `S${i}`),
    features: Array.from({ length: columns }, (_, j) => `F${j}`),
    matrix: matrixFrom(rows, columns, values),
  });
  const table: TableFile = { file, orientation: "samples-in-rows" };
  writeFileSync(join(folder, `${name}.json`), JSON.stringify([table]));
}

export function tablesOf(folder: string, name: TableName): readonly TableFile[] {
  return JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8"));
}

/** Writes FOLDER/embeddings.f32, `[samples, units]`, and FOLDER/classes.u8: rectified mixtures of twenty factors. */
export function writeEmbeddings(folder: string): void {
  const { samples, units, classes } = EMBEDDINGS;
  const random = createRandom(1, "embeddings");
  const factors = 20;
  const mixture = Float64Array.from({ length: factors * units }, () => random.normal());
  const values = new Float32Array(samples * units);
  const labels = new Uint8Array(samples);
  for (let row = 0; row < samples; row++) {
    labels[row] = random.integer(classes);
    const own = Float64Array.from({ length: factors }, (_, k) => {
      return random.normal() + (k === labels[row] ? 3 : 0);
    });
    for (let j = 0; j < units; j++) {
      let sum = random.normal();
      for (let k = 0; k < factors; k++) sum += own[k] * mixture[k * units + j];
      values[row * units + j] = Math.max(0, sum);
    }
  }
  writeFileSync(join(folder, "embeddings.f32"), values);
  writeFileSync(join(folder, "classes.u8"), labels);
}

/** Reads them, with folds that take each fifth row for testing. */
export function readEmbeddings(folder: string) {
  const { samples: rows, units: columns, folds } = EMBEDDINGS;
  const all = Array.from({ length: rows }, (_, row) => row);
  return {
    points: { rows, columns, values: readFloats(join(folder, "embeddings.f32")) },
    labels: Array.from(readFileSync(join(folder, "classes.u8"))),
    folds: Array.from({ length: folds }, (_, fold) => ({
      train: all.filter((row) => row % folds !== fold),
      test: all.filter((row) => row % folds === fold),
    })),
  };
}

/**
 * Writes FOLDER/linked.f32, `[samples, RNA + proteins + sites]`, NaN where not measured: ten factors, RNA that proteins
 * follow, and sites that follow their proteins.
 */
export function writeLinked(folder: string): void {
  const { samples, rna, proteins, sites, firstSite } = LINKED;
  const features = rna + proteins + sites;
  const random = createRandom(1, "linked");
  const factors = 10;
  const loading = Float64Array.from({ length: factors * features }, () => random.normal() / 3);
  const missing = Float64Array.from({ length: features }, (_, j) =>
    j < rna ? 0 : 0.7 * random.uniform() ** 2,
  );
  const values = new Float32Array(samples * features);
  for (let row = 0; row < samples; row++) {
    const own = Float64Array.from({ length: factors }, () => random.normal());
    const signal = Float64Array.from({ length: features }, (_, j) => {
      let sum = random.normal();
      for (let k = 0; k < factors; k++) sum += own[k] * loading[k * features + j];
      return sum;
    });
    for (let j = rna; j < rna + proteins; j++) signal[j] += signal[j - rna];
    for (let j = 0; j < sites; j++) signal[rna + proteins + j] += signal[rna + firstSite + j];
    for (let j = 0; j < features; j++) {
      values[row * features + j] = random.uniform() < missing[j] ? Number.NaN : signal[j];
    }
  }
  writeFileSync(join(folder, "linked.f32"), values);
}

/** Reads it as a cohort, in which each sample is a patient's. */
export function readLinked(folder: string): Cohort {
  const { samples, rna, proteins, sites, firstSite } = LINKED;
  const numbers = readFloats(join(folder, "linked.f32"));
  const genes = (first: number, count: number) =>
    Array.from({ length: count }, (_, i) => `G${first + i}`);
  return {
    name: "linked",
    samples: Array.from({ length: samples }, (_, i) => ({
      id: `S${i}`,
      patient: `S${i}`,
      labels: {},
    })),
    modalities: [
      { name: "RNA", start: 0, end: rna },
      { name: "protein", start: rna, end: rna + proteins },
      { name: "phosphosite", start: rna + proteins, end: rna + proteins + sites },
    ],
    features: [...genes(0, rna), ...genes(0, proteins), ...genes(firstSite, sites)],
    matrix: matrixFrom(samples, rna + proteins + sites, numbers),
    drops: [],
  };
}

/** Reads the preprocessed training rows, `[batch, features]`. */
export function readBatch(folder: string, name: ShapeName): Matrix {
  const { batch: rows, features: columns } = SHAPES[name];
  const values = readFloats(join(folder, name, "batch.f32"));
  return {
    rows,
    columns,
    values,
    observed: new Uint8Array(readFileSync(join(folder, name, "batch.u8"))),
  };
}

/** Reads what was measured, `[samples, features]`. */
export function readRaw(folder: string, name: ShapeName): Matrix {
  const { samples: rows, features: columns } = SHAPES[name];
  const values = readFloats(join(folder, name, "raw.f32"));
  const observed = Uint8Array.from(values, (value) => (Number.isNaN(value) ? 0 : 1));
  return {
    rows,
    columns,
    values: values.map((value) => (Number.isNaN(value) ? 0 : value)),
    observed,
  };
}

function readFloats(file: string): Float32Array {
  const bytes = readFileSync(file);
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}

/** Expression from 0 up, a third of it zero; log ratios of which each feature lacks up to 60 % of the samples. */
function simulateMeasurements({ samples, features, rna }: Shape): Matrix {
  const random = createRandom(1, "bench");
  const out = emptyMatrix(samples, features);
  const level = Float64Array.from({ length: features }, () => 2 * random.normal() + 1);
  const missing = Float64Array.from({ length: features }, () => 0.6 * random.uniform() ** 2);
  for (let i = 0; i < out.values.length; i++) {
    const j = i % features;
    const value = level[j] + random.normal();
    if (j >= rna && random.uniform() < missing[j]) continue;
    out.values[i] = j < rna ? Math.max(0, value) : value;
    out.observed[i] = 1;
  }
  return out;
}
