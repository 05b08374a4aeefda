// Training: batches, steps and a validation after each epoch, handed out one epoch at a time.
import { setImmediate } from "node:timers/promises";
import { countObserved, type Matrix, selectRows } from "../cohort/matrix.js";
import {
  createRandom,
  type Random,
  type RandomState,
  restoreRandom,
  shuffle,
} from "../cohort/random.js";
import { DivergenceError, type Losses, type Model } from "../engine/engine.js";
import type { Weights } from "../model/autoencoder.js";
import type { Prepared } from "../preprocess/prepare.js";
import { type PlateauState, startPlateau, stepPlateau } from "./schedule.js";
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

/** What has been done of an epoch; the losses are sums over the observed entries. */
export interface EpochPart {
  readonly batches: number;
  readonly steps: number;
  readonly observed: number;
  readonly huber: number;
  readonly mse: number;
}

/** Where a training stands, beside its model: plain numbers, and the best weights. */
export interface TrainState {
  /** Epochs that are complete. */
  readonly epoch: number;
  /** Of the next epoch; nothing unless training was stopped within it. */
  readonly within: EpochPart;
  readonly schedule: PlateauState;
  readonly best: Best | null;
  /** Held with early stopping alone. */
  readonly bestWeights: Weights | null;
  /** Of the order of rows, before the next epoch's was drawn. */
  readonly order: RandomState;
  /** Null where the model drops nothing. */
  readonly dropout: RandomState | null;
}

export interface TrainControls {
  /** Ends training after the step under way. */
  readonly signal?: AbortSignal;
  /** Goes on from here, with a model that has been brought to the same place. */
  readonly from?: TrainState;
  /**
   * Awaited after each epoch but the last, when its consumer has had it, and when training is stopped; then `last` is
   * true. The model stands at this state until it returns.
   */
  readonly onState?: (state: TrainState, last: boolean) => Promise<void>;
}

const NOTHING: EpochPart = { batches: 0, steps: 0, observed: 0, huber: 0, mse: 0 };

/**
 * Trains the model on the training rows and yields each epoch; the value returned at the end says how it ended.
 * Rows are shuffled each epoch, unless all fit in one batch. With early stopping, a copy of the best weights is held
 * in memory; without, as in the paper, the last weights count. Aborting `signal` ends it after the step under way,
 * with one last, partial epoch if steps were taken in it. Training that goes on from a state gives the same epochs and
 * weights as one that was never stopped.
 * Source: paper section 3 and appendix B.
 * @throws RangeError if the rows do not fit the model, nothing is observed in them, a setting makes no sense, or batch
 *   normalization would meet a batch of one row.
 * @throws DivergenceError if a loss is not finite.
 */
export async function* train(
  model: Model,
  data: TrainingData,
  options: TrainOptions & TrainControls,
): AsyncGenerator<Epoch, Outcome, void> {
  const settings = completeSettings(options);
  const { epochs, batchSize, weightDecay, plateau, earlyStopping, seed } = settings;
  const { signal, from, onState } = options;
  const rows = data.train.matrix;
  const held = data.validation.matrix;
  for (const { part, matrix } of [data.train, data.validation]) {
    checkRows(part, matrix, model.spec.features);
  }
  if (model.spec.batchNorm) requireCompany(rows.rows, batchSize);
  const resume = (state: RandomState | null | undefined, stream: string) =>
    state ? restoreRandom(state) : createRandom(seed, stream);
  const order = resume(from?.order, "batches");
  const { inputDropout, hiddenDropout } = model.spec;
  const drops = inputDropout > 0 || hiddenDropout > 0;
  const dropout = drops ? resume(from?.dropout, "dropout") : undefined;
  let schedule = from?.schedule ?? startPlateau(settings.learningRate);
  let best = from?.best ?? null;
  let bestWeights = from?.bestWeights ?? null;
  const stateAt = (epoch: number, within: EpochPart, orderState: RandomState): TrainState => ({
    ...{ epoch, within, schedule, best, bestWeights },
    ...{ order: orderState, dropout: dropout?.state() ?? null },
  });
  let total = { ...(from?.within ?? NOTHING) };
  for (let epoch = (from?.epoch ?? 0) + 1; epoch <= epochs; epoch++, total = { ...NOTHING }) {
    const { learningRate } = schedule;
    const orderBefore = order.state();
    const finite = (losses: Promise<Losses>, where: string) =>
      requireFinite(losses, where, epoch, learningRate);
    let cut = false;
    for (const batch of batchesOf(rows, batchSize, order, total.batches)) {
      await setImmediate(); // lets an interrupt and the display have their turn
      cut = signal?.aborted === true;
      if (cut) break;
      total.batches++;
      const observed = countObserved(batch);
      if (observed === 0) continue; // there is nothing to learn from
      const step = model.step(batch, { learningRate, weightDecay, dropout });
      const losses = await finite(step, "training");
      total.huber += losses.huber * observed;
      total.mse += losses.mse * observed;
      total.observed += observed;
      total.steps++;
    }
    // Before the validation of what there is of the epoch, which an unstopped training would not make.
    if (cut) await onState?.(stateAt(epoch - 1, total, orderBefore), true);
    if (total.steps === 0) return { status: "stopped", bestWeights };
    const validation = await finite(model.evaluate(held), "validation");
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
    if (cut) return { status: "stopped", bestWeights };
    if (epoch === epochs) break;
    if (earlyStopping && epoch - best.epoch >= earlyStopping.patience) break;
    for (let i = 0; plateau && i < plateau.stepsPerEpoch; i++) {
      schedule = stepPlateau(schedule, validation.huber, plateau);
    }
    const stopped = signal?.aborted === true;
    await onState?.(stateAt(epoch, NOTHING, order.state()), stopped);
    if (stopped) return { status: "stopped", bestWeights };
  }
  return { status: "finished", bestWeights };
}

/**
 * One batch is the matrix itself, so that an engine may keep it; otherwise the rows are dealt out in random order.
 * The first `done` batches are left out.
 */
function* batchesOf(
  rows: Matrix,
  batchSize: number,
  order: Random,
  done: number,
): Generator<Matrix> {
  if (batchSize >= rows.rows) {
    if (done === 0) yield rows;
    return;
  }
  const indexes = shuffle(
    Array.from({ length: rows.rows }, (_, i) => i),
    order,
  );
  for (let start = done * batchSize; start < indexes.length; start += batchSize) {
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

/** One row alone has no variance to normalize by. */
function requireCompany(rows: number, batchSize: number): void {
  const last = rows % batchSize || Math.min(rows, batchSize);
  if (last > 1) return;
  throw new RangeError(
    `train: expected batches of at least 2 rows, which batch normalization needs, got ${rows} rows in batches of ` +
      `${batchSize}, the last of one row; take another batch size`,
  );
}

/** Says of losses that are not finite when they came and what to do; an engine refuses them, or hands them on. */
async function requireFinite(
  losses: Promise<Losses>,
  where: string,
  epoch: number,
  learningRate: number,
): Promise<Losses> {
  let got: string;
  try {
    const found = await losses;
    if (Number.isFinite(found.huber) && Number.isFinite(found.mse)) return found;
    got = `Huber ${found.huber} and MSE ${found.mse}`;
  } catch (error) {
    if (!(error instanceof DivergenceError)) throw error;
    got = `"${error.message}"`;
  }
  throw new DivergenceError(
    `train: expected a finite ${where} loss, got ${got} in epoch ${epoch} at learning rate ${learningRate}; ` +
      "try a tenth of that rate, and check that the rows come from applyScaler",
  );
}
