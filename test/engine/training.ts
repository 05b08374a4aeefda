// The golden training runs, read into matrices, weights and a spec.
import type { Matrix } from "../../lib/cohort/matrix.js";
import { type AutoencoderSpec, PAPER_MODEL, type Weights } from "../../lib/model/autoencoder.js";
import { goldenCases } from "../golden.js";

type Nested = readonly (number | Nested)[];
type Tensors = Record<string, Nested>;

interface GoldenRun {
  readonly masked: boolean;
  readonly keep: number;
  readonly weight_decay: number;
  readonly lr: number;
  readonly init: Tensors;
  readonly first: {
    readonly output: Nested;
    readonly latent: Nested;
    readonly huber: number;
    readonly mse: number;
    readonly grad: Tensors;
    readonly after_step_1: Tensors;
  };
  readonly huber_trace: readonly number[];
  readonly after_step_20: Tensors;
}

interface GoldenTraining {
  readonly x: readonly (readonly number[])[];
  readonly observed: readonly (readonly number[])[];
  readonly runs: readonly GoldenRun[];
}

/** One golden run; its numbers are PyTorch's in float64. */
export interface TrainingCase {
  readonly title: string;
  readonly spec: AutoencoderSpec;
  readonly batch: Matrix;
  readonly weights: Weights;
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly output: Float64Array;
  readonly latent: Float64Array;
  readonly huber: number;
  readonly mse: number;
  readonly gradients: ReadonlyMap<string, Float64Array>;
  readonly afterOne: ReadonlyMap<string, Float64Array>;
  readonly afterTwenty: ReadonlyMap<string, Float64Array>;
  readonly trace: readonly number[];
}

/** Reads training.json of each golden folder. */
export function trainingCases(): TrainingCase[] {
  return goldenCases<GoldenTraining>("training").flatMap(({ folder, data }) => {
    const { x, observed, runs } = data;
    const columns = x[0].length;
    // Preprocessed rows: what was not observed is filled, and goes in, but does not count in the loss.
    const batch: Matrix = {
      rows: x.length,
      columns,
      values: Float32Array.from(x.flat()),
      observed: Uint8Array.from(observed.flat()),
    };
    return runs.map((run): TrainingCase => {
      const init = flatten(run.init);
      const layers = [...init.keys()].filter((name) => /^encoder_layers.*weight$/.test(name));
      return {
        title: `${run.masked ? "masked" : "unmasked"}, decay ${run.weight_decay}, in ${folder}`,
        spec: {
          ...PAPER_MODEL,
          features: columns,
          width: init.get("inp_lin.bias")!.length,
          hiddenLayers: layers.length,
          visible: run.masked ? { start: 0, end: run.keep } : null,
        },
        batch,
        weights: new Map([...init].map(([name, values]) => [name, Float32Array.from(values)])),
        learningRate: run.lr,
        weightDecay: run.weight_decay,
        output: flat(run.first.output),
        latent: flat(run.first.latent),
        huber: run.first.huber,
        mse: run.first.mse,
        gradients: flatten(run.first.grad),
        afterOne: flatten(run.first.after_step_1),
        afterTwenty: flatten(run.after_step_20),
        trace: run.huber_trace,
      };
    });
  });
}

function flatten(tensors: Tensors): Map<string, Float64Array> {
  return new Map(Object.entries(tensors).map(([name, values]) => [name, flat(values)]));
}

function flat(values: Nested): Float64Array {
  return Float64Array.from((values as number[]).flat(Number.POSITIVE_INFINITY) as number[]);
}
