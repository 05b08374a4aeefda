// Simulates what an instrument makes of latent factors: links, noise, scale, and the values that it misses.
import { emptyMatrix, type Matrix, matrixFrom } from "./matrix.js";
import { createRandom, type Random, shuffle } from "./random.js";

/**
 * How a modality's values look. "expression": positive and skewed, like FPKM; "ratio": log ratios around 0, like
 * TMT proteomics; "intensity": log intensities around 20, like a metabolome.
 */
export type Scale = "expression" | "ratio" | "intensity";

/** One modality with all that it needs. */
export interface ModalitySettings {
  readonly name: string;
  readonly count: number;
  readonly scale: Scale;
  /** Standard deviation of the noise; the signal's is 1. */
  readonly noise: number;
  readonly missingAtRandom: number;
  readonly detectionLimit: number;
  readonly cisShare: number;
}

/** What all modalities have in common. */
export interface World {
  readonly seed: number;
  /** `[samples, latentFactors]`, row-major. */
  readonly factors: Float64Array;
  readonly latentFactors: number;
  /** Which samples were measured by the second cohort. */
  readonly elsewhere: readonly boolean[];
  /** Standard deviation over features of what that cohort adds. */
  readonly offset: number;
  /** The modality that features in cis follow; null while it is simulated itself. */
  readonly first: SimulatedModality | null;
  /** Gives an id that no feature has yet: "G0001", "M0001". */
  readonly newId: (prefix: "G" | "M") => string;
}

export interface SimulatedModality {
  readonly features: readonly string[];
  /** `[samples, features]`, with nothing missing. */
  readonly complete: Matrix;
  readonly noiseless: Matrix;
  /** For each feature, the feature of the first modality that it follows; -1 for none. */
  readonly cis: readonly number[];
  /** `[features, samples]`: each feature without noise, mean 0 and variance 1. */
  readonly levels: readonly Float64Array[];
}

/** How strongly a feature in cis follows its gene, as a share of its signal's variance in [0, 1]. */
const CIS_VARIANCE = 0.55;

/** Simulates one modality completely; what goes missing is left to `hideValues`. */
export function simulateModality(settings: ModalitySettings, world: World): SimulatedModality {
  const { name, count, scale, noise } = settings;
  const { seed, elsewhere, offset, first } = world;
  const samples = elsewhere.length;
  const shape = createRandom(seed, `${name}: features`);
  const draw = createRandom(seed, `${name}: noise`);
  const cis = chooseCis(settings, first, shape);
  const complete = emptyMatrix(samples, count);
  const noiseless = emptyMatrix(samples, count);
  complete.observed.fill(1);
  noiseless.observed.fill(1);
  const levels: Float64Array[] = [];
  const features: string[] = [];
  for (let j = 0; j < count; j++) {
    const signal = factorSignal(world, shape);
    // Half of the first modality's noise is the gene's own variation, which a feature in cis follows.
    const own = first ? 0 : noise * Math.SQRT1_2;
    const technical = first ? noise : noise * Math.SQRT1_2;
    const gene = cis[j] >= 0 ? first!.levels[cis[j]] : null;
    const follow = gene ? Math.sqrt(CIS_VARIANCE) : 0;
    const level = signal.map(
      (x, i) =>
        follow * (gene ? gene[i] : 0) + Math.sqrt(1 - follow ** 2) * x + own * draw.normal(),
    );
    const shift = offset * shape.normal();
    const toValue = drawScale(scale, shape);
    for (let i = 0; i < samples; i++) {
      const clean = level[i] + (elsewhere[i] ? shift : 0);
      noiseless.values[i * count + j] = toValue(clean);
      complete.values[i * count + j] = toValue(clean + technical * draw.normal());
    }
    levels.push(standardize(level));
    features.push(gene ? first!.features[cis[j]] : world.newId(scale === "intensity" ? "M" : "G"));
  }
  return { features, complete, noiseless, cis, levels };
}

/** Takes out the values below the detection limit, and others at random. */
export function hideValues(
  { complete }: SimulatedModality,
  { name, missingAtRandom, detectionLimit }: ModalitySettings,
  seed: number,
): { matrix: Matrix; limit: number } {
  const random = createRandom(seed, `${name}: missing`);
  const sorted = complete.values.toSorted();
  const limit =
    detectionLimit > 0
      ? sorted[Math.floor(detectionLimit * sorted.length)]
      : Number.NEGATIVE_INFINITY;
  const shown = Float32Array.from(complete.values, (value) =>
    random.uniform() < missingAtRandom || value < limit ? Number.NaN : value,
  );
  return { matrix: matrixFrom(complete.rows, complete.columns, shown), limit };
}

/** Mixes three factors and passes them through a link; mean 0 and variance 1 over the samples. */
function factorSignal(
  { factors, latentFactors: k, elsewhere }: World,
  shape: Random,
): Float64Array {
  const order = shuffle(
    Array.from({ length: k }, (_, f) => f),
    shape,
  );
  const mixed = order.slice(0, 3).map((factor) => ({ factor, weight: shape.normal() }));
  const norm = Math.hypot(...mixed.map(({ weight }) => weight)) || 1;
  const kind = shape.uniform();
  const at = (i: number, factor: number) => factors[i * k + factor];
  const signal = new Float64Array(elsewhere.length);
  for (let i = 0; i < signal.length; i++) {
    const sum = mixed.reduce((sum, { factor, weight }) => sum + (weight / norm) * at(i, factor), 0);
    if (kind < 0.4) signal[i] = sum;
    else if (kind < 0.65) signal[i] = Math.tanh(1.5 * sum);
    else if (kind < 0.9)
      signal[i] = Math.log1p(Math.exp(2 * sum)); // softplus
    else signal[i] = Math.tanh(at(i, order[0])) * at(i, order[k > 1 ? 1 : 0]);
  }
  return standardize(signal);
}

/** Draws a feature's place and spread, and gives the way from its level to a measured value. */
function drawScale(scale: Scale, shape: Random): (level: number) => number {
  const place = shape.normal();
  const spread = shape.uniform();
  // Exponents are bounded, so that no option makes a value that float32 cannot hold.
  if (scale === "expression") {
    return (x) => Math.exp(Math.min(80, 1.5 + 1.2 * place + (0.3 + 0.5 * spread) * x));
  }
  if (scale === "ratio") return (x) => (0.3 + 0.7 * spread) * x;
  return (x) => 20 + 1.2 * place + (0.5 + 0.7 * spread) * x;
}

/** Gives a share of a ratio modality's features a gene of the first modality each, none twice. */
function chooseCis(
  { count, cisShare }: ModalitySettings,
  first: SimulatedModality | null,
  shape: Random,
): number[] {
  const cis = new Array<number>(count).fill(-1);
  if (!first) return cis;
  const genes = shuffle(
    first.features.map((_, j) => j),
    shape,
  );
  const chosen = shuffle(
    cis.map((_, j) => j),
    shape,
  ).slice(0, Math.round(cisShare * count));
  chosen.forEach((feature, i) => {
    cis[feature] = genes[i];
  });
  return cis;
}

/** Moves and scales numbers to mean 0 and variance 1; constant ones become 0. */
function standardize(numbers: Float64Array): Float64Array {
  const mean = numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
  const variance = numbers.reduce((sum, x) => sum + (x - mean) ** 2, 0) / numbers.length;
  const scale = variance > 0 ? 1 / Math.sqrt(variance) : 0;
  return numbers.map((x) => (x - mean) * scale);
}
