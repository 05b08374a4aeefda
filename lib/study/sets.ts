// The measurement "sets": any observed set of modalities to any other, by one ARO and by closed-form predictors.
import type { Cohort } from "../cohort/cohort.js";
import { type Matrix, selectColumns } from "../cohort/matrix.js";
import type { Engine } from "../engine/engine.js";
import { fitControls } from "../evaluate/controls.js";
import type { Predictor } from "../evaluate/predictor.js";
import {
  adjustHolm,
  compareOverSplits,
  type SplitDifference,
  scoreRepeat,
} from "../evaluate/repeated-splits.js";
import { fitSharedDecoder } from "../impute/fit.js";
import { sharedDecoderPredictor } from "../impute/infer.js";
import type { AroSpec } from "../model/aro.js";
import type { AutoencoderModel } from "../model/autoencoder.js";
import { prepareCohort } from "../preprocess/prepare.js";
import {
  type Measured,
  type Measurement,
  type MeasuringMeans,
  type OpenedMeasurement,
  openMeasurement,
  readMeasurements,
} from "./measurement.js";
import type { Profile } from "./profile.js";
import { thinStudy } from "./reduced.js";
import { asCompared, averageSkills, type MeanSkill, type SplitSkill } from "./skills.js";
import { describeAro, onSplit, type Study, withTrained } from "./study.js";

/** How well one predictor infers a modality from a set of others, on one split's test samples in the paper's space. */
export interface SetScore extends SplitSkill {
  /** Names of the observed modalities, with " + " between. */
  readonly observed: string;
  readonly target: string;
  /** Median over features of r; null for a constant. */
  readonly r: number | null;
}

export interface Sets {
  /** Names of the modalities, in the cohort's order. */
  readonly modalities: readonly string[];
  /** Seeds of the splits by patient. */
  readonly seeds: readonly number[];
  /** Features that were kept, of all modalities together. */
  readonly features: number;
  /** Width and epochs of the two AROs. */
  readonly width: number;
  readonly epochs: number;
  readonly scores: readonly SetScore[];
}

/**
 * Both AROs may train three times as long, at a constant rate, and keep the weights of the lowest validation loss. The
 * loss of a step depends on which modalities it happened to mask, and the paper's schedule takes this noise for a plateau
 * within 50 epochs.
 */
export const LONGER = 3;
export const PATIENCE = 100;
const MEAN = "training mean, observed";
const RIDGE = "dual ridge";
const DECODER = "shared decoder";
const ANY_SET = "ARO, any set";
const ONE_SET = "ARO, this set alone";
const CONTROLS = [MEAN, RIDGE, "ridge + cis of its residual + offset"];
/** With more modalities, only single ones and all but one are observed. */
const MOST_MODALITIES = 4;

/**
 * On each split by patient, trains one ARO whose modalities are masked at random, and fits controls and the shared
 * decoder anew for each observed set, which takes the place of the first modality. On features that all modalities name
 * where there are any.
 */
export const SETS: Measurement<Sets> = {
  name: "sets",
  about: "any set of modalities to any other: one ARO with random masking, ridge, shared decoder",
  version: 3,
  settings: ({ profile }) => [
    profile.experiments,
    profile.model,
    profile.training,
    profile.evaluation.setSplits,
    profile.evaluation.setFeatures,
    CONTROLS,
    LONGER,
  ],
  async measure(study, means) {
    const thin = thinStudy(study);
    const { cohort, profile } = thin;
    const seeds = splitSeeds(profile, profile.evaluation.setSplits);
    const scores: SetScore[] = [];
    for (const seed of seeds) {
      const score = () => scoreSplit(onSplit(thin, seed), means);
      scores.push(...(await means.part(`split ${seed}`, score)));
    }
    return {
      modalities: cohort.modalities.map(({ name }) => name),
      seeds,
      features: cohort.features.length,
      width: profile.model.width,
      epochs: epochsOf(thin),
      scores,
    };
  },
};

/** The seeds of as many splits, the profile's own first. */
export function splitSeeds({ split }: Profile, splits: number): number[] {
  return Array.from({ length: splits }, (_, i) => split.seed + i);
}

export interface ComparedSets {
  readonly skills: readonly SetSkill[];
  readonly differences: readonly SetDifference[];
}

/**
 * Gives how well each observed set of a study's modalities infers the others, from its record where there is one.
 * @throws as `openMeasurement`; RangeError if there are fewer than two splits.
 */
export async function openSets(
  study: Study,
  engine: Engine,
): Promise<OpenedMeasurement<Sets> & ComparedSets> {
  const opened = await openMeasurement(SETS, study, engine);
  return { ...opened, ...compared(opened.result) };
}

/** Any set to any other on another cohort, as recorded. */
export type RecordedSets = Pick<Measured<Sets>, "profile" | "result"> & ComparedSets;

/** Reads what is recorded of every cohort but the profile's own, by the name of its profile. */
export async function recordedSets(own: Pick<Profile, "name">): Promise<RecordedSets[]> {
  const found = await readMeasurements<Sets>(SETS.name);
  return found
    .filter(({ profile }) => profile !== own.name)
    .map(({ profile, result }) => ({ profile, result, ...compared(result) }));
}

function compared({ scores }: Sets): ComparedSets {
  const skills = averageSkills(scores, ({ observed, target }) => ({ observed, target }));
  return { skills, differences: compareSets(scores) };
}

/** Trains an ARO with random masking of modalities, and one that sees the first alone, and scores every observed set. */
async function scoreSplit(study: Study, means: MeasuringMeans): Promise<SetScore[]> {
  const randomlyMasked = study.cohort.modalities.map(({ start, end }) => ({ start, end }));
  const earlyStopping = { patience: PATIENCE };
  const common = {
    training: { plateau: null, epochs: epochsOf(study), earlyStopping },
    purpose: "sets",
  };
  const model = { randomlyMasked };
  const any = describeAro(study, "unmasked", { ...common, model, name: "any-set" });
  const alone = describeAro(study, "masked", { ...common, name: "any-set-first" });
  return await withTrained(study, any, means, (anySet) =>
    withTrained(study, alone, means, async (firstOnly) => {
      const scores: SetScore[] = [];
      for (const observed of observedSets(study.cohort.modalities.length)) {
        scores.push(...(await scoreSet(study, observed, anySet, firstOnly, means.engine)));
      }
      return scores;
    }),
  );
}

function epochsOf({ profile }: Study): number {
  return LONGER * profile.training.epochs;
}

/** The sets of modalities that leave one to infer, small ones first; each ascending. */
export function observedSets(modalities: number): number[][] {
  const all = Array.from({ length: modalities }, (_, m) => m);
  const isObserved = ({ length }: number[]) =>
    modalities <= MOST_MODALITIES || length === 1 || length === modalities - 1;
  return Array.from({ length: 2 ** modalities - 2 }, (_, code) =>
    all.filter((m) => (code + 1) & (1 << m)),
  )
    .filter(isObserved)
    .sort((a, b) => a.length - b.length);
}

async function scoreSet(
  { cohort, split, profile }: Study,
  observed: readonly number[],
  anySet: AutoencoderModel<AroSpec>,
  firstOnly: AutoencoderModel<AroSpec>,
  engine: Engine,
): Promise<SetScore[]> {
  const name = observed.map((m) => cohort.modalities[m].name).join(" + ");
  const { cohort: seen, columns } = observeFirst(cohort, observed, name);
  const prepared = prepareCohort(seen, split);
  const visible = prepared.modalities[0].end;
  const decoder = await fitSharedDecoder(seen, { rows: split.train, engine });
  const predictors: Predictor[] = [
    ...fitControls(prepared, { only: CONTROLS }),
    sharedDecoderPredictor(decoder, prepared, seen, { engine, name: DECODER }),
    inOrder(ANY_SET, anySet, columns, visible),
  ];
  const isFirst = observed.length === 1 && observed[0] === 0;
  if (isFirst) predictors.push(inOrder(ONE_SET, firstOnly, columns, visible));
  const { seed } = profile.split;
  const targets = new Set(prepared.modalities.slice(1).map((modality) => modality.name));
  return (await scoreRepeat(predictors, prepared, { seed, parts: ["test"] }))
    .filter(({ modality }) => targets.has(modality))
    .map(({ variant, modality, trainSamples, samples, mse, skill, r }) => ({
      observed: name,
      target: modality,
      predictor: variant,
      seed,
      trainSamples,
      samples,
      mse,
      skill,
      r,
    }));
}

/** The skill of one predictor with one observed set and target, averaged over splits. */
export type SetSkill = MeanSkill & Pick<SetScore, "observed" | "target">;

/** A paired difference over splits of one observed set and target. */
export type SetDifference = Omit<SplitDifference, "modality"> &
  Pick<SetScore, "observed" | "target">;

/**
 * Compares the shared decoder with every control, and the ARO for any set with the ridge and, where there is one, with the
 * ARO for one set alone; Holm's method counts all rows as one table.
 * @throws RangeError if there are fewer than two splits.
 */
export function compareSets(scores: readonly SetScore[]): SetDifference[] {
  const pairs = [
    ...CONTROLS.filter((control) => control !== MEAN).map((control) => [DECODER, control] as const),
    [DECODER, ANY_SET] as const,
    [ANY_SET, RIDGE] as const,
    [ANY_SET, MEAN] as const,
  ];
  const compared = scores.map((row) => ({ ...asCompared(row, pairOf(row)), r: row.r }));
  const alone = new Set(scores.flatMap((row) => (row.predictor === ONE_SET ? [pairOf(row)] : [])));
  const few = compared.filter(({ modality }) => alone.has(modality));
  const rows = [
    ...compareOverSplits(compared, pairs),
    ...compareOverSplits(few, [[ANY_SET, ONE_SET]]),
  ];
  const adjusted = adjustHolm(rows.map(({ p }) => p));
  const of = new Map(scores.map((row) => [pairOf(row), row]));
  return rows.map(({ modality, ...row }, i) => {
    const { observed, target } = of.get(modality)!;
    return { observed, target, ...row, adjusted: adjusted[i] };
  });
}

/** An observed set with its target, which takes the place of a modality, so that each is compared apart. */
function pairOf({ observed, target }: SetScore): string {
  return `${observed} to ${target}`;
}

/** Puts the observed modalities first, as one. */
export function observeFirst(
  { modalities, features, matrix, ...rest }: Cohort,
  observed: readonly number[],
  name: string,
): { readonly cohort: Cohort; readonly columns: readonly number[] } {
  const others = [...modalities.keys()].filter((m) => !observed.includes(m));
  const columnsOf = (m: number) =>
    Array.from(
      { length: modalities[m].end - modalities[m].start },
      (_, j) => modalities[m].start + j,
    );
  const first = observed.flatMap(columnsOf);
  const columns = [...first, ...others.flatMap(columnsOf)];
  let start = first.length;
  const left = others.map((m) => {
    const modality = { name: modalities[m].name, start, end: start + columnsOf(m).length };
    start = modality.end;
    return modality;
  });
  return {
    columns,
    cohort: {
      ...rest,
      modalities: [{ name, start: 0, end: first.length }, ...left],
      features: columns.map((column) => features[column]),
      matrix: selectColumns(matrix, columns),
    },
  };
}

/** An ARO of the cohort's own column order, as a predictor of rows whose visible columns were put first. */
function inOrder(
  name: string,
  model: AutoencoderModel<AroSpec>,
  columns: readonly number[],
  visible: number,
): Predictor {
  return {
    name,
    sees: "RNA",
    async predict({ matrix: { rows, values, observed } }) {
      const width = columns.length;
      const own: Matrix = {
        rows,
        columns: width,
        observed,
        values: new Float32Array(values.length),
      };
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < visible; j++)
          own.values[i * width + columns[j]] = values[i * width + j];
      }
      const found = await model.reconstruct(own);
      return Float32Array.from(found, (_, at) => {
        const row = Math.floor(at / width);
        return found[row * width + columns[at - row * width]];
      });
    },
  };
}
