// What a study's trained model came to, as files for other programs: embeddings, predictions, scores and the scaler.
import { createAnnData } from "../cohort/anndata-writer.js";
import { replaceFileAt } from "../cohort/durable-file.js";
import { type Matrix, matrixFrom, sliceColumns } from "../cohort/matrix.js";
import { type TableRow, valuesOf, type WideTable, writeTable } from "../cohort/table-writer.js";
import type { FlatScore } from "../evaluate/summary.js";
import type { AroSpec } from "../model/aro.js";
import type { AutoencoderModel } from "../model/autoencoder.js";
import { checkOptions } from "../options.js";
import { encodeSamples } from "./embeddings.js";
import { readResults } from "./results.js";
import type { Study } from "./study.js";

export const EXPORTS = ["embeddings", "predictions", "scores", "scaler"] as const;

/**
 * - `embeddings`: the latent space of every sample, with its patient, part and labels.
 * - `predictions`: what ARO predicts of the test samples and what was measured, in the model's space, in which
 *   `log1p(max(z, 0))` has lost what lies below the mean, so that there is no way back to measured units.
 * - `scores`: the published table of reconstruction.
 * - `scaler`: the statistics of the training rows for each feature, in measured units.
 */
export type Export = (typeof EXPORTS)[number];

export interface ExportOptions {
  /** The trained model, for embeddings and predictions. */
  readonly model?: AutoencoderModel<AroSpec>;
}

/**
 * Writes one of the `EXPORTS` in the format that the file's extension names: .tsv, .csv or .parquet; embeddings also to
 * .h5ad, predictions also to .h5mu, with what was measured as a layer.
 * @throws TypeError if a model is needed and not given; Error if scores were not published; RangeError as `writeTable`.
 */
export async function exportStudy(
  study: Study,
  what: Export,
  file: string,
  options: ExportOptions = {},
): Promise<void> {
  const { model } = checkOptions("exportStudy", options, { model: "object" });
  if (what === "scaler") return await writeTable(file, tabulateScaler(study));
  if (what === "scores") {
    const scores = await readResults<FlatScore>(study.profile, "reconstruction", "03-train");
    return await writeTable(
      file,
      scores.map((score): TableRow => ({ ...score })),
    );
  }
  if (model === undefined) {
    throw new TypeError(`exportStudy: expected a model for ${what}, got none; pass { model }`);
  }
  if (what === "embeddings") {
    const { scaler } = study.prepared;
    const { rows, columns, values } = await encodeSamples(study, model, { relu: true, scaler });
    return await writeTable(file, tabulateEmbeddings(study, matrixFrom(rows, columns, values)));
  }
  const { matrix } = study.prepared.test;
  const predicted = matrixFrom(matrix.rows, matrix.columns, await model.reconstruct(matrix));
  if (/\.h5mu$/i.test(file)) await writePredictions(file, study, predicted);
  else await writeTable(file, tabulatePredictions(study, predicted));
}

function tabulateScaler({ prepared }: Study): TableRow[] {
  const { scaler, modalities, features } = prepared;
  return modalities.flatMap(({ name, start, end }) =>
    features.slice(start, end).map((feature, k) => {
      const at = start + k;
      return {
        modality: name,
        feature,
        median: scaler.median[at],
        low: scaler.low[at],
        high: scaler.high[at],
        mean: scaler.mean[at],
        std: scaler.std[at],
      };
    }),
  );
}

function tabulateEmbeddings({ cohort, prepared }: Study, matrix: Matrix): WideTable {
  const parts = [prepared.train, prepared.validation, prepared.test];
  const partOf = new Map(parts.flatMap(({ part, ids }) => ids.map((id) => [id, part] as const)));
  const labels = [...new Set(cohort.samples.flatMap((sample) => Object.keys(sample.labels)))];
  return {
    samples: cohort.samples.map(({ id }) => id),
    features: Array.from({ length: matrix.columns }, (_, j) => `latent${j + 1}`),
    matrix,
    describing: {
      ...Object.fromEntries(
        labels.map((name) => [name, cohort.samples.map(({ labels }) => labels[name] ?? null)]),
      ),
      patient: cohort.samples.map(({ patient }) => patient),
      part: cohort.samples.map(({ id }) => partOf.get(id) ?? null),
    },
    about: { model: "ARO", cohort: cohort.name },
  };
}

/** A row for each test sample and inferred feature. */
function tabulatePredictions({ prepared }: Study, predicted: Matrix): TableRow[] {
  const { test, features } = prepared;
  return inferred(prepared).flatMap(({ name, start, end }) =>
    test.ids.flatMap((sample, row) =>
      Array.from({ length: end - start }, (_, k) => {
        const at = row * features.length + start + k;
        return {
          sample,
          modality: name,
          feature: features[start + k],
          predicted: predicted.values[at],
          measured: test.matrix.observed[at] ? test.matrix.values[at] : null,
        };
      }),
    ),
  );
}

/** A modality each: X is predicted, the layer "measured" measured. */
async function writePredictions(file: string, study: Study, predicted: Matrix): Promise<void> {
  const { test, features, space } = study.prepared;
  const modalities = inferred(study.prepared);
  await replaceFileAt(file, async (aside) => {
    const content = new Map(
      modalities.map(({ name, start, end }) => [
        name,
        { features: features.slice(start, end), layers: ["measured"] },
      ]),
    );
    const writer = await createAnnData(aside, { samples: test.ids, content });
    try {
      for (const { name, start, end } of modalities) {
        const part = (matrix: Matrix) => valuesOf(sliceColumns(matrix, start, end));
        writer.write({ modality: name }, 0, part(predicted));
        writer.write({ modality: name, layer: "measured" }, 0, part(test.matrix));
      }
      const about = { model: "ARO", cohort: study.cohort.name, space };
      await writer.finish({ patient: test.patients }, about);
    } catch (error) {
      writer.abandon();
      throw error;
    }
  });
}

/** The modalities behind the first, or the only one. */
function inferred({ modalities }: Study["prepared"]) {
  return modalities.length > 1 ? modalities.slice(1) : modalities;
}
