// Imputes the other modalities of new samples by a model bundle, and writes what came out.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createFolder } from "../cohort/durable-file.js";
import { chooseEngine } from "../engine/choose.js";
import type { Engine } from "../engine/engine.js";
import { checkOptions, required } from "../options.js";
import { ALIGNMENTS, type Alignment, alignTable } from "./align.js";
import { type Imputer, openImputer, requireNew } from "./bundle.js";
import { factorOf, LEVEL } from "./calibration.js";
import { renderFeatures } from "./card.js";
import type { Inference } from "./decoder.js";
import { inferModalities } from "./infer.js";
import {
  describeNewcomers,
  findPlaces,
  type Newcomer,
  noteShift,
  placeSamples,
  renderNewcomers,
  type SeenTable,
} from "./newcomers.js";
import { renderReport } from "./report.js";
import { mapTraining } from "./smoothing.js";
import { type ImputedBlock, openValues } from "./values.js";

export interface ImputeOptions {
  /** The folder of a bundle. */
  readonly model: string;
  /** The first modality of the new samples, in the units of the training files. */
  readonly table: SeenTable;
  /** A folder that must not exist yet. */
  readonly output: string;
  /** The least share of the model's features that the table must have; by default 0.5. */
  readonly leastFound?: number;
  /** Maps each feature onto the training samples' distribution first; by default nothing is aligned. */
  readonly align?: Alignment;
  /** The share of values that intervals are to cover: 0.5, 0.8, 0.9 or 0.95; by default 0.9. */
  readonly level?: number;
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
 * Imputes new samples and writes values.tsv, features.tsv, samples.tsv and report.html. Columns are matched by name, in
 * any order; features that the table lacks are filled with the training mean. Beside the table, memory holds some
 * samples at a time. The folder appears whole or not at all.
 * @throws RangeError if the table has no samples, or too few of the model's features, or samples to align.
 * @throws Error if the folder exists, or the bundle cannot be opened.
 */
export async function impute(options: ImputeOptions): Promise<Imputed> {
  const {
    model,
    table: given,
    output,
    leastFound = 0.5,
    align,
    level = LEVEL,
    engine,
  } = checkOptions("impute", options, {
    ...{ model: required("string"), table: required("object"), output: required("string") },
    ...{ leastFound: "number", align: ALIGNMENTS, level: "number", engine: "object" },
  });
  requireNew("impute", output);
  const imputer = await openImputer(model);
  const { decoder, factors } = imputer;
  const reaches = decoder.modalities.slice(1).map(({ name }) => factorOf(factors, name, level));
  const places = findPlaces(imputer, given, leastFound);
  const aligned = align === undefined ? undefined : alignTable(imputer, given, places, align);
  const table = aligned?.table ?? given;
  const running = engine ?? (await chooseEngine()).engine;
  const map = mapTraining(decoder.paths.likeness);
  const newcomers: Newcomer[] = [];
  const notes: string[] = [];
  await createFolder(output, async (aside) => {
    const values = openValues(aside, imputer);
    for (let start = 0; start < table.samples.length; start += BLOCK) {
      const samples = table.samples.slice(start, start + BLOCK);
      const seen = placeSamples(imputer, table, places, start, samples.length);
      newcomers.push(...describeNewcomers(imputer, samples, seen, places, map));
      const inference = await inferModalities(decoder, seen, { engine: running });
      await values.write(withIntervals(imputer, samples, inference, reaches));
    }
    await values.close();
    notes.push(...noteMissing(places, decoder.modalities[0].name));
    if (aligned) {
      notes.push(
        `aligned to the training samples by ${align}, as was asked: differences between the two groups of samples are ` +
          `taken away with those of units and batch; ${aligned.left} features measured in fewer than 10 samples left out`,
      );
    }
    notes.push(...noteShift(newcomers, aligned !== undefined));
    await writeFile(join(aside, "samples.tsv"), renderNewcomers(newcomers, imputer.noveltyLimit));
    await writeFile(join(aside, "features.tsv"), renderFeatures(imputer));
    await writeFile(
      join(aside, "report.html"),
      renderReport(imputer, { newcomers, notes, level, map }),
    );
  });
  return {
    samples: table.samples.length,
    features: decoder.paths.standard.scale.reduce((sum, scale) => sum + Number(scale > 0), 0),
    found: places.found,
    outside: newcomers.flatMap(({ sample, novelty }) =>
      novelty > imputer.noveltyLimit ? [sample] : [],
    ),
    notes,
  };
}

/** Puts intervals around what was inferred. */
function withIntervals(
  { decoder: { modalities } }: Imputer,
  samples: readonly string[],
  { mean: value, deviation }: Inference,
  factors: readonly number[],
): ImputedBlock {
  const low = new Float32Array(deviation.length);
  const high = new Float32Array(deviation.length);
  const first = modalities[0].end;
  samples.forEach((_, i) => {
    modalities.slice(1).forEach(({ start, end }, m) => {
      for (let at = i * value.columns + start - first; at < i * value.columns + end - first; at++) {
        low[at] = value.values[at] - factors[m] * deviation[at];
        high[at] = value.values[at] + factors[m] * deviation[at];
      }
    });
  });
  return { samples, value, low, high };
}

function noteMissing(
  { missing, found }: ReturnType<typeof findPlaces>,
  modality: string,
): string[] {
  if (missing.length === 0) return [];
  return [
    `${missing.length} of the model's features of ${modality} are missing (${(100 * (1 - found)).toFixed(1)} %) and ` +
      `filled with the training mean: ${missing.slice(0, 5).join(", ")}${missing.length > 5 ? ", ..." : ""}`,
  ];
}
