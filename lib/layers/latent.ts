// The latent layer of a variational autoencoder: a normal distribution per row, and a draw from it.
import type { Random } from "../cohort/random.js";
import type { Engine, Tensor } from "../engine/engine.js";
import { checkOptions, required } from "../options.js";
import { dense, type Layer, type Pass, type TensorShape } from "./layers.js";
import { total } from "./losses.js";

export interface LatentOptions {
  readonly inputs: number;
  /** Units of the latent space. */
  readonly units: number;
  /** The name of the head that gives the means. */
  readonly mean: string;
  /** The name of the head that gives the log-variances. */
  readonly logVariance: string;
  /** The range of the log-variance, which has no slope where it is clamped; unlimited by default. */
  readonly clamp?: Clamp;
}

interface Clamp {
  readonly low: number;
  readonly high: number;
}

export interface LatentLayer {
  readonly tensors: readonly TensorShape[];
  /** The layer that gives the means alone. */
  readonly meanHead: Layer;
  /** @param x `[rows, inputs]` */
  forward(x: Tensor, pass: Pass): Latent;
}

/** The output of a latent layer for `[rows, inputs]`; all tensors are `[rows, units]`. */
export interface Latent {
  readonly mean: Tensor;
  /** A draw in a pass with random numbers; otherwise the mean. */
  readonly z: Tensor;
  /** The KL divergence from the standard normal, summed over rows and units. */
  divergence(): Promise<number>;
  /**
   * Runs backward, once: settles the gradients of both heads and returns the slope with respect to the input.
   * @param slope of the loss with respect to `z`.
   * @param weight of the KL divergence in the loss.
   */
  back(slope: Tensor, weight: number): Tensor;
}

/**
 * Two dense heads give the mean m and the log-variance l of each row; `z = m + e^(l / 2) noise` is a draw, and
 * `KL = sum of (m^2 + e^l - 1 - l) / 2` its divergence from the standard normal. One standard-normal number is drawn
 * per entry, row by row.
 * Back: `dm = dz + weight m`, `dl = (dz e^(l / 2) noise + weight (e^l - 1)) / 2`.
 * Source: Kingma and Welling 2014, appendix B.
 */
export function latentLayer(options: LatentOptions): LatentLayer {
  const { inputs, units, mean, logVariance, clamp } = checkOptions("latentLayer", options, {
    inputs: required("count"),
    units: required("count"),
    clamp: "object",
    mean: required("string"),
    logVariance: required("string"),
  });
  const meanHead = dense(mean, inputs, units);
  const logVarianceHead = dense(logVariance, inputs, units);
  return {
    meanHead,
    tensors: [...meanHead.tensors, ...logVarianceHead.tensors],
    forward(x, pass) {
      const { engine } = pass;
      const [center, spread] = [meanHead.forward(x, pass), logVarianceHead.forward(x, pass)];
      const mean = center.out;
      const logVariance = clamp ? engine.clip(spread.out, clamp.low, clamp.high) : spread.out;
      const deviation = engine.exp(engine.scale(logVariance, 0.5));
      const noise = pass.random && drawNoise(engine, mean, pass.random);
      const moved = noise && engine.mul(deviation, noise); // e^(l / 2) noise
      return {
        mean,
        z: moved ? engine.add(mean, moved) : mean,
        divergence() {
          const squares = engine.add(engine.mul(mean, mean), engine.mul(deviation, deviation));
          return total(engine, engine.scale(engine.sub(squares, logVariance), 0.5, -0.5));
        },
        back(slope, weight) {
          const surplus = engine.scale(engine.mul(deviation, deviation), weight, -weight);
          const along = moved ? engine.add(engine.mul(slope, moved), surplus) : surplus;
          const onSpread = engine.scale(along, 0.5);
          return engine.add(
            center.back(engine.add(slope, engine.scale(mean, weight)), true)!,
            spread.back(clamp ? gateClamp(engine, onSpread, spread.out, clamp) : onSpread, true)!,
          );
        },
      };
    },
  };
}

/** The slope through a clamp: 0 outside the range. */
function gateClamp(engine: Engine, slope: Tensor, x: Tensor, { low, high }: Clamp): Tensor {
  const above = engine.gate(slope, engine.scale(x, 1, -low), 0);
  return engine.gate(above, engine.scale(x, -1, high), 0);
}

function drawNoise(engine: Engine, { rows, units }: Tensor, random: Random): Tensor {
  const noise = new Float32Array(rows * units);
  for (let i = 0; i < noise.length; i++) noise[i] = random.normal();
  return engine.tensor(noise, rows);
}
