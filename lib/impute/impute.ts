// Imputes the other modalities of new samples by a model bundle, and writes what came out.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ModalityTable } from "../cohort/cohort.js";
import { createFolder } from "../cohort/durable-file.js";
import { stripEnsemblVersion } from "../cohort/identifiers.js";
import { emptyMatrix, type Matrix, selectRows } from "../cohort/matrix.js";
import { chooseEngine } from "../engine/choose.js";
import type { Engine } from "../engine/engine.js";
import { checkOptions, required } from "../options.js";
import { type Imputer, openImputer, requireNew } from "./bundle.js";
import { factorOf, LEVEL } from "./calibration.js";
import { renderFeatures } from "./card.js";
import type { Inference } from "./decoder.js";
import { inferModalities } from "./infer.js";
import { compareSamples, enterSamples, noveltyOf, ownProducts } from "./smoothing.js";
import { type ImputedBlock, openValues, VALUE_FORMATS, type ValueFormat } from "./values-writer.js";

export interface ImputeOptions {
  /** The folder of a bundle. */
  readonly model: string;
  /** The first modality of the new samples, in the units of the training files. */
  readonly table: Pick<ModalityTable, "samples" | "features" | "matrix">;
  /** A folder that must not exist yet. */
  readonly output: string;
  /** The least share of the model's features that the table must have; by default 0.5. */
  readonly leastFound?: number;
  /** Of the values: a row a value in text or Parquet, or MuData; by default "tsv". */
  readonly format?: ValueFormat;
  /** In text and Parquet, one table a modality, samples by features, with its bounds beside it. */
  readonly wide?: boolean;
  /** By default the one that `chooseEngine` finds. */
  readonly engine?: Engine;
}

export interface Imputed {
  readonly samples: number;
  /** Features that were imputed. */
  readonly features: number;
  /** Share of the model's features that the table has. */
  readonly found: number;
  /** The samples unlike the training samples. */
  readonly outside: readonly string[];
  readonly notes: readonly string[];
}

const BLOCK = 32; // samples imputed and written at a time

/**
 * Imputes new samples and writes their values, features.tsv and samples.tsv. The values are a row each in values.tsv or
 * values.parquet; or, if wide, MODALITY, MODALITY.low and MODALITY.high; or values.h5mu, with layers low and high. Columns are matched by name, in any order;
 * features that the table lacks are filled with the training mean. The folder appears whole or not at all.
 * @throws RangeError if the table has no samples, or too few of the model's features.
 * @throws Error if the folder exists, or the bundle cannot be opened.
 */
export async function impute(options: ImputeOptions): Promise<Imputed> {
  const {
    model,
    table,
    output,
    leastFound = 0.5,
    format = "tsv",
    wide = false,
    engine,
  } = checkOptions("impute", options, {
    ...{ model: required("string"), table: required("object"), output: required("string") },
    ...{ leastFound: "number", format: VALUE_FORMATS, wide: "boolean", engine: "object" },
  });
  requireNew("impute", output);
  const imputer = await openImputer(model);
  const { seen, found } = matchFeatures(imputer, table, leastFound);
  const notes = noteShift(imputer, seen);
  const running = engine ?? (await chooseEngine()).engine;
  const outside: string[] = [];
  const { paths } = imputer.decoder;
  const first = imputer.decoder.modalities[0].end;
  const isImputed = paths.standard.scale.map((scale) => Number(scale > 0));
  const { samples } = table;
  const inferred = imputer.decoder.modalities.slice(1);
  const modalities = new Map(
    inferred.map(({ name, start, end }) => [name, imputer.decoder.features.slice(start, end)]),
  );
  const novelty = new Float64Array(samples.length);
  await createFolder(output, async (aside) => {
    const layout = { folder: aside, format, wide, samples, modalities };
    const values = await openValues(layout, imputer);
    try {
      for (let start = 0; start < samples.length; start += BLOCK) {
        const size = Math.min(BLOCK, samples.length - start);
        const block = selectRows(
          seen,
          Array.from({ length: size }, (_, i) => start + i),
        );
        const inference = await inferModalities(imputer.decoder, block, { engine: running });
        novelty.set(measureNovelty(imputer, block), start);
        for (const { name, start: from, end } of inferred) {
          const factor = factorOf(imputer.factors, name, LEVEL);
          await values.write(name, start, blockOf(inference, from - first, end - first, factor));
        }
      }
      const limit = imputer.noveltyLimit;
      const isOutside = Array.from(novelty, (one) => one > limit);
      outside.push(...samples.filter((_, i) => isOutside[i]));
      await values.finish({ novelty: [...novelty], outside: isOutside });
      const lines = samples.map((sample, i) => {
        const warning = isOutside[i] ? "outside: unlike the training samples" : "";
        const numbers = [found, novelty[i], limit].map((one) => one.toFixed(4));
        return [sample, ...numbers, warning].join("\t");
      });
      const header = "sample\tfound\tnovelty\tlimit\twarning";
      await writeFile(join(aside, "samples.tsv"), `${[header, ...lines].join("\n")}\n`);
      await writeFile(join(aside, "features.tsv"), renderFeatures(imputer));
    } catch (error) {
      values.abandon();
      throw error;
    }
  });
  return {
    samples: table.samples.length,
    features: isImputed.reduce((sum, one) => sum + one, 0),
    ...{ found, outside, notes },
  };
}

/** The columns `[start, end)` of what was inferred, with the bounds of their intervals. */
function blockOf(
  { mean, deviation }: Inference,
  start: number,
  end: number,
  factor: number,
): ImputedBlock {
  const width = end - start;
  const [value, low, high] = Array.from({ length: 3 }, () =>
    new Float64Array(mean.rows * width).fill(Number.NaN),
  );
  for (let i = 0; i < mean.rows; i++) {
    for (let j = 0; j < width; j++) {
      const at = i * mean.columns + start + j;
      if (!mean.observed[at]) continue;
      const to = i * width + j;
      value[to] = mean.values[at];
      low[to] = mean.values[at] - factor * deviation[at];
      high[to] = mean.values[at] + factor * deviation[at];
    }
  }
  return { value, low, high };
}

/** Puts the table's features into the model's columns; those it lacks are filled with the training mean. */
function matchFeatures(
  { decoder }: Imputer,
  { samples, features, matrix }: Pick<ModalityTable, "samples" | "features" | "matrix">,
  leastFound: number,
): { readonly seen: Matrix; readonly found: number } {
  if (samples.length === 0) throw new RangeError("impute: expected at least one sample, got none");
  const { name, start, end } = decoder.modalities[0];
  const wanted = decoder.features.slice(start, end);
  const columns = new Map(features.map((feature, j) => [stripEnsemblVersion(feature), j]));
  const places = wanted.map((feature) => columns.get(stripEnsemblVersion(feature)));
  const missing = wanted.filter((_, j) => places[j] === undefined);
  const found = 1 - missing.length / wanted.length;
  if (!(found >= leastFound)) {
    throw new RangeError(
      `impute: expected at least ${(100 * leastFound).toFixed(0)} % of the model's ${wanted.length} features of ${name}, ` +
        `got ${(100 * found).toFixed(1)} %; missing are ${missing.slice(0, 5).join(", ")} ..., ` +
        `the table has ${features.slice(0, 5).join(", ")} ...; name the features as in training`,
    );
  }
  const seen = emptyMatrix(samples.length, wanted.length);
  const { mean } = decoder.paths.scaler;
  for (let i = 0; i < samples.length; i++) {
    places.forEach((place, j) => {
      const to = i * wanted.length + j;
      if (place === undefined) {
        seen.values[to] = mean[start + j];
        seen.observed[to] = 1;
      } else if (matrix.observed[i * matrix.columns + place]) {
        seen.values[to] = matrix.values[i * matrix.columns + place];
        seen.observed[to] = 1;
      }
    });
  }
  return { seen, found };
}

/** Tells of values that lie elsewhere than the training samples', as other units or another normalization do. */
function noteShift({ decoder }: Imputer, seen: Matrix): string[] {
  const { low, high, mean, std } = decoder.paths.scaler;
  let [outside, count, shift] = [0, 0, 0];
  for (let i = 0; i < seen.values.length; i++) {
    const j = i % seen.columns;
    if (!seen.observed[i] || std[j] === 0) continue;
    if (seen.values[i] < low[j] || seen.values[i] > high[j]) outside++;
    shift += (seen.values[i] - mean[j]) / std[j];
    count++;
  }
  const share = outside / Math.max(1, count);
  if (share <= MOST_OUTSIDE) return [];
  return [
    `${(100 * share).toFixed(0)} % of the values lie outside the training samples' 1st to 99th percentile, ` +
      `on average ${(shift / count).toFixed(2)} deviations from their mean; are they in the same units?`,
  ];
}

const MOST_OUTSIDE = 0.2; // of the values; 2 % are expected of samples like those of the training

function measureNovelty({ decoder }: Imputer, seen: Matrix): Float64Array {
  const { likeness } = decoder.paths;
  const inputs = enterSamples(
    likeness,
    seen,
    Array.from({ length: seen.rows }, (_, i) => i),
  );
  return noveltyOf(likeness, compareSamples(likeness, inputs), ownProducts(inputs));
}
