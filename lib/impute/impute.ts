// Imputes the other modalities of new samples by a model bundle, and writes what came out.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Modality } from "../cohort/cohort.js";
import { createFolder, requireNewFolder } from "../cohort/durable-file.js";
import { countOf, quoteSome } from "../cohort/problems.js";
import { undoLogarithm } from "../cohort/transform.js";
import { chooseEngine } from "../engine/choose.js";
import type { Engine } from "../engine/engine.js";
import { checkOptions, required } from "../options.js";
import { ALIGNMENTS, type Alignment, alignTable } from "./align.js";
import { type Imputer, openImputer } from "./bundle.js";
import { factorOf, LEVEL } from "./calibration.js";
import { CLAMPED, renderFeatures, worseThanMean } from "./card.js";
import { openClamped, toUnits } from "./clamped.js";
import type { Inference } from "./decoder.js";
import { emptyMeasured, openDecoder } from "./infer.js";
import { inferredRanges } from "./material.js";
import {
  findPlaces,
  placeSamples,
  readNewTable,
  type SeenFile,
  type SeenTable,
} from "./new-table.js";
import {
  describeNewcomers,
  type Newcomer,
  noteSamples,
  noteShift,
  renderNewcomers,
} from "./newcomers.js";
import { renderReport } from "./report.js";
import { mapTraining } from "./smoothing.js";
import { type ImputedBlock, openValues, VALUE_FORMATS, type ValueFormat } from "./values-writer.js";

export interface ImputeOptions {
  /** The folder of a bundle. */
  readonly model: string;
  /**
   * The first modality of the new samples: a file, which is read and transformed as the training table was, or a table in
   * the units that the model was fitted on.
   */
  readonly table: SeenTable | SeenFile;
  /** A folder that must not exist yet. */
  readonly output: string;
  /** The least share of the model's features that the table must have; by default 0.5. */
  readonly leastFound?: number;
  /** Maps each feature onto the training samples' distribution first; by default nothing is aligned. */
  readonly align?: Alignment;
  /** The share of values that intervals are to cover: 0.5, 0.8, 0.9 or 0.95; by default 0.9. */
  readonly level?: number;
  /** Of the values: a row a value in text or Parquet, or MuData; by default "tsv". */
  readonly format?: ValueFormat;
  /** In text and Parquet, one table a modality, samples by features, with its bounds beside it. */
  readonly wide?: boolean;
  /** By default the one that `chooseEngine` finds. */
  readonly engine?: Engine;
  /** Ends the work when aborted; nothing is left of it. */
  readonly signal?: AbortSignal;
}

export interface Imputed {
  readonly samples: number;
  /** Features that were imputed. */
  readonly features: number;
  /** Share of the model's features that the table has. */
  readonly found: number;
  /** The samples unlike the training samples. */
  readonly outside: readonly string[];
  /** What the reader of the file and the imputation noticed. */
  readonly notes: readonly string[];
}

const BLOCK = 32; // samples imputed and written at a time

/**
 * Imputes new samples and writes their values, features.tsv, samples.tsv and report.html. The values are a row each in
 * values.tsv or values.parquet; or, if wide, MODALITY, MODALITY.low and MODALITY.high; or values.h5mu, with layers low
 * and high. Columns are matched by name, in any order; features that the table lacks are filled with the training mean.
 * Beside the table, memory holds some samples at a time. The folder appears whole or not at all.
 * @throws RangeError if the table has no samples, or too few of the model's features, or samples to align; or as
 * `readTable`, if it is a file.
 * @throws Error if the folder exists, the bundle cannot be opened, or the signal is aborted.
 */
export async function impute(options: ImputeOptions): Promise<Imputed> {
  const {
    model,
    table: given,
    output,
    leastFound = 0.5,
    align,
    level = LEVEL,
    format = "tsv",
    wide = false,
    engine,
    signal,
  } = checkOptions("impute", options, {
    model: required("string"),
    table: required("object"),
    output: required("string"),
    leastFound: "number",
    align: ALIGNMENTS,
    level: "number",
    format: VALUE_FORMATS,
    wide: "boolean",
    engine: "object",
    signal: AbortSignal,
  });
  if (wide && format === "h5mu") {
    throw new RangeError(
      'impute: expected wide only for tsv and parquet, got it for h5mu, which is always "wide"; leave it out',
    );
  }
  requireNewFolder("impute", output);
  const imputer = await openImputer(model);
  const { decoder, factors } = imputer;
  const inferred = inferredRanges(decoder.modalities);
  for (const { name } of inferred) factorOf(factors, name, level); // refuses an unknown level at once
  const features = decoder.features.slice(decoder.modalities[0].end);
  const modalities = new Map(
    inferred.map(({ name, start, end }) => [name, features.slice(start, end)]),
  );
  const read = "file" in given ? await readNewTable(imputer, given) : { ...given, notes: [] };
  const places = findPlaces(imputer, read, leastFound);
  const aligned = align === undefined ? undefined : alignTable(imputer, read, places, align);
  const table = aligned?.table ?? read;
  const running = engine ?? (await chooseEngine()).engine;
  const map = mapTraining(decoder.paths.likeness);
  const newcomers: Newcomer[] = [];
  const warnings: string[] = [];
  const opened = imputer.aro
    ? openClamped(imputer.aro, decoder.paths, running)
    : openDecoder(decoder, running, emptyMeasured);
  const work = createFolder(output, async (aside) => {
    const layout = { folder: aside, format, wide, samples: table.samples, modalities };
    const values = await openValues(layout, imputer);
    try {
      for (let start = 0; start < table.samples.length; start += BLOCK) {
        signal?.throwIfAborted();
        const samples = table.samples.slice(start, start + BLOCK);
        const seen = placeSamples(imputer, table, places, start, samples.length);
        newcomers.push(...describeNewcomers(imputer, samples, seen, places, map));
        const inference = await opened.infer(seen);
        for (const modality of inferred) {
          const factor = factorOf(factors, modality.name, level);
          await values.write(modality.name, start, blockOf(imputer, inference, modality, factor));
        }
      }
      await values.finish({
        novelty: newcomers.map(({ novelty }) => novelty),
        outside: newcomers.map(({ novelty }) => novelty > imputer.noveltyLimit),
      });
    } catch (error) {
      values.abandon();
      throw error;
    }
    if (places.missing.length > 0) {
      warnings.push(
        `${places.missing.length} of the model's features of ${decoder.modalities[0].name} are missing ` +
          `(${(100 * (1 - places.found)).toFixed(1)} %) and filled with the training mean: ${quoteSome(places.missing)}`,
      );
    }
    if (aligned) {
      const few = `; ${countOf(aligned.left, "feature")} measured in fewer than 10 samples left out`;
      warnings.push(
        `aligned to the training samples by ${align}, which removes true differences between the two groups of samples ` +
          `along with those of units and batch${aligned.left > 0 ? few : ""}`,
      );
    }
    warnings.push(
      ...(imputer.aro ? [CLAMPED] : []),
      ...worseThanMean(decoder.choices),
      ...noteSamples(imputer, newcomers),
      ...noteShift(newcomers, aligned !== undefined),
    );
    await writeFile(join(aside, "samples.tsv"), renderNewcomers(newcomers, imputer.noveltyLimit));
    await writeFile(join(aside, "features.tsv"), renderFeatures(imputer));
    await writeFile(
      join(aside, "report.html"),
      renderReport(imputer, { newcomers, notes: read.notes, warnings, level, map }),
    );
  });
  await work.finally(() => opened.dispose());
  return {
    samples: table.samples.length,
    features: decoder.paths.standard.scale.reduce((sum, scale) => sum + Number(scale > 0), 0),
    found: places.found,
    outside: newcomers.flatMap(({ sample, novelty }) =>
      novelty > imputer.noveltyLimit ? [sample] : [],
    ),
    notes: [...read.notes, ...warnings],
  };
}

/**
 * The columns `[start, end)` of what was inferred, with the bounds of their intervals, without the logarithm that the
 * training table was given. ARO cannot tell what lies below a feature's training mean: an interval that reaches it has
 * no lower bound.
 */
function blockOf(
  { aro, decoder: { paths, modalities }, readings = {} }: Imputer,
  { mean, deviation }: Pick<Inference, "mean" | "deviation">,
  { name, start, end }: Modality,
  factor: number,
): ImputedBlock {
  const { transform } = readings[name] ?? {};
  const width = end - start;
  const first = modalities[0].end;
  const undo = (one: number, j: number) =>
    undoLogarithm(aro ? toUnits(paths.scaler, first + start + j, one) : one, transform);
  const [value, low, high] = Array.from({ length: 3 }, () =>
    new Float64Array(mean.rows * width).fill(Number.NaN),
  );
  for (let i = 0; i < mean.rows; i++) {
    for (let j = 0; j < width; j++) {
      const at = i * mean.columns + start + j;
      if (!mean.observed[at]) continue;
      const to = i * width + j;
      const reach = factor * deviation[at];
      const below = mean.values[at] - reach;
      value[to] = undo(mean.values[at], j);
      low[to] = aro && below <= 0 ? Number.NEGATIVE_INFINITY : undo(below, j);
      high[to] = undo(mean.values[at] + reach, j);
    }
  }
  return { value, low, high };
}
