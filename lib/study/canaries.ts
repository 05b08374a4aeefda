// The canaries of a study: each breaks the evaluation in one way, and must be noticed.
import { labelValues } from "../cohort/labels.js";
import type { Engine } from "../engine/engine.js";
import {
  duplicateSample,
  findSharedPatients,
  permuteInput,
  permuteLabels,
} from "../evaluate/canaries.js";
import { compareClassifiers } from "../evaluate/compare.js";
import { fitControls } from "../evaluate/controls.js";
import { fitPca, transformPca } from "../evaluate/pca.js";
import { scoreRepeat } from "../evaluate/repeated-splits.js";
import { fitSharedDecoder } from "../impute/fit.js";
import { sharedDecoderPredictor } from "../impute/infer.js";
import { prepareCohort, requireHeldOut } from "../preprocess/prepare.js";
import { applyScaler, fitScaler } from "../preprocess/scaler.js";
import { reduceStudy } from "./reduced.js";
import type { Study } from "./study.js";
import { chooseTasks } from "./tasks.js";
import { SHARED } from "./variants.js";

/** One canary: what was broken, what a sound evaluation shows then, and what this one showed. */
export interface CanaryRow {
  readonly canary: string;
  readonly broken: string;
  readonly expected: string;
  readonly found: string;
  readonly noticed: "yes" | "no";
}

const CHANCE_SKILL = 0.05; // of a model that knows nothing; below 0 it has learned noise
const COMPONENTS = 10;

/**
 * Breaks a study in five ways and says whether the evaluation notices. Models are fitted on the evenly spaced features of
 * the profile's reduced experiments, so that it takes seconds.
 */
export async function runCanaries(study: Study, engine: Engine): Promise<CanaryRow[]> {
  const small = reduceStudy(study);
  return [
    ...(await permuteFirst(small, engine)),
    ...(await permuteTask(small)),
    copyPatient(small),
    fitEverywhere(small),
  ];
}

/** The skill of a model on the inferred modalities, with the first modality as it is and dealt anew. */
async function permuteFirst({ cohort, split }: Study, engine: Engine): Promise<CanaryRow[]> {
  const skillsOf = async (own: Study["cohort"]) => {
    const prepared = prepareCohort(own, split);
    const decoder = await fitSharedDecoder(own, { rows: split.train, engine });
    const scores = await scoreRepeat(
      [
        ...fitControls(prepared, { only: ["dual ridge"] }),
        sharedDecoderPredictor(decoder, prepared, own, { engine, name: SHARED }),
      ],
      prepared,
      { seed: 0, parts: ["test"] },
    );
    return scores.filter(({ modality }) => modality === "inferred");
  };
  const sound = await skillsOf(cohort);
  const broken = await skillsOf(permuteInput(cohort));
  return broken.map(({ variant, skill }, i) => ({
    canary: `permuted ${cohort.modalities[0].name}, ${variant}`,
    broken: `${cohort.modalities[0].name} belongs to other samples`,
    expected: `skill of at most ${CHANCE_SKILL}, as of a constant`,
    found: `skill ${short(skill)}, ${short(sound[i].skill)} without the break`,
    noticed: skill !== null && skill <= CHANCE_SKILL ? "yes" : "no",
  }));
}

/** Balanced accuracy of a classifier of principal components, with labels dealt anew; then of covariates alone. */
async function permuteTask(study: Study): Promise<CanaryRow[]> {
  const { profile, cohort, prepared } = study;
  const [task] = chooseTasks(study).asked;
  const { folds } = profile.evaluation;
  const labels = labelValues(cohort.samples, task, { atLeast: folds });
  const pca = fitPca(prepared.train.matrix, COMPONENTS);
  const all = applyScaler(prepared.scaler, cohort.matrix, [...cohort.samples.keys()]);
  const embeddings = { rows: all.rows, columns: pca.count, values: transformPca(pca, all) };
  const groups = cohort.samples.map(({ patient }) => patient);
  const covariates = Object.fromEntries(
    profile.labels.covariates.map((name) => [name, labelValues(cohort.samples, name)]),
  );
  const classifiers = [{ kind: "logistic" as const }];
  const common = { embeddings, groups, folds, repeats: 1, classifiers };
  const known = [...labels.keys()].filter((row) => labels[row] !== null);
  const dealt = permuteLabels(known.map((row) => labels[row]));
  const permuted = labels.map((label, row) => (label === null ? null : dealt[known.indexOf(row)]));
  const sound = await compareClassifiers({ ...common, labels, covariates });
  const broken = await compareClassifiers({ ...common, labels: permuted });
  const chance = 1 / new Set(known.map((row) => labels[row])).size;
  const last = broken[broken.length - 1];
  const alone = sound.filter(({ classifier }) => classifier.endsWith(" alone"));
  return [
    {
      canary: `permuted ${task}`,
      broken: "labels belong to other samples",
      expected: `a 95 % interval of the balanced accuracy that holds chance, ${short(chance)}`,
      found: `${short(last.balancedLow)} to ${short(last.balancedHigh)}; ${short(sound.at(-1)?.balancedAccuracy)} without the break`,
      noticed: last.balancedLow <= chance && chance <= last.balancedHigh ? "yes" : "no",
    },
    ...alone.map(
      ({ classifier, balancedAccuracy }): CanaryRow => ({
        canary: `${task} from ${classifier}`,
        broken: "nothing is measured, only the covariate is known",
        expected: "its balanced accuracy stands beside every classifier",
        found: `${short(balancedAccuracy)}, chance ${short(chance)}`,
        noticed: "yes",
      }),
    ),
  ];
}

/** A training sample copied over a test sample, under the test sample's name. */
function copyPatient({ cohort, split, prepared }: Study): CanaryRow {
  const before = findSharedPatients(prepared).length;
  const copied = duplicateSample(cohort, split.train[0], split.test[0]);
  const after = findSharedPatients(prepareCohort(copied, split)).length;
  return {
    canary: "duplicated patient",
    broken: "a test sample is a training sample under another name",
    expected: "an alarm, and none without the break",
    found: `${after} alarms, ${before} without the break`,
    noticed: after > before && before === 0 ? "yes" : "no",
  };
}

/** A scaler fitted on all rows, with which held-out rows are scored. */
function fitEverywhere({ cohort, prepared }: Study): CanaryRow {
  const ids = cohort.samples.map(({ id }) => id);
  const scaler = fitScaler(cohort.matrix, [...ids.keys()], ids);
  let found = "accepted";
  try {
    requireHeldOut(scaler, prepared.test);
  } catch {
    found = "refused";
  }
  return {
    canary: "scaler of all rows",
    broken: "means and deviations are of test samples too",
    expected: "refused",
    found,
    noticed: found === "refused" ? "yes" : "no",
  };
}

function short(value: number | null | undefined): string {
  return value === null || value === undefined ? "none" : value.toFixed(2);
}
