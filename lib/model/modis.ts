// MODIS, the paper's comparator: its layers, parameter names and counts, and the seeded weights that training starts from.
import { createRandom } from "../cohort/random.js";
import { type Parameter, sizeOf, type Weights } from "./autoencoder.js";

/** One modality: a variational autoencoder of its own. */
export interface ModisModality {
  readonly name: string;
  readonly features: number;
  /** Units of each hidden layer as shares of the features, from the input on; rounded down. */
  readonly ratios: readonly number[];
}

export interface ModisSpec {
  readonly modalities: readonly ModisModality[];
  /** Units of the latent space that all modalities share; 256 in the authors' example. */
  readonly latent: number;
  /** Values of the label that the latent space must tell apart. */
  readonly classes: number;
}

/**
 * Where `encoder_ratios` is not given, five layers up to 1.2 times as wide as the input.
 * Source: modis/nn.py@1e2ebee, `Model`.
 */
export const DEFAULT_RATIOS: readonly number[] = [1.2, 1, 0.75, 0.5, 0.25];

/** A layer of a chain. A plain one is linear alone; any other is followed by a leaky ReLU. */
export interface ChainLayer {
  /** Of the linear layer, in the authors' state dict. */
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  /** The batch normalization between the two; null for none. */
  readonly norm: string | null;
  readonly plain: boolean;
}

/** A modality's encoder, the two heads that follow it, and its decoder. */
export interface VaeLayers {
  readonly encoder: readonly ChainLayer[];
  readonly mean: ChainLayer;
  readonly logVariance: ChainLayer;
  readonly decoder: readonly ChainLayer[];
}

/** The discriminator's hidden layers, and what they are asked for: the modality, and the class. */
export interface DiscriminatorLayers {
  readonly trunk: readonly ChainLayer[];
  readonly modality: ChainLayer;
  readonly label: ChainLayer;
}

const TRUNK = [1024, 512, 256];

/**
 * Lists the layers of one modality. The encoder's last is plain; the decoder mirrors the ratios and normalizes after
 * each, then ends in a plain layer.
 * Source: modis/nn.py@1e2ebee, `VAE`.
 */
export function vaeLayers({ modalities, latent }: ModisSpec, index: number): VaeLayers {
  const { features, ratios } = modalities[index];
  const root = `variational_autoencoders.${index}`;
  const hidden = ratios.map((ratio) => Math.floor(features * ratio));
  const last = hidden[hidden.length - 1];
  const chain = (part: string, sizes: readonly number[]): ChainLayer[] =>
    sizes.slice(1).map((outputs, i) => {
      const plain = i === sizes.length - 2;
      return {
        name: `${root}.${part}.${3 * i}`,
        inputs: sizes[i],
        outputs,
        norm: plain ? null : `${root}.${part}.${3 * i + 1}`,
        plain,
      };
    });
  const head = (name: string): ChainLayer => {
    return { name: `${root}.${name}`, inputs: last, outputs: latent, norm: null, plain: true };
  };
  return {
    encoder: chain("encoder", [features, ...hidden]),
    mean: head("mu"),
    logVariance: head("logvar"),
    decoder: chain("decoder", [latent, ...hidden.toReversed(), features]),
  };
}

/** Lists the layers of the discriminator: 1,024, 512 and 256 units. Source: modis/nn.py@1e2ebee, `Discriminator`. */
export function discriminatorLayers({
  modalities,
  latent,
  classes,
}: ModisSpec): DiscriminatorLayers {
  const root = "discriminator";
  const sizes = [latent, ...TRUNK];
  const layer = (name: string, inputs: number, outputs: number, plain: boolean): ChainLayer => {
    return { name: `${root}.${name}`, inputs, outputs, norm: null, plain };
  };
  const inner = sizes[sizes.length - 1];
  return {
    trunk: TRUNK.map((outputs, i) => layer(`fc.${2 * i}`, sizes[i], outputs, false)),
    modality: layer("adv_layer.0", inner, modalities.length, true),
    label: layer("aux_layer.0", inner, classes, true),
  };
}

/** Lists the trained parameters by layer, the modalities' first, named as in the authors' state dict. */
export function modisParameters(spec: ModisSpec): Parameter[] {
  return allLayers(spec).flatMap(({ name, inputs, outputs, norm }) => [
    { name: `${name}.weight`, shape: [outputs, inputs] },
    { name: `${name}.bias`, shape: [outputs] },
    ...(norm === null ? [] : ["weight", "bias"]).map((kind) => ({
      name: `${norm}.${kind}`,
      shape: [outputs],
    })),
  ]);
}

/** Lists the running means and variances of the normalized layers, which are kept beside the parameters. */
export function modisStatistics(spec: ModisSpec): Parameter[] {
  return allLayers(spec).flatMap(({ norm, outputs }) =>
    (norm === null ? [] : ["running_mean", "running_var"]).map((kind) => ({
      name: `${norm}.${kind}`,
      shape: [outputs],
    })),
  );
}

/**
 * Counts the trained parameters. At the paper's 50,455, 23,300 and 247 features, with a latent space of 256 and two
 * classes, the default ratios make 22,563,885,677, which are the "22B" that the paper calls infeasible; ratios of 0.04
 * and 0.02 with a latent space of 64 make 253,119,043, without dropping a feature.
 */
export function countModisParameters(spec: ModisSpec): number {
  return modisParameters(spec).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

/**
 * Gives the widest ratios, `r` and `r / 2` with r in hundredths, at which the autoencoders of all modalities together
 * have at most so many parameters: 0.04 and 0.02 for as many as ARO has at the paper's features.
 * @throws RangeError if not even 0.01 fits, or a layer would be left without a unit.
 */
export function fitRatios(
  features: readonly number[],
  latent: number,
  parameters: number,
): readonly number[] {
  const ratiosOf = (hundredths: number) => [hundredths / 100, hundredths / 200];
  const count = (hundredths: number) => {
    const modalities = features.map((size, i) => {
      return { name: `${i}`, features: size, ratios: ratiosOf(hundredths) };
    });
    const layers = modalities.flatMap((_, i) => {
      const { encoder, mean, logVariance, decoder } = vaeLayers(
        { modalities, latent, classes: 2 },
        i,
      );
      return [...encoder, mean, logVariance, ...decoder];
    });
    return layers.reduce(
      (sum, { inputs, outputs, norm }) => sum + outputs * (inputs + (norm === null ? 1 : 3)),
      0,
    );
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

/**
 * Draws the initial weights from a seed as PyTorch does by default: linear layers uniform in `±1 / sqrt(in)`,
 * normalized ones at scale 1 and shift 0 with running means of 0 and variances of 1.
 */
export function initializeModis(spec: ModisSpec, seed: number): Map<string, Float32Array> {
  checkModisSpec(spec);
  const weights = new Map<string, Float32Array>();
  for (const { name, inputs, outputs, norm } of allLayers(spec)) {
    const bound = 1 / Math.sqrt(inputs);
    weights.set(`${name}.weight`, drawUniform(seed, `${name}.weight`, outputs * inputs, bound));
    weights.set(`${name}.bias`, drawUniform(seed, `${name}.bias`, outputs, bound));
    if (norm === null) continue;
    weights.set(`${norm}.weight`, new Float32Array(outputs).fill(1));
    weights.set(`${norm}.bias`, new Float32Array(outputs));
    weights.set(`${norm}.running_mean`, new Float32Array(outputs));
    weights.set(`${norm}.running_var`, new Float32Array(outputs).fill(1));
  }
  return weights;
}

/** @throws RangeError naming the first setting that makes no sense, and what it may be. */
export function checkModisSpec({ modalities, latent, classes }: ModisSpec): void {
  const refuse = (name: string, expected: string, got: unknown) => {
    throw new RangeError(`checkModisSpec: expected ${name} to be ${expected}, got ${got}`);
  };
  const count = (name: string, value: number, least: number) => {
    if (Number.isInteger(value) && value >= least) return;
    refuse(name, `a whole number of at least ${least}`, value);
  };
  count("the number of modalities", modalities.length, 2);
  count("latent", latent, 1);
  count("classes", classes, 2);
  for (const { name, features, ratios } of modalities) {
    count(`${name}.features`, features, 1);
    if (ratios.length === 0) refuse(`${name}.ratios`, "at least one", "none");
    for (const ratio of ratios) {
      if (Number.isFinite(ratio) && Math.floor(features * ratio) >= 1) continue;
      refuse(`${name}.ratios`, `finite and at least 1 / ${features}`, ratio);
    }
  }
}

/**
 * Checks that there is one array of the right length for each parameter and statistic, and no other.
 * @throws RangeError naming the first that is not.
 */
export function requireModisWeights(where: string, spec: ModisSpec, weights: Weights): void {
  const expected = [...modisParameters(spec), ...modisStatistics(spec)];
  for (const { name, shape } of expected) {
    const got = weights.get(name)?.length;
    if (got === sizeOf(shape)) continue;
    throw new RangeError(
      `${where}: expected ${sizeOf(shape)} numbers for ${name} [${shape.join(", ")}], got ${got ?? "none"}`,
    );
  }
  if (weights.size === expected.length) return;
  const known = new Set(expected.map(({ name }) => name));
  const other = [...weights.keys()].find((name) => !known.has(name));
  throw new RangeError(`${where}: expected no parameter named "${other}" in this model`);
}

function allLayers(spec: ModisSpec): ChainLayer[] {
  const vaes = spec.modalities.flatMap((_, i) => {
    const { encoder, mean, logVariance, decoder } = vaeLayers(spec, i);
    return [...encoder, mean, logVariance, ...decoder];
  });
  const { trunk, modality, label } = discriminatorLayers(spec);
  return [...vaes, ...trunk, modality, label];
}

/** A part at a time, so that hundreds of millions are drawn in a second. */
function drawUniform(seed: number, stream: string, size: number, bound: number): Float32Array {
  const random = createRandom(seed, stream);
  const values = new Float32Array(size);
  const words = new Uint32Array(Math.min(size, 1 << 16));
  for (let start = 0; start < size; start += words.length) {
    const part = words.subarray(0, Math.min(words.length, size - start));
    random.fillUint32(part);
    for (let i = 0; i < part.length; i++) values[start + i] = (part[i] / 2 ** 31 - 1) * bound;
  }
  return values;
}
