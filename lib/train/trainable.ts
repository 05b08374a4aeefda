// The models that `trainRun` knows: how each is built, and how its batches are made.
import { createHash } from "node:crypto";
import type { Modality } from "../cohort/cohort.js";
import { type Matrix, selectColumns, selectRows } from "../cohort/matrix.js";
import type { Engine } from "../engine/engine.js";
import type { TensorShape } from "../layers/layers.js";
import { ARO, type AroSpec } from "../model/aro.js";
import { type AutoencoderModel, buildAutoencoder } from "../model/autoencoder.js";
import type { Model, Start } from "../model/model.js";
import { buildModis, MODIS, type ModisModel } from "../model/modis.js";
import type { ModisBatch } from "../model/modis-batch.js";
import type { ModisSpec } from "../model/modis-shape.js";
import { VAE, type VaeSpec } from "../model/vae.js";
import { type Deal, dealRows, requireRows, type TrainingData } from "./deal.js";
import type { TrainSettings } from "./settings.js";

/** The rows of a run, and what some models need beside them; a `PreparedCohort` fits. */
export interface RunData extends TrainingData {
  readonly name: string;
  readonly modalities?: readonly Modality[];
  /** The class of each training row, in [0, classes), or -1 if unknown; for models that learn from a label. */
  readonly classes?: readonly number[];
}

/** A kind of model, as a run needs it. */
export interface Trainable<Spec, Batch, M extends Model<Batch>> {
  readonly architecture: {
    readonly name: string;
    check(spec: Spec): void;
    tensors(spec: Spec): readonly TensorShape[];
  };
  build(engine: Engine, spec: Spec, start: Start): M;
  /** @param criterion chooses the columns of the validation loss; MODIS ignores it. */
  deal(data: RunData, spec: Spec, criterion?: TrainSettings["criterion"]): Deal<Batch>;
  /** The random stream of dropout and noise. */
  readonly stream: string;
  /** Hashes what the model reads beside the rows. */
  fingerprint?(data: RunData): string;
}

/** Specs and models, by their name in config.json. */
export interface Kinds {
  readonly ARO: { readonly spec: AroSpec; readonly model: AutoencoderModel<AroSpec> };
  readonly VAE: { readonly spec: VaeSpec; readonly model: AutoencoderModel<VaeSpec> };
  readonly MODIS: { readonly spec: ModisSpec; readonly model: ModisModel };
}
export type Kind = keyof Kinds;
export type SpecOf<K extends Kind> = Kinds[K]["spec"];
export type ModelOf<K extends Kind> = Kinds[K]["model"];
type BatchOf<K extends Kind> = ModelOf<K> extends Model<infer Batch> ? Batch : never;

export type TrainableOf<K extends Kind> = Trainable<
  SpecOf<K>,
  BatchOf<K>,
  ModelOf<K> & Model<BatchOf<K>>
>;

/** Every model that `trainRun` knows. */
export const TRAINABLE: { readonly [K in Kind]: TrainableOf<K> } = {
  ARO: {
    architecture: ARO,
    build: (engine, spec, start) => buildAutoencoder(engine, ARO, spec, start),
    deal: (data, { features }, criterion) => dealRows(data, features, uncounted(data, criterion)),
    stream: "dropout",
  },
  VAE: {
    architecture: VAE,
    build: (engine, spec, start) => buildAutoencoder(engine, VAE, spec, start),
    deal: (data, { features }, criterion) => dealRows(data, features, uncounted(data, criterion)),
    stream: "noise",
  },
  MODIS: {
    architecture: MODIS,
    build: buildModis,
    deal: dealUnpaired,
    stream: "noise",
    fingerprint: ({ classes, modalities }) =>
      createHash("sha256")
        .update(JSON.stringify([classes, modalities]))
        .digest("hex"),
  },
};

/**
 * Returns the columns that the validation loss does not count: with criterion "inferred", the first modality's.
 * @throws RangeError if there is no other modality.
 */
function uncounted(
  { modalities = [] }: RunData,
  criterion: TrainSettings["criterion"],
): Modality | null {
  if (criterion === undefined) return null;
  if (modalities.length < 2) {
    throw new RangeError(
      `train: expected at least 2 modalities for criterion "${criterion}", got ${modalities.length}`,
    );
  }
  return modalities[0];
}

/**
 * Shuffles the rows of each modality separately: MODIS does not use that samples were measured in all modalities.
 * @throws RangeError if the rows do not fit the model, or the data have no modalities or classes.
 */
function dealUnpaired(data: RunData, spec: ModisSpec): Deal<readonly ModisBatch[]> {
  const { train, validation, modalities = [], classes = [] } = data;
  const features = spec.modalities.reduce((sum, modality) => sum + modality.features, 0);
  for (const { part, matrix } of [train, validation]) requireRows(part, matrix, features);
  if (modalities.length !== spec.modalities.length || classes.length !== train.matrix.rows) {
    throw new RangeError(
      `train: expected ${spec.modalities.length} modalities and a class of each of ${train.matrix.rows} training rows, ` +
        `got ${modalities.length} and ${classes.length}`,
    );
  }
  const partsOf = (matrix: Matrix) =>
    modalities.map(({ start, end }) =>
      selectColumns(
        matrix,
        Array.from({ length: end - start }, (_, i) => start + i),
      ),
    );
  const parts = partsOf(train.matrix);
  const unknown = new Array<number>(validation.matrix.rows).fill(-1);
  return {
    rows: train.matrix.rows,
    orders: modalities.map(({ name }) => `batches: ${name}`),
    whole: parts.map((matrix) => ({ matrix, classes })),
    validation: partsOf(validation.matrix).map((matrix) => ({ matrix, classes: unknown })),
    batch: (rows) =>
      parts.map((part, i) => ({
        matrix: selectRows(part, rows[i]),
        classes: rows[i].map((row) => classes[row]),
      })),
    countObserved: (batch) =>
      batch.reduce((sum, { matrix }) => sum + matrix.observed.reduce((a, b) => a + b, 0), 0),
  };
}
