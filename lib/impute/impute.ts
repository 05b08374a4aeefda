// Imputes the other modalities of new samples by a model bundle, and writes what came out.
import { once } from "node:events";
import { createWriteStream } from "node:fs";
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
import { inferModalities } from "./infer.js";
import { compareSamples, enterSamples, noveltyOf, ownProducts } from "./smoothing.js";

export interface ImputeOptions {
  /** The folder of a bundle. */
  readonly model: string;
  /** The first modality of the new samples, in the units of the training files. */
  readonly table: Pick<ModalityTable, "samples" | "features" | "matrix">;
  /** A folder that must not exist yet. */
  readonly output: string;
  /** The least share of the model's features that the table must have; by default 0.5. */
  readonly leastFound?: number;
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
 * Imputes new samples and writes values.tsv, features.tsv and samples.tsv. Columns are matched by name, in any order;
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
    engine,
  } = checkOptions("impute", options, {
    ...{ model: required("string"), table: required("object"), output: required("string") },
    ...{ leastFound: "number", engine: "object" },
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
  await createFolder(output, async (aside) => {
    const values = createWriteStream(join(aside, "values.tsv"));
    values.write("sample\tmodality\tfeature\tvalue\tlow\thigh\n");
    const lines = ["sample\tfound\tnovelty\tlimit\twarning"];
    for (let start = 0; start < table.samples.length; start += BLOCK) {
      const size = Math.min(BLOCK, table.samples.length - start);
      const block = selectRows(
        seen,
        Array.from({ length: size }, (_, i) => start + i),
      );
      const { mean, deviation } = await inferModalities(imputer.decoder, block, {
        engine: running,
      });
      const novelty = measureNovelty(imputer, block);
      for (let i = 0; i < size; i++) {
        const sample = table.samples[start + i];
        const isOutside = novelty[i] > imputer.noveltyLimit;
        if (isOutside) outside.push(sample);
        const warning = isOutside ? "outside: unlike the training samples" : "";
        const limit = imputer.noveltyLimit.toFixed(4);
        lines.push([sample, found.toFixed(4), novelty[i].toFixed(4), limit, warning].join("\t"));
        const written: string[] = [];
        for (const { name, start: from, end } of imputer.decoder.modalities.slice(1)) {
          const factor = factorOf(imputer.factors, name, LEVEL);
          for (let j = from - first; j < end - first; j++) {
            const at = i * mean.columns + j;
            if (!mean.observed[at]) continue;
            const reach = factor * deviation[at];
            const numbers = [mean.values[at], mean.values[at] - reach, mean.values[at] + reach];
            const shown = numbers.map((value) => Number(value.toPrecision(6)));
            written.push([sample, name, imputer.decoder.features[first + j], ...shown].join("\t"));
          }
        }
        if (!values.write(`${written.join("\n")}\n`)) await once(values, "drain");
      }
    }
    values.end();
    await once(values, "close");
    await writeFile(join(aside, "samples.tsv"), `${lines.join("\n")}\n`);
    await writeFile(join(aside, "features.tsv"), renderFeatures(imputer));
  });
  return {
    samples: table.samples.length,
    features: isImputed.reduce((sum, one) => sum + one, 0),
    ...{ found, outside, notes },
  };
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
