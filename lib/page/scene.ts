// What the page computes: samples that no model was trained on, two AROs beside two controls, and what an edit changes.
import type { Modality, Sample } from "../cohort/cohort.js";
import { type Matrix, selectRows } from "../cohort/matrix.js";
import { simulateCohort } from "../cohort/simulate.js";
import type { Engine } from "../engine/engine.js";
import { sizeOf } from "../engine/shapes.js";
import { fitPca, transformPca } from "../evaluate/pca.js";
import {
  constantPredictor,
  meanSquaredErrorOf,
  modelPredictor,
  observedMean,
  type Predictor,
} from "../evaluate/predictor.js";
import { fitRidge } from "../evaluate/ridge.js";
import { ARO, type AroSpec, PAPER_MODEL } from "../model/aro.js";
import { type AutoencoderModel, buildAutoencoder } from "../model/autoencoder.js";
import { type Prepared, type PreparedCohort, prepareCohort } from "../preprocess/prepare.js";
import { splitSamples } from "../preprocess/split.js";

/** Held-out samples that the page shows. */
const SHOWN = 40;

/** Units of every layer; the paper has 2,048. */
const WIDTH = 48;

/** The models of the page: as in the paper, one sees the first modality, the other everything. */
export const MODELS = ["ARO masked", "ARO unmasked"] as const;

export type ModelName = (typeof MODELS)[number];

/** The trained weights of both models, as text: float32, little-endian, base64, tensors in Table 3's order. */
export type Packed = Readonly<Record<ModelName, string>>;

/** How the shown sample differs from what was measured. */
export interface Edit {
  /** Index among the scene's samples. */
  readonly sample: number;
  /** Modalities set to 0 in the input, as ARO masks them. */
  readonly hidden: readonly string[];
  /** The feature that is pulled; null for none. */
  readonly feature: number | null;
  /** Its value in the paper's space, at least 0; the target stays what was measured. */
  readonly value: number;
}

/** What one predictor says of the sample. */
export interface Reading {
  readonly predictor: string;
  /** In the paper's space, `[features]`. */
  readonly values: Float32Array;
  /** Mean squared error over the observed entries of each modality, in order; null if none was observed. */
  readonly errors: readonly (number | null)[];
}

export type Point = readonly [x: number, y: number];

export interface Scene {
  readonly samples: readonly Sample[];
  readonly modalities: readonly Modality[];
  readonly features: readonly string[];
  /** What was measured, `[samples, features]`, in the paper's space; gaps are filled and marked. */
  readonly measured: Matrix;
  /** Where the samples lie in a model's latent space: the first two principal components of its training rows. */
  readonly maps: Readonly<Record<ModelName, readonly Point[]>>;
  /** The readings of the sample with the edit, and its place in each latent space. */
  read(edit: Edit): Promise<{
    readonly readings: readonly Reading[];
    readonly places: Readonly<Record<ModelName, Point>>;
  }>;
}

/** Simulates the cohort of the page; the samples that it shows are test samples. */
export function prepareScene(): { samples: readonly Sample[]; prepared: PreparedCohort } {
  const features = { RNA: 120, protein: 60, metabolite: 20 };
  const { cohort } = simulateCohort({ seed: 7, patients: 260, features, latentFactors: 4 });
  const prepared = prepareCohort(cohort, splitSamples(cohort.samples));
  return { samples: prepared.test.rows.map((row) => cohort.samples[row]), prepared };
}

/** A model of the page: the paper's, but narrow. */
export function specOf(name: ModelName, { features, modalities }: PreparedCohort): AroSpec {
  const { start, end } = modalities[0];
  return {
    ...PAPER_MODEL,
    width: WIDTH,
    features: features.length,
    visible: name === "ARO masked" ? { start, end } : null,
  };
}

/** Opens the scene on an engine with trained weights. */
export async function openScene(engine: Engine, packed: Packed): Promise<Scene> {
  const { samples, prepared } = prepareScene();
  const { modalities, features, train } = prepared;
  const measured = selectRows(prepared.test.matrix, [...Array(SHOWN).keys()]);
  const models = MODELS.map((name) => {
    const spec = specOf(name, prepared);
    return { name, model: buildAutoencoder(engine, ARO, spec, unpackWeights(spec, packed[name])) };
  });
  const predictors: Predictor[] = [
    constantPredictor("constant", observedMean(prepared)),
    { ...fitRidge(prepared, { input: "paper" }), name: "ridge" },
    ...models.map(({ name, model }) => modelPredictor(name, model)),
  ];
  const mappers = {} as Record<ModelName, (rows: Matrix) => Promise<Point[]>>;
  const maps = {} as Record<ModelName, readonly Point[]>;
  for (const { name, model } of models) {
    mappers[name] = await fitMap(model, train.matrix);
    maps[name] = await mappers[name](measured);
  }
  return {
    samples: samples.slice(0, SHOWN),
    modalities,
    features,
    measured,
    maps,
    async read(edit) {
      const input = applyEdit(measured, modalities, edit);
      const rows: Prepared = { ...prepared.test, matrix: input, zScores: input };
      const truth: Prepared = { ...prepared.test, matrix: selectRows(measured, [edit.sample]) };
      const readings: Reading[] = [];
      for (const predictor of predictors) {
        const values = await predictor.predict(rows);
        const errors = modalities.map((range) => {
          const error = meanSquaredErrorOf(truth, values.subarray(range.start, range.end), range);
          return Number.isNaN(error) ? null : error;
        });
        readings.push({ predictor: predictor.name, values, errors });
      }
      const places = {} as Record<ModelName, Point>;
      for (const name of MODELS) [places[name]] = await mappers[name](input);
      return { readings, places };
    },
  };
}

/** Maps rows to the plane in which a model's training rows vary most. */
async function fitMap(model: AutoencoderModel<AroSpec>, train: Matrix) {
  const encode = async (rows: Matrix) => ({
    rows: rows.rows,
    columns: model.spec.width,
    values: await model.encode(rows),
  });
  const pca = fitPca(await encode(train), 2);
  return async (rows: Matrix): Promise<Point[]> => {
    const scores = transformPca(pca, await encode(rows));
    return Array.from({ length: rows.rows }, (_, i) => [scores[2 * i], scores[2 * i + 1]]);
  };
}

/** The one row that the models see. */
function applyEdit(
  measured: Matrix,
  modalities: readonly Modality[],
  { sample, hidden, feature, value }: Edit,
): Matrix {
  const row = selectRows(measured, [sample]);
  if (feature !== null) row.values[feature] = value;
  for (const { name, start, end } of modalities) {
    if (hidden.includes(name)) row.values.fill(0, start, end);
  }
  return row;
}

function unpackWeights(spec: AroSpec, packed: string): Map<string, Float32Array> {
  const text = atob(packed);
  const bytes = new DataView(Uint8Array.from(text, (letter) => letter.charCodeAt(0)).buffer);
  let at = 0;
  return new Map(
    ARO.network(spec).tensors.map(({ name, shape }) => [
      name,
      Float32Array.from({ length: sizeOf(shape) }, () => bytes.getFloat32(4 * at++, true)),
    ]),
  );
}
