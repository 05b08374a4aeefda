// The training loop, the same for every model: batches, steps, and a validation after each epoch.
import { setImmediate } from "node:timers/promises";
import {
  createRandom,
  type Random,
  type RandomState,
  restoreRandom,
  shuffle,
} from "../cohort/random.js";
import type { Deal } from "../model/batches.js";
import {
  DivergenceError,
  type Losses,
  type Measured,
  type Model,
  type Weights,
} from "../model/model.js";
import { completeSettings, type PlateauSettings, type TrainOptions } from "./settings.js";

export interface Best {
  readonly epoch: number;
  /** Of the validation rows. */
  readonly huber: number;
}

export interface Epoch {
  /** Counted from 1. */
  readonly epoch: number;
  /** Number of steps; fewer if training stopped within the epoch. */
  readonly steps: number;
  /** Means over observed entries of the losses before each step, with dropout. */
  readonly train: Losses;
  /** Losses after the epoch's last step, without dropout. */
  readonly validation: Losses;
  /** The other terms of the model's loss, by name; means over steps. */
  readonly parts?: Readonly<Record<string, number>>;
  /** The rate of the epoch's steps. */
  readonly learningRate: number;
  /** The lowest validation Huber loss so far. */
  readonly best: Best;
}

export interface Outcome {
  /** "stopped" if the signal ended it; early stopping counts as finished. */
  readonly status: "finished" | "stopped";
  /** The weights of the best epoch with early stopping; null if the model's own, the last, are the result. */
  readonly bestWeights: Weights | null;
}

/** A partial epoch: sums of losses over observed entries, and of parts over steps. */
export interface EpochPart {
  readonly batches: number;
  readonly steps: number;
  readonly observed: number;
  readonly huber: number;
  readonly mse: number;
  readonly parts?: Readonly<Record<string, number>>;
}

/** The state of a training, except its model: plain numbers, and the best weights. */
export interface TrainState {
  /** Complete epochs. */
  readonly epoch: number;
  /** The part of the next epoch that is done, if training stopped within it. */
  readonly within: EpochPart;
  readonly schedule: PlateauState;
  readonly best: Best | null;
  /** Only with early stopping. */
  readonly bestWeights: Weights | null;
  /** The random state of each order of rows, before the next epoch is shuffled. */
  readonly orders: readonly RandomState[];
  /** The random state of dropout and noise. */
  readonly random: RandomState;
}

export interface TrainControls {
  /** The name of the random stream of dropout and noise; by default "dropout". */
  readonly stream?: string;
  /** Ends training after the current step. */
  readonly signal?: AbortSignal;
  /** The state to resume from, with the model restored to the same state. */
  readonly from?: TrainState;
  /**
   * Awaited after each epoch except the last, once it has been consumed, and when training stops, with `last` true. The
   * model keeps this state until the callback resolves.
   */
  readonly onState?: (state: TrainState, last: boolean) => Promise<void>;
}

const NOTHING: EpochPart = { batches: 0, steps: 0, observed: 0, huber: 0, mse: 0 };

/**
 * Trains the model on the dealt rows and yields each epoch; returns how training ended. With early stopping, a copy of the
 * best weights is kept in memory; without, as in the paper, the last weights are the result. Aborting `signal` ends
 * training after the current step, with a last, partial epoch if it has steps. Training resumed from a state gives the
 * epochs and weights of an uninterrupted training. With batch normalization, a last batch of a single row is skipped.
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
  if (Math.min(deal.rows, batchSize) < model.leastRows) {
    throw new RangeError(
      `train: expected batches of at least ${model.leastRows} rows, which batch normalization needs, ` +
        `got ${deal.rows} rows in batches of ${batchSize}`,
    );
  }
  const resume = (state: RandomState | undefined, name: string) =>
    state ? restoreRandom(state) : createRandom(seed, name);
  const orders = deal.orders.map((name, i) => resume(from?.orders[i], name));
  const random = resume(from?.random, stream);
  let schedule = from?.schedule ?? startPlateau(settings.learningRate);
  let best = from?.best ?? null;
  let bestWeights = from?.bestWeights ?? null;
  const ordersNow = () => orders.map((one) => one.state());
  const stateAt = (epoch: number, within: EpochPart, before = ordersNow()): TrainState => ({
    epoch,
    within,
    schedule,
    best,
    bestWeights,
    orders: before,
    random: random.state(),
  });
  let total = from?.within ?? NOTHING;
  for (let epoch = (from?.epoch ?? 0) + 1; epoch <= epochs; epoch++, total = NOTHING) {
    const { learningRate } = schedule;
    const ordersBefore = ordersNow();
    const explain = (where: string) => (error: unknown) => {
      if (!(error instanceof DivergenceError)) throw error;
      throw new DivergenceError(
        `train: expected a finite ${where} loss, got ${error.found} in epoch ${epoch} at learning rate ` +
          `${learningRate}; try a tenth of that rate, and check that the rows come from applyScaler`,
        error.found,
      );
    };
    let cut = false;
    const sizes = { batchSize, least: model.leastRows };
    for (const batch of batchesOf(deal, orders, sizes, total.batches)) {
      await setImmediate(); // lets interrupts and the display run
      cut = signal?.aborted === true;
      if (cut) break;
      total = { ...total, batches: total.batches + 1 };
      if (batch !== deal.whole && deal.countObserved(batch) === 0) continue; // nothing to learn from
      const step = model.step(batch, { learningRate, weightDecay, random, epoch });
      total = addStep(total, await step.catch(explain("training")));
    }
    // Before the validation of the partial epoch, which an uninterrupted training would not compute.
    if (cut) await onState?.(stateAt(epoch - 1, total, ordersBefore), true);
    if (total.steps === 0) return { status: "stopped", bestWeights };
    const validation = await model.evaluate(deal.validation).catch(explain("validation"));
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
    await onState?.(stateAt(epoch, NOTHING), stopped);
    if (stopped) return { status: "stopped", bestWeights };
  }
  return { status: "finished", bestWeights };
}

/** The batches of one epoch, without the first `done` and without a last one of too few rows. */
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
    epoch,
    steps,
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

/** An improvement is a metric below `best (1 - THRESHOLD)`; PyTorch's default. */
const THRESHOLD = 1e-4;
/** A smaller reduction of the rate is not made; PyTorch's default. */
const EPSILON = 1e-8;

/** What the schedule remembers: plain numbers, so that it can be saved as JSON. */
export interface PlateauState {
  readonly learningRate: number;
  /** The lowest metric that counted as an improvement; null before the first. */
  readonly best: number | null;
  /** Steps since the last improvement or reduction of the rate. */
  readonly badSteps: number;
}

/** Starts the schedule at a learning rate. */
export function startPlateau(learningRate: number): PlateauState {
  return { learningRate, best: null, badSteps: 0 };
}

/**
 * Takes one step on a metric that should fall, and returns the state after it.
 * Source: torch.optim.lr_scheduler.ReduceLROnPlateau with mode "min", threshold_mode "rel" and no cooldown.
 */
export function stepPlateau(
  state: PlateauState,
  metric: number,
  { factor, patience }: Pick<PlateauSettings, "factor" | "patience">,
): PlateauState {
  const { learningRate, best, badSteps } = state;
  if (best === null || metric < best * (1 - THRESHOLD)) {
    return { learningRate, best: metric, badSteps: 0 };
  }
  if (badSteps < patience) return { learningRate, best, badSteps: badSteps + 1 };
  const lowered = learningRate * factor;
  const isLowered = learningRate - lowered > EPSILON;
  return { learningRate: isLowered ? lowered : learningRate, best, badSteps: 0 };
}
