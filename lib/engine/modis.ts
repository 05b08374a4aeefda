// MODIS in an engine: the discriminator's step and the generators', and translation from one modality to another.
import type { Weights } from "../model/autoencoder.js";
import { checkModisSpec, type ModisSpec, requireModisWeights, vaeLayers } from "../model/modis.js";
import { type BackendName, loadBackend } from "./backend.js";
import { type Chain, makeChain } from "./chain.js";
import type { MakeDense, Settlement, Table } from "./dense.js";
import { nativeDense } from "./dense-native.js";
import { portableDense } from "./dense-portable.js";
import type { Engine } from "./engine.js";
import { loadKernels } from "./kernels.js";
import {
  checkBatches,
  checkTable,
  type ModisBatch,
  requireFinite,
  requireModisMemory,
} from "./modis-contract.js";
import {
  addTables,
  type DiscriminatorLosses,
  type LatentRows,
  makeDiscriminator,
} from "./modis-discriminator.js";
import { klDivergence, reconstructionLoss } from "./modis-losses.js";

/** Gives as many draws of the standard normal, for the latent rows of each modality in turn. */
export type Noise = (size: number) => ArrayLike<number>;

export interface ModisStepOptions {
  readonly learningRate: number;
  /** Of the divergence of the latent rows from the standard normal; 5e-4 in the authors' example. */
  readonly klWeight?: number;
  readonly noise: Noise;
}

/** Losses of one step, summed over modalities, each from before the step that it drives. */
export interface ModisLosses {
  readonly discriminator: DiscriminatorLosses;
  readonly generators: DiscriminatorLosses & {
    /** Means of squares over observed entries. */
    readonly reconstruction: number;
    /** Weighed. */
    readonly kl: number;
  };
  /** Over all modalities' observed entries together. */
  readonly reconstructed: {
    readonly observed: number;
    readonly huber: number;
    readonly mse: number;
  };
}

/** Gradients of the discriminator's and of the generators' losses, by parameter. */
export interface ModisGradients {
  readonly losses: ModisLosses;
  readonly discriminator: Weights;
  readonly generators: Weights;
}

/** A model living in an engine, one batch a modality at a time. */
export interface ModisModel {
  readonly spec: ModisSpec;
  /** One step of Adam of the discriminator, then one of the generators. Source: modis/training/trainer.py@0c099c3. */
  step(batches: readonly ModisBatch[], options: ModisStepOptions): Promise<ModisLosses>;
  /** The gradients of both steps by the weights as they are, with neither taken; for tests. Running statistics move. */
  gradients(
    batches: readonly ModisBatch[],
    options: Omit<ModisStepOptions, "learningRate">,
  ): Promise<ModisGradients>;
  /** Encodes one modality's rows and decodes them as another's: the mean of the latent rows, without noise. */
  translate(rows: Table, from: number, to: readonly number[]): Promise<Table[]>;
  /** Copies parameters and running statistics, by name. */
  readWeights(): Promise<Weights>;
  dispose(): void;
}

/** Source: modis/training/trainer.py@0c099c3 and example/config/tcga.yaml@1bdbb58. */
const ADAM = { beta1: 0.5, beta2: 0.999, epsilon: 1e-8 };
const KL_WEIGHT = 5e-4;

/**
 * Builds a model that starts from these weights (see `initializeModis`), which the engine may take over.
 * @throws RangeError if the weights do not fit the spec, or the model does not fit into memory.
 */
export async function buildModis(
  engine: Pick<Engine, "name" | "backend">,
  spec: ModisSpec,
  weights: Weights,
): Promise<ModisModel> {
  checkModisSpec(spec);
  requireModisMemory(engine, spec);
  requireModisWeights("buildModis", spec, weights);
  const make =
    engine.name !== "portable"
      ? nativeDense(await loadKernels())
      : portableDense(await loadBackend(engine.backend as BackendName));
  return makeModis(spec, weights, make);
}

/** Puts the model together from linear layers of an engine. */
export function makeModis(spec: ModisSpec, weights: Weights, make: MakeDense): ModisModel {
  const vaes = spec.modalities.map((_, i) => {
    const { encoder, mean, logVariance, decoder } = vaeLayers(spec, i);
    return {
      encoder: makeChain(encoder, weights, make, { isFirst: true }),
      mean: makeChain([mean], weights, make),
      logVariance: makeChain([logVariance], weights, make),
      decoder: makeChain(decoder, weights, make),
    };
  });
  const discriminator = makeDiscriminator(spec, weights, make);
  const chains: readonly Chain[] = vaes.flatMap((vae) => Object.values(vae));
  let steps = 0;
  let disposed = false;

  /** Latent rows of one modality, and the way back from the slopes on them and on their divergence. */
  const encode = async (index: number, rows: Table, training: boolean) => {
    const { encoder, mean, logVariance } = vaes[index];
    const hidden = await encoder.forward(rows, training);
    const center = await mean.forward(hidden.out, training);
    const spread = await logVariance.forward(hidden.out, training);
    return {
      center: center.out,
      spread: spread.out,
      back: async (onCenter: Table, onSpread: Table, settlement: Settlement) => {
        const below = [
          await center.back(onCenter, settlement),
          await spread.back(onSpread, settlement),
        ];
        await hidden.back(addTables(below), settlement);
      },
    };
  };

  const judgeForDiscriminator = async (batches: readonly ModisBatch[], noise: Noise) => {
    const parts: LatentRows[] = [];
    for (const [i, { matrix, classes }] of batches.entries()) {
      const { center, spread } = await encode(i, matrix, false);
      parts.push({ latent: drawLatent(center, spread, noise(center.values.length)), classes });
    }
    return await discriminator.judge(parts, false);
  };

  const passGenerators = async (
    batches: readonly ModisBatch[],
    noise: Noise,
    klWeight: number,
    settlement: Settlement,
  ) => {
    const passed = [];
    for (const [i, { matrix, classes }] of batches.entries()) {
      const encoded = await encode(i, matrix, true);
      const drawn = noise(encoded.center.values.length);
      const latent = drawLatent(encoded.center, encoded.spread, drawn);
      const decoded = await vaes[i].decoder.forward(latent, true);
      passed.push({ encoded, drawn, latent, classes, decoded });
    }
    const judged = await discriminator.judge(passed, true);
    const fromJudge = await judged.back(null);
    const sums = { observed: 0, huber: 0, squares: 0, reconstruction: 0, kl: 0 };
    for (const [i, { encoded, drawn, decoded }] of passed.entries()) {
      const { matrix } = batches[i];
      const missed = reconstructionLoss(decoded.out, matrix);
      sums.observed += missed.observed;
      sums.huber += missed.huber;
      sums.squares += missed.squares;
      sums.reconstruction += missed.observed > 0 ? missed.squares / missed.observed : 0;
      const kl = klDivergence(encoded.center.values, encoded.spread.values);
      sums.kl += klWeight * kl.loss;
      const onOutput = { rows: matrix.rows, columns: matrix.columns, values: missed.slope };
      const fromDecoder = await decoded.back(onOutput, settlement);
      const onLatent = addTables([fromDecoder, fromJudge[i]]).values;
      // z = m + exp(l / 2) noise
      const { center, spread } = encoded;
      const onCenter = center.values.map((_, k) => onLatent[k] + klWeight * kl.mean[k]);
      const onSpread = spread.values.map(
        (l, k) => (onLatent[k] * drawn[k] * Math.exp(l / 2)) / 2 + klWeight * kl.logVariance[k],
      );
      await encoded.back(
        { ...center, values: onCenter },
        { ...spread, values: onSpread },
        settlement,
      );
    }
    const { reconstruction, kl, observed, huber, squares } = sums;
    return {
      generators: { ...judged.losses, reconstruction, kl },
      reconstructed: { observed, huber: huber / observed, mse: squares / observed },
    };
  };

  const enter = (where: string) => {
    if (disposed) throw new Error(`${where}: expected a living model, got a disposed one`);
  };

  return {
    spec,
    async step(batches, { learningRate, noise, klWeight = KL_WEIGHT }) {
      enter("step");
      if (!(Number.isFinite(learningRate) && learningRate >= 0)) {
        throw new RangeError(
          `step: expected learningRate to be finite and at least 0, got ${learningRate}`,
        );
      }
      checkBatches("step", spec, batches);
      const rule = { ...ADAM, learningRate, step: steps + 1 };
      const judged = await judgeForDiscriminator(batches, noise);
      requireFinite(judged.losses);
      await judged.back(rule);
      const passed = await passGenerators(batches, noise, klWeight, rule);
      requireFinite(passed.generators);
      steps++;
      return { discriminator: judged.losses, ...passed };
    },
    async gradients(batches, { noise, klWeight = KL_WEIGHT }) {
      enter("gradients");
      checkBatches("gradients", spec, batches);
      const ofDiscriminator = new Map<string, Float32Array>();
      const ofGenerators = new Map<string, Float32Array>();
      const judged = await judgeForDiscriminator(batches, noise);
      await judged.back(ofDiscriminator);
      const passed = await passGenerators(batches, noise, klWeight, ofGenerators);
      const losses = { discriminator: judged.losses, ...passed };
      return { losses, discriminator: ofDiscriminator, generators: ofGenerators };
    },
    async translate(rows, from, to) {
      enter("translate");
      checkTable("translate", spec, from, rows);
      const { center } = await encode(from, rows, false);
      const out: Table[] = [];
      for (const index of to) out.push((await vaes[index].decoder.forward(center, false)).out);
      return out;
    },
    async readWeights() {
      enter("readWeights");
      const out = new Map<string, Float32Array>();
      for (const part of [...chains, discriminator]) {
        for (const [name, values] of await part.read()) out.set(name, values);
      }
      return out;
    },
    dispose() {
      if (disposed) return;
      disposed = true;
      for (const part of [...chains, discriminator]) part.dispose();
    },
  };
}

/** `mean + exp(log variance / 2) noise`. */
function drawLatent(mean: Table, logVariance: Table, noise: ArrayLike<number>): Table {
  const values = mean.values.map((m, i) => m + Math.exp(logVariance.values[i] / 2) * noise[i]);
  return { rows: mean.rows, columns: mean.columns, values };
}
