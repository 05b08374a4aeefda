// Simulates a cohort with known ground truth: latent factors, classes, paired tumors and normals, missing values.
import { checkOptions, either, required } from "../options.js";
import { type Cohort, joinCohort, type Label, type Sample } from "./cohort.js";
import { emptyMatrix, type Matrix, matrixFrom } from "./matrix.js";
import { createRandom, type Random, shuffle } from "./random.js";

/**
 * How a modality's values look. "expression": positive and skewed, like FPKM; "ratio": log ratios around 0, like
 * TMT proteomics; "intensity": log intensities around 20, like a metabolome.
 */
export type Scale = "expression" | "ratio" | "intensity";

/**
 * How features follow the factors. "mixed": 40 % linearly, the others through tanh, softplus, or a product of two
 * factors. "linear" and "product": all of them alike. A product of two factors is uncorrelated with both if their means
 * are 0 (no class separation, no normals), so a linear method cannot predict it from features that follow the factors
 * linearly.
 */
export type Link = "mixed" | "linear" | "product";

/** One number for all modalities, or one for each by name; others keep their scale's default. */
export type PerModality = number | Readonly<Record<string, number>>;

export interface SimulateOptions {
  readonly seed: number;
  readonly patients?: number;
  /** Share of patients in [0, 1] who have a normal sample as well as a tumor. */
  readonly normalShare?: number;
  /** Feature count of each modality, in column order; the others are inferred from the first. */
  readonly features?: Readonly<Record<string, number>>;
  /** By default expression for the first modality, intensity for "metabolite", ratio for any other. */
  readonly scales?: Readonly<Record<string, Scale>>;
  /** By modality; by default "mixed". */
  readonly links?: Readonly<Record<string, Link>>;
  readonly latentFactors?: number;
  /** Standard deviation of the noise (the signal's is 1); by default 0.5 (expression), 0.6 (ratio), 0.8 (intensity). */
  readonly noise?: PerModality;
  /** Share of values in [0, 1) that are missing at random; by default 0, 0.05, 0.03. */
  readonly missingAtRandom?: PerModality;
  /** Share of lowest values in [0, 1) that the instrument misses; by default 0, 0.04, 0.08. */
  readonly detectionLimit?: PerModality;
  /** How far a class moves its factor, in standard deviations of the factor. */
  readonly classSeparation?: number;
  /** With 2, the second half of the patients is measured elsewhere: the label "cohort" is "A" or "B". */
  readonly cohorts?: 1 | 2;
  /** Standard deviation over features of the second cohort's offset (the signal's is 1). */
  readonly cohortOffset?: number;
  /**
   * Share in [0, 1] of each ratio modality's features that share a gene id with the first modality and follow that
   * gene.
   */
  readonly cisShare?: number;
}

/** The ground truth. Matrices have the rows and columns of the cohort, without missing values. */
export interface Truth {
  /** `[samples, latentFactors]`, variance about 1 within a class. */
  readonly factors: Matrix;
  /** All measurements before any went missing. */
  readonly complete: Matrix;
  /** The measurements without noise. */
  readonly noiseless: Matrix;
  /** For each column, the column of the first modality that it follows; -1 for none. */
  readonly cis: readonly number[];
  /** By modality, the detection limit, below which all values are missing; -Infinity for none. */
  readonly limits: Readonly<Record<string, number>>;
}

export interface Simulation {
  readonly cohort: Cohort;
  readonly truth: Truth;
  /**
   * Measures all samples again, `[samples, features]`, complete: the noiseless values with noise of their own for each
   * whole number `draw` of at least 0.
   */
  readonly remeasure: (draw: number) => Matrix;
}

type Settings = ReturnType<typeof completeOptions>;
type ModalitySettings = Settings["modalities"][number];

/** The classes of tumors: values of the label "histology". */
const CLASSES = ["alpha", "beta", "gamma"];

const LINKS: readonly Link[] = ["mixed", "linear", "product"];

const scaleDefaults = {
  expression: { noise: 0.5, missingAtRandom: 0, detectionLimit: 0 },
  ratio: { noise: 0.6, missingAtRandom: 0.05, detectionLimit: 0.04 },
  intensity: { noise: 0.8, missingAtRandom: 0.03, detectionLimit: 0.08 },
} as const;

/**
 * Simulates tumors, then normals, of patients with known latent factors. The same options give the same cohort.
 *
 * Each feature mixes three factors and passes the sum through a link: linear, tanh, softplus, or a product of two
 * factors, which linear methods miss; `links` makes all features of a modality alike. Half of the first modality's
 * noise is the gene's own variation, which features in cis follow. A tumor's class shifts one factor; a normal keeps
 * part of its patient's factors, has no class, and differs along the last factor.
 *
 * Labels have the names of UCEC. All samples have tissue, tmtBatch and cohort. Tumors also have histology (the class),
 * grade and BMI (each correlated with a factor), survivalMonths and died (whose hazard follows a factor), stage, age
 * and laterality. Stage, age, laterality and tmtBatch are independent of the factors, so a classifier that reliably
 * beats chance on them is wrong.
 * @throws RangeError if an option is out of range or names an unknown modality.
 */
export function simulateCohort(options: SimulateOptions): Simulation {
  checkOptions("simulateCohort", options, {
    seed: required("number"),
    patients: "number",
    normalShare: "number",
    features: "object",
    scales: "object",
    links: "object",
    latentFactors: "number",
    noise: either("number", "object"),
    missingAtRandom: either("number", "object"),
    detectionLimit: either("number", "object"),
    classSeparation: "number",
    cohorts: "number",
    cohortOffset: "number",
    cisShare: "number",
  });
  const settings = completeOptions(options);
  const { seed, modalities, latentFactors } = settings;
  const { samples, factors } = simulatePatients(settings);
  const elsewhere = samples.map(({ labels }) => labels.cohort === "B");
  const used = { G: 0, M: 0 };
  const newId = (prefix: "G" | "M") => `${prefix}${String(++used[prefix]).padStart(4, "0")}`;
  const parts: SimulatedModality[] = [];
  for (const modality of modalities) {
    const world = { ...settings, factors, elsewhere, newId, first: parts[0] ?? null };
    parts.push(simulateModality(modality, world));
  }
  const hidden = parts.map((part, i) => hideValues(part, modalities[i], seed));
  const ids = samples.map(({ id }) => id);
  const join = (matrices: readonly Matrix[]) =>
    joinCohort({
      name: "simulated",
      samples,
      tables: parts.map(({ features }, i) => ({
        name: modalities[i].name,
        samples: ids,
        features,
        matrix: matrices[i],
      })),
    });
  return {
    cohort: join(hidden.map(({ matrix }) => matrix)),
    truth: {
      factors: matrixFrom(samples.length, latentFactors, factors),
      complete: join(parts.map(({ complete }) => complete)).matrix,
      noiseless: join(parts.map(({ noiseless }) => noiseless)).matrix,
      cis: parts.flatMap(({ cis }) => cis),
      limits: Object.fromEntries(hidden.map(({ limit }, i) => [modalities[i].name, limit])),
    },
    remeasure: (draw) => {
      whole("draw", draw, 0, 2 ** 32 - 1);
      return join(parts.map(({ remeasure }) => remeasure(draw))).matrix;
    },
  };
}

/** All options, complete and checked. */
function completeOptions({
  seed,
  patients = 96,
  normalShare = 0.25,
  features = { RNA: 400, protein: 200, metabolite: 60 },
  scales = {},
  links = {},
  latentFactors = 6,
  classSeparation = 1.5,
  cohorts = 1,
  cohortOffset = 1,
  cisShare = 0.6,
  ...perModality
}: SimulateOptions) {
  const names = Object.keys(features);
  if (names.length === 0) throw new RangeError("simulateCohort: expected a modality, got none");
  whole("patients", patients, 4, 1e6);
  whole("latentFactors", latentFactors, 3, 1e3); // fewer could not tell the classes apart
  whole("cohorts", cohorts, 1, 2);
  within("normalShare", normalShare, 1);
  within("cisShare", cisShare, 1);
  within("classSeparation", classSeparation, 100);
  within("cohortOffset", cohortOffset, 100);
  for (const option of [scales, links, ...Object.values(perModality)]) {
    const unknown =
      typeof option === "object" && Object.keys(option).find((n) => !names.includes(n));
    if (unknown) {
      throw new RangeError(
        `simulateCohort: expected a modality of ${names.join(", ")}, got "${unknown}"`,
      );
    }
  }
  const modalities = names.map((name, i) => {
    const scale =
      scales[name] ?? (i === 0 ? "expression" : name === "metabolite" ? "intensity" : "ratio");
    const defaults = scaleDefaults[scale];
    if (!defaults)
      throw new RangeError(`simulateCohort: expected a scale for ${name}, got "${scale}"`);
    const link = links[name] ?? "mixed";
    if (!LINKS.includes(link)) {
      throw new RangeError(
        `simulateCohort: expected a link of ${LINKS.join(", ")} for ${name}, got "${link}"`,
      );
    }
    const setting = (key: keyof typeof defaults, high: number) => {
      const given = perModality[key];
      const value = (typeof given === "object" ? given[name] : given) ?? defaults[key];
      return within(`${key} of ${name}`, value, high);
    };
    const cis = i > 0 && scale === "ratio" ? cisShare : 0;
    whole(`features of ${name}`, features[name], 1, 1e6);
    within(`genes in cis of ${name}`, Math.round(cis * features[name]), features[names[0]]);
    return {
      name,
      count: features[name],
      scale,
      link,
      cisShare: cis,
      noise: setting("noise", 100),
      missingAtRandom: setting("missingAtRandom", 0.99),
      detectionLimit: setting("detectionLimit", 0.99),
    };
  });
  return {
    seed,
    patients,
    normalShare,
    latentFactors,
    classSeparation,
    cohorts,
    cohortOffset,
    modalities,
  };
}

function whole(name: string, value: number, low: number, high: number): void {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new RangeError(
      `simulateCohort: expected a whole number of ${name} in [${low}, ${high}], got ${value}`,
    );
  }
}

function within(name: string, value: number, high: number): number {
  if (!(value >= 0 && value <= high)) {
    throw new RangeError(`simulateCohort: expected ${name} in [0, ${high}], got ${value}`);
  }
  return value;
}

/** Simulates each patient's tumor, then some patients' normals; factors are `[samples, latentFactors]`, row-major. */
function simulatePatients(settings: Settings): { samples: Sample[]; factors: Float64Array } {
  const { seed, patients, normalShare, latentFactors: k, cohorts } = settings;
  const random = createRandom(seed, "patients");
  const clinic = createRandom(seed, "clinic"); // independent of all measurements
  const followUp = createRandom(seed, "follow-up");
  const people = Array.from({ length: patients }, (_, i) => i);
  const classOf = shuffle(people, random).map((place) => place % CLASSES.length);
  const normals = shuffle(people, random).slice(0, Math.round(normalShare * patients));
  const own = Float64Array.from({ length: patients * k }, () => random.normal());
  const lines = [
    ...people.map((person) => ({ person, tumor: true })),
    ...normals.sort((a, b) => a - b).map((person) => ({ person, tumor: false })),
  ];
  const factors = new Float64Array(lines.length * k);
  const movable = k - 1; // the last factor separates tumor from normal
  const pick = <T>(items: readonly T[]) => items[clinic.integer(items.length)];
  const samples = lines.map(({ person, tumor }, row) => {
    const at = row * k;
    for (let f = 0; f < k; f++) {
      const mine = own[person * k + f];
      factors[at + f] = tumor ? mine : 0.6 * mine + 0.8 * random.normal();
    }
    const group = classOf[person];
    const side = group < movable ? 1 : -1;
    if (tumor) factors[at + (group % movable)] += side * settings.classSeparation;
    else factors[at + k - 1] -= 2.5;
    const carried = (factor: number) =>
      Math.SQRT1_2 * (own[person * k + (factor % k)] + clinic.normal());
    const score = carried(CLASSES.length);
    // Survival is exponential, with a hazard that follows a factor, and half of the patients are still alive.
    const hazard = 0.03 * Math.exp(own[person * k + ((CLASSES.length + 2) % k)]);
    const [death, end] = [-Math.log1p(-followUp.uniform()) / hazard, 60 * followUp.uniform()];
    const clinical: Record<string, Label> = {
      histology: CLASSES[group],
      grade: score < -0.4 ? "G1" : score < 0.6 ? "G2" : "G3",
      stage: pick(["I", "I", "II", "III"]),
      laterality: pick(["left", "right"]),
      BMI: Math.round(10 * Math.max(17, 29 + 5 * carried(CLASSES.length + 1))) / 10,
      age: 40 + clinic.integer(46),
      survivalMonths: Math.round(10 * Math.max(0.1, Math.min(death, end))) / 10,
      died: death <= end ? "yes" : "no",
    };
    const recorded = Object.entries(clinical).map(([label, value]) => [
      label,
      tumor ? value : null,
    ]);
    const patient = `P${String(person + 1).padStart(3, "0")}`;
    const labels: Record<string, Label> = {
      tissue: tumor ? "tumor" : "normal",
      ...Object.fromEntries(recorded),
      tmtBatch: `batch ${1 + clinic.integer(4)}`,
      cohort: cohorts === 2 && person >= patients / 2 ? "B" : "A",
    };
    return { id: `${patient}-${tumor ? "T" : "N"}`, patient, labels };
  });
  return { samples, factors };
}

/** What all modalities share. */
interface World extends Settings {
  /** `[samples, latentFactors]`, row-major. */
  readonly factors: Float64Array;
  /** Which samples were measured by the second cohort. */
  readonly elsewhere: readonly boolean[];
  /** The modality that features in cis follow; null while simulating that modality itself. */
  readonly first: SimulatedModality | null;
  /** Returns a new feature id: "G0001", "M0001". */
  readonly newId: (prefix: "G" | "M") => string;
}

interface SimulatedModality {
  readonly features: readonly string[];
  /** `[samples, features]`, with nothing missing. */
  readonly complete: Matrix;
  readonly noiseless: Matrix;
  /** For each feature, the feature of the first modality that it follows; -1 for none. */
  readonly cis: readonly number[];
  /** `[features, samples]`: each feature without noise, mean 0 and variance 1. */
  readonly levels: readonly Float64Array[];
  /** Measures the samples with other noise, `[samples, features]`. */
  readonly remeasure: (draw: number) => Matrix;
}

/** How strongly a feature in cis follows its gene, as a share of its signal's variance in [0, 1]. */
const CIS_VARIANCE = 0.55;

/** Simulates one modality without missing values; `hideValues` removes some. */
function simulateModality(settings: ModalitySettings, world: World): SimulatedModality {
  const { name, count, scale, link, noise } = settings;
  const { seed, elsewhere, cohortOffset, first } = world;
  const samples = elsewhere.length;
  const shape = createRandom(seed, `${name}: features`);
  const draw = createRandom(seed, `${name}: noise`);
  const technical = first ? noise : noise * Math.SQRT1_2;
  const cis = chooseCis(settings, first, shape);
  const complete = emptyMatrix(samples, count);
  const noiseless = emptyMatrix(samples, count);
  complete.observed.fill(1);
  noiseless.observed.fill(1);
  const levels: Float64Array[] = [];
  const features: string[] = [];
  const measures: ((error: number, i: number) => number)[] = [];
  for (let j = 0; j < count; j++) {
    const signal = factorSignal(world, link, shape);
    // Half of the first modality's noise is the gene's own variation, which a feature in cis follows.
    const own = first ? 0 : noise * Math.SQRT1_2;
    const gene = cis[j] >= 0 ? first!.levels[cis[j]] : null;
    const follow = gene ? Math.sqrt(CIS_VARIANCE) : 0;
    const level = signal.map(
      (x, i) =>
        follow * (gene ? gene[i] : 0) + Math.sqrt(1 - follow ** 2) * x + own * draw.normal(),
    );
    const shift = cohortOffset * shape.normal();
    const toValue = drawScale(scale, shape);
    const measure = (error: number, i: number) =>
      toValue(level[i] + (elsewhere[i] ? shift : 0) + technical * error);
    for (let i = 0; i < samples; i++) {
      noiseless.values[i * count + j] = measure(0, i);
      complete.values[i * count + j] = measure(draw.normal(), i);
    }
    measures.push(measure);
    levels.push(standardize(level));
    features.push(gene ? first!.features[cis[j]] : world.newId(scale === "intensity" ? "M" : "G"));
  }
  const remeasure = (again: number): Matrix => {
    const random = createRandom(seed, `${name}: noise, again ${again}`);
    const values = complete.values.map((_, at) =>
      measures[at % count](random.normal(), Math.floor(at / count)),
    );
    return { ...complete, values };
  };
  return { features, complete, noiseless, cis, levels, remeasure };
}

/** Removes the values below the detection limit, and others at random. */
function hideValues(
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

/** Mixes three factors and passes them through the link; mean 0 and variance 1 over the samples. */
function factorSignal(
  { factors, latentFactors: k, elsewhere }: World,
  link: Link,
  shape: Random,
): Float64Array {
  const order = shuffle(
    Array.from({ length: k }, (_, f) => f),
    shape,
  );
  const mixed = order.slice(0, 3).map((factor) => ({ factor, weight: shape.normal() }));
  const norm = Math.hypot(...mixed.map(({ weight }) => weight)) || 1;
  const drawn = shape.uniform();
  const kind = link === "linear" ? 0 : link === "product" ? 1 : drawn;
  const at = (i: number, factor: number) => factors[i * k + factor];
  const signal = new Float64Array(elsewhere.length);
  for (let i = 0; i < signal.length; i++) {
    const sum = mixed.reduce((sum, { factor, weight }) => sum + (weight / norm) * at(i, factor), 0);
    if (kind < 0.4) signal[i] = sum;
    else if (kind < 0.65) signal[i] = Math.tanh(1.5 * sum);
    else if (kind < 0.9)
      signal[i] = Math.log1p(Math.exp(2 * sum)); // softplus
    else signal[i] = Math.tanh(at(i, order[0])) * at(i, order[1]);
  }
  return standardize(signal);
}

/** Draws a feature's location and spread; returns the function from its level to a measured value. */
function drawScale(scale: Scale, shape: Random): (level: number) => number {
  const place = shape.normal();
  const spread = shape.uniform();
  // Exponents are bounded, so that every value fits float32 whatever the options.
  if (scale === "expression") {
    return (x) => Math.exp(Math.min(80, 1.5 + 1.2 * place + (0.3 + 0.5 * spread) * x));
  }
  if (scale === "ratio") return (x) => (0.3 + 0.7 * spread) * x;
  return (x) => 20 + 1.2 * place + (0.5 + 0.7 * spread) * x;
}

/** Assigns a different gene of the first modality to each of a share of the features; -1 for the other features. */
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

/** Shifts and scales numbers to mean 0 and variance 1; constant numbers become 0. */
function standardize(numbers: Float64Array): Float64Array {
  const mean = numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
  const variance = numbers.reduce((sum, x) => sum + (x - mean) ** 2, 0) / numbers.length;
  const scale = variance > 0 ? 1 / Math.sqrt(variance) : 0;
  return numbers.map((x) => (x - mean) * scale);
}
