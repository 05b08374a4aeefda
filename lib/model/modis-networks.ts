// The networks of MODIS: its settings, an autoencoder per modality and the discriminator, with the authors' names.
import type { Matrix } from "../cohort/matrix.js";
import type { Engine, Tensor } from "../engine/engine.js";
import { latentLayer } from "../layers/latent.js";
import {
  batchNorm,
  batchNormTensors,
  countNumbers,
  dense,
  denseTensors,
  EVALUATION,
  type Layer,
  type ParameterOf,
  type Pass,
  relu,
  sequence,
  type TensorShape,
} from "../layers/layers.js";
import { reconstructionHead } from "../layers/losses.js";
import { checkOptions, demandsOf, NUMBER, required } from "../options.js";
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

/** Hidden units of the discriminator, and its heads. Source: modis/nn.py@1e2ebee, `Discriminator`. */
const TRUNK = [1024, 512, 256];
const trunkLayer = (i: number) => `discriminator.fc.${2 * i}`;
const [MODALITY, LABEL] = ["discriminator.adv_layer.0", "discriminator.aux_layer.0"];

/** Counts the features of all modalities. */
export function countFeatures({ modalities }: ModisSpec): number {
  return modalities.reduce((sum, { features }) => sum + features, 0);
}

/** A dense layer. */
interface ModisLayer {
  /** The name in the authors' state dict. */
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  /** The name of the batch normalization that follows, and then a leaky ReLU; by default neither. */
  readonly norm?: string;
}

/**
 * Lists the layers of one modality: the encoder, its two heads, the decoder and its output layer. Each is normalized and
 * rectified except the last of a chain and the heads; the decoder mirrors the encoder's ratios.
 * Source: modis/nn.py@1e2ebee, `VAE`.
 */
function autoencoderLayers(
  { modalities, latent }: Pick<ModisSpec, "modalities" | "latent">,
  index: number,
) {
  const { features, ratios } = modalities[index];
  const root = `variational_autoencoders.${index}`;
  const hidden = ratios.map((ratio) => Math.floor(features * ratio));
  const chain = (part: string, sizes: readonly number[]) =>
    sizes.slice(1).map((outputs, i): ModisLayer => {
      const layer = { name: `${root}.${part}.${3 * i}`, inputs: sizes[i], outputs };
      return i < sizes.length - 2 ? { ...layer, norm: `${root}.${part}.${3 * i + 1}` } : layer;
    });
  const head = (name: string): ModisLayer => {
    return { name: `${root}.${name}`, inputs: hidden[hidden.length - 1], outputs: latent };
  };
  const decoder = chain("decoder", [latent, ...hidden.toReversed(), features]);
  return {
    encoder: chain("encoder", [features, ...hidden]),
    mean: head("mu"),
    logVariance: head("logvar"),
    decoder: decoder.slice(0, -1),
    output: decoder[decoder.length - 1],
  };
}

/** Puts layers one after the other, each with what follows it. */
function stackLayers(engine: Engine, of: ParameterOf, layers: readonly ModisLayer[]): Layer {
  return sequence(
    ...layers.flatMap(({ name, norm }) =>
      norm === undefined
        ? [dense(engine, of, name)]
        : [
            dense(engine, of, name, { isNormalized: true }),
            batchNorm(engine, of, norm, { epsilon: 0.8 }),
            relu(engine, 0.2),
          ],
    ),
  );
}

/**
 * The variational autoencoder of one modality.
 *
 *     x [rows, features] -> encoder -> mu, logvar -> z = mu + e^(logvar / 2) noise [rows, latent]
 *     z -> decoder -> linear = reconstruction [rows, features]
 */
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

/**
 * The discriminator, which predicts the modality and the class of each latent row.
 *
 *     z of all modalities [rows of all, latent] -> trunk -> hidden [rows of all, 256] -> logits of the modality, of the class
 */
export function modisDiscriminator(engine: Engine, of: ParameterOf) {
  const trunk = sequence(
    ...TRUNK.flatMap((_, i) => [dense(engine, of, trunkLayer(i)), relu(engine, 0.2)]),
  );
  const [onModality, onLabel] = [MODALITY, LABEL].map((name) => dense(engine, of, name));

  /**
   * Judges latent rows, and runs backward from its losses.
   * @param latents of each modality, `[rows, latent]`.
   * @param classes of each modality's rows.
   * @param isForGenerators uses the autoencoders' losses, which reward wrong modalities, and returns the slope with
   *   respect to the latent rows.
   */
  return async function judge(
    latents: readonly Tensor[],
    classes: readonly ArrayLike<number>[],
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
  };
}

/**
 * Lists the tensors, modality by modality, then the discriminator's. At the paper's 50,455, 23,300 and 247 features, with
 * a latent space of 256 and two classes, the default ratios make 22,563,885,677 parameters, which are the "22B" that the
 * paper calls infeasible; ratios of 0.04 and 0.02 with a latent space of 64 make 253,119,043, without dropping a feature.
 */
export function modisTensors(spec: ModisSpec): TensorShape[] {
  const { modalities, latent, classes } = spec;
  const sizes = [latent, ...TRUNK];
  const inner = sizes[TRUNK.length];
  return [
    ...autoencoderTensors(spec),
    ...TRUNK.flatMap((units, i) => denseTensors(trunkLayer(i), units, sizes[i])),
    ...denseTensors(MODALITY, modalities.length, inner),
    ...denseTensors(LABEL, classes, inner),
  ];
}

/** Lists the tensors of all modalities' autoencoders. */
export function autoencoderTensors(spec: Pick<ModisSpec, "modalities" | "latent">): TensorShape[] {
  return spec.modalities.flatMap((_, i) => {
    const { encoder, mean, logVariance, decoder, output } = autoencoderLayers(spec, i);
    return [...encoder, mean, logVariance, ...decoder, output].flatMap(
      ({ name, outputs, inputs, norm }) => [
        ...denseTensors(name, outputs, inputs),
        ...(norm === undefined ? [] : batchNormTensors(norm, outputs)),
      ],
    );
  });
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
    return countNumbers(autoencoderTensors({ modalities, latent }), true);
  };
  let fits = 0;
  while (fits < 120 && count(fits + 1) <= parameters) fits++;
  const smallest = Math.min(...features);
  if (Math.floor((smallest * fits) / 200) < 1) {
    throw new RangeError(
      `fitRatios: expected room for a unit in each layer, got ${parameters} parameters, which allow ` +
        `ratios of ${ratiosOf(fits).join(" and ")} of ${smallest} features; allow more`,
    );
  }
  return ratiosOf(fits);
}

/** @throws RangeError naming the first setting that makes no sense, and what it may be. */
export function checkModisSpec(spec: ModisSpec): void {
  const {
    modalities,
    latent,
    classes,
    klWeight = 0,
  } = checkOptions("MODIS", spec, {
    modalities: required("array"),
    latent: NUMBER,
    classes: NUMBER,
    klWeight: "number",
  });
  const { demand, demandCount, demandWeight } = demandsOf("MODIS");
  demandCount("the number of modalities", modalities.length, 2);
  demandCount("latent", latent);
  demandCount("classes", classes, 2);
  demandWeight("klWeight", klWeight);
  for (const { name, features, ratios } of modalities) {
    demandCount(`${name}.features`, features);
    demand(`${name}.ratios`, ratios.length > 0, "at least one", "none");
    for (const ratio of ratios) {
      const hasUnit = Number.isFinite(ratio) && Math.floor(features * ratio) >= 1;
      demand(`${name}.ratios`, hasUnit, `finite and at least 1 / ${features}`, ratio);
    }
  }
}
