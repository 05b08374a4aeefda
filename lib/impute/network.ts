// One network of a shared decoder, trained without some samples, and what it says of those.
import { createRandom, type Random } from "../cohort/random.js";
import type { Engine } from "../engine/engine.js";
import { nativeEngine } from "../engine/native.js";
import {
  buildSharedDecoder,
  initializeSharedDecoder,
  type SharedDecoderModel,
  type SharedDecoderSpec,
} from "../model/shared-decoder.js";
import type { Gates } from "./decoder.js";
import {
  type Described,
  emptyInference,
  emptyPairs,
  gatherPairs,
  inferSample,
  type PairList,
  type Scales,
} from "./infer.js";
import { inParallel } from "./threads.js";

const BATCH = 8192;
const LEARNING_RATE = 3e-3;
const WEIGHT_DECAY = 1e-3;
const WARM_UP = 30;

/** What all networks share. */
export interface Networks {
  readonly spec: SharedDecoderSpec;
  readonly described: Described;
  readonly pairs: PairList;
  readonly paths: Scales;
  readonly gates: Gates;
  readonly mostSteps: number;
  /** By default the native one; it cannot be handed to another thread. */
  readonly engine?: Engine;
}

/** Samples that a network does not see, and the seed that it starts from. */
interface NetworkPart {
  readonly held: readonly number[];
  readonly seed: number;
}

/** Trains each network, and lets it infer the samples held from it, in their order. */
export const trainNetworks = inParallel(
  import.meta.url,
  async (shared: Networks, { held, seed }: NetworkPart) => {
    const { spec, described, pairs, paths } = shared;
    const engine = shared.engine ?? (await nativeEngine());
    const model = buildSharedDecoder(engine, spec, initializeSharedDecoder(spec, seed));
    try {
      await train(model, described, without(pairs, described, held), { ...shared, seed });
      const inference = emptyInference(held.length, paths);
      for (const [row, sample] of held.entries()) {
        await inferSample([model], described, { sample, row }, shared, inference);
      }
      return { weights: await model.readWeights(), inference };
    } finally {
      model.dispose();
    }
  },
);

/** Trains a network in batches of 8,192 pairs, each pass in a new order, which the pairs are left in. */
async function train(
  model: SharedDecoderModel,
  described: Described,
  { codes, targets }: PairList,
  { mostSteps, seed }: { readonly mostSteps: number; readonly seed: number },
): Promise<void> {
  const random = createRandom(seed, "pairs");
  const size = Math.min(BATCH, codes.length);
  const steps = stepsFor(codes.length, mostSteps);
  let next = codes.length;
  const pairs = { ...emptyPairs(described, size), target: new Float32Array(size) };
  for (let step = 0; step < steps; step++) {
    if (next + size > codes.length) {
      shuffle(codes, targets, random);
      next = 0;
    }
    gatherPairs(described, codes.subarray(next, next + size), pairs);
    pairs.target.set(targets.subarray(next, next + size));
    next += size;
    await model.step(pairs, { learningRate: rateAt(step, steps), weightDecay: WEIGHT_DECAY });
  }
}

/** Leaves out the pairs of some samples. */
function without(
  { codes, targets }: PairList,
  { features }: Described,
  samples: readonly number[],
): PairList {
  const left = new Set(samples);
  const kept = { codes: new Int32Array(codes.length), targets: new Float32Array(codes.length) };
  let count = 0;
  for (let i = 0; i < codes.length; i++) {
    if (left.has(Math.floor(codes[i] / features))) continue;
    kept.codes[count] = codes[i];
    kept.targets[count++] = targets[i];
  }
  return { codes: kept.codes.subarray(0, count), targets: kept.targets.subarray(0, count) };
}

/** Fifteen passes within 60 and 300 steps, but never more than twenty passes: with more, small cohorts overfit. */
export function stepsFor(pairs: number, most: number): number {
  const asked = Math.min(Math.max((15 * pairs) / BATCH, 60), most);
  return Math.max(1, Math.round(Math.min(asked, (20 * pairs) / Math.min(BATCH, pairs))));
}

/** A line up over the first steps, and half a cosine down to 2 %. */
export function rateAt(step: number, steps: number): number {
  const cosine = (1 + Math.cos((Math.PI * step) / steps)) / 2;
  return LEARNING_RATE * Math.min(1, (step + 1) / WARM_UP) * (0.02 + 0.98 * cosine);
}

/** Puts pairs in a new order, in place. */
function shuffle(codes: Int32Array, targets: Float32Array, random: Random): void {
  for (let i = codes.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    const [code, target] = [codes[i], targets[i]];
    codes[i] = codes[j];
    targets[i] = targets[j];
    codes[j] = code;
    targets[j] = target;
  }
}
