// The networks of MODIS: its settings, an autoencoder per modality and the discriminator, with the authors' names.
import type { Matrix } from "../cohort/matrix.js";
import type { Tensor } from "../engine/engine.js";
import { latentLayer } from "../layers/latent.js";
import {
  batchNorm,
  countNumbers,
  dense,
  type Layer,
  type Pass,
  relu,
  sequence,
} from "../layers/layers.js";
import { reconstructionHead } from "../layers/losses.js";
import { checkOptions, demandsOf, required } from "../options.js";
import { judgmentLosses } from "./modis-losses.js";

/** One modality, which has its own variational autoencoder. */
export interface ModisModality {
  readonly name: string;
  readonly features: number;
  /** Each hidden layer's units as a ratio to the features, from the input on; rounded down. */
  readonly ratios: readonly number[];
}

export interface ModisSpec {
  readonly modalities: readonly ModisModality[];
  /** Units of the latent space that all modalities share; 256 in the authors' example. */
  readonly latent: number;
  /** Number of classes of the label that the latent space must separate. */
  readonly classes: number;
  /**
   * Weight of the KL divergence of the latent rows from the standard normal, summed over rows and units; 5e-4 by
   * default, as in the authors' example. Source: example/config/tcga.yaml@1bdbb58.
   */
  readonly klWeight?: number;
}

/**
 * The authors' default: five layers up to 1.2 times as wide as the input. Source: modis/nn.py@1e2ebee, `Model`.
 */
export const DEFAULT_RATIOS: readonly number[] = [1.2, 1, 0.75, 0.5, 0.25];

/** Hidden units of the discriminator. Source: modis/nn.py@1e2ebee, `Discriminator`. */
const TRUNK = [1024, 512, 256];

/** Counts the features of all modalities. */
export function countFeatures({ modalities }: ModisSpec): number {
  return modalities.reduce((sum, { features }) => sum + features, 0);
}

/**
 * Dense layers from each size to the next; all but the last are normalized and rectified.
 * @param name in the authors' state dict, where each takes three numbers: layer, normalization and ReLU.
 */
function chain(name: string, sizes: readonly number[]): Layer[] {
  return sizes.slice(1).map((outputs, i) => {
    const isNormalized = i < sizes.length - 2;
    const layer = dense(`${name}.${3 * i}`, sizes[i], outputs, { isNormalized });
    if (!isNormalized) return layer;
    return sequence(layer, batchNorm(`${name}.${3 * i + 1}`, outputs, { epsilon: 0.8 }), relu(0.2));
  });
}

/**
 * The variational autoencoder of one modality, whose decoder mirrors the encoder's ratios.
 *
 *     x [rows, features] -> encoder -> mu, logvar -> z = mu + e^(logvar / 2) noise [rows, latent]
 *     z -> decoder -> linear = reconstruction [rows, features]
 *
 * Source: modis/nn.py@1e2ebee, `VAE`.
 */
export function modisAutoencoder(
  { modalities, latent }: Pick<ModisSpec, "modalities" | "latent">,
  index: number,
) {
  const { features, ratios } = modalities[index];
  const root = `variational_autoencoders.${index}`;
  const hidden = ratios.map((ratio) => Math.floor(features * ratio));
  const encoder = sequence(...chain(`${root}.encoder`, [features, ...hidden]));
  const bottleneck = latentLayer({
    inputs: hidden[hidden.length - 1],
    units: latent,
    mean: `${root}.mu`,
    logVariance: `${root}.logvar`,
  });
  const mirrored = [latent, ...hidden.toReversed(), features];
  const decoder = sequence(...chain(`${root}.decoder`, mirrored).slice(0, -1));
  const outputAs = (activation: "linear" | "relu") =>
    reconstructionHead(
      `${root}.decoder.${3 * hidden.length}`,
      hidden[0],
      features,
      activation,
      "squared",
    );
  const output = outputAs("linear");
  return {
    tensors: [encoder, bottleneck, decoder, output.layer].flatMap(({ tensors }) => tensors),
    /** Gives the latent rows, and the way back through heads and encoder. */
    encode({ values, rows }: Matrix, pass: Pass) {
      const hidden = encoder.forward(pass.engine.tensor(values, rows), pass);
      const latent = bottleneck.forward(hidden.out, pass); // [rows, latent]
      return {
        ...latent,
        back: (slope: Tensor, klWeight: number) => hidden.back(latent.back(slope, klWeight), false),
      };
    },
    /** All but the output layer, which is fused with its loss in `output`. */
    decoder,
    output,
    /** The output clamped at 0, as preprocessed values are. */
    clampedOutput: outputAs("relu"),
    /** `[rows, latent]` to the reconstruction `[rows, features]`. */
    decode: (z: Tensor, pass: Pass): Tensor => sequence(decoder, output.layer).forward(z, pass).out,
  };
}

/**
 * The discriminator, which predicts the modality and the class of each latent row.
 *
 *     z of all modalities [rows of all, latent] -> trunk -> hidden [rows of all, 256] -> logits of the modality, of the class
 */
export function modisDiscriminator({ modalities, latent, classes }: ModisSpec) {
  const sizes = [latent, ...TRUNK];
  const inner = sizes[TRUNK.length];
  const trunk = sequence(
    ...TRUNK.flatMap((units, i) => [
      dense(`discriminator.fc.${2 * i}`, sizes[i], units),
      relu(0.2),
    ]),
  );
  const onModality = dense("discriminator.adv_layer.0", inner, modalities.length);
  const onLabel = dense("discriminator.aux_layer.0", inner, classes);

  /**
   * Judges latent rows, and runs backward from its losses.
   * @param latents of each modality, `[rows, latent]`.
   * @param classes of each modality's rows.
   * @param isForGenerators uses the autoencoders' losses, which reward wrong modalities, and returns the slope with
   *   respect to the latent rows.
   */
  async function judge(
    latents: readonly Tensor[],
    classes: readonly ArrayLike<number>[],
    pass: Pass,
    isForGenerators: boolean,
  ) {
    const { engine } = pass;
    const shared = trunk.forward(engine.stackRows(latents), pass); // [rows of all, 256]
    const modality = onModality.forward(shared.out, pass); // [rows of all, modalities]
    const label = onLabel.forward(shared.out, pass); // [rows of all, classes]
    const read = [shared, modality, label].map(({ out }) => engine.read(out));
    const [hidden, modalityLogits, labelLogits] = await Promise.all(read);
    const { losses, slopes } = judgmentLosses(
      { hidden, modality: modalityLogits, label: labelLogits },
      classes,
      isForGenerators,
    );
    const slopeOf = (values: Float32Array) => engine.tensor(values, shared.out.rows);
    const fromHeads = engine.add(
      modality.back(slopeOf(slopes.modality), true)!,
      label.back(slopeOf(slopes.label), true)!,
    );
    const onHidden = engine.add(slopeOf(slopes.hidden), fromHeads);
    return { losses, slope: shared.back(onHidden, isForGenerators) }; // [rows of all, latent]
  }
  return { tensors: [trunk, onModality, onLabel].flatMap(({ tensors }) => tensors), judge };
}

/**
 * Counts the parameters of all modalities' autoencoders. At the paper's 50,455, 23,300 and 247 features, with a latent
 * space of 256 and two classes, the default ratios and the discriminator make 22,563,885,677 parameters, which are the
 * "22B" that the paper calls infeasible; ratios of 0.04 and 0.02 with a latent space of 64 make 253,119,043, without
 * dropping a feature.
 */
export function countAutoencoders(spec: Pick<ModisSpec, "modalities" | "latent">): number {
  const tensors = spec.modalities.flatMap((_, i) => modisAutoencoder(spec, i).tensors);
  return countNumbers(tensors, true);
}

/**
 * Finds the widest ratios, `r` and `r / 2` with r in hundredths, at which the autoencoders of all modalities together
 * have at most this many parameters: 0.04 and 0.02 for ARO's parameter count at the paper's features.
 * @throws RangeError if not even 0.01 fits, or a layer would have no unit.
 */
export function fitRatios(
  features: readonly number[],
  latent: number,
  parameters: number,
): readonly number[] {
  const ratiosOf = (hundredths: number) => [hundredths / 100, hundredths / 200];
  const count = (hundredths: number) => {
    const ratios = ratiosOf(hundredths);
    const modalities = features.map((size, i) => ({ name: `${i}`, features: size, ratios }));
    return countAutoencoders({ modalities, latent });
  };
  const smallest = Math.min(...features);
  const least = Math.ceil(200 / smallest); // hundredths, with a unit in each layer
  let fits = least - 1;
  while (fits < 120 && count(fits + 1) <= parameters) fits++;
  if (fits < least) {
    throw new RangeError(
      `fitRatios: expected room for a unit in each layer, got ${parameters} parameters, too few for ` +
        `ratios of ${ratiosOf(least).join(" and ")} of ${smallest} features; allow more`,
    );
  }
  return ratiosOf(fits);
}

/** @throws RangeError naming the first setting that makes no sense, and what it may be. */
export function checkModisSpec(spec: ModisSpec): void {
  const { modalities, classes } = checkOptions("MODIS", spec, {
    modalities: required("array"),
    latent: required("count"),
    classes: required("number"),
    klWeight: "weight",
  });
  const { demand, demandCount } = demandsOf("MODIS");
  demandCount("the number of modalities", modalities.length, 2);
  demandCount("classes", classes, 2);
  for (const { name, features, ratios } of modalities) {
    demandCount(`${name}.features`, features);
    demand(`${name}.ratios`, ratios.length > 0, "at least one", "none");
    for (const ratio of ratios) {
      const hasUnit = Number.isFinite(ratio) && Math.floor(features * ratio) >= 1;
      demand(`${name}.ratios`, hasUnit, `finite and at least 1 / ${features}`, ratio);
    }
  }
}
