// Simulates patients: the latent factors of their samples, and the labels that the factors carry or do not carry.
import type { Label, Sample } from "./cohort.js";
import { createRandom, shuffle } from "./random.js";

export interface PatientSettings {
  readonly seed: number;
  readonly patients: number;
  /** Share of patients who have a normal sample too. */
  readonly normalShare: number;
  readonly latentFactors: number;
  readonly classes: readonly string[];
  /** How far a class moves its factor, in standard deviations of the factor. */
  readonly classSeparation: number;
  readonly cohorts: 1 | 2;
}

/** Simulates each patient's tumor, then the normals of some; factors are `[samples, latentFactors]`, row-major. */
export function simulatePatients(settings: PatientSettings): {
  samples: Sample[];
  factors: Float64Array;
} {
  const { seed, patients, normalShare, latentFactors: k, classes, cohorts } = settings;
  const random = createRandom(seed, "patients");
  const clinic = createRandom(seed, "clinic"); // what no measurement knows of
  const people = Array.from({ length: patients }, (_, i) => i);
  const classOf = shuffle(people, random).map((place) => place % classes.length);
  const normals = shuffle(people, random).slice(0, Math.round(normalShare * patients));
  const own = Float64Array.from({ length: patients * k }, () => random.normal());
  const lines = [
    ...people.map((person) => ({ person, tumor: true })),
    ...normals.sort((a, b) => a - b).map((person) => ({ person, tumor: false })),
  ];
  const factors = new Float64Array(lines.length * k);
  const movable = Math.max(1, k - 1); // the last factor tells tumor from normal
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
    const score = carried(classes.length);
    const clinical: Record<string, Label> = {
      histology: classes[group],
      grade: score < -0.4 ? "G1" : score < 0.6 ? "G2" : "G3",
      stage: pick(["I", "I", "II", "III"]),
      laterality: pick(["left", "right"]),
      BMI: Math.round(10 * Math.max(17, 29 + 5 * carried(classes.length + 1))) / 10,
      age: 40 + clinic.integer(46),
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
