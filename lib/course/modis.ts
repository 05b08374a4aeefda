// Exercises to notebook 7: the widths and parameters of MODIS, its divergence, translation, and a size that fits.
import { countAutoencoders, DEFAULT_RATIOS } from "../model/modis-networks.js";
import { askFunction, askProperty, isFunction, sumOf } from "./exercise.js";

type Widths = (features: number, ratios: number[]) => number[];
type Parameters = (features: number, widths: number[], latent: number) => number;
type Divergence = (mean: number[], logVariance: number[]) => number;
type Encode = (x: number[]) => { mean: number[]; logVariance: number[] };
type Decode = (latent: number[]) => number[];
type Translate = (
  x: number[],
  encodeRna: Encode,
  decodeRna: Decode,
  decodeProtein: Decode,
) => number[];
type LargestRatio = (count: (ratio: number) => number, budget: number) => number;

const widthsOf: Widths = (features, ratios) => ratios.map((ratio) => Math.floor(features * ratio));

const dense = (inputs: number, outputs: number) => inputs * outputs + outputs;

/** Parameters of dense layers between these sizes. */
const chain = (sizes: readonly number[]) =>
  sumOf(sizes.slice(1).map((outputs, i) => dense(sizes[i], outputs)));

/** Parameters of one autoencoder, counted from the tensors that the model is built from. */
const countTensors: Parameters = (features, widths, latent) => {
  const ratios = widths.map((width) => (width + 0.5) / features); // rounded down, these give the widths
  const modalities = [{ name: "one", features, ratios }];
  return countAutoencoders({ modalities, latent });
};

/** Batch normalizations of one autoencoder: all layers of the given widths but the encoder's last. */
const normsOf = (widths: readonly number[]) => 2 * (2 * sumOf(widths) - widths[widths.length - 1]);

const divergence: Divergence = (mean, logVariance) =>
  -0.5 * sumOf(mean.map((mu, i) => 1 + logVariance[i] - mu ** 2 - Math.exp(logVariance[i])));
const doubled = (values: readonly number[]) => values.map((value) => 2 * value);

const encode: Encode = ([a, b]) => ({ mean: [a - b, 0.5 * b], logVariance: [-1, 0.4] });
const decodeRna: Decode = ([u, v]) => [u + 2 * v, 2 * v];
const decodeProtein: Decode = ([u, v]) => [u, v - u, 3 * v];
const clamp = (values: readonly number[]) => values.map((value) => Math.max(value, 0));

/** Parameter counts that grow in steps with the ratio, as widths are whole numbers, and budgets for them. */
const COUNTS: readonly (readonly [count: (ratio: number) => number, budget: number])[] = [
  [5000, 20],
  [71094, 12],
].map(([features, shrink]) => {
  const count = (ratio: number) => {
    const [wide, narrow] = widthsOf(features, [ratio, ratio / 2]);
    return 2 * features * wide + 2 * wide * narrow + features + wide;
  };
  return [count, Math.round(count(1) / shrink)] as const;
});

const NEAR = 1.001; // how close to the budget a ratio must come

export const MODIS_EXERCISES = {
  "07.1": askFunction<Widths>({
    cases: [
      [247, [...DEFAULT_RATIOS]],
      [50455, [0.04, 0.02]],
    ],
    right: widthsOf,
    mistakes: [
      [
        "the code rounds down; a layer with part of a unit does not exist",
        (features, ratios) => ratios.map((ratio) => features * ratio),
      ],
      [
        "the code rounds down, not to the nearest",
        (features, ratios) => ratios.map((ratio) => Math.round(features * ratio)),
      ],
      [
        "each ratio is of the features, not of the layer before",
        (features, ratios) => {
          let width = features;
          return ratios.map((ratio) => {
            width = Math.floor(width * ratio);
            return width;
          });
        },
      ],
    ],
    otherwise: "one width for each ratio: the ratio times the features",
  }),

  "07.2": askFunction<Parameters>({
    cases: [
      [100, [120, 50], 16],
      [247, widthsOf(247, [...DEFAULT_RATIOS]), 256],
      [10, [4], 2],
    ],
    right: countTensors,
    mistakes: [
      [
        "batch normalization has two numbers for each unit",
        (...inputs) => countTensors(...inputs) - normsOf(inputs[1]),
      ],
      [
        "the last layer of the encoder has no batch normalization",
        (...inputs) => countTensors(...inputs) + 2 * inputs[1][inputs[1].length - 1],
      ],
      [
        "a variational encoder has two heads: for the mean and for the log-variance",
        (...inputs) => countTensors(...inputs) - dense(inputs[1][inputs[1].length - 1], inputs[2]),
      ],
      [
        "this is the encoder with its heads; the decoder is missing",
        (features, widths, latent) =>
          chain([features, ...widths]) +
          2 * dense(widths[widths.length - 1], latent) +
          2 * sumOf(widths.slice(0, -1)),
      ],
      [
        "each dense layer has a bias",
        (...inputs) => {
          const [features, widths, latent] = inputs;
          return countTensors(...inputs) - (2 * sumOf(widths) + 2 * latent + features);
        },
      ],
    ],
    otherwise: "list the layers: encoder, two heads, decoder with the widths in reverse, output",
  }),

  "07.3": askFunction<Divergence>({
    cases: [
      [
        [0, 0],
        [0, 0],
      ],
      [
        [1, -0.5, 0.2],
        [0.3, -1, 0],
      ],
    ],
    right: divergence,
    mistakes: [
      [
        "a divergence is never negative, and 0 for the standard normal; check the sign",
        (...inputs) => -divergence(...inputs),
      ],
      [
        "the second list holds the logarithm of the variance, not of the deviation",
        (mean, logVariance) => divergence(mean, doubled(logVariance)),
      ],
      [
        "MODIS adds up over latent units; this is a mean",
        (...inputs) => divergence(...inputs) / inputs[0].length,
      ],
      ["the factor of one half is missing", (...inputs) => 2 * divergence(...inputs)],
    ],
    otherwise: "it is 0 for mean 0 and log-variance 0, and grows with the square of the mean",
  }),

  "07.4": askFunction<Translate>({
    cases: [
      [[3, 1], encode, decodeRna, decodeProtein],
      [[1, 4], encode, decodeRna, decodeProtein],
    ],
    right: (x, encodeRna, _, toProtein) => clamp(toProtein(encodeRna(x).mean)),
    mistakes: [
      [
        "this reconstructs the RNA; which decoder gives proteins?",
        (x, encodeRna, toRna) => toRna(encodeRna(x).mean),
      ],
      [
        "this reconstructs the RNA; which decoder gives proteins?",
        (x, encodeRna, toRna) => clamp(toRna(encodeRna(x).mean)),
      ],
      [
        "no value of the clamped scale is negative; a prediction below 0 only costs",
        (x, encodeRna, _, toProtein) => toProtein(encodeRna(x).mean),
      ],
      [
        "take the latent mean, the best single guess, without noise",
        (x, encodeRna, _, toProtein) => {
          const { mean, logVariance } = encodeRna(x);
          return clamp(toProtein(mean.map((mu, i) => mu + Math.exp(0.5 * logVariance[i]))));
        },
      ],
    ],
    otherwise: "RNA in, its latent mean, proteins out, nothing below 0",
  }),

  "07.5": askProperty<LargestRatio>("a function", isFunction, (answer) => {
    for (const [count, budget] of COUNTS) {
      const ratio = answer(count, budget);
      if (!(ratio > 0)) return `expected a positive ratio, got ${ratio}`;
      if (count(ratio) > budget) {
        return `the model has ${Math.round((100 * count(ratio)) / budget)} % of the budget; it must not be above`;
      }
      if (count(ratio * NEAR) <= budget) {
        return `a larger ratio fits too; yours uses ${Math.floor((100 * count(ratio)) / budget)} % of the budget`;
      }
    }
    return null;
  }),
};
