// A variational autoencoder, the outlook of the paper's section 6, with the shape of the authors' LinearVAE.
//
//   x [rows, features] -> inp_lin -> ReLU -> 3 x (enc -> ReLU) = h [rows, width]
//   h -> mu_lin = m, h -> log_var_lin -> clamp to [-10, 2] = l; z = m + e^(l / 2) noise [rows, latent]
//   z -> dec_lin -> ReLU -> 3 x (dec -> ReLU) -> out_lin -> softplus = reconstruction [rows, features]
//
// The loss is the mean Huber loss over the observed entries, plus the KL divergence of z from the standard normal, divided
// by the number of observed entries. With a weight of 1 it is the negative evidence lower bound per observed entry, with
// the Huber loss as the negative log-likelihood. The authors average the divergence over rows and latent units instead:
// their weight w is a `klWeight` of w x observed / (rows x latent).
// Source: LinearVAE and VAEModule in ccdderc/ARO@e3bb22a, src/models.py and src/autoencoder_modules.py.
import type { Matrix } from "../cohort/matrix.js";
import { latentLayer } from "../layers/latent.js";
import { dense, dropout, type Layer, relu, sequence } from "../layers/layers.js";
import { reconstructionHead } from "../layers/losses.js";
import { checkOptions, required } from "../options.js";
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

/** The shape of a variational autoencoder, and the weight of its divergence. */
export interface VaeSpec extends Sight {
  /** Units of each hidden layer; 4,096 in the authors' configuration. */
  readonly width: number;
  /** Layers of width x width after the input layer; 3 in the authors' configuration. */
  readonly encoderLayers: number;
  /** Units of the latent space; 2,048 in the authors' configuration. */
  readonly latent: number;
  /** Layers of width x width before the output layer, after the one from the latent space; 3 in the authors' configuration. */
  readonly decoderLayers: number;
  /** "softplus" in the authors' configuration. */
  readonly output: "softplus" | "relu";
  /** Share of each hidden layer's units set to 0 in a training step, in [0, 1); 0.1 in the authors' configuration. */
  readonly hiddenDropout: number;
  /** Weight of the KL divergence after the warm-up; 1 gives the evidence lower bound. */
  readonly klWeight: number;
  /** Epochs over which the weight rises linearly from 0; 0 for no warm-up, 750 in the authors' code. */
  readonly warmUpEpochs: number;
}

/** The variational autoencoder as layers, with the authors' names. Its latent representation is the mean. */
export const VAE: Trainable<VaeSpec, Matrix, AutoencoderNetwork> = {
  name: "VAE",
  check: checkVaeSpec,
  rowSize: ({ features }) => features,
  deal: dealRows,
  stream: "noise",

  network(spec) {
    const { features, width } = spec;
    const stack = (first: Layer, part: string, more: number) => {
      const others = Array.from({ length: more }, (_, i) => dense(`${part}.${i}`, width, width));
      return sequence(
        ...[first, ...others].flatMap((layer) => [layer, relu(), dropout(spec.hiddenDropout)]),
      );
    };
    const first = dense("inp_lin", features, width, { columns: visibleOf(spec) });
    const encoder = stack(first, "enc", spec.encoderLayers);
    const bottleneck = latentLayer({
      inputs: width,
      units: spec.latent,
      mean: "mu_lin",
      logVariance: "log_var_lin",
      clamp: { low: -10, high: 2 },
    });
    const decoder = stack(dense("dec_lin", spec.latent, width), "dec", spec.decoderLayers);
    const last = reconstructionHead("out_lin", width, features, spec.output, "huber");

    return {
      ...matrixBatches(spec),
      tensors: [encoder, bottleneck, decoder, last.layer].flatMap(({ tensors }) => tensors),
      leastRows: 1,
      async pass(batch, observed, pass) {
        const hidden = encoder.forward(see(batch, spec, pass), pass); // [rows, width]
        const latent = bottleneck.forward(hidden.out, pass); // [rows, latent]
        const decoded = decoder.forward(latent.z, pass); // [rows, width]
        const { sums, slope } = last.measure(decoded.out, batch, observed, pass);
        if (slope) {
          const weight = klWeightAt(spec, pass.epoch) / observed;
          hidden.back(latent.back(decoded.back(slope, true)!, weight), false);
        }
        return { ...(await sums), parts: { KL: (await latent.divergence()) / observed } };
      },
      encoder: () => sequence(encoder, bottleneck.meanHead),
      decoder: sequence(decoder, last.layer),
    };
  },
};

/** The weight of the KL divergence in an epoch, counted from 1. */
export function klWeightAt({ klWeight, warmUpEpochs }: VaeSpec, epoch: number): number {
  return klWeight * (warmUpEpochs > 0 ? Math.min(1, (epoch - 1) / warmUpEpochs) : 1);
}

function checkVaeSpec(spec: VaeSpec): void {
  checkOptions("VAE", spec, {
    ...SIGHT,
    width: required("count"),
    encoderLayers: required("whole"),
    latent: required("count"),
    decoderLayers: required("whole"),
    hiddenDropout: required("share"),
    klWeight: required("weight"),
    warmUpEpochs: required("whole"),
  });
  checkSight("VAE", spec);
}
