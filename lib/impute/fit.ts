// Fits the shared decoder: paths fold by fold, then networks on what the paths say of samples that they did not see.
import { type Cohort, type Modality, patientsOf } from "../cohort/cohort.js";
import { createRandom, type Random } from "../cohort/random.js";
import { chooseEngine } from "../engine/choose.js";
import type { Engine } from "../engine/engine.js";
import { type Fold, groupFolds } from "../evaluate/folds.js";
import type { Weights } from "../model/model.js";
import {
  buildSharedDecoder,
  initializeSharedDecoder,
  outputsOf,
  PREPROCESSED_WEIGHT,
  type SharedDecoderModel,
  type SharedDecoderSpec,
} from "../model/shared-decoder.js";
import { checkOptions } from "../options.js";
import {
  CONTROLS,
  type Gates,
  PATH_METHODS,
  type PathMethod,
  type SharedDecoder,
} from "./decoder.js";
import { chooseMethods } from "./fallback.js";
import {
  type Described,
  emptyInference,
  emptyPairs,
  type FeatureTable,
  featureTable,
  gatherPairs,
  inferSample,
  type PairList,
  specOf,
} from "./infer.js";
import { inferredRanges, type Material, takeApart } from "./material.js";
import { fitPaths, followPaths, PATHS, type Paths, SAMPLE_STATISTICS } from "./paths.js";

export interface FitOptions {
  /** Training rows of the cohort; by default all. */
  readonly rows?: readonly number[];
  /** Folds that never part a patient; fewer where there are fewer patients. */
  readonly folds?: number;
  /** Networks, each trained without every fourth fold where there are four. */
  readonly networks?: number;
  /** "preprocessed" is trained for the paper's space as well as for z-scores. */
  readonly objective?: SharedDecoderSpec["objective"];
  /** Weight of the squared error in the paper's space beside the two losses of z-scores; by default 40 / 3. */
  readonly preprocessedWeight?: number;
  /** Training steps of a network at most; by default 300. */
  readonly mostSteps?: number;
  /** What `crossFit` made of the same rows, folds and seed; by default it is called here. */
  readonly crossFitted?: CrossFit;
  /** A control instead of the trained networks: fixed gates, with the residual deviation as the spread. */
  readonly method?: PathMethod;
  /** Whether a modality falls back to a control that errs less out of fold by more than 2 %; by default not. */
  readonly fallback?: boolean;
  readonly seed?: number;
  /** By default the one that `chooseEngine` finds. */
  readonly engine?: Engine;
  /** Told each finished part: 0 to 1, and what it was. */
  readonly onProgress?: (share: number, what: string) => void;
}

/** What a fit does by default. */
export const FIT_DEFAULTS = {
  folds: 8,
  networks: 4,
  objective: "preprocessed",
  preprocessedWeight: PREPROCESSED_WEIGHT,
  mostSteps: 300,
  seed: 42,
} as const;

const HIDDEN = 32;
const INNER_FOLDS = 5;
const BATCH = 8192;
const LEARNING_RATE = 3e-3;
const WEIGHT_DECAY = 1e-3;
const WARM_UP = 30;

/**
 * Fits a shared decoder that infers every modality behind the first.
 *
 * Eight folds by patient: scales and paths are fitted without a fold and describe its samples. Four networks are trained
 * on the described samples, each without two of the folds; their mean infers new samples, described by paths of all
 * training rows. The network that did not see a sample's fold also gives its out-of-fold prediction.
 * @throws RangeError if the cohort has one modality, there are fewer patients than networks, or no feature was measured
 *   in enough training samples.
 */
export async function fitSharedDecoder(
  cohort: Cohort,
  options: FitOptions = {},
): Promise<SharedDecoder> {
  const {
    rows = cohort.samples.map((_, row) => row),
    folds = FIT_DEFAULTS.folds,
    networks = FIT_DEFAULTS.networks,
    objective = FIT_DEFAULTS.objective,
    preprocessedWeight = FIT_DEFAULTS.preprocessedWeight,
    mostSteps = FIT_DEFAULTS.mostSteps,
    crossFitted,
    method = "shared-decoder",
    fallback = false,
    seed = FIT_DEFAULTS.seed,
    engine,
    onProgress = () => {},
  } = checkOptions("fitSharedDecoder", options, {
    ...{ rows: "array", folds: "number", networks: "number", seed: "number" },
    ...{ preprocessedWeight: "number", mostSteps: "number", crossFitted: "object" },
    ...{ method: PATH_METHODS, fallback: "boolean" },
    ...{ objective: ["preprocessed", "standardized"], engine: "object", onProgress: "function" },
  });
  if (crossFitted) requireFolds(cohort, { rows, folds, networks });
  const isTrained = method === "shared-decoder";
  const trainings = isTrained ? networks : 0;
  let [done, total] = [0, trainings];
  const finish = (what: string) => onProgress(++done / total, what);
  const onPart = (parts: number, what: string) => {
    total = parts + trainings;
    finish(what);
  };
  const { paths, described, pairs, dealt } =
    crossFitted ?? crossFit(cohort, { rows, folds, networks, seed }, onPart);
  const spec = specOf(paths, { hidden: HIDDEN, objective, preprocessedWeight });
  const inferred = inferredRanges(cohort.modalities);
  const outOfFold = emptyInference(rows.length, paths);
  const infer = async (
    models: readonly SharedDecoderModel[],
    samples: readonly number[],
    gates: Gates,
  ) => {
    for (const sample of samples) {
      await inferSample(
        models,
        described,
        { sample, row: sample },
        { paths, gates, spec },
        outOfFold,
      );
    }
  };
  const trained: Weights[] = [];
  if (isTrained) {
    const gates = gatesOf(
      spec,
      paths,
      inferred.map((modality) => ({ ...modality, method })),
    );
    const found = engine ?? (await chooseEngine()).engine;
    for (let k = 0; k < networks; k++) {
      const held = dealt.flatMap(({ test }, fold) => (fold % networks === k ? test : []));
      const kept = without(pairs, described, held);
      const weights = await trainNetwork(found, spec, described, kept, {
        mostSteps,
        seed: seed + k,
      });
      trained.push(weights);
      const model = buildSharedDecoder(found, spec, weights);
      try {
        await infer([model], held, gates);
      } finally {
        model.dispose();
      }
      finish(`network ${k + 1} of ${networks}`);
    }
  } else trained.push(noNetwork(spec));
  const patients = patientsOf(cohort, rows);
  const choices = chooseMethods(
    inferred,
    { described, pairs, paths, inference: isTrained ? outOfFold : undefined, patients, seed },
    { method, fallback },
  );
  const gates = gatesOf(
    spec,
    paths,
    inferred.map((modality, m) => ({ ...modality, method: choices[m].method })),
  );
  // What the networks said stays; where a control decides, its answer replaces theirs.
  await infer([], Array.from(rows.keys()), gates);
  return {
    modalities: cohort.modalities,
    features: cohort.features,
    trainedOn: rows.map((row) => cohort.samples[row].id),
    ...{ paths, spec, networks: trained, choices, gates, outOfFold },
  };
}

/** Training samples described by paths that did not see their fold, and the paths of all of them. */
export interface CrossFit {
  readonly paths: Paths;
  readonly described: Described;
  /** The observed pairs of the described samples. */
  readonly pairs: PairList;
  /** Indexes into the training rows. */
  readonly dealt: readonly Fold[];
}

/**
 * Fits the paths on all training rows, and fold by fold to describe those rows.
 * @param onPart told each finished part, and how many there are.
 * @throws RangeError as `fitSharedDecoder`.
 */
export function crossFit(
  cohort: Cohort,
  options: Required<Pick<FitOptions, "rows" | "folds" | "networks" | "seed">>,
  onPart: (parts: number, what: string) => void = () => {},
): CrossFit {
  const { rows, folds, seed } = options;
  const material = takeApart(cohort);
  requireFolds(cohort, options);
  const dealt = groupFolds(patientsOf(cohort, rows), { folds, seed });
  const finish = (what: string) => onPart(dealt.length + 1, what);
  const paths = fitPaths(material, rows, dealInner(cohort, rows, seed));
  requireFeatures(paths);
  finish("paths of all training samples");
  const described = describeFolds(material, rows, dealt, seed, finish);
  return { paths, described, pairs: listPairs(material, rows, described), dealt };
}

/** @throws RangeError if there are fewer patients than networks, or an option makes no sense. */
function requireFolds(
  cohort: Cohort,
  { rows, folds, networks }: Required<Pick<FitOptions, "rows" | "folds" | "networks">>,
): void {
  for (const row of rows) {
    if (Number.isInteger(row) && row >= 0 && row < cohort.samples.length) continue;
    throw new RangeError(
      `fitSharedDecoder: expected rows in [0, ${cohort.samples.length}), got ${row}`,
    );
  }
  if (!(Number.isInteger(networks) && networks >= 2 && folds >= networks)) {
    throw new RangeError(
      `fitSharedDecoder: expected at least 2 networks and as many folds, got ${networks} and ${folds}`,
    );
  }
  const patients = new Set(patientsOf(cohort, rows)).size;
  if (patients < networks) {
    throw new RangeError(
      `fitSharedDecoder: expected samples of at least ${networks} patients, got ${patients}; ` +
        "with so few, nothing can be held out",
    );
  }
}

/** Deals rows into the folds that residuals come from. */
function dealInner(cohort: Cohort, rows: readonly number[], seed: number): Fold[] {
  return groupFolds(patientsOf(cohort, rows), { folds: INNER_FOLDS, seed });
}

/** @throws RangeError if no feature can be inferred. */
function requireFeatures({ standard }: Paths): void {
  if (standard.scale.some((scale) => scale > 0)) return;
  throw new RangeError(
    "fitSharedDecoder: expected a feature behind the first modality that at least 10 training samples measured and " +
      `that varies, got none of ${standard.scale.length}; give more samples`,
  );
}

/** Describes each training sample by paths that were fitted without its fold. */
function describeFolds(
  material: Material,
  rows: readonly number[],
  folds: readonly Fold[],
  seed: number,
  onFold: (what: string) => void,
): Described {
  const features = material.inferred.rows;
  const size = features * PATHS.length;
  const values = new Float32Array(rows.length * size);
  const statistics = new Float32Array(rows.length * SAMPLE_STATISTICS.length);
  const tables = new Array<FeatureTable>(rows.length);
  folds.forEach(({ train, test }, f) => {
    const kept = train.map((i) => rows[i]);
    const paths = fitPaths(material, kept, dealInner(material.cohort, kept, seed));
    const found = followPaths(
      paths,
      material.seen,
      test.map((i) => rows[i]),
    );
    const table = featureTable(paths);
    test.forEach((sample, i) => {
      values.set(found.values.subarray(i * size, (i + 1) * size), sample * size);
      statistics.set(found.statistics.subarray(i * 2, (i + 1) * 2), sample * 2);
      tables[sample] = table;
    });
    onFold(`paths without fold ${f + 1} of ${folds.length}`);
  });
  return { samples: rows.length, features, values, statistics, tables };
}

/** Lists the observed pairs of all training samples, sample by sample. */
function listPairs(
  { inferred }: Material,
  rows: readonly number[],
  { features, tables }: Described,
): PairList {
  const codes = new Int32Array(rows.length * features);
  const targets = new Float32Array(codes.length);
  let count = 0;
  rows.forEach((row, sample) => {
    const { scaler, standard } = tables[sample];
    const first = scaler.mean.length - features;
    for (let j = 0; j < features; j++) {
      const at = j * inferred.columns + row;
      if (!inferred.observed[at] || standard.scale[j] === 0) continue;
      const [low, high] = [scaler.low[first + j], scaler.high[first + j]];
      const clamped = Math.min(Math.max(inferred.values[at], low), high);
      codes[count] = sample * features + j;
      targets[count++] = (clamped - standard.center[j]) / standard.scale[j];
    }
  });
  return { codes: codes.subarray(0, count), targets: targets.subarray(0, count) };
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

/**
 * Trains one network: batches of 8,192 pairs, each pass in a new order.
 * @returns its weights.
 */
async function trainNetwork(
  engine: Engine,
  spec: SharedDecoderSpec,
  described: Described,
  { codes, targets }: PairList,
  { mostSteps, seed }: Required<Pick<FitOptions, "mostSteps" | "seed">>,
): Promise<Weights> {
  const random = createRandom(seed, "pairs");
  const model = buildSharedDecoder(engine, spec, initializeSharedDecoder(spec, seed));
  const size = Math.min(BATCH, codes.length);
  const steps = stepsFor(codes.length, mostSteps);
  const order = new Int32Array(codes.length);
  for (let i = 0; i < order.length; i++) order[i] = i;
  let next = order.length;
  const batch = new Int32Array(size);
  const pairs = { ...emptyPairs(described, size), target: new Float32Array(size) };
  try {
    for (let step = 0; step < steps; step++) {
      if (next + size > order.length) {
        shuffleInPlace(order, random);
        next = 0;
      }
      const picked = order.subarray(next, next + size);
      next += size;
      pick(codes, picked, batch);
      pick(targets, picked, pairs.target);
      gatherPairs(described, batch, pairs);
      const learningRate = rateAt(step, steps);
      await model.step(pairs, { learningRate, weightDecay: WEIGHT_DECAY });
    }
    return await model.readWeights();
  } finally {
    model.dispose();
  }
}

/** A function of its own, because V8 leaves loops of long asynchronous functions slow. */
function pick(from: Int32Array | Float32Array, at: Int32Array, into: Int32Array | Float32Array) {
  for (let i = 0; i < at.length; i++) into[i] = from[at[i]];
}

/** A network of zeros, for a control: the pass is the same, and adds nothing to the fixed gates. */
function noNetwork(spec: SharedDecoderSpec): Weights {
  const weights = initializeSharedDecoder(spec, 0);
  for (const values of weights.values()) values.fill(0);
  return weights;
}

/** The gates of each inferred feature, by what infers its modality. */
function gatesOf(
  spec: SharedDecoderSpec,
  { unit }: Paths,
  modalities: readonly (Modality & { readonly method: PathMethod })[],
): Gates {
  const width = outputsOf(spec);
  const trained = new Uint8Array(unit.length);
  const fixed = new Float32Array(unit.length * width);
  for (const { start, end, method } of modalities) {
    if (method === "shared-decoder") {
      trained.fill(1, start, end);
      continue;
    }
    for (let j = start; j < end; j++) {
      fixed.set(CONTROLS[method], j * width);
      if (spec.objective === "preprocessed") fixed[(j + 1) * width - 1] = NO_PULL;
    }
  }
  return { trained, fixed };
}

const NO_PULL = -30; // its sigmoid is 1e-13

/** Fifteen passes within 60 and 300 steps, but never more than twenty passes: with more, small cohorts overfit. */
export function stepsFor(pairs: number, most: number = FIT_DEFAULTS.mostSteps): number {
  const asked = Math.min(Math.max((15 * pairs) / BATCH, 60), most);
  return Math.max(1, Math.round(Math.min(asked, (20 * pairs) / Math.min(BATCH, pairs))));
}

/** A line up over the first steps, and half a cosine down to 2 %. */
export function rateAt(step: number, steps: number): number {
  const cosine = (1 + Math.cos((Math.PI * step) / steps)) / 2;
  return LEARNING_RATE * Math.min(1, (step + 1) / WARM_UP) * (0.02 + 0.98 * cosine);
}

function shuffleInPlace(items: Int32Array, random: Random): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [items[i], items[j]] = [items[j], items[i]];
  }
}
