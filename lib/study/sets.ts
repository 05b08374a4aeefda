// The measurement "sets": any observed set of modalities to any other, by one ARO and by closed-form predictors.
import type { Cohort } from "../cohort/cohort.js";
import { type Matrix, selectColumns } from "../cohort/matrix.js";
import type { Engine } from "../engine/engine.js";
import { fitControls } from "../evaluate/controls.js";
import type { Predictor } from "../evaluate/predictor.js";
import { scoreRepeat } from "../evaluate/repeated-splits.js";
import { fitSharedDecoder } from "../impute/fit.js";
import { sharedDecoderPredictor } from "../impute/infer.js";
import type { AroSpec } from "../model/aro.js";
import type { AutoencoderModel } from "../model/autoencoder.js";
import { checkOptions } from "../options.js";
import { prepareCohort } from "../preprocess/prepare.js";
import { reduceStudy } from "./experiments.js";
import { type Measurement, type OpenedMeasurement, openMeasurement } from "./measurement.js";
import { describeAro, openTrained, type Study, trainDescribed } from "./study.js";
import { evenlySpaced } from "./tuning.js";

/** How well one predictor infers a modality from a set of others, on test samples in the paper's space. */
export interface SetScore {
  /** Names of the observed modalities, with " + " between. */
  readonly observed: string;
  readonly target: string;
  readonly predictor: string;
  readonly mse: number;
  /** `1 - MSE / MSE of the observed training mean`. */
  readonly skill: number | null;
  /** Median over features of r. */
  readonly r: number | null;
}

export interface Sets {
  readonly samples: number;
  /** Features of each modality that were kept. */
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
const LONGER = 3;
const PATIENCE = 100;
const CONTROLS = ["dual ridge", "ridge + cis of its residual + offset"];
/** With more modalities, only single ones and all but one are observed. */
const MOST_MODALITIES = 4;

/**
 * Trains one ARO whose modalities are masked at random, and fits controls and the shared decoder anew for each observed
 * set, which takes the place of the first modality. At the reduced size of the profile's experiments, on features that
 * all modalities name where there are any.
 */
export const SETS: Measurement<Sets> = {
  name: "sets",
  about: "any set of modalities to any other: one ARO with random masking, ridge, shared decoder",
  version: 1,
  settings: ({ profile }) => [
    profile.experiments,
    profile.model,
    profile.training,
    CONTROLS,
    LONGER,
  ],
  async measure(study, engine, onPart) {
    const thin = thinStudy(study);
    const { modalities } = thin.cohort;
    const models = await trainBoth(thin, engine);
    onPart("ARO");
    const scores: SetScore[] = [];
    for (const observed of observedSets(modalities.length)) {
      const name = observed.map((m) => modalities[m].name).join(" + ");
      scores.push(...(await scoreSet(thin, observed, name, models, engine)));
      onPart(name);
    }
    models.anySet.dispose();
    models.firstOnly.dispose();
    const { width } = thin.profile.model;
    return {
      ...{ samples: thin.split.test.length, features: thin.cohort.features.length, width },
      ...{ epochs: epochsOf(thin), scores },
    };
  },
};

/**
 * Gives how well each observed set of a study's modalities infers the others, from its record where there is one.
 * @throws as `openMeasurement`.
 */
export async function openSets(
  study: Study,
  engine: Engine,
  options: { readonly onPart?: (what: string) => void } = {},
): Promise<OpenedMeasurement<Sets>> {
  const { onPart } = checkOptions("openSets", options, { onPart: "function" });
  return await openMeasurement(SETS, study, engine, onPart);
}

interface Models {
  /** Trained with random masking of modalities. */
  readonly anySet: AutoencoderModel<AroSpec>;
  /** Trained to see the first modality alone. */
  readonly firstOnly: AutoencoderModel<AroSpec>;
}

async function trainBoth(thin: Study, engine: Engine): Promise<Models> {
  const randomlyMasked = thin.cohort.modalities.map(({ start, end }) => ({ start, end }));
  const earlyStopping = { patience: PATIENCE };
  const training = { plateau: null, epochs: epochsOf(thin), earlyStopping };
  const purpose = "sets";
  const described = [
    describeAro(thin, "unmasked", {
      model: { randomlyMasked },
      training,
      purpose,
      name: "any-set",
    }),
    describeAro(thin, "masked", { training, purpose, name: "any-set-first" }),
  ];
  for (const one of described) await trainDescribed(thin, one, engine);
  const [anySet, firstOnly] = await Promise.all(described.map((one) => openTrained(one, engine)));
  return { anySet, firstOnly };
}

function epochsOf({ profile }: Study): number {
  return LONGER * profile.training.epochs;
}

/** The sets of modalities that leave one to infer, small ones first; each ascending. */
export function observedSets(modalities: number): number[][] {
  const all = Array.from({ length: modalities }, (_, m) => m);
  const sets = Array.from({ length: 2 ** modalities - 2 }, (_, code) =>
    all.filter((m) => (code + 1) & (1 << m)),
  );
  return sets
    .filter(
      ({ length }) => modalities <= MOST_MODALITIES || length === 1 || length === modalities - 1,
    )
    .sort((a, b) => a.length - b.length);
}

async function scoreSet(
  { cohort, split, profile }: Study,
  observed: readonly number[],
  name: string,
  { anySet, firstOnly }: Models,
  engine: Engine,
): Promise<SetScore[]> {
  const { cohort: seen, columns } = observeFirst(cohort, observed, name);
  const prepared = prepareCohort(seen, split);
  const visible = prepared.modalities[0].end;
  const decoder = await fitSharedDecoder(seen, { rows: split.train, engine });
  const predictors: Predictor[] = [
    ...fitControls(prepared, { only: CONTROLS }),
    sharedDecoderPredictor(decoder, prepared, seen, { engine, name: "shared decoder" }),
    inOrder("ARO, any set", anySet, columns, visible),
  ];
  const isFirst = observed.length === 1 && observed[0] === 0;
  if (isFirst) predictors.push(inOrder("ARO, this set alone", firstOnly, columns, visible));
  const options = { seed: profile.split.seed, parts: ["test"] as const };
  const targets = new Set(prepared.modalities.slice(1).map((modality) => modality.name));
  return (await scoreRepeat(predictors, prepared, options))
    .filter(({ modality }) => targets.has(modality))
    .map(({ variant, modality, mse, skill, r }) => ({
      ...{ observed: name, target: modality, predictor: variant, mse, skill, r },
    }));
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
        ...{ rows, columns: width, observed },
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

/** A study of fewer features, as many of each modality: first those that all modalities name, evenly spaced. */
export function thinStudy(study: Study): Study {
  const { cohort, profile } = study;
  const { features } = profile.experiments;
  const { modalities } = cohort;
  const each = Math.max(1, Math.floor(features / modalities.length));
  const names = modalities.map(({ start, end }) => new Set(cohort.features.slice(start, end)));
  const shared = [...names[0]].filter((feature) => names.every((own) => own.has(feature)));
  const few = (list: readonly number[], count: number) =>
    count <= 0 ? [] : list.filter((_, i) => evenlySpaced(list.length, count)(i)).slice(0, count);
  const wanted = new Set(few([...shared.keys()], each).map((i) => shared[i]));
  const kept = new Set<number>();
  for (const { start, end } of modalities) {
    const own = Array.from({ length: end - start }, (_, j) => start + j);
    const inAll = own.filter((column) => wanted.has(cohort.features[column]));
    const others = own.filter((column) => !wanted.has(cohort.features[column]));
    for (const column of [...inAll, ...few(others, each - inAll.length)]) kept.add(column);
  }
  return reduceStudy(study, (column) => kept.has(column));
}
