// The golden training runs, read into matrices, weights and a spec.
import type { RandomState } from "../../lib/cohort/random.js";
import { type AroSpec, PAPER_MODEL } from "../../lib/model/aro.js";
import { goldenCases, type Nested, type Tensors, weightsOf } from "../golden.js";

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

/** Of options.json, whose steps drop what the draws from a state say. */
interface GoldenOptions extends Omit<GoldenRun, "masked" | "keep"> {
  readonly title: string;
  readonly output: AroSpec["output"];
  readonly batch_norm: boolean;
  readonly input_dropout: number;
  readonly hidden_dropout: number;
  readonly visible: readonly [number, number];
  readonly zeroed: readonly number[];
  readonly draws: RandomState;
}

interface GoldenTraining<Run> {
  readonly x: readonly (readonly number[])[];
  readonly observed: readonly (readonly number[])[];
  readonly runs: readonly Run[];
}

/** Reads training.json and options.json of each golden folder; the numbers are PyTorch's in float64. */
export function trainingCases() {
  const paper = goldenCases<GoldenTraining<GoldenRun>>("training").flatMap(({ folder, data }) =>
    data.runs.map((run) => {
      const visible = run.masked ? { start: 0, end: run.keep } : null;
      const title = `${run.masked ? "masked" : "unmasked"}, decay ${run.weight_decay}, in ${folder}`;
      return caseOf(data, run, title, { visible });
    }),
  );
  const options = goldenCases<GoldenTraining<GoldenOptions>>("options").flatMap(({ data }) =>
    data.runs.map((run) => {
      const [start, end] = run.visible;
      const settings = {
        output: run.output,
        batchNorm: run.batch_norm,
        zeroed: run.zeroed,
        inputDropout: run.input_dropout,
        hiddenDropout: run.hidden_dropout,
        visible: end - start < data.x[0].length ? { start, end } : null,
      };
      return caseOf(data, run, run.title, settings, run.draws);
    }),
  );
  return [...paper, ...options];
}

function caseOf<Run>(
  { x, observed }: GoldenTraining<Run>,
  run: Omit<GoldenRun, "masked" | "keep">,
  title: string,
  settings: Partial<AroSpec>,
  /** Where the steps' dropout is drawn from; without it nothing is dropped. */
  draws?: RandomState,
) {
  const columns = x[0].length;
  const weights = weightsOf(run.init);
  const layers = [...weights.keys()].filter((name) => /^encoder_layers.*weight$/.test(name));
  return {
    title,
    spec: {
      ...PAPER_MODEL,
      features: columns,
      width: weights.get("inp_lin.bias")!.length,
      hiddenLayers: layers.length,
      visible: null,
      ...settings,
    },
    // Preprocessed rows: what was not observed is filled, and goes in, but does not count in the loss.
    batch: {
      rows: x.length,
      columns,
      values: Float32Array.from(x.flat()),
      observed: Uint8Array.from(observed.flat()),
    },
    weights,
    learningRate: run.lr,
    weightDecay: run.weight_decay,
    draws,
    output: run.first.output,
    latent: run.first.latent,
    huber: run.first.huber,
    mse: run.first.mse,
    gradients: run.first.grad,
    afterOne: run.first.after_step_1,
    afterTwenty: run.after_step_20,
    trace: run.huber_trace,
  };
}
