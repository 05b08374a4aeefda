// The variational autoencoder of one modality of MODIS.
//
//   x [rows, features] -> encoder -> mu, logvar -> z = mu + e^(logvar / 2) noise [rows, latent]
//   z -> decoder -> linear = reconstruction [rows, features]
import type { Matrix } from "../cohort/matrix.js";
import type { Engine, Tensor } from "../engine/engine.js";
import { latentLayer } from "../layers/latent.js";
import { EVALUATION, type ParameterOf, type Pass, sequence } from "../layers/layers.js";
import { reconstructionHead } from "../layers/losses.js";
import { autoencoderLayers, type ModisSpec, stackLayers } from "./modis-shape.js";

/** The variational autoencoder of one modality, as layers. */
export function modisAutoencoder(engine: Engine, spec: ModisSpec, of: ParameterOf, index: number) {
  const { encoder, mean, logVariance, decoder, output } = autoencoderLayers(spec, index);
  const encoderLayers = stackLayers(engine, of, encoder);
  const bottleneck = latentLayer(engine, of, { mean: mean.name, logVariance: logVariance.name });
  const decoderLayers = stackLayers(engine, of, decoder);
  const head = reconstructionHead(engine, of, output.name, "linear", "squared");
  return {
    /** Gives the latent rows, and the way back through heads and encoder. */
    encode({ values, rows }: Matrix, pass: Pass) {
      const hidden = encoderLayers.forward(engine.tensor(values, rows), pass);
      const latent = bottleneck.forward(hidden.out, pass); // [rows, latent]
      return {
        ...latent,
        back: (slope: Tensor, klWeight: number) => hidden.back(latent.back(slope, klWeight), false),
      };
    },
    /** All but the output layer, which is fused with its loss in `output`. */
    decoder: decoderLayers,
    output: head,
    /** The output clamped at 0, as preprocessed values are. */
    clampedOutput: reconstructionHead(engine, of, output.name, "relu", "squared"),
    /** `[rows, latent]` to the reconstruction `[rows, features]`. */
    decode: (z: Tensor): Tensor => sequence(decoderLayers, head.layer).forward(z, EVALUATION).out,
  };
}
