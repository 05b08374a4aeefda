// Training: batches, steps and a validation after each epoch, handed out one epoch at a time.
import { setImmediate } from "node:timers/promises";
import { countObserved, type Matrix, selectRows } from "../cohort/matrix.js";
import { createRandom, type Random, shuffle } from "../cohort/random.js";
import type { Losses, Model } from "../engine/engine.js";
import type { Weights } from "../model/autoencoder.js";
import type { Prepared } from "../preprocess/prepare.js";
import { startPlateau, stepPlateau } from "./schedule.js";
import { completeSettings, type TrainOptions } from "./settings.js";

/** What a training needs of a prepared cohort. The part is in the type: test rows do not fit. */
export interface TrainingData {
  readonly train: Prepared<"train">;
  readonly validation: Prepared<"validation">;
}

export interface Best {
  readonly epoch: number;
  /** On the validation rows. */
  readonly huber: number;
}

export interface Epoch {
  /** From 1. */
  readonly epoch: number;
  /** Steps taken in it; fewer than in the others if training was stopped within it. */
  readonly steps: number;
  /** Means over the observed entries of the steps' own losses, with dropout, each before its step. */
  readonly train: Losses;
  /** After the epoch's last step, without dropout. */
  readonly validation: Losses;
  /** At which its steps were taken. */
  readonly learningRate: number;
  /** The lowest validation Huber loss up to here. */
  readonly best: Best;
}

export interface Outcome {
  /** "stopped" if the signal ended it before its time; early stopping counts as finished. */
  readonly status: "finished" | "stopped";
  /** The weights of the best epoch, kept only with early stopping; null means the model's own, the last, are the result. */
  readonly bestWeights: Weights | null;
}

/**
 * Trains the model on the training rows and yields each epoch; the value returned at the end says how it ended.
 * Rows are shuffled each epoch, unless all fit in one batch. With early stopping, a copy of the best weights is held
 * in memory; without, as in the paper, the last weights count. Aborting `signal` ends it after the step under way,
 * with one last, partial epoch if steps were taken in it.
 * Source: paper section 3 and appendix B.
 * @throws RangeError if the rows do not fit the model, nothing is observed in them, or a setting makes no sense.
 * @throws Error if a loss is not finite.
 */
export async function* train(
  model: Model,
  data: TrainingData,
  options: TrainOptions & { readonly signal?: AbortSignal },
): AsyncGenerator<Epoch, Outcome, void> {
  const settings = completeSettings(options);
  const { epochs, batchSize, weightDecay, plateau, earlyStopping, seed } = settings;
  const { signal } = options;
  const rows = data.train.matrix;
  const held = data.validation.matrix;
  for (const { part, matrix } of [data.train, data.validation]) {
    checkRows(part, matrix, model.spec.features);
  }
  const order = createRandom(seed, "batches");
  const dropout = model.spec.inputDropout > 0 ? createRandom(seed, "dropout") : undefined;
  let schedule = startPlateau(settings.learningRate);
  let best: Best | null = null;
  let bestWeights: Weights | null = null;
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const { learningRate } = schedule;
    const check = (losses: Losses, where: string) =>
      checkLosses(losses, where, epoch, learningRate);
    const total = { huber: 0, mse: 0, observed: 0, steps: 0 };
    let cut = false;
    for (const batch of batchesOf(rows, batchSize, order)) {
      await setImmediate(); // lets an interrupt and the display have their turn
      cut = signal?.aborted === true;
      if (cut) break;
      const observed = countObserved(batch);
      if (observed === 0) continue; // there is nothing to learn from
      const losses = await model.step(batch, { learningRate, weightDecay, dropout });
      check(losses, "training");
      total.huber += losses.huber * observed;
      total.mse += losses.mse * observed;
      total.observed += observed;
      total.steps++;
    }
    if (total.steps === 0) return { status: "stopped", bestWeights };
    const validation = await model.evaluate(held);
    check(validation, "validation");
    if (best === null || validation.huber < best.huber) {
      best = { epoch, huber: validation.huber };
      if (earlyStopping) bestWeights = await model.readWeights();
    }
    yield {
      epoch,
      steps: total.steps,
      train: { huber: total.huber / total.observed, mse: total.mse / total.observed },
      validation,
      learningRate,
      best,
    };
    if (cut || (signal?.aborted && epoch < epochs)) return { status: "stopped", bestWeights };
    if (earlyStopping && epoch - best.epoch >= earlyStopping.patience) break;
    for (let i = 0; plateau && i < plateau.stepsPerEpoch; i++) {
      schedule = stepPlateau(schedule, validation.huber, plateau);
    }
  }
  return { status: "finished", bestWeights };
}

/** One batch is the matrix itself, so that an engine may keep it; otherwise the rows are dealt out in random order. */
function* batchesOf(rows: Matrix, batchSize: number, order: Random): Generator<Matrix> {
  if (batchSize >= rows.rows) {
    yield rows;
    return;
  }
  const indexes = shuffle(
    Array.from({ length: rows.rows }, (_, i) => i),
    order,
  );
  for (let start = 0; start < indexes.length; start += batchSize) {
    yield selectRows(rows, indexes.slice(start, start + batchSize));
  }
}

function checkRows(part: string, matrix: Matrix, features: number): void {
  if (matrix.columns !== features) {
    throw new RangeError(
      `train: expected ${part} rows of ${features} features, as the model has, got ${matrix.columns}`,
    );
  }
  if (countObserved(matrix) === 0) {
    throw new RangeError(
      `train: expected observed entries in the ${part} rows, got none in ${matrix.rows} rows`,
    );
  }
}

function checkLosses(
  { huber, mse }: Losses,
  where: string,
  epoch: number,
  learningRate: number,
): void {
  if (Number.isFinite(huber) && Number.isFinite(mse)) return;
  throw new Error(
    `train: expected a finite ${where} loss, got Huber ${huber} and MSE ${mse} in epoch ${epoch} at learning rate ` +
      `${learningRate}; try a tenth of that rate, and check that the rows come from applyScaler`,
  );
}
