// Training: batches, steps and a validation after each epoch, handed out one epoch at a time; the same for every model.
import { setImmediate } from "node:timers/promises";
import {
  createRandom,
  type Random,
  type RandomState,
  restoreRandom,
  shuffle,
} from "../cohort/random.js";
import {
  DivergenceError,
  type Losses,
  type Measured,
  type Model,
  type Weights,
} from "../model/model.js";
import type { Deal } from "./deal.js";
import { type PlateauState, startPlateau, stepPlateau } from "./schedule.js";
import { completeSettings, type TrainOptions } from "./settings.js";

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
  /** Whatever else the model's loss is made of, by name; means over the steps. */
  readonly parts?: Readonly<Record<string, number>>;
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

/** What has been done of an epoch: sums over the observed entries, and over the steps of the parts. */
export interface EpochPart {
  readonly batches: number;
  readonly steps: number;
  readonly observed: number;
  readonly huber: number;
  readonly mse: number;
  readonly parts?: Readonly<Record<string, number>>;
}

/** The state of a training apart from its model: plain numbers, and the best weights. */
export interface TrainState {
  /** Epochs that are complete. */
  readonly epoch: number;
  /** Of the next epoch; nothing unless training was stopped within it. */
  readonly within: EpochPart;
  readonly schedule: PlateauState;
  readonly best: Best | null;
  /** Held with early stopping alone. */
  readonly bestWeights: Weights | null;
  /** Of each order of rows, before the next epoch's was drawn. */
  readonly orders: readonly RandomState[];
  /** Of dropout and noise. */
  readonly random: RandomState;
}

export interface TrainControls {
  /** The name of the stream that dropout and noise are drawn from; part of what the seed decides. */
  readonly stream?: string;
  /** Ends training after the step under way. */
  readonly signal?: AbortSignal;
  /** Goes on from here, with a model that has been brought to the same place. */
  readonly from?: TrainState;
  /**
   * Awaited after each epoch but the last, when its consumer has had it, and when training is stopped; then `last` is
   * true. The model keeps this state until the callback returns.
   */
  readonly onState?: (state: TrainState, last: boolean) => Promise<void>;
}

const NOTHING: EpochPart = { batches: 0, steps: 0, observed: 0, huber: 0, mse: 0 };

/**
 * Trains the model on the rows that are dealt and yields each epoch; the value returned at the end says how it ended.
 * With early stopping, a copy of the best weights is held in memory; without, as in the paper, the last weights count.
 * Aborting `signal` ends it after the step under way, with one last, partial epoch if steps were taken in it. Training
 * that resumes from a state gives the same epochs and weights as one that was never stopped. Where the model normalizes
 * by the batch, a last batch of one row is left out.
 * Source: paper section 3 and appendix B.
 * @throws RangeError if the rows are too few for the model, or a setting makes no sense.
 * @throws DivergenceError if a loss is not finite.
 */
export async function* train<Batch>(
  model: Model<Batch>,
  deal: Deal<Batch>,
  options: TrainOptions & TrainControls,
): AsyncGenerator<Epoch, Outcome, void> {
  const { signal, from, onState, stream = "dropout", ...training } = options;
  const settings = completeSettings(training);
  const { epochs, batchSize, weightDecay, plateau, earlyStopping, seed } = settings;
  requireRows(model, deal, batchSize);
  const resume = (state: RandomState | undefined, name: string) =>
    state ? restoreRandom(state) : createRandom(seed, name);
  const orders = deal.orders.map((name, i) => resume(from?.orders[i], name));
  const random = resume(from?.random, stream);
  let schedule = from?.schedule ?? startPlateau(settings.learningRate);
  let best = from?.best ?? null;
  let bestWeights = from?.bestWeights ?? null;
  const statesOf = (all: readonly Random[]) => all.map((one) => one.state());
  const stateAt = (
    epoch: number,
    within: EpochPart,
    before: readonly RandomState[],
  ): TrainState => ({
    ...{ epoch, within, schedule, best, bestWeights },
    ...{ orders: before, random: random.state() },
  });
  let total = from?.within ?? NOTHING;
  for (let epoch = (from?.epoch ?? 0) + 1; epoch <= epochs; epoch++, total = NOTHING) {
    const { learningRate } = schedule;
    const ordersBefore = statesOf(orders);
    const finite = (losses: Promise<Measured>, where: string) =>
      requireFinite(losses, where, epoch, learningRate);
    let cut = false;
    for (const batch of batchesOf(
      deal,
      orders,
      { batchSize, least: model.leastRows },
      total.batches,
    )) {
      await setImmediate(); // lets an interrupt and the display have their turn
      cut = signal?.aborted === true;
      if (cut) break;
      total = { ...total, batches: total.batches + 1 };
      if (batch !== deal.whole && deal.countObserved(batch) === 0) continue; // nothing to learn from
      const step = model.step(batch, { learningRate, weightDecay, random, epoch });
      total = addStep(total, await finite(step, "training"));
    }
    // Before the validation of what there is of the epoch, which an unstopped training would not make.
    if (cut) await onState?.(stateAt(epoch - 1, total, ordersBefore), true);
    if (total.steps === 0) return { status: "stopped", bestWeights };
    const validation = await finite(model.evaluate(deal.validation), "validation");
    if (best === null || validation.huber < best.huber) {
      best = { epoch, huber: validation.huber };
      if (earlyStopping) bestWeights = await model.readWeights();
    }
    yield describeEpoch(epoch, total, validation, { learningRate, best });
    if (cut) return { status: "stopped", bestWeights };
    if (epoch === epochs) break;
    if (earlyStopping && epoch - best.epoch >= earlyStopping.patience) break;
    for (let i = 0; plateau && i < plateau.stepsPerEpoch; i++) {
      schedule = stepPlateau(schedule, validation.huber, plateau);
    }
    const stopped = signal?.aborted === true;
    await onState?.(stateAt(epoch, NOTHING, statesOf(orders)), stopped);
    if (stopped) return { status: "stopped", bestWeights };
  }
  return { status: "finished", bestWeights };
}

/** The batches of one epoch; the first `done` are left out, and a last one of too few rows. */
function* batchesOf<Batch>(
  deal: Deal<Batch>,
  orders: readonly Random[],
  { batchSize, least }: { readonly batchSize: number; readonly least: number },
  done: number,
): Generator<Batch> {
  if (orders.length === 1 && batchSize >= deal.rows) {
    if (done === 0) yield deal.whole;
    return;
  }
  const indexes = Array.from({ length: deal.rows }, (_, i) => i);
  const dealt = orders.map((order) => shuffle(indexes, order));
  for (let start = done * batchSize; start + least <= deal.rows; start += batchSize) {
    yield deal.batch(dealt.map((order) => order.slice(start, start + batchSize)));
  }
}

function addStep(total: EpochPart, { huber, mse, observed, parts }: Measured): EpochPart {
  return {
    batches: total.batches,
    steps: total.steps + 1,
    observed: total.observed + observed,
    huber: total.huber + huber * observed,
    mse: total.mse + mse * observed,
    ...(parts && { parts: mapParts(parts, (value, name) => value + (total.parts?.[name] ?? 0)) }),
  };
}

function describeEpoch(
  epoch: number,
  { steps, observed, huber, mse, parts }: EpochPart,
  validation: Losses,
  rest: Pick<Epoch, "learningRate" | "best">,
): Epoch {
  return {
    ...{ epoch, steps },
    train: { huber: huber / observed, mse: mse / observed },
    validation: { huber: validation.huber, mse: validation.mse },
    ...(parts && { parts: mapParts(parts, (value) => value / steps) }),
    ...rest,
  };
}

function mapParts(
  parts: Readonly<Record<string, number>>,
  work: (value: number, name: string) => number,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(parts).map(([name, value]) => [name, work(value, name)]),
  );
}

/** @throws RangeError if no batch has as many rows as a step of the model needs. */
function requireRows<Batch>(
  { leastRows }: Model<Batch>,
  { rows }: Deal<Batch>,
  batchSize: number,
): void {
  if (Math.min(rows, batchSize) >= leastRows) return;
  throw new RangeError(
    `train: expected batches of at least ${leastRows} rows, which batch normalization needs, ` +
      `got ${rows} rows in batches of ${batchSize}`,
  );
}

/** Says of losses that are not finite when they came and what to do. */
async function requireFinite(
  losses: Promise<Measured>,
  where: string,
  epoch: number,
  learningRate: number,
): Promise<Measured> {
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
