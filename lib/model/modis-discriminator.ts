// The discriminator of MODIS: predicts the modality and the class of each latent row.
//
//   z of all modalities [rows of all, latent] -> trunk -> hidden [rows of all, 256] -> logits of the modality, of the class
import type { Engine, Tensor } from "../engine/engine.js";
import type { ParameterOf, Pass } from "../layers/layers.js";
import type { ModisBatch } from "./modis-batch.js";
import { judgmentLosses } from "./modis-losses.js";
import { discriminatorLayers, type ModisSpec, stackLayers } from "./modis-shape.js";

/** The discriminator as layers. */
export function modisDiscriminator(engine: Engine, spec: ModisSpec, of: ParameterOf) {
  const layers = discriminatorLayers(spec);
  const trunk = stackLayers(engine, of, layers.trunk);
  const onModality = stackLayers(engine, of, [layers.modality]);
  const onLabel = stackLayers(engine, of, [layers.label]);

  /**
   * Judges latent rows, and runs backward from its losses.
   * @param latents of each modality, `[rows, latent]`.
   * @param isForGenerators uses the autoencoders' losses, which reward wrong modalities, and returns the slope with
   *   respect to the latent rows.
   */
  return async function judge(
    latents: readonly Tensor[],
    batches: readonly ModisBatch[],
    pass: Pass,
    isForGenerators: boolean,
  ) {
    const shared = trunk.forward(engine.stackRows(latents), pass); // [rows of all, 256]
    const modality = onModality.forward(shared.out, pass); // [rows of all, modalities]
    const label = onLabel.forward(shared.out, pass); // [rows of all, classes]
    const read = [shared, modality, label].map(({ out }) => engine.read(out));
    const [hidden, modalityLogits, labelLogits] = await Promise.all(read);
    const { losses, slopes } = judgmentLosses(
      { hidden, modality: modalityLogits, label: labelLogits },
      batches.map(({ classes }) => classes),
      isForGenerators,
    );
    const slopeOf = (values: Float32Array) => engine.tensor(values, shared.out.rows);
    const fromHeads = engine.add(
      modality.back(slopeOf(slopes.modality), true)!,
      label.back(slopeOf(slopes.label), true)!,
    );
    const onHidden = engine.add(slopeOf(slopes.hidden), fromHeads);
    return { losses, slope: shared.back(onHidden, isForGenerators) }; // [rows of all, latent]
  };
}
