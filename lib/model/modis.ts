// MODIS, the paper's comparator: a variational autoencoder per modality, and a discriminator of their latent rows.
//
//   x of a modality [rows, features] -> encoder -> mu, logvar -> z = mu + e^(logvar / 2) noise [rows, latent]
//   z -> decoder -> linear = reconstruction [rows, features]
//   z of all modalities -> trunk [rows of all, 256] -> logits of the modality, logits of the class
//
// A step trains the discriminator to tell the modalities apart, then the autoencoders, its "generators", so that it
// cannot; both learn to tell the classes apart. The rows of one modality need not be of the same samples as another's.
// Source: VILLOUTREIXLab/MODIS, modis/nn.py@1e2ebee and modis/training/trainer.py@0c099c3. Here the adversarial loss is a
// cross-entropy, where the authors' default is relativistic, and reconstruction is scored on observed entries.
import type { Matrix } from "../cohort/matrix.js";
import type { Engine, Tensor } from "../engine/engine.js";
import { latentLayer } from "../layers/latent.js";
import { batchNorm, dense, EVALUATION, type Pass, relu, sequence } from "../layers/layers.js";
import { reconstructionHead } from "../layers/losses.js";
import { estimateMemory, requireRoom } from "./memory.js";
import {
  type Architecture,
  buildModel,
  countParameters,
  type Model,
  type Network,
  type Weights,
} from "./model.js";
import {
  findModality,
  inspectBatches,
  inspectRows,
  type ModisBatch,
  pairedChunks,
  requireVariance,
} from "./modis-batch.js";
import { judgmentLosses } from "./modis-losses.js";
import {
  autoencoderLayers,
  checkModisSpec,
  discriminatorLayers,
  type ModisLayer,
  type ModisSpec,
  modisTensors,
} from "./modis-shape.js";

/** MODIS living in an engine. `evaluate` translates the first modality into all, clamped at 0. */
export interface ModisModel extends Model<readonly ModisBatch[]> {
  readonly spec: ModisSpec;
  /**
   * Encodes rows of one modality, `[rows, its features]`, and decodes them as others: the latent mean, without noise.
   * @returns `[rows, features]` of each modality in `to`.
   * @throws RangeError if there is no such modality, or the rows do not fit it.
   */
  translate(rows: Matrix, from: number, to: readonly number[]): Promise<Float32Array[]>;
}

export interface ModisNetwork extends Network<readonly ModisBatch[]> {
  translate(rows: Matrix, from: number, to: readonly number[]): Tensor[];
}

/** MODIS as layers. */
export const MODIS: Architecture<ModisSpec, readonly ModisBatch[], ModisNetwork> = {
  name: "MODIS",
  check: checkModisSpec,
  tensors: modisTensors,

  network(engine, spec, of) {
    const { klWeight = 5e-4 } = spec;
    const build = (layers: readonly ModisLayer[]) =>
      sequence(
        ...layers.flatMap(({ name, norm, isRectified }) => [
          dense(engine, of, name, { isNormalized: norm !== null }),
          ...(norm === null ? [] : [batchNorm(engine, of, norm, { epsilon: 0.8 })]),
          ...(isRectified ? [relu(engine, 0.2)] : []),
        ]),
      );
    const autoencoders = spec.modalities.map((_, i) => {
      const { encoder, mean, logVariance, decoder, output } = autoencoderLayers(spec, i);
      const head = (activation: "linear" | "relu") =>
        reconstructionHead(engine, of, output.name, { activation, loss: "squared" });
      return {
        encoder: build(encoder),
        latent: latentLayer(engine, of, { mean: mean.name, logVariance: logVariance.name }),
        decoder: build(decoder),
        output: head("linear"),
        clampedOutput: head("relu"),
      };
    });
    const discriminator = discriminatorLayers(spec);
    const trunk = build(discriminator.trunk);
    const heads = [build([discriminator.modality]), build([discriminator.label])];

    const encode = ({ values, rows }: Matrix, i: number, pass: Pass) => {
      const hidden = autoencoders[i].encoder.forward(engine.tensor(values, rows), pass);
      const latent = autoencoders[i].latent.forward(hidden.out, pass); // [rows, latent]
      return {
        ...latent,
        back: (slope: Tensor) => hidden.back(latent.back(slope, klWeight), false),
      };
    };

    /** Judges latent rows, and goes back to them. */
    const judge = async (
      latents: readonly Tensor[],
      batches: readonly ModisBatch[],
      pass: Pass,
      isForGenerators: boolean,
    ) => {
      const shared = trunk.forward(engine.stackRows(latents), pass);
      const [onModality, onLabel] = heads.map((head) => head.forward(shared.out, pass));
      const outs = [shared, onModality, onLabel].map(({ out }) => engine.read(out));
      const [hidden, modality, label] = await Promise.all(outs);
      const classes = batches.map((batch) => batch.classes);
      const { losses, slopes } = judgmentLosses(
        { hidden, modality, label },
        classes,
        isForGenerators,
      );
      const slopeOf = (values: Float32Array) => engine.tensor(values, shared.out.rows);
      const onShared = engine.add(
        slopeOf(slopes.hidden),
        engine.add(
          onModality.back(slopeOf(slopes.modality), true)!,
          onLabel.back(slopeOf(slopes.label), true)!,
        ),
      );
      return { losses, slope: shared.back(onShared, isForGenerators) }; // [rows of all, latent]
    };

    const trainDiscriminator = async (batches: readonly ModisBatch[], pass: Pass) => {
      const drawn = batches.map(
        ({ matrix }, i) => encode(matrix, i, { ...pass, isTraining: false }).z,
      );
      return (await judge(drawn, batches, pass, false)).losses;
    };

    const trainGenerators = async (batches: readonly ModisBatch[], pass: Pass) => {
      const encoded = batches.map(({ matrix }, i) => encode(matrix, i, pass));
      const latents = encoded.map(({ z }) => z);
      const { losses, slope } = await judge(latents, batches, { ...pass, settlement: null }, true);
      const sums = { huber: 0, squared: 0, reconstruction: 0, kl: 0 };
      let end = 0;
      for (const [i, { matrix }] of batches.entries()) {
        const { decoder, output } = autoencoders[i];
        const { marked } = engine.inspect(matrix.values, matrix.observed);
        const decoded = decoder.forward(latents[i], pass);
        const head = output.measure(decoded.out, matrix, marked, pass);
        end += matrix.rows;
        const judged = engine.sliceRows(slope!, end - matrix.rows, end);
        encoded[i].back(engine.add(decoded.back(head.slope!, true)!, judged));
        const { huber, squared } = await head.sums;
        sums.huber += huber;
        sums.squared += squared;
        sums.reconstruction += marked > 0 ? squared / marked : 0;
        sums.kl += klWeight * (await encoded[i].divergence());
      }
      const { huber, squared, reconstruction, kl } = sums;
      return { huber, squared, losses: { ...losses, reconstruction, kl } };
    };

    return {
      adam: { beta1: 0.5, beta2: 0.999 },
      leastRows: 2,
      inspect: (where, batches) => inspectBatches(engine, where, spec, batches),
      chunks: pairedChunks,
      async pass(batches, _observed, pass) {
        if (pass.isTraining) requireVariance(spec, batches);
        const discriminator = await trainDiscriminator(batches, pass);
        const { huber, squared, losses } = await trainGenerators(batches, pass);
        const parts = { ...named("discriminator", discriminator), ...named("generators", losses) };
        return { huber, squared, parts };
      },
      async evaluate(batches) {
        const { mean } = encode(batches[0].matrix, 0, EVALUATION);
        const sums = { huber: 0, squared: 0 };
        for (const [i, { matrix }] of batches.entries()) {
          const { decoder, clampedOutput } = autoencoders[i];
          const { out } = decoder.forward(mean, EVALUATION);
          const { huber, squared } = await clampedOutput.measure(out, matrix, 0, EVALUATION).sums;
          sums.huber += huber;
          sums.squared += squared;
        }
        return sums;
      },
      translate(rows, from, to) {
        const { mean } = encode(rows, from, EVALUATION);
        return to.map((i) => {
          const { decoder, output } = autoencoders[i];
          return output.reconstruct(decoder.forward(mean, EVALUATION).out);
        });
      },
    };
  },
};

/**
 * Builds a model that starts from these weights.
 * @throws RangeError if a setting makes no sense, the weights do not fit, or the model does not fit into memory.
 */
export function buildModis(engine: Engine, spec: ModisSpec, weights: Weights): ModisModel {
  checkModisSpec(spec);
  const features = spec.modalities.reduce((sum, modality) => sum + modality.features, 0);
  requireRoom(
    estimateMemory(MODIS, { ...spec, features }, engine.backend),
    engine.memoryLimits(),
    () =>
      `for ${(countParameters(MODIS, spec) / 1e6).toFixed(0)} million parameters; give it smaller ratios`,
  );
  const model = buildModel(engine, MODIS, spec, weights);
  return Object.assign(model, {
    spec,
    async translate(rows: Matrix, from: number, to: readonly number[]) {
      for (const index of to) findModality("translate", spec, index);
      inspectRows(engine, "translate", spec, from, rows);
      return await model.run(
        "translate",
        async () =>
          await Promise.all(model.network.translate(rows, from, to).map((out) => engine.read(out))),
      );
    },
  });
}

/** Puts the name of who has the losses before each. */
function named(who: string, losses: object): Record<string, number> {
  return Object.fromEntries(Object.entries(losses).map(([name, loss]) => [`${who} ${name}`, loss]));
}
