// The measurement "cells": measured cells are hidden, at random or below a limit, and inferred from all others.
import { type Cohort, keepFeatures } from "../cohort/cohort.js";
import type { Matrix } from "../cohort/matrix.js";
import { simulateCohort } from "../cohort/simulate.js";
import type { Engine } from "../engine/engine.js";
import { fitCellNeighbors, hideCells, MECHANISMS, type Mechanism } from "../evaluate/cells.js";
import { fitControls } from "../evaluate/controls.js";
import { scoreHidden } from "../evaluate/oracle.js";
import { modelPredictor, type Predictor } from "../evaluate/predictor.js";
import { fitProbabilisticPca } from "../evaluate/probabilistic-pca.js";
import { fitSoftImpute } from "../evaluate/soft-impute.js";
import { fitSharedDecoder } from "../impute/fit.js";
import { sharedDecoderPredictor } from "../impute/infer.js";
import type { AroSpec } from "../model/aro.js";
import type { AutoencoderModel } from "../model/autoencoder.js";
import { asZScores, prepareCohort, SPACES, type Space } from "../preprocess/prepare.js";
import type { Split } from "../preprocess/split.js";
import {
  type Measurement,
  type MeasuringMeans,
  type OpenedMeasurement,
  openMeasurement,
} from "./measurement.js";
import { thinStudy } from "./reduced.js";
import { LONGER, PATIENCE, splitSeeds } from "./sets.js";
import { averageSkills, type MeanSkill, type SplitSkill } from "./skills.js";
import { describeAro, onSplit, prepareStudy, type Study, withTrained } from "./study.js";

/** Errors of one predictor over the hidden cells of one split's test samples. */
export interface CellScore extends SplitSkill {
  readonly cohort: string;
  readonly mechanism: Mechanism;
  /** Of the measured cells of each feature, in (0, 1). */
  readonly share: number;
  /** "z": errors of measured values, in the deviation of the feature before cells were hidden. */
  readonly space: Space;
  /** Hidden cells. */
  readonly cells: number;
  /** Mean of prediction minus truth. */
  readonly bias: number;
}

export interface HiddenCells {
  /** The modality whose cells were hidden, by cohort. */
  readonly targets: Readonly<Record<string, string>>;
  readonly features: Readonly<Record<string, number>>;
  readonly scores: readonly CellScore[];
}

const SHARES = [0.1, 0.3, 0.5];
/** Share of input entries that training sets to 0 for the ARO; more than the paper's 0.1, chosen once and not tuned. */
const INPUT_DROPOUT = 0.3;
const MEAN = "training mean, observed";
const COMPONENTS = [5, 10, 20];
const SIMULATED = "simulated, complete";

/**
 * Hides cells of the second modality in all samples, fits each predictor to what is left of the training samples, and
 * scores the hidden cells of the test samples: on the study's cohort, and on a simulated one that has nothing missing.
 */
export const HIDDEN_CELLS: Measurement<HiddenCells> = {
  name: "cells",
  about: "hidden cells, at random and below a limit: mean, kNN, softImpute, probabilistic PCA, ARO",
  version: 2,
  settings: ({ profile }) => [
    profile.experiments,
    profile.model,
    profile.training,
    profile.evaluation.cellSplits,
    profile.evaluation.setFeatures,
    SHARES,
    INPUT_DROPOUT,
    COMPONENTS,
    LONGER,
  ],
  async measure(study, means) {
    const scores: CellScore[] = [];
    const cohorts = [...(study.profile.cohort === "simulate" ? [] : [study]), simulated(study)];
    const studies = cohorts.map((one) => firstTwo(thinStudy(one)));
    for (const one of studies) {
      for (const seed of splitSeeds(one.profile, one.profile.evaluation.cellSplits)) {
        const own = onSplit(one, seed);
        for (const mechanism of MECHANISMS) {
          for (const share of SHARES) {
            const what = `${one.cohort.name}, split ${seed}, ${share} ${mechanism}`;
            const score = () => scoreCells(own, mechanism, share, means);
            scores.push(...(await means.part(what, score)));
          }
        }
      }
    }
    const byCohort = <T>(of: (cohort: Cohort) => T) =>
      Object.fromEntries(studies.map(({ cohort }) => [cohort.name, of(cohort)]));
    return {
      targets: byCohort(({ modalities }) => modalities[1].name),
      features: byCohort(({ features }) => features.length),
      scores,
    };
  },
};

/** A cohort in which every cell was measured, so that the truth of each hidden one is known. */
function simulated({ profile }: Study): Study {
  const { cohort } = simulateCohort({
    seed: profile.split.seed,
    missingAtRandom: 0,
    detectionLimit: 0,
  });
  return prepareStudy(profile, { ...cohort, name: SIMULATED });
}

function firstTwo({ profile, cohort, split }: Study): Study {
  const { end } = cohort.modalities[1];
  const kept = keepFeatures(cohort, (column) => column < end, "neither first nor second modality");
  return prepareStudy(profile, { ...kept, modalities: kept.modalities.slice(0, 2) }, split);
}

async function scoreCells(
  { profile, cohort, split }: Study,
  mechanism: Mechanism,
  share: number,
  means: MeasuringMeans,
): Promise<CellScore[]> {
  const { engine } = means;
  const { seed } = profile.split;
  const [, target] = cohort.modalities;
  const matrix = hideCells(cohort.matrix, { mechanism, share, seed, columns: target });
  const hidden = { ...cohort, matrix };
  const decoder = await fitSharedDecoder(hidden, { rows: split.train, engine });
  const units = deviations(cohort.matrix, split);
  const scores: CellScore[] = [];
  const inPaper = prepareCohort(hidden, split);
  for (const space of SPACES) {
    const prepared = space === "z" ? asZScores(inPaper) : inPaper;
    const predictors: Predictor[] = [
      ...fitControls(prepared, { only: [MEAN] }),
      fitCellNeighbors(prepared),
      fitSoftImpute(prepared, { given: "cells" }),
      fitProbabilisticPca(prepared, { given: "cells", counts: COMPONENTS }),
      sharedDecoderPredictor(decoder, prepared, hidden, {
        engine,
        name: "shared decoder, first modality alone",
      }),
    ];
    const options = space === "z" ? { units } : {};
    const score = (more: readonly Predictor[]) =>
      scoreHidden(more, prepared, prepared.test, cohort.matrix, options);
    const errors = await score(predictors);
    if (space === "paper") {
      const own: Study = { profile, cohort: hidden, split, prepared };
      const scoreAro = (model: AutoencoderModel<AroSpec>) =>
        score([modelPredictor("ARO, input dropout", model)]);
      // It sees every cell, and learns to fill in those that dropout hides from it.
      const filling = describeAro(own, "unmasked", {
        model: { inputDropout: INPUT_DROPOUT },
        training: {
          plateau: null,
          epochs: LONGER * profile.training.epochs,
          earlyStopping: { patience: PATIENCE },
        },
        purpose: "cells",
        name: "cells",
      });
      errors.push(...(await withTrained(own, filling, means, scoreAro)));
    }
    const rows = errors.filter(({ modality }) => modality === target.name);
    const [{ mseHidden: constant }] = rows;
    for (const { predictor, hidden: cells, mseHidden, biasHidden } of rows) {
      if (mseHidden === null || biasHidden === null || constant === null) continue;
      scores.push({
        cohort: cohort.name,
        mechanism,
        share,
        space,
        predictor,
        seed,
        trainSamples: split.train.length,
        samples: split.test.length,
        cells,
        mse: mseHidden,
        skill: constant > 0 ? 1 - mseHidden / constant : null,
        bias: biasHidden,
      });
    }
  }
  return scores;
}

/** Population standard deviations of the measured training entries, `[features]`; 0 where there are fewer than two. */
function deviations({ columns, values, observed }: Matrix, { train }: Split): Float64Array {
  return Float64Array.from({ length: columns }, (_, j) => {
    const own = train.flatMap((row) =>
      observed[row * columns + j] ? [values[row * columns + j]] : [],
    );
    const mean = own.reduce((sum, value) => sum + value, 0) / own.length;
    const squares = own.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    return own.length > 1 ? Math.sqrt(squares / own.length) : 0;
  });
}

/** The skill over hidden cells of one predictor, averaged over splits. */
export type CellSkill = MeanSkill & Pick<CellScore, "cohort" | "mechanism" | "share" | "space">;

/**
 * Gives how well hidden cells of a study's second modality are inferred, from its record where there is one.
 * @throws as `openMeasurement`; RangeError if there are fewer than two splits.
 */
export async function openHiddenCells(
  study: Study,
  engine: Engine,
): Promise<OpenedMeasurement<HiddenCells> & { readonly skills: readonly CellSkill[] }> {
  const opened = await openMeasurement(HIDDEN_CELLS, study, engine);
  const skills = averageSkills(opened.result.scores, ({ cohort, mechanism, share, space }) => ({
    cohort,
    mechanism,
    share,
    space,
  }));
  return { ...opened, skills };
}
