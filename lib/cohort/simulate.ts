// Simulates a cohort whose truth is known: latent factors, classes, pairs of tumor and normal, missing values.
import { type Cohort, joinCohort } from "./cohort.js";
import { type Matrix, matrixFrom } from "./matrix.js";
import {
  hideValues,
  type ModalitySettings,
  type Scale,
  type SimulatedModality,
  simulateModality,
} from "./measurement.js";
import { type PatientSettings, simulatePatients } from "./patients.js";

/** One number for every modality, or one by name; a modality that is not named keeps its scale's default. */
export type PerModality = number | Readonly<Record<string, number>>;

export interface SimulateOptions {
  readonly seed: number;
  readonly patients?: number;
  /** Share of patients in [0, 1] who have a normal sample beside their tumor. */
  readonly normalShare?: number;
  /** Features a modality, in column order; the first is the one that others are inferred from. */
  readonly features?: Readonly<Record<string, number>>;
  /** By default the first modality is expression, "metabolite" intensity, any other ratio. */
  readonly scales?: Readonly<Record<string, Scale>>;
  readonly latentFactors?: number;
  /** Standard deviation of the noise, the signal's being 1; by default 0.5 (expression), 0.6 (ratio), 0.8 (intensity). */
  readonly noise?: PerModality;
  /** Share of values in [0, 1) that are missing for no reason; by default 0, 0.05, 0.03. */
  readonly missingAtRandom?: PerModality;
  /** Share of values in [0, 1), the lowest, that the instrument misses; by default 0, 0.04, 0.08. */
  readonly detectionLimit?: PerModality;
  /** Values of the label "histology", at most two for each factor but the last. */
  readonly classes?: readonly string[];
  /** How far a class moves its factor, in standard deviations of the factor. */
  readonly classSeparation?: number;
  /** With 2, the second half of the patients was measured elsewhere: the label "cohort" is "A" or "B". */
  readonly cohorts?: 1 | 2;
  /** Standard deviation over features of the second cohort's offset, the signal's being 1. */
  readonly cohortOffset?: number;
  /** Share in [0, 1] of each ratio modality's features that have the id of a gene of the first modality and follow it. */
  readonly cisShare?: number;
}

/** What a real cohort never tells; matrices have the rows and columns of the cohort and nothing is missing. */
export interface Truth {
  /** `[samples, latentFactors]`, variance about 1 within a class. */
  readonly factors: Matrix;
  /** What was measured before any of it went missing. */
  readonly complete: Matrix;
  /** What would be measured without noise. */
  readonly noiseless: Matrix;
  /** For each column, the column of the first modality that it follows; -1 for none. */
  readonly cis: readonly number[];
  /** By modality, the value below which all are missing; -Infinity for none. */
  readonly limits: Readonly<Record<string, number>>;
}

type Settings = PatientSettings & {
  readonly cohortOffset: number;
  readonly modalities: readonly ModalitySettings[];
};

const scaleDefaults = {
  expression: { noise: 0.5, missingAtRandom: 0, detectionLimit: 0 },
  ratio: { noise: 0.6, missingAtRandom: 0.05, detectionLimit: 0.04 },
  intensity: { noise: 0.8, missingAtRandom: 0.03, detectionLimit: 0.08 },
} as const;

/**
 * Simulates tumors, then normals, of patients with known latent factors; same options, same cohort.
 *
 * Each feature mixes three factors and passes the sum through a link: linear, tanh, softplus, or a product of two
 * factors, which a linear method does not find. Half of the first modality's noise is the gene's own variation, which
 * features in cis follow. A tumor's class moves one factor; a normal keeps part of its patient's factors, has no
 * class, and stands apart along the last factor.
 *
 * Labels are named as in UCEC. Of all samples: tissue, tmtBatch, cohort. Of tumors: histology (the class), grade and
 * BMI (loosely carried by a factor each), stage, age, laterality. The factors carry nothing of stage, age, laterality
 * and tmtBatch, so a classifier that reliably beats chance on them is wrong.
 * @throws RangeError if an option is out of range or names a modality that there is not.
 */
export function simulateCohort(options: SimulateOptions): { cohort: Cohort; truth: Truth } {
  const settings = completeOptions(options);
  const { seed, modalities, latentFactors } = settings;
  const { samples, factors } = simulatePatients(settings);
  const used = { G: 0, M: 0 };
  const parts: SimulatedModality[] = [];
  for (const modality of modalities) {
    parts.push(
      simulateModality(modality, {
        seed,
        factors,
        latentFactors,
        elsewhere: samples.map(({ labels }) => labels.cohort === "B"),
        offset: settings.cohortOffset,
        first: parts[0] ?? null,
        newId: (prefix) => `${prefix}${String(++used[prefix]).padStart(4, "0")}`,
      }),
    );
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
  };
}

function completeOptions({
  seed,
  patients = 96,
  normalShare = 0.25,
  features = { RNA: 400, protein: 200, metabolite: 60 },
  scales = {},
  latentFactors = 6,
  classes = ["alpha", "beta", "gamma"],
  classSeparation = 1.5,
  cohorts = 1,
  cohortOffset = 1,
  cisShare = 0.6,
  ...perModality
}: SimulateOptions): Settings {
  const names = Object.keys(features);
  if (names.length === 0) throw new RangeError("simulateCohort: expected a modality, got none");
  whole("patients", patients, 4, 1e6);
  whole("latentFactors", latentFactors, 1, 1e3);
  whole("cohorts", cohorts, 1, 2);
  whole("classes", classes.length, 1, Math.min(patients, 2 * Math.max(1, latentFactors - 1)));
  if (new Set(classes).size < classes.length) {
    throw new RangeError(`simulateCohort: expected each class once, got ${classes.join(", ")}`);
  }
  within("normalShare", normalShare, 1);
  within("cisShare", cisShare, 1);
  within("classSeparation", classSeparation, 100);
  within("cohortOffset", cohortOffset, 100);
  for (const option of [scales, ...Object.values(perModality)]) {
    const unknown =
      typeof option === "object" && Object.keys(option).find((n) => !names.includes(n));
    if (unknown) {
      throw new RangeError(
        `simulateCohort: expected a modality of ${names.join(", ")}, got "${unknown}"`,
      );
    }
  }
  const modalities = names.map((name, i): ModalitySettings => {
    const scale =
      scales[name] ?? (i === 0 ? "expression" : name === "metabolite" ? "intensity" : "ratio");
    const defaults = scaleDefaults[scale];
    if (!defaults)
      throw new RangeError(`simulateCohort: expected a scale for ${name}, got "${scale}"`);
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
      noise: setting("noise", 100),
      missingAtRandom: setting("missingAtRandom", 0.99),
      detectionLimit: setting("detectionLimit", 0.99),
      cisShare: cis,
    };
  });
  return {
    seed,
    patients,
    normalShare,
    latentFactors,
    classes,
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
