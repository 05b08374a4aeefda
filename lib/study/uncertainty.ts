// The measurement "uncertainty": how often intervals hold, how wide they are, and which features can be used.
import { selectRows, sliceColumns } from "../cohort/matrix.js";
import type { Engine } from "../engine/engine.js";
import { columnCorrelations } from "../evaluate/correlation.js";
import { quantile } from "../evaluate/statistics.js";
import {
  type Coverage,
  calibrateSpread,
  factorOf,
  measureCoverage,
  type Verdict,
} from "../impute/calibration.js";
import { fitSharedDecoder } from "../impute/fit.js";
import { inferModalities } from "../impute/infer.js";
import { inferredRanges } from "../impute/material.js";
import { rateFeatures } from "../impute/quality.js";
import { type Measurement, type OpenedMeasurement, openMeasurement } from "./measurement.js";
import type { Study } from "./study.js";

/** The coverage of one predictor's intervals on held-out samples. */
export interface PredictorCoverage extends Coverage {
  readonly predictor: string;
  /** By which its deviations were multiplied. */
  readonly factor: number;
}

/** Features of one verdict: what was seen out of fold, and on held-out samples. */
export interface VerdictRow {
  readonly modality: string;
  readonly verdict: Verdict;
  /** Features with that verdict and enough held-out measurements to judge it by. */
  readonly features: number;
  /** Of all features of the modality that can be judged, in [0, 1]. */
  readonly share: number;
  /** Medians over features. */
  readonly outOfFold: number;
  readonly heldOut: number;
  /** Share of features whose r on held-out samples is at least 0.3. */
  readonly holds: number;
}

export interface Uncertainty {
  /** Samples of patients that nothing was fitted to. */
  readonly samples: number;
  readonly coverage: readonly PredictorCoverage[];
  readonly verdicts: readonly VerdictRow[];
}

/** An r from which a feature can be used. */
const USABLE = 0.3;

const PREDICTORS = [
  ["shared decoder", "shared-decoder"],
  ["dual ridge", "ridge"],
] as const;

/**
 * Fits the shared decoder and the ridge on the training rows, scales their spread out of fold, and looks at validation
 * and test rows, which neither has seen.
 */
export const UNCERTAINTY: Measurement<Uncertainty> = {
  name: "uncertainty",
  about:
    "coverage and width of intervals of the shared decoder and a ridge, and which features can be used",
  version: 2,
  settings: () => PREDICTORS,
  async measure({ cohort, split }, { engine, part }) {
    const first = cohort.modalities[0].end;
    const inferred = inferredRanges(cohort.modalities);
    const held = [...split.validation, ...split.test];
    const measured = sliceColumns(cohort.matrix, first, cohort.matrix.columns);
    const [seen, unseen] = [selectRows(measured, split.train), selectRows(measured, held)];
    const inputs = selectRows(sliceColumns(cohort.matrix, 0, first), held);
    const parts: Omit<Uncertainty, "samples">[] = [];
    for (const [predictor, method] of PREDICTORS) {
      const measureOne = async () => {
        const decoder = await fitSharedDecoder(cohort, { rows: split.train, engine, method });
        const factors = calibrateSpread(decoder.outOfFold, seen, inferred);
        const inference = await inferModalities(decoder, inputs, { engine });
        const found = measureCoverage(inference, unseen, inferred, factors);
        const coverage = found.map((row) => ({
          predictor,
          ...row,
          factor: factorOf(factors, row.modality, row.level),
        }));
        if (method !== "shared-decoder") return { coverage, verdicts: [] };
        const rated = rateFeatures(cohort, split.train, decoder.outOfFold, factors);
        const verdicts = judgeVerdicts(
          rated.map(({ modality, verdict, r }) => ({ modality, verdict, outOfFold: r.value })),
          columnCorrelations(unseen, inference.mean.values),
        );
        return { coverage, verdicts };
      };
      parts.push(await part(predictor, measureOne));
    }
    const coverage = parts.flatMap((one) => one.coverage);
    const verdicts = parts.flatMap((one) => one.verdicts);
    return { samples: held.length, coverage, verdicts };
  },
};

/**
 * Gives the uncertainty of a study's inferences, from its record where there is one.
 * @throws as `openMeasurement`.
 */
export async function openUncertainty(
  study: Study,
  engine: Engine,
): Promise<OpenedMeasurement<Uncertainty>> {
  return await openMeasurement(UNCERTAINTY, study, engine);
}

interface Judged {
  readonly modality: string;
  readonly verdict: Verdict;
  readonly outOfFold: number;
}

/**
 * Puts verdicts beside r on held-out samples, `[features]`, NaN where there is none, as with fewer than ten
 * measurements; such features are left out.
 */
export function judgeVerdicts(features: readonly Judged[], heldOut: Float64Array): VerdictRow[] {
  const known = features.flatMap((feature, j) =>
    Number.isNaN(heldOut[j]) ? [] : [{ ...feature, r: heldOut[j] }],
  );
  return [...new Set(features.map(({ modality }) => modality))].flatMap((modality) => {
    const own = known.filter((feature) => feature.modality === modality);
    return (["strong", "usable", "weak"] as const).flatMap((verdict): VerdictRow[] => {
      const rows = own.filter((feature) => feature.verdict === verdict);
      if (rows.length === 0) return [];
      const median = (values: number[]) => quantile(values, 0.5);
      return [
        {
          modality,
          verdict,
          features: rows.length,
          share: rows.length / own.length,
          outOfFold: median(rows.map(({ outOfFold }) => outOfFold)),
          heldOut: median(rows.map(({ r }) => r)),
          holds: rows.filter(({ r }) => r >= USABLE).length / rows.length,
        },
      ];
    });
  });
}
