// The shared decoder: one small network for all features, which weights linear predictions of a feature by statistics of
// the feature and the sample. It is not the paper's autoencoder.
//
//   x = paths and statistics [pairs, inputs] -> hidden.0 -> ReLU -> hidden.1 -> ReLU -> gates [pairs, paths + 2 or 3]
//   mean = unit (gate_1 path_1 + ... + bias), deviation = unit e^(clamp(log deviation, -3, 1.5))
//
// A pair is one feature of one sample, so a cohort of eighty samples trains it on a million of them. A path is a
// prediction in units of the feature's residual deviation. The loss is the negative log-likelihood plus the squared
// error, in z-scores. For the paper's space, 40 / 3 times the squared error of log1p(max(0, z)) is added: its prediction
// `(1 - a) E[log1p(max(0, z))] + a level` is the distribution's own mean there, drawn by one more gate a towards the
// feature's mean.
import type { Engine, Tensor } from "../engine/engine.js";
import {
  expectedLog1p,
  type GaussianTerm,
  gaussHermite,
  negativeLogLikelihood,
} from "../layers/gaussian.js";
import { dense, type Pass, relu, sequence } from "../layers/layers.js";
import { demandsOf } from "../options.js";
import {
  type Architecture,
  buildModel,
  initializeWeights,
  type Model,
  type Network,
  type Weights,
} from "./model.js";

export interface SharedDecoderSpec {
  /** The gate of each path before training; the paths come first among the inputs. */
  readonly gates: readonly number[];
  /** Number of statistics of feature and sample, which follow the paths. */
  readonly statistics: number;
  /** Units of each of the two hidden layers. */
  readonly hidden: number;
  /** "standardized" trains on z-scores alone; "preprocessed" also trains for the paper's space. */
  readonly objective: "standardized" | "preprocessed";
  /** Weight of the squared error in the paper's space beside the two losses of z-scores; by default 40 / 3. */
  readonly preprocessedWeight?: number;
}

/** Pairs of a sample and a feature. */
export interface Pairs {
  readonly count: number;
  /** Row-major `[pairs, paths + statistics]`. */
  readonly inputs: Float32Array;
  /** Residual deviation of the pair's feature, in z-scores, `[pairs]`. */
  readonly unit: Float32Array;
  /** Convert to the paper's z-scores, `by z + plus`; `[pairs]` each. */
  readonly by: Float32Array;
  readonly plus: Float32Array;
  /** Mean of the pair's feature in the paper's space, `[pairs]`. */
  readonly level: Float32Array;
}

/** Measured pairs. */
export interface MeasuredPairs extends Pairs {
  /** z-scores, `[pairs]`. */
  readonly target: Float32Array;
}

/** The network's predictions, `[pairs]` each. */
export interface PairPredictions {
  /** In z-scores. */
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
  /** Weight of the feature's level in the prediction in the paper's space, in [0, 1]; 0 without that objective. */
  readonly pull: Float32Array;
}

/** A shared decoder on an engine. Its losses are of z-scores; the other terms are among its parts. */
export interface SharedDecoderModel extends Model<MeasuredPairs> {
  predict(pairs: Pick<Pairs, "count" | "inputs" | "unit">): Promise<PairPredictions>;
}

interface SharedDecoderNetwork extends Network<MeasuredPairs> {
  /** `[pairs, inputs]` to `[pairs, gates]`. */
  gates(pairs: Pick<Pairs, "count" | "inputs">, pass: Pass): Tensor;
}

/** Weight of the squared error in the paper's space, which is about a tenth of the error in z-scores; chosen on validation rows. */
export const PREPROCESSED_WEIGHT = 40 / 3;
/** The deviation before training: `e^-0.1` of the feature's residual deviation. */
const START_LOG_DEVIATION = -0.1;
const LOG_DEVIATION = { low: -3, high: 1.5 };
/** The pull to the level before training: `sigmoid(-3)`, about 5 %. */
const START_PULL = -3;
/** Nodes of the quadrature for the paper's space, in training and inference. */
export const NODES = 11;

/** The shared decoder as layers. */
export const SHARED_DECODER: Architecture<SharedDecoderSpec, MeasuredPairs, SharedDecoderNetwork> =
  {
    name: "shared decoder",
    check: ({ preprocessedWeight = PREPROCESSED_WEIGHT }) =>
      demandsOf("shared decoder").demandWeight("preprocessedWeight", preprocessedWeight),

    network(spec) {
      const layers = sequence(
        dense("hidden.0", inputsOf(spec), spec.hidden),
        relu(),
        dense("hidden.1", spec.hidden, spec.hidden),
        relu(),
        dense("gates", spec.hidden, outputsOf(spec), { start: "zeros" }),
      );
      const forward = ({ inputs, count }: Pick<Pairs, "count" | "inputs">, pass: Pass) =>
        layers.forward(pass.engine.tensor(inputs, count), pass); // from [pairs, paths + statistics]
      let slope = new Float32Array(0); // kept, because a training's batches are of one size
      return {
        tensors: layers.tensors,
        leastRows: 1,
        inspect: (where, pairs, engine) => inspectPairs(engine, where, spec, pairs),
        async pass(pairs, _observed, pass) {
          const { out, back } = forward(pairs, pass);
          const gates = await pass.engine.read(out);
          if (slope.length !== gates.length) slope = new Float32Array(gates.length);
          const sums = pairLoss(gates, pairs, spec, slope);
          if (pass.settlement) back(pass.engine.tensor(slope, pairs.count), false);
          return sums;
        },
        gates: (pairs, pass) => forward(pairs, pass).out,
      };
    },
  };

/** Builds a shared decoder that starts from these weights. @throws RangeError if they do not fit. */
export function buildSharedDecoder(
  engine: Engine,
  spec: SharedDecoderSpec,
  weights: Weights,
): SharedDecoderModel {
  const model = buildModel(engine, SHARED_DECODER, spec, weights);
  return Object.assign(model, {
    async predict(pairs: Pick<Pairs, "count" | "inputs" | "unit">) {
      const gates = await model.run("predict", (pass) =>
        engine.read(model.network.gates(pairs, pass)),
      );
      return predictPairs(gates, pairs, spec);
    },
  });
}

/** Draws initial weights: hidden layers as torch.nn.Linear does; the gates start constant. */
export function initializeSharedDecoder(
  spec: SharedDecoderSpec,
  seed: number,
): Map<string, Float32Array> {
  const weights = initializeWeights(SHARED_DECODER, spec, seed);
  weights.get("gates.bias")!.set([...spec.gates, 0, START_LOG_DEVIATION]);
  if (spec.objective === "preprocessed")
    weights.get("gates.bias")!.set([START_PULL], spec.gates.length + 2);
  return weights;
}

/** The prediction of one pair in units of the feature's residual deviation: gates times paths, plus the bias. */
function meanOf(
  gates: Float32Array,
  at: number,
  inputs: Float32Array,
  from: number,
  paths: number,
) {
  let sum = gates[at + paths];
  for (let p = 0; p < paths; p++) sum += gates[at + p] * inputs[from + p];
  return sum;
}

/** The clamped logarithm of the deviation, in units of the feature's. */
function logDeviationOf(raw: number): number {
  return Math.min(Math.max(raw, LOG_DEVIATION.low), LOG_DEVIATION.high);
}

function pullOf(raw: number): number {
  return 1 / (1 + Math.exp(-raw));
}

/** Computes the predictions from the gates. @param gates `[pairs, gates]`: one per path, bias, log deviation, pull. */
export function predictPairs(
  gates: Float32Array,
  { count, inputs, unit }: Pick<Pairs, "count" | "inputs" | "unit">,
  spec: SharedDecoderSpec,
): PairPredictions {
  const [paths, width, outputs] = [spec.gates.length, inputsOf(spec), outputsOf(spec)];
  const [mean, deviation, pull] = Array.from({ length: 3 }, () => new Float32Array(count));
  for (let i = 0; i < count; i++) {
    const at = i * outputs;
    mean[i] = unit[i] * meanOf(gates, at, inputs, i * width, paths);
    deviation[i] = unit[i] * Math.exp(logDeviationOf(gates[at + paths + 1]));
    if (spec.objective === "preprocessed") pull[i] = pullOf(gates[at + paths + 2]);
  }
  return { mean, deviation, pull };
}

/**
 * The mean loss of a batch and its slope by the gates, in float64. The slope passes from mean and deviation to the gates
 * by `dgate_p = unit path_p dmean`, `dbias = unit dmean` and `dlog deviation = deviation ddeviation` within the clamp,
 * and from the pull by `da a (1 - a)`.
 * @param slope takes the slope, `[pairs, gates]`.
 */
function pairLoss(
  gates: Float32Array,
  pairs: MeasuredPairs,
  spec: SharedDecoderSpec,
  slope: Float32Array,
) {
  const { count, inputs, unit, target, by, plus, level } = pairs;
  const [paths, width, outputs] = [spec.gates.length, inputsOf(spec), outputsOf(spec)];
  const isPreprocessed = spec.objective === "preprocessed";
  const { preprocessedWeight = PREPROCESSED_WEIGHT } = spec;
  const quadrature = gaussHermite(NODES);
  const term: GaussianTerm = { value: 0, byMean: 0, byDeviation: 0 };
  let likelihood = 0;
  let squared = 0;
  let huber = 0;
  let squaredLog = 0;
  for (let i = 0; i < count; i++) {
    const at = i * outputs;
    const from = i * width;
    const mean = unit[i] * meanOf(gates, at, inputs, from, paths);
    const deviation = unit[i] * Math.exp(logDeviationOf(gates[at + paths + 1]));
    const error = mean - target[i];
    negativeLogLikelihood(mean, deviation, target[i], term);
    likelihood += term.value;
    squared += error ** 2;
    huber += Math.abs(error) <= 1 ? error ** 2 / 2 : Math.abs(error) - 0.5;
    let alongMean = term.byMean + 2 * error;
    let alongDeviation = term.byDeviation;
    if (isPreprocessed) {
      const pull = pullOf(gates[at + paths + 2]);
      expectedLog1p(by[i] * mean + plus[i], by[i] * deviation, quadrature, term);
      const truth = Math.log1p(Math.max(0, by[i] * target[i] + plus[i]));
      const missed = (1 - pull) * term.value + pull * level[i] - truth;
      squaredLog += missed ** 2;
      const along = 2 * preprocessedWeight * missed;
      alongMean += along * (1 - pull) * by[i] * term.byMean;
      alongDeviation += along * (1 - pull) * by[i] * term.byDeviation;
      slope[at + paths + 2] = (along * (level[i] - term.value) * pull * (1 - pull)) / count;
    }
    const scaled = (unit[i] * alongMean) / count;
    for (let p = 0; p < paths; p++) slope[at + p] = scaled * inputs[from + p];
    slope[at + paths] = scaled;
    const raw = gates[at + paths + 1];
    const isInside = raw >= LOG_DEVIATION.low && raw <= LOG_DEVIATION.high;
    slope[at + paths + 1] = isInside ? (deviation * alongDeviation) / count : 0;
  }
  const parts = {
    "negative log-likelihood": likelihood / count,
    ...(isPreprocessed && { "squared error of log1p": squaredLog / count }),
  };
  return { huber, squared, parts };
}

function inputsOf({ gates, statistics }: SharedDecoderSpec): number {
  return gates.length + statistics;
}

/** Number of gates: one per path, the bias, the log deviation and, for the paper's space, the pull. */
export function outputsOf({ gates, objective }: SharedDecoderSpec): number {
  return gates.length + (objective === "preprocessed" ? 3 : 2);
}

const NO_MARKS = new Uint8Array(0);

/** @throws RangeError if the pairs do not fit the model, or one of their numbers is not finite. */
function inspectPairs(
  engine: Engine,
  where: string,
  spec: SharedDecoderSpec,
  { count, ...arrays }: MeasuredPairs,
): number {
  for (const [name, values] of Object.entries(arrays)) {
    const width = name === "inputs" ? inputsOf(spec) : 1;
    const isSized = count > 0 && values.length === count * width;
    if (isSized && engine.inspect(values, NO_MARKS).finite) continue;
    const found = isSized ? values.find((value) => !Number.isFinite(value)) : values.length;
    throw new RangeError(
      `${where}: expected ${width} finite ${name} a pair of ${count} pairs, at least one, got ${found}` +
        (isSized ? "" : " numbers"),
    );
  }
  return count;
}
