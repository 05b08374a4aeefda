// MODIS, the paper's comparator: a variational autoencoder per modality, and a discriminator of their latent rows.
//
//   x of a modality [rows, features] -> encoder -> mu, logvar -> z = mu + e^(logvar / 2) noise [rows, latent]
//   z -> decoder -> linear = reconstruction [rows, features]
//   z of all modalities -> trunk [rows of all, 256] -> logits of the modality, logits of the class
//
// A step first trains the discriminator to tell the modalities apart, then the autoencoders, its "generators", to prevent
// that; both learn to tell the classes apart. The modalities' rows need not come from the same samples.
// Source: VILLOUTREIXLab/MODIS, modis/nn.py@1e2ebee and modis/training/trainer.py@0c099c3. Here the adversarial loss is a
// cross-entropy, where the authors' default is relativistic, and reconstruction is scored on observed entries.
import type { Matrix } from "../cohort/matrix.js";
import type { Engine, Tensor } from "../engine/engine.js";
import type { Pass } from "../layers/layers.js";
import { buildModel, type Model, type Network, type Start, type Trainable } from "./model.js";
import {
  dealUnpaired,
  findModality,
  inspectBatches,
  inspectRows,
  type ModisBatch,
  pairedChunks,
} from "./modis-batch.js";
import {
  checkModisSpec,
  countFeatures,
  type ModisSpec,
  modisAutoencoder,
  modisDiscriminator,
} from "./modis-networks.js";

/** A MODIS on an engine. `evaluate` translates the first modality into all of them, clamped at 0. */
export interface ModisModel extends Model<readonly ModisBatch[]> {
  /**
   * Encodes rows of one modality, `[rows, its features]`, and decodes them as others: the latent mean, without noise.
   * @returns `[rows, features]` of each modality in `to`.
   * @throws RangeError if there is no such modality, or the rows do not fit it.
   */
  translate(rows: Matrix, from: number, to: readonly number[]): Promise<Float32Array[]>;
}

export interface ModisNetwork extends Network<readonly ModisBatch[]> {
  translate(rows: Matrix, from: number, to: readonly number[], pass: Pass): Tensor[];
}

/** MODIS as layers. */
export const MODIS: Trainable<ModisSpec, readonly ModisBatch[], ModisNetwork> = {
  name: "MODIS",
  check: checkModisSpec,
  rowSize: countFeatures,
  deal: dealUnpaired,
  stream: "noise",
  besides: ({ classes, modalities }) => [classes, modalities],

  network(spec) {
    const { klWeight = 5e-4 } = spec;
    const autoencoders = spec.modalities.map((_, i) => modisAutoencoder(spec, i));
    const discriminator = modisDiscriminator(spec);

    const trainDiscriminator = async (batches: readonly ModisBatch[], pass: Pass) => {
      const fixed = { ...pass, isTraining: false };
      const drawn = batches.map(({ matrix }, i) => autoencoders[i].encode(matrix, fixed).z);
      return (await discriminator.judge(drawn, classesOf(batches), pass, false)).losses;
    };

    const trainGenerators = async (batches: readonly ModisBatch[], pass: Pass) => {
      const { engine } = pass;
      const encoded = batches.map(({ matrix }, i) => autoencoders[i].encode(matrix, pass));
      const latents = encoded.map(({ z }) => z);
      const fixed = { ...pass, settlement: null };
      const { losses, slope } = await discriminator.judge(latents, classesOf(batches), fixed, true);
      const sums = { huber: 0, squared: 0, reconstruction: 0, kl: 0 };
      let end = 0;
      for (const [i, { matrix }] of batches.entries()) {
        const { decoder, output } = autoencoders[i];
        const { marked } = engine.inspect(matrix.values, matrix.observed);
        const decoded = decoder.forward(latents[i], pass);
        const head = output.measure(decoded.out, matrix, marked, pass);
        end += matrix.rows;
        const judged = engine.sliceRows(slope!, end - matrix.rows, end);
        encoded[i].back(engine.add(decoded.back(head.slope!, true)!, judged), klWeight);
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
      tensors: [...autoencoders, discriminator].flatMap(({ tensors }) => tensors),
      adam: { beta1: 0.5, beta2: 0.999 },
      leastRows: 2,
      inspect: (where, batches, engine) => inspectBatches(engine, where, spec, batches),
      chunks: pairedChunks,
      async pass(batches, _observed, pass) {
        const judged = await trainDiscriminator(batches, pass);
        const { huber, squared, losses } = await trainGenerators(batches, pass);
        const parts = { ...named("discriminator", judged), ...named("generators", losses) };
        return { huber, squared, parts };
      },
      async evaluate(batches, pass) {
        const { mean } = autoencoders[0].encode(batches[0].matrix, pass);
        const sums = { huber: 0, squared: 0 };
        for (const [i, { matrix }] of batches.entries()) {
          const { decoder, clampedOutput } = autoencoders[i];
          const { out } = decoder.forward(mean, pass);
          const { huber, squared } = await clampedOutput.measure(out, matrix, 0, pass).sums;
          sums.huber += huber;
          sums.squared += squared;
        }
        return sums;
      },
      translate(rows, from, to, pass) {
        const { mean } = autoencoders[from].encode(rows, pass);
        return to.map((i) => autoencoders[i].decode(mean, pass));
      },
    };
  },
};

/**
 * Builds a model that starts from these weights, or from weights drawn with a seed.
 * @throws RangeError if a setting makes no sense, the weights do not fit, or the model does not fit into memory.
 */
export function buildModis(engine: Engine, spec: ModisSpec, start: Start): ModisModel {
  const model = buildModel(engine, MODIS, spec, start);
  return Object.assign(model, {
    async translate(rows: Matrix, from: number, to: readonly number[]) {
      for (const index of to) findModality("translate", spec, index);
      inspectRows(engine, "translate", spec, from, rows);
      return await model.run("translate", (pass) =>
        Promise.all(model.network.translate(rows, from, to, pass).map((out) => engine.read(out))),
      );
    },
  });
}

const classesOf = (batches: readonly ModisBatch[]) => batches.map(({ classes }) => classes);

/** Prefixes each loss with the name of the network that has it. */
function named(who: string, losses: object): Record<string, number> {
  return Object.fromEntries(Object.entries(losses).map(([name, loss]) => [`${who} ${name}`, loss]));
}
