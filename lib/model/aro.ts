// ARO: one masked autoencoder shared by all modalities. Source: the paper's Appendix A and Table 3.
//
//   x [rows, features] -> dropout -> inp_lin -> ReLU -> 3 x (encoder_layers -> ReLU) = latent [rows, width]
//   latent -> out_lin -> softplus = reconstruction [rows, features]
//
// The masked model sees the RNA columns alone and is scored on all columns: the loss is the mean Huber loss over the
// measured entries, seen or not.
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
import { checkOptions, demandsOf, NUMBER, required } from "../options.js";
import {
  type AutoencoderNetwork,
  checkSight,
  matrixInput,
  SIGHT,
  type Sight,
  visibleOf,
} from "./autoencoder.js";
import { dealRows } from "./batches.js";
import type { Trainable } from "./model.js";

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
  /** The same for each hidden layer and the latent layer; 0 in the paper, 0.2 in the authors' configuration. */
  readonly hiddenDropout: number;
  /** Whether the input is normalized by the batch; false in the paper. */
  readonly batchNorm: boolean;
  /** Input columns also set to 0 but kept in the target, ascending; the authors' code zeroes the first protein column. */
  readonly zeroed: readonly number[];
  /**
   * Blocks of input columns, such as modalities: in a training step, each row shows a random choice of at least one. None
   * in the paper, which always masks the same columns.
   */
  readonly randomlyMasked?: readonly Columns[];
}

/** The paper's model, except for its columns. Source: paper Table 3 and Appendix B. */
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
export const ARO: Trainable<AroSpec, Matrix, AutoencoderNetwork> = {
  name: "ARO",
  check: checkAroSpec,
  tensors: aroTensors,
  rowSize: ({ features }) => features,
  deal: dealRows,

  network(engine, spec, of) {
    const seen = visibleOf(spec);
    const zeroed = spec.zeroed.filter((column) => column >= seen.start && column < seen.end);
    const encoderWith = (isRectified: boolean) =>
      sequence(
        ...(spec.batchNorm ? [batchNorm(engine, of, "batch_norm")] : []),
        dropout(engine, spec.inputDropout),
        zeroUnits(engine, zeroed, seen.start),
        maskBlocks(engine, spec.randomlyMasked ?? [], seen.start),
        ...["inp_lin", ...hiddenNames(spec)].flatMap((name) => [
          dense(engine, of, name),
          ...(isRectified ? [relu(engine)] : []),
          dropout(engine, spec.hiddenDropout),
        ]),
      );
    const [encoder, bareEncoder] = [encoderWith(true), encoderWith(false)]; // for `EncodeOptions`
    const decoder = reconstructionHead(engine, of, "out_lin", spec.output);
    const batches = matrixInput(engine, spec);

    return {
      ...batches,
      leastRows: spec.batchNorm ? 2 : 1,
      async pass(batch, observed, pass) {
        const { out: latent, back } = encoder.forward(batches.input(batch), pass); // [rows, width]
        const { sums, slope } = decoder.measure(latent, batch, observed, pass);
        if (slope) back(slope, false);
        return await sums;
      },
      encoder: ({ relu = true }) => (relu ? encoder : bareEncoder),
      decoder: decoder.layer,
    };
  },
};

/** Lists the tensors in the order of the paper's Table 3. The input layer uses the columns that the model sees. */
function aroTensors(spec: AroSpec): TensorShape[] {
  const { features, width, batchNorm } = spec;
  const visible = visibleOf(spec);
  return [
    ...(batchNorm ? batchNormTensors("batch_norm", features, visible) : []),
    ...denseTensors("inp_lin", width, features, visible),
    ...hiddenNames(spec).flatMap((name) => denseTensors(name, width, width)),
    ...denseTensors("out_lin", features, width),
  ];
}

function hiddenNames({ hiddenLayers }: AroSpec): string[] {
  return Array.from({ length: hiddenLayers }, (_, i) => `encoder_layers.${i}`);
}

function checkAroSpec(spec: AroSpec): void {
  checkOptions("ARO", spec, {
    ...SIGHT,
    ...{ width: NUMBER, hiddenLayers: NUMBER, inputDropout: NUMBER, hiddenDropout: NUMBER },
    ...{ batchNorm: required("boolean"), zeroed: required("array"), randomlyMasked: "array" },
  });
  checkSight("ARO", spec);
  const { features, zeroed, randomlyMasked = [] } = spec;
  const { demand, demandCount, demandShare } = demandsOf("ARO");
  demandCount("width", spec.width);
  demandCount("hiddenLayers", spec.hiddenLayers, 0);
  demandShare("inputDropout", spec.inputDropout);
  demandShare("hiddenDropout", spec.hiddenDropout);
  const seen = visibleOf(spec);
  const visible = `ranges of visible columns [${seen.start}, ${seen.end})`;
  for (const { start, end } of randomlyMasked) {
    const isBlock = seen.start <= start && start < end && end <= seen.end;
    demand("randomlyMasked", isBlock, visible, `[${start}, ${end})`);
  }
  const isColumn = (column: number, i: number) =>
    Number.isInteger(column) && column > (zeroed[i - 1] ?? -1) && column < features;
  const columns = `[${zeroed.join(", ")}]`;
  demand("zeroed", zeroed.every(isColumn), `ascending columns in [0, ${features})`, columns);
}
