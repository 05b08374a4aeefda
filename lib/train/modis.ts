// Training of MODIS: unpaired batches of each modality, and after each epoch a translation of the validation rows.
import { setImmediate } from "node:timers/promises";
import type { Modality } from "../cohort/cohort.js";
import { type Matrix, selectColumns, selectRows } from "../cohort/matrix.js";
import { createRandom, shuffle } from "../cohort/random.js";
import type { Losses } from "../engine/engine.js";
import type { ModisLosses, ModisModel } from "../engine/modis.js";
import { reconstructionLoss } from "../engine/modis-losses.js";
import type { Best, Epoch, TrainingData } from "./train.js";

/** What a training of MODIS needs of a prepared cohort. */
export interface ModisData extends TrainingData {
  readonly modalities: readonly Modality[];
  /** Of each training row, in [0, classes); -1 where unknown. */
  readonly classes: readonly number[];
}

export interface ModisSettings {
  readonly epochs: number;
  /** Rows of each modality a step; the last step of an epoch takes what is left, but never a single row. */
  readonly batchSize: number;
  readonly learningRate: number;
  /** Of the divergence of the latent rows from the standard normal, which is a sum and no mean. */
  readonly klWeight: number;
  /** Decides the initial weights, the order of the rows and the noise. */
  readonly seed: number;
}

/**
 * An epoch as ARO's, so that curves and progress lines show both. `train` is each modality reconstructed from itself,
 * with noise, each step before it was taken; `validation` is all modalities translated from the first, clamped at 0.
 */
export interface ModisEpoch extends Epoch {
  /** Means over the steps. */
  readonly losses: Pick<ModisLosses, "discriminator" | "generators">;
}

/**
 * Trains the model and yields each epoch; returns how it ended. The rows of each modality are dealt out in an order of
 * their own: MODIS is made for samples that were not measured together, and does not use that these were.
 * Source: modis/training/trainer.py@0c099c3; settings of example/config/tcga.yaml@1bdbb58.
 * @throws RangeError if the rows do not fit the model, or a setting makes no sense.
 * @throws Error if a loss is not finite.
 */
export async function* trainModisEpochs(
  model: ModisModel,
  { train, validation, modalities, classes }: ModisData,
  {
    epochs,
    batchSize,
    learningRate,
    klWeight,
    seed,
    signal,
  }: ModisSettings & { readonly signal?: AbortSignal },
): AsyncGenerator<ModisEpoch, "finished" | "stopped", void> {
  const rows = train.matrix.rows;
  if (!Number.isInteger(epochs) || epochs < 1) {
    throw new RangeError(`trainModis: expected epochs to be a positive number, got ${epochs}`);
  }
  if (!Number.isInteger(batchSize) || batchSize < 2 || rows < 2) {
    throw new RangeError(
      `trainModis: expected batches of at least 2 of at least 2 rows, got ${batchSize} of ${rows}`,
    );
  }
  if (classes.length !== rows) {
    throw new RangeError(
      `trainModis: expected a class of each of ${rows} training rows, got ${classes.length}`,
    );
  }
  const parts = modalities.map((modality) => columnsOf(train.matrix, modality));
  const held = modalities.map((modality) => columnsOf(validation.matrix, modality));
  const orders = modalities.map(({ name }) => createRandom(seed, `batches: ${name}`));
  const random = createRandom(seed, "noise");
  const noise = (size: number) => Float64Array.from({ length: size }, () => random.normal());
  const indexes = Array.from({ length: rows }, (_, i) => i);
  let best: Best | null = null;
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const dealt = orders.map((order) => shuffle(indexes, order));
    const steps: ModisLosses[] = [];
    for (let start = 0; start < rows - 1; start += batchSize) {
      await setImmediate(); // lets an interrupt and the display have their turn
      if (signal?.aborted) break;
      const batches = parts.map((part, m) => {
        const chosen = dealt[m].slice(start, start + batchSize);
        return { matrix: selectRows(part, chosen), classes: chosen.map((row) => classes[row]) };
      });
      steps.push(await model.step(batches, { learningRate, klWeight, noise }));
    }
    if (steps.length === 0) return "stopped";
    const lossesNow = await translationLosses(model, held);
    if (best === null || lossesNow.huber < best.huber) best = { epoch, huber: lossesNow.huber };
    yield {
      epoch,
      steps: steps.length,
      ...{ train: reconstructed(steps), validation: lossesNow, learningRate, best },
      losses: {
        discriminator: average(steps.map(({ discriminator }) => discriminator)),
        generators: average(steps.map(({ generators }) => generators)),
      },
    };
    if (signal?.aborted && epoch < epochs) return "stopped";
  }
  return "finished";
}

/** Translates the first of the matrices into all, and compares what is not negative with what was observed. */
async function translationLosses(model: ModisModel, held: readonly Matrix[]): Promise<Losses> {
  const everywhere = held.map((_, i) => i);
  const translated = await model.translate(held[0], 0, everywhere);
  const sums = { observed: 0, huber: 0, squares: 0 };
  translated.forEach((table, i) => {
    const values = table.values.map((value) => Math.max(0, value));
    const missed = reconstructionLoss({ ...table, values }, held[i]);
    sums.observed += missed.observed;
    sums.huber += missed.huber;
    sums.squares += missed.squares;
  });
  if (!Number.isFinite(sums.squares) || sums.observed === 0) {
    throw new Error(
      `trainModis: expected a finite validation loss, got ${sums.squares} over ${sums.observed} observed entries; ` +
        "try a lower learning rate, and check that the rows come from applyScaler",
    );
  }
  return { huber: sums.huber / sums.observed, mse: sums.squares / sums.observed };
}

function columnsOf(matrix: Matrix, { start, end }: Modality): Matrix {
  return selectColumns(
    matrix,
    Array.from({ length: end - start }, (_, j) => start + j),
  );
}

function reconstructed(steps: readonly ModisLosses[]): Losses {
  const observed = steps.reduce((sum, step) => sum + step.reconstructed.observed, 0);
  const mean = (key: keyof Losses) =>
    steps.reduce((sum, { reconstructed: r }) => sum + r[key] * r.observed, 0) / observed;
  return { huber: mean("huber"), mse: mean("mse") };
}

function average<T extends object>(all: readonly T[]): T {
  const names = Object.keys(all[0]) as (keyof T)[];
  const mean = (name: keyof T) =>
    all.reduce((sum, one) => sum + (one[name] as number), 0) / all.length;
  return Object.fromEntries(names.map((name) => [name, mean(name)])) as T;
}
