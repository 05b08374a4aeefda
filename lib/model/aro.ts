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
  dense,
  dropout,
  maskBlocks,
  relu,
  sequence,
  zeroUnits,
} from "../layers/layers.js";
import { reconstructionHead } from "../layers/losses.js";
import { checkOptions, demandsOf, required } from "../options.js";
import {
  type AutoencoderNetwork,
  checkSight,
  matrixBatches,
  SIGHT,
  type Sight,
  see,
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

/** ARO as layers. Its tensors come in the order of the paper's Table 3. */
export const ARO: Trainable<AroSpec, Matrix, AutoencoderNetwork> = {
  name: "ARO",
  check: checkAroSpec,
  rowSize: ({ features }) => features,
  deal: dealRows,

  network(spec) {
    const { features, width, hiddenLayers, hiddenDropout, randomlyMasked = [] } = spec;
    const columns = visibleOf(spec); // what the model sees; all other columns are masked
    const zeroed = spec.zeroed.filter((column) => column >= columns.start && column < columns.end);
    const hidden = Array.from({ length: hiddenLayers }, (_, i) => `encoder_layers.${i}`);
    const encoderWith = (isRectified: boolean) =>
      sequence(
        ...(spec.batchNorm ? [batchNorm("batch_norm", features, { columns })] : []),
        dropout(spec.inputDropout),
        zeroUnits(zeroed, columns.start),
        maskBlocks(randomlyMasked, columns.start),
        ...[
          dense("inp_lin", features, width, { columns }),
          ...hidden.map((name) => dense(name, width, width)),
        ].flatMap((layer) => [layer, ...(isRectified ? [relu()] : []), dropout(hiddenDropout)]),
      );
    const [encoder, bareEncoder] = [encoderWith(true), encoderWith(false)]; // for `EncodeOptions`
    const decoder = reconstructionHead("out_lin", width, features, spec.output, "huber");

    return {
      ...matrixBatches(spec),
      tensors: [...encoder.tensors, ...decoder.layer.tensors],
      leastRows: spec.batchNorm ? 2 : 1,
      async pass(batch, observed, pass) {
        const latent = encoder.forward(see(batch, spec, pass), pass); // [rows, width]
        const { sums, slope } = decoder.measure(latent.out, batch, observed, pass);
        if (slope) latent.back(slope, false);
        return await sums;
      },
      encoder: ({ relu = true }) => (relu ? encoder : bareEncoder),
      decoder: decoder.layer,
    };
  },
};

function checkAroSpec(spec: AroSpec): void {
  checkOptions("ARO", spec, {
    ...SIGHT,
    width: required("count"),
    hiddenLayers: required("whole"),
    inputDropout: required("share"),
    hiddenDropout: required("share"),
    batchNorm: required("boolean"),
    zeroed: required("array"),
    randomlyMasked: "array",
  });
  checkSight("ARO", spec);
  const { features, zeroed, randomlyMasked = [] } = spec;
  const { demand } = demandsOf("ARO");
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
