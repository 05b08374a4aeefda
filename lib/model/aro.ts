// ARO: one masked autoencoder shared by all modalities. Source: the paper's Appendix A and Table 3.
//
//   x [rows, features] -> dropout -> inp_lin -> ReLU -> 3 x (encoder_layers -> ReLU) = latent [rows, width]
//   latent -> out_lin -> softplus = reconstruction [rows, features]
//
// The masked model sees the RNA columns alone, and is scored on all: the loss is the mean of Huber's over the entries
// that were measured, whether the model saw them or not.
import type { Matrix } from "../cohort/matrix.js";
import type { Columns } from "../engine/engine.js";
import {
  batchNorm,
  batchNormTensors,
  dense,
  denseTensors,
  dropout,
  maskBlocks,
  relu,
  sequence,
  type TensorShape,
  zeroUnits,
} from "../layers/layers.js";
import { reconstructionHead } from "../layers/losses.js";
import { checkOptions, required } from "../options.js";
import {
  type AutoencoderNetwork,
  chunksOf,
  demandVisible,
  NUMBER,
  OUTPUT,
  SIGHT_KINDS,
  type Sight,
  visibleOf,
} from "./autoencoder.js";
import { type Architecture, inspectMatrix, requireSetting } from "./model.js";

/** The shape and the dropout of an ARO. */
export interface AroSpec extends Sight {
  /** Units of each hidden layer and of the latent space; 2,048 in the paper. */
  readonly width: number;
  /** Layers of width x width after the input layer; 3 in the paper. */
  readonly hiddenLayers: number;
  /** "softplus" in the paper, "relu" in the authors' code. */
  readonly output: "softplus" | "relu";
  /** Share of input entries set to 0 in each training step, in [0, 1); the rest are scaled by 1 / (1 - p). */
  readonly inputDropout: number;
  /** The same for each hidden layer, the latent one among them; 0 in the paper, 0.2 in the authors' configuration. */
  readonly hiddenDropout: number;
  /** Whether the input is normalized by the batch; false in the paper. */
  readonly batchNorm: boolean;
  /**
   * Input columns that are 0 as well, ascending; what they measured stays in the target. None in the paper: the authors'
   * code masks the first column of the proteins alone.
   */
  readonly zeroed: readonly number[];
  /**
   * Blocks of input columns, e.g. modalities, of which each row of a training step shows the model a random choice of at
   * least one. None in the paper, which masks the same columns always. Without them the model is the paper's.
   */
  readonly randomlyMasked?: readonly Columns[];
}

/** The paper's model but for its columns. Source: paper Table 3 and appendix B. */
export const PAPER_MODEL = {
  width: 2048,
  hiddenLayers: 3,
  output: "softplus",
  inputDropout: 0.1,
  hiddenDropout: 0,
  batchNorm: false,
  zeroed: [],
} as const;

/** ARO as layers. */
export const ARO: Architecture<AroSpec, Matrix, AutoencoderNetwork> = {
  name: "ARO",
  check: checkAroSpec,
  tensors: aroTensors,
  /** What belongs to an input column is used where the model sees it. */
  columns: (spec, name) =>
    name === "inp_lin.weight" || name.startsWith("batch_norm.") ? visibleOf(spec) : undefined,

  network(engine, spec, of) {
    const seen = visibleOf(spec);
    const zeroed = spec.zeroed.filter((column) => column >= seen.start && column < seen.end);
    const hidden = Array.from({ length: spec.hiddenLayers }, (_, i) => `encoder_layers.${i}`);
    const encoderWith = (isRectified: boolean) =>
      sequence(
        ...(spec.batchNorm ? [batchNorm(engine, of, "batch_norm")] : []),
        dropout(engine, spec.inputDropout),
        zeroUnits(
          engine,
          zeroed.map((column) => column - seen.start),
        ),
        maskBlocks(
          engine,
          (spec.randomlyMasked ?? []).map(({ start, end }) => ({
            ...{ start: start - seen.start, end: end - seen.start },
          })),
        ),
        ...["inp_lin", ...hidden].flatMap((name) => [
          dense(engine, of, name),
          ...(isRectified ? [relu(engine)] : []),
          dropout(engine, spec.hiddenDropout),
        ]),
      );
    const encoder = encoderWith(true);
    const bareEncoder = encoderWith(false);
    const decoder = reconstructionHead(engine, of, "out_lin", {
      activation: spec.output,
      loss: "huber",
    });
    const input = ({ values, rows }: Matrix) => engine.tensor(values, rows, seen); // [rows, visible columns]

    return {
      leastRows: spec.batchNorm ? 2 : 1,
      inspect: (where, batch) => inspectMatrix(engine, where, batch, spec.features),
      chunks: chunksOf,
      async pass(batch, observed, pass) {
        const { out: latent, back } = encoder.forward(input(batch), pass); // [rows, width]
        const { sums, slope } = decoder.measure(latent, batch, observed, pass);
        if (slope) back(slope, false);
        return await sums;
      },
      input,
      encoder: ({ relu = true }) => (relu ? encoder : bareEncoder),
      decoder: decoder.layer,
    };
  },
};

/** Lists ARO's tensors in the order of the paper's Table 3; batch normalization, which it does not have, comes first. */
function aroTensors({ features, width, hiddenLayers, batchNorm }: AroSpec): TensorShape[] {
  return [
    ...(batchNorm ? batchNormTensors("batch_norm", features) : []),
    ...denseTensors("inp_lin", width, features),
    ...Array.from({ length: hiddenLayers }, (_, i) =>
      denseTensors(`encoder_layers.${i}`, width, width),
    ).flat(),
    ...denseTensors("out_lin", features, width),
  ];
}

function checkAroSpec(spec: AroSpec): void {
  const { features, width, hiddenLayers, zeroed } = checkOptions("ARO", spec, {
    ...SIGHT_KINDS,
    ...{ width: NUMBER, hiddenLayers: NUMBER, inputDropout: NUMBER, hiddenDropout: NUMBER },
    ...{ output: OUTPUT, batchNorm: required("boolean"), zeroed: required("array") },
    randomlyMasked: "array",
  });
  const demand = requireSetting("ARO");
  demandVisible(demand, spec);
  demand("width", Number.isInteger(width) && width >= 1, "a positive integer", width);
  const isCount = Number.isInteger(hiddenLayers) && hiddenLayers >= 0;
  demand("hiddenLayers", isCount, "a non-negative integer", hiddenLayers);
  for (const name of ["inputDropout", "hiddenDropout"] as const) {
    demand(name, spec[name] >= 0 && spec[name] < 1, "in [0, 1)", spec[name]);
  }
  const isColumn = (column: number, i: number) =>
    Number.isInteger(column) && column > (zeroed[i - 1] ?? -1) && column < features;
  const columns = `[${zeroed.join(", ")}]`;
  const seen = visibleOf(spec);
  for (const block of spec.randomlyMasked ?? []) {
    const isBlock = block.start >= seen.start && block.start < block.end && block.end <= seen.end;
    const range = `[${block.start}, ${block.end})`;
    demand(
      "randomlyMasked",
      isBlock,
      `ranges of visible columns [${seen.start}, ${seen.end})`,
      range,
    );
  }
  demand("zeroed", zeroed.every(isColumn), `ascending columns in [0, ${features})`, columns);
}
