// The shape of MODIS: its settings, its layers with the authors' names, and ratios that fit a parameter budget.
import type { Engine } from "../engine/engine.js";
import {
  batchNorm,
  batchNormTensors,
  dense,
  denseTensors,
  type Layer,
  type ParameterOf,
  relu,
  sequence,
  type TensorShape,
} from "../layers/layers.js";
import { checkOptions, required } from "../options.js";
import { countParameters } from "./model.js";
import { demandsOf, NUMBER } from "./settings.js";

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

/** A dense layer. */
export interface ModisLayer {
  /** The name in the authors' state dict. */
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  /** The name of the batch normalization that follows; null if none does. */
  readonly norm: string | null;
  /** Whether a leaky ReLU follows. */
  readonly isRectified: boolean;
}

/** An encoder, its two heads, and a decoder with its output layer. */
export interface ModisAutoencoder {
  readonly encoder: readonly ModisLayer[];
  readonly mean: ModisLayer;
  readonly logVariance: ModisLayer;
  readonly decoder: readonly ModisLayer[];
  readonly output: ModisLayer;
}

/**
 * Lists the layers of one modality. Each is normalized and rectified except the encoder's last; the decoder mirrors the
 * encoder's ratios.
 * Source: modis/nn.py@1e2ebee, `VAE`.
 */
export function autoencoderLayers(
  { modalities, latent }: ModisSpec,
  index: number,
): ModisAutoencoder {
  const { features, ratios } = modalities[index];
  const root = `variational_autoencoders.${index}`;
  const hidden = ratios.map((ratio) => Math.floor(features * ratio));
  const last = hidden[hidden.length - 1];
  const plain = (name: string, inputs: number, outputs: number): ModisLayer => {
    return { name: `${root}.${name}`, inputs, outputs, norm: null, isRectified: false };
  };
  /** The layers between these sizes, and the plain layer at the end. */
  const chain = (part: string, sizes: readonly number[]) => {
    const inner = sizes.slice(1, -1).map((outputs, i) => ({
      ...{ name: `${root}.${part}.${3 * i}`, inputs: sizes[i], outputs },
      ...{ norm: `${root}.${part}.${3 * i + 1}`, isRectified: true },
    }));
    const [inputs, outputs] = sizes.slice(-2);
    return { inner, end: plain(`${part}.${3 * inner.length}`, inputs, outputs) };
  };
  const encoder = chain("encoder", [features, ...hidden]);
  const decoder = chain("decoder", [latent, ...hidden.toReversed(), features]);
  return {
    encoder: [...encoder.inner, encoder.end],
    mean: plain("mu", last, latent),
    logVariance: plain("logvar", last, latent),
    decoder: decoder.inner,
    output: decoder.end,
  };
}

/** Puts layers one after the other, each with its normalization and its leaky ReLU, if any. */
export function stackLayers(engine: Engine, of: ParameterOf, layers: readonly ModisLayer[]): Layer {
  return sequence(
    ...layers.flatMap(({ name, norm, isRectified }) => [
      dense(engine, of, name, { isNormalized: norm !== null }),
      ...(norm === null ? [] : [batchNorm(engine, of, norm, { epsilon: 0.8 })]),
      ...(isRectified ? [relu(engine, 0.2)] : []),
    ]),
  );
}

/** The discriminator's hidden layers, and its two heads: which modality, and which class. */
export interface ModisDiscriminator {
  readonly trunk: readonly ModisLayer[];
  readonly modality: ModisLayer;
  readonly label: ModisLayer;
}

/** Lists the layers of the discriminator: 1,024, 512 and 256 units, and the heads. */
export function discriminatorLayers({
  modalities,
  latent,
  classes,
}: ModisSpec): ModisDiscriminator {
  const layer = (name: string, inputs: number, outputs: number, isRectified: boolean) => {
    return { name: `discriminator.${name}`, inputs, outputs, norm: null, isRectified };
  };
  const sizes = [latent, ...TRUNK];
  const inner = sizes[sizes.length - 1];
  return {
    trunk: TRUNK.map((outputs, i) => layer(`fc.${2 * i}`, sizes[i], outputs, true)),
    modality: layer("adv_layer.0", inner, modalities.length, false),
    label: layer("aux_layer.0", inner, classes, false),
  };
}

/**
 * Lists the tensors, modality by modality, then the discriminator's. At the paper's 50,455, 23,300 and 247 features, with
 * a latent space of 256 and two classes, the default ratios make 22,563,885,677 parameters, which are the "22B" that the
 * paper calls infeasible; ratios of 0.04 and 0.02 with a latent space of 64 make 253,119,043, without dropping a feature.
 */
export function modisTensors(spec: ModisSpec): TensorShape[] {
  const { trunk, modality, label } = discriminatorLayers(spec);
  return [...autoencoderTensors(spec), ...[...trunk, modality, label].flatMap(layerTensors)];
}

function autoencoderTensors(spec: ModisSpec): TensorShape[] {
  return spec.modalities.flatMap((_, i) => {
    const { encoder, mean, logVariance, decoder, output } = autoencoderLayers(spec, i);
    return [...encoder, mean, logVariance, ...decoder, output].flatMap(layerTensors);
  });
}

function layerTensors({ name, outputs, inputs, norm }: ModisLayer): TensorShape[] {
  return [
    ...denseTensors(name, outputs, inputs),
    ...(norm === null ? [] : batchNormTensors(norm, outputs)),
  ];
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
    return countParameters({ tensors: autoencoderTensors }, { modalities, latent, classes: 2 });
  };
  let fits = 0;
  while (fits < 120 && count(fits + 1) <= parameters) fits++;
  const smallest = Math.min(...features);
  if (Math.floor((smallest * fits) / 200) < 1) {
    throw new RangeError(
      `fitRatios: expected room for a unit in each layer, got ratios of ${ratiosOf(fits).join(" and ")} ` +
        `of ${smallest} features within ${parameters} parameters; allow more parameters`,
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
