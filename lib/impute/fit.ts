// Fits the shared decoder: paths fold by fold, then networks on what the paths say of samples that they did not see.
import { type Cohort, type Modality, patientsOf } from "../cohort/cohort.js";
import { chooseEngine } from "../engine/choose.js";
import { threadCount } from "../engine/compile.js";
import type { Engine } from "../engine/engine.js";
import { type Fold, groupFolds } from "../evaluate/folds.js";
import type { Weights } from "../model/model.js";
import {
  initializeSharedDecoder,
  outputsOf,
  PREPROCESSED_WEIGHT,
  type SharedDecoderSpec,
} from "../model/shared-decoder.js";
import { checkOptions } from "../options.js";
import {
  CONTROLS,
  type Gates,
  type Inference,
  PATH_METHODS,
  type PathMethod,
  type SharedDecoder,
} from "./decoder.js";
import { chooseMethods } from "./fallback.js";
import { describeFolds, type FoldValues } from "./fold.js";
import {
  type Described,
  emptyInference,
  type FeatureTable,
  inferSample,
  type PairList,
  specOf,
} from "./infer.js";
import { inferredRanges, type Material, takeApart } from "./material.js";
import { trainNetworks } from "./network.js";
import { PATHS, type Paths, SAMPLE_STATISTICS } from "./paths.js";

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
const MOST_THREADS = 4; // each has a fit's intermediate results

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
    rows: "array",
    folds: "number",
    networks: "number",
    seed: "number",
    preprocessedWeight: "number",
    mostSteps: "number",
    crossFitted: "object",
    method: PATH_METHODS,
    fallback: "boolean",
    objective: ["preprocessed", "standardized"],
    engine: "object",
    onProgress: "function",
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
    crossFitted ?? (await crossFit(cohort, { rows, folds, networks, seed }, onPart));
  const spec = specOf(paths, { hidden: HIDDEN, objective, preprocessedWeight });
  const inferred = inferredRanges(cohort.modalities);
  const outOfFold = emptyInference(rows.length, paths);
  let trained: Weights[];
  if (isTrained) {
    const found = engine ?? (await chooseEngine()).engine;
    const threads = found.name === "native" ? threadsFor(pairs.codes.length) : 1;
    const held = Array.from({ length: networks }, (_, k) =>
      dealt.flatMap(({ test }, fold) => (fold % networks === k ? test : [])),
    );
    const gates = gatesOf(spec, paths, inferred, () => method);
    const { scaler, standard, level, unit } = paths;
    const answers = await trainNetworks(
      {
        spec,
        described,
        pairs,
        gates,
        mostSteps,
        paths: { scaler, standard, level, unit },
        ...(threads === 1 ? { engine: found } : {}),
      },
      held.map((samples, k) => ({ held: samples, seed: seed + k })),
      { threads, onPart: (k) => finish(`network ${k + 1} of ${networks}`) },
    );
    answers.forEach(({ inference }, k) => {
      placeRows(inference, held[k], outOfFold);
    });
    trained = answers.map(({ weights }) => weights);
  } else trained = [noNetwork(spec)];
  const patients = patientsOf(cohort, rows);
  const choices = chooseMethods(
    inferred,
    { described, pairs, paths, inference: isTrained ? outOfFold : undefined, patients, seed },
    { method, fallback },
  );
  const gates = gatesOf(spec, paths, inferred, (m) => choices[m].method);
  // What the networks said stays; where a control decides, its answer replaces theirs.
  for (const row of rows.keys()) {
    await inferSample([], described, { sample: row, row }, { paths, gates, spec }, outOfFold);
  }
  return {
    modalities: cohort.modalities,
    features: cohort.features,
    trainedOn: rows.map((row) => cohort.samples[row].id),
    paths,
    spec,
    networks: trained,
    choices,
    gates,
    outOfFold,
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
export async function crossFit(
  cohort: Cohort,
  options: Required<Pick<FitOptions, "rows" | "folds" | "networks" | "seed">>,
  onPart: (parts: number, what: string) => void = () => {},
): Promise<CrossFit> {
  const { rows, folds, seed } = options;
  const material = takeApart(cohort);
  requireFolds(cohort, options);
  const dealt = groupFolds(patientsOf(cohort, rows), { folds, seed });
  const parts = [
    { train: rows, test: [] },
    ...dealt.map(({ train, test }) => ({
      train: train.map((i) => rows[i]),
      test: test.map((i) => rows[i]),
    })),
  ];
  const [{ paths }, ...found] = await describeFolds({ material, seed }, parts, {
    threads: threadsFor(rows.length * material.inferred.rows),
    onPart: (part) => {
      const what =
        part === 0 ? "of all training samples" : `without fold ${part} of ${dealt.length}`;
      onPart(parts.length, `paths ${what}`);
    },
  });
  const described = describe(material, dealt, found);
  return { paths: paths!, described, pairs: listPairs(material, rows, described), dealt };
}

/** Threads for a fit of so many pairs: a small one is over before another thread has started. */
function threadsFor(pairs: number): number {
  return pairs < 300_000 ? 1 : Math.min(threadCount(), MOST_THREADS);
}

/** Puts what the folds' paths say of their samples together, in the order of the training rows. */
function describe(
  { inferred }: Material,
  folds: readonly Fold[],
  found: readonly FoldValues[],
): Described {
  const features = inferred.rows;
  const samples = folds.reduce((sum, { test }) => sum + test.length, 0);
  const size = features * PATHS.length;
  const values = new Float32Array(samples * size);
  const statistics = new Float32Array(samples * SAMPLE_STATISTICS.length);
  const tables = new Array<FeatureTable>(samples);
  const tableSize = found[0].packed.length;
  const packed = new Float32Array(folds.length * tableSize);
  const packedFrom = new Int32Array(samples);
  folds.forEach(({ test }, f) => {
    const own = found[f];
    packed.set(own.packed, f * tableSize);
    test.forEach((sample, i) => {
      values.set(own.values.subarray(i * size, (i + 1) * size), sample * size);
      statistics.set(own.statistics.subarray(i * 2, (i + 1) * 2), sample * 2);
      tables[sample] = own.table;
      packedFrom[sample] = f * features;
    });
  });
  const packedWidth = tableSize / features;
  return { samples, features, values, statistics, tables, packed, packedFrom, packedWidth };
}

/** Copies rows of an inference to where those samples stand. */
function placeRows(from: Inference, rows: readonly number[], into: Inference): void {
  const { columns } = into.mean;
  const copy = <T extends Float32Array | Uint8Array>(own: T, all: T) => {
    rows.forEach((row, i) => {
      all.set(own.subarray(i * columns, (i + 1) * columns), row * columns);
    });
  };
  copy(from.mean.values, into.mean.values);
  copy(from.mean.observed, into.mean.observed);
  copy(from.deviation, into.deviation);
  copy(from.preprocessed, into.preprocessed);
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
  modalities: readonly Modality[],
  methodOf: (m: number) => PathMethod,
): Gates {
  const width = outputsOf(spec);
  const trained = new Uint8Array(unit.length);
  const fixed = new Float32Array(unit.length * width);
  for (const [m, { start, end }] of modalities.entries()) {
    const method = methodOf(m);
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
