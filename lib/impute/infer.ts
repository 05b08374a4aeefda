// What a fitted decoder says of samples: paths first, then the networks, then back to measured units.

import type { Cohort } from "../cohort/cohort.js";
import { emptyMatrix, type Matrix, selectRows, sliceColumns } from "../cohort/matrix.js";
import { chooseEngine } from "../engine/choose.js";
import type { Engine } from "../engine/engine.js";
import { gatherRows } from "../engine/linear-algebra.js";
import { observedMean, type Predictor } from "../evaluate/predictor.js";
import { expectedLog1p, type GaussianTerm, gaussHermite } from "../layers/gaussian.js";
import {
  buildSharedDecoder,
  NODES,
  type PairPredictions,
  type Pairs,
  predictPairs,
  type SharedDecoderModel,
  type SharedDecoderSpec,
} from "../model/shared-decoder.js";
import { checkOptions } from "../options.js";
import type { Prepared, PreparedCohort } from "../preprocess/prepare.js";
import type { Inference, SharedDecoder } from "./decoder.js";
import { followPaths, PATHS, type Paths, SAMPLE_STATISTICS } from "./paths.js";

/** Samples described by paths that were fitted without them. */
export interface Described {
  readonly samples: number;
  readonly features: number;
  /** As in `PathValues`. */
  readonly values: Float32Array;
  readonly statistics: Float32Array;
  /** The features as seen by the paths that describe a sample, `[samples]`. */
  readonly tables: readonly FeatureTable[];
  /** What pairs take of the features' statistics, `packFeatures` of one table after another. */
  readonly packed: Float32Array;
  /** The first row of them that describes a sample, `[samples]`. */
  readonly packedFrom: Int32Array;
  /** Numbers of a feature in them. */
  readonly packedWidth: number;
}

/** Measured pairs: `sample * features + feature`, and the z-score in the scale of the sample's fold. */
export interface PairList {
  readonly codes: Int32Array;
  readonly targets: Float32Array;
}

/** Scales of the features by the paths that describe a sample. */
export type FeatureTable = Pick<Paths, "scaler" | "standard" | "unit">;

const SCALES = 4; // unit, by, plus and level

/** A feature's unit, by, plus, level and statistics, side by side because pairs come in random order. */
export function packFeatures({ statistics, unit, by, plus, level }: Paths): Float32Array {
  const own = statistics.length / unit.length;
  const width = SCALES + own;
  const packed = new Float32Array(unit.length * width);
  for (let j = 0; j < unit.length; j++) {
    packed.set([unit[j], by[j], plus[j], level[j]], j * width);
    packed.set(statistics.subarray(j * own, (j + 1) * own), j * width + SCALES);
  }
  return packed;
}

/** What an inference needs of the paths of all training samples. */
export type Scales = Pick<Paths, "scaler" | "standard" | "level" | "unit">;

/** Makes room for pairs. */
export function emptyPairs({ packedWidth }: Described, count: number): Pairs {
  const width = PATHS.length + packedWidth - SCALES + SAMPLE_STATISTICS.length;
  const [unit, by, plus, level] = Array.from({ length: 4 }, () => new Float32Array(count));
  return { count, inputs: new Float32Array(count * width), unit, by, plus, level };
}

/**
 * Gathers pairs for the network.
 * @param codes `sample * features + feature` of each pair.
 * @param into takes them, so that a training allocates one batch.
 */
export function gatherPairs(
  described: Described,
  codes: Int32Array,
  into = emptyPairs(described, codes.length),
): Pairs {
  const { features, values, packed, packedFrom, packedWidth, statistics } = described;
  const { inputs, unit, by, plus, level } = into;
  const samples = new Int32Array(codes.length);
  const places = new Int32Array(codes.length); // rows of the packed features
  for (let i = 0; i < codes.length; i++) {
    samples[i] = Math.floor(codes[i] / features);
    places[i] = packedFrom[samples[i]] + codes[i] - samples[i] * features;
  }
  const [paths, own] = [PATHS.length, SAMPLE_STATISTICS.length];
  const stride = paths + packedWidth - SCALES + own;
  const table = (of: Float32Array, width: number, start = 0, count = width) => ({
    values: of,
    start,
    width: count,
    stride: width,
  });
  gatherRows(table(values, paths), codes, table(inputs, stride));
  gatherRows(
    table(packed, packedWidth, SCALES, packedWidth - SCALES),
    places,
    table(inputs, stride, paths),
  );
  gatherRows(table(statistics, own), samples, table(inputs, stride, stride - own));
  for (const [at, out] of [unit, by, plus, level].entries()) {
    gatherRows(table(packed, packedWidth, at, 1), places, table(out, 1));
  }
  return into;
}

/** The spec of the networks that read such pairs. */
export function specOf(
  { statistics, unit }: Pick<Paths, "statistics" | "unit">,
  {
    hidden,
    objective,
    preprocessedWeight,
  }: Pick<SharedDecoderSpec, "hidden" | "objective" | "preprocessedWeight">,
): SharedDecoderSpec {
  return {
    gates: PATHS.map(({ gate }) => gate),
    statistics: statistics.length / unit.length + SAMPLE_STATISTICS.length,
    hidden,
    objective,
    ...(preprocessedWeight === undefined ? {} : { preprocessedWeight }),
  };
}

/** An inference to be written; without `preprocessed`, it is made in measured units alone. */
type Room = Omit<Inference, "preprocessed"> & Partial<Pick<Inference, "preprocessed">>;

/** Makes room for what is inferred of samples in measured units; nothing is, yet. */
export function emptyMeasured(
  samples: number,
  { level }: Pick<Paths, "level">,
): Omit<Inference, "preprocessed"> {
  const mean = emptyMatrix(samples, level.length);
  return { mean, deviation: new Float32Array(mean.values.length) };
}

/** Makes room for both; the paper's space takes a fifth of the time. */
export function emptyInference(samples: number, paths: Pick<Paths, "level">): Inference {
  const { level } = paths;
  const preprocessed = new Float32Array(samples * level.length);
  for (let i = 0; i < samples; i++) preprocessed.set(level, i * level.length);
  return { ...emptyMeasured(samples, paths), preprocessed };
}

const ROWS = 32; // samples whose paths are held at a time

/**
 * Infers one described sample by the mean of the networks, or by fixed gates, into a row of the inference. Without
 * networks, features that they decide keep what the row holds.
 * @param paths whose scale the paper's space is in.
 */
export async function inferSample(
  networks: readonly SharedDecoderModel[],
  described: Described,
  { sample, row }: { readonly sample: number; readonly row: number },
  { paths, gates, spec }: Pick<SharedDecoder, "gates" | "spec"> & { readonly paths: Scales },
  into: Room,
): Promise<void> {
  const { features } = described;
  const { standard } = described.tables[sample];
  const inferred = Int32Array.from({ length: features }, (_, j) => j).filter(
    (j) => standard.scale[j] > 0 && paths.standard.scale[j] > 0,
  );
  const pairsOf = (own: Int32Array) =>
    gatherPairs(
      described,
      own.map((j) => sample * features + j),
    );
  const trained = inferred.filter((j) => gates.trained[j]);
  if (trained.length > 0 && networks.length > 0) {
    const pairs = pairsOf(trained);
    const predictions: PairPredictions[] = [];
    for (const network of networks) predictions.push(await network.predict(pairs));
    writeSample(trained, predictions, standard, paths, row, into);
  }
  const fixed = inferred.filter((j) => !gates.trained[j]);
  if (fixed.length > 0) {
    const width = gates.fixed.length / features;
    const own = new Float32Array(fixed.length * width);
    fixed.forEach((j, i) => {
      own.set(gates.fixed.subarray(j * width, (j + 1) * width), i * width);
    });
    writeSample(fixed, [predictPairs(own, pairsOf(fixed), spec)], standard, paths, row, into);
  }
}

/** Averages predictions of some features of a sample, and turns them back to measured units. */
function writeSample(
  own: Int32Array,
  predictions: readonly PairPredictions[],
  standard: Paths["standard"],
  paths: Scales,
  row: number,
  into: Room,
): void {
  const share = 1 / predictions.length;
  const quadrature = gaussHermite(NODES);
  const term: GaussianTerm = { value: 0, byMean: 0, byDeviation: 0 };
  const features = paths.unit.length;
  const first = paths.scaler.mean.length - features;
  own.forEach((j, i) => {
    const std = paths.scaler.std[first + j];
    let mean = 0;
    let deviation = 0;
    let preprocessed = 0;
    for (const one of predictions) {
      const center = standard.center[j] + standard.scale[j] * one.mean[i];
      const spread = standard.scale[j] * one.deviation[i];
      mean += share * center;
      deviation += share * spread;
      if (std === 0 || !into.preprocessed) continue; // the paper's z-scores are 0
      expectedLog1p((center - paths.scaler.mean[first + j]) / std, spread / std, quadrature, term);
      preprocessed += share * (term.value + one.pull[i] * (paths.level[j] - term.value));
    }
    const at = row * features + j;
    into.mean.values[at] = mean;
    into.mean.observed[at] = 1;
    into.deviation[at] = deviation;
    if (into.preprocessed) into.preprocessed[at] = preprocessed;
  });
}

/**
 * Infers the other modalities of new samples from their first.
 * @param seen the first modality in measured units, `[samples, features]`, in the columns of the training cohort's; what
 *   is missing is filled with the training median.
 * @param options.engine by default the one that `chooseEngine` finds.
 * @returns one row a sample.
 * @throws RangeError if it has other columns.
 */
export async function inferModalities(
  decoder: Pick<SharedDecoder, "paths" | "spec" | "networks" | "gates">,
  seen: Matrix,
  { engine }: { readonly engine?: Engine } = {},
): Promise<Inference> {
  const opened = openDecoder(decoder, engine ?? (await chooseEngine()).engine, emptyInference);
  try {
    return await opened.infer(seen);
  } finally {
    opened.dispose();
  }
}

/** A fitted model on an engine, for samples that come some at a time. */
export interface OpenedModel<T extends Pick<Inference, "mean" | "deviation">> {
  /** As `inferModalities`. */
  infer(seen: Matrix): Promise<T>;
  dispose(): void;
}

/**
 * Puts the networks of a decoder on an engine.
 * @param makeRoom decides what is inferred: `emptyInference` or `emptyMeasured`.
 */
export function openDecoder<T extends Room>(
  decoder: Pick<SharedDecoder, "paths" | "spec" | "networks" | "gates">,
  engine: Engine,
  makeRoom: (samples: number, paths: Paths) => T,
): OpenedModel<T> {
  const { paths, spec, networks } = decoder;
  const { scaler, standard, unit } = paths;
  const packed = packFeatures(paths);
  const models = networks.map((weights) => buildSharedDecoder(engine, spec, weights));
  return {
    async infer(seen) {
      const into = makeRoom(seen.rows, paths);
      for (let start = 0; start < seen.rows; start += ROWS) {
        const rows = Array.from({ length: Math.min(ROWS, seen.rows - start) }, (_, i) => start + i);
        const described = {
          ...followPaths(paths, seen, rows),
          features: unit.length,
          tables: rows.map(() => ({ scaler, standard, unit })),
          packed,
          packedFrom: new Int32Array(rows.length),
          packedWidth: packed.length / unit.length,
        };
        for (const [sample, row] of rows.entries()) {
          await inferSample(models, described, { sample, row }, decoder, into);
        }
      }
      return into;
    },
    dispose() {
      for (const model of models) model.dispose();
    },
  };
}

/** What `sharedDecoderPredictor` and `inferModalities` read of a decoder. */
export type FixedDecoder = Pick<
  SharedDecoder,
  "trainedOn" | "paths" | "spec" | "networks" | "gates"
>;

/**
 * Lets a fitted decoder stand in a table of predictors. It infers nothing of the first modality: of that it gives the
 * mean of observed training entries. It predicts in the space of the prepared cohort.
 * @param cohort the measurements that `prepared` was made from.
 * @throws RangeError if the decoder was trained on other samples than the prepared training rows.
 */
export function sharedDecoderPredictor(
  decoder: FixedDecoder,
  prepared: PreparedCohort,
  cohort: Cohort,
  options: { readonly engine?: Engine; readonly name?: string } = {},
): Predictor {
  const { name = "shared decoder", engine } = checkOptions("sharedDecoderPredictor", options, {
    engine: "object",
    name: "string",
  });
  const trained = new Set(decoder.trainedOn);
  const { ids } = prepared.train;
  if (ids.length !== trained.size || !ids.every((id) => trained.has(id))) {
    throw new RangeError(
      `sharedDecoderPredictor: expected a decoder trained on the ${ids.length} training rows, ` +
        `got one trained on ${trained.size} samples, of which ${ids.filter((id) => trained.has(id)).length} are among them`,
    );
  }
  const mean = observedMean(prepared);
  const { end } = prepared.modalities[0];
  const seen = sliceColumns(cohort.matrix, 0, end);
  return {
    name,
    sees: "RNA",
    async predict({ rows, ids, matrix }: Prepared) {
      const stranger = rows.findIndex((row, i) => cohort.samples[row]?.id !== ids[i]);
      if (stranger >= 0) {
        throw new RangeError(
          `sharedDecoderPredictor: expected rows of the cohort ${cohort.name}, got ${ids[stranger]}`,
        );
      }
      const inference = await inferModalities(decoder, selectRows(seen, rows), { engine });
      const { scaler, space } = prepared;
      const inferred =
        space === "paper"
          ? inference.preprocessed
          : inference.mean.values.map((value, at) => {
              const j = end + (at % inference.mean.columns);
              return inference.mean.observed[at] && scaler.std[j] > 0
                ? (value - scaler.mean[j]) / scaler.std[j]
                : mean[j];
            });
      const out = new Float32Array(matrix.values.length);
      const width = matrix.columns - end;
      rows.forEach((_, i) => {
        out.set(mean.subarray(0, end), i * matrix.columns);
        out.set(inferred.subarray(i * width, (i + 1) * width), i * matrix.columns + end);
      });
      return out;
    },
  };
}
