// Fits a model that imputes: the shared decoder or a control, calibrated and rated out of fold.
import type { Cohort } from "../cohort/cohort.js";
import { libraryVersion } from "../cohort/root.js";
import type { Engine } from "../engine/engine.js";
import { quantile } from "../evaluate/statistics.js";
import { checkOptions } from "../options.js";
import { type Imputer, requireNew, saveImputer } from "./bundle.js";
import { renderCard, renderFeatures } from "./card.js";
import { METHODS, type Method } from "./decoder.js";
import { fitSharedDecoder } from "./fit.js";
import { calibrate, rateFeatures } from "./quality.js";
import { compareTraining, type Kernel, noveltyOf } from "./smoothing.js";

export interface ImputerOptions {
  /** Training rows of the cohort; by default all. */
  readonly rows?: readonly number[];
  /** By default the shared decoder. */
  readonly method?: Method;
  readonly seed?: number;
  /** Writes the bundle to this folder, which must not exist yet. */
  readonly output?: string;
  /** By default the one that `chooseEngine` finds. */
  readonly engine?: Engine;
  /** Told each finished part: 0 to 1, and what it was. */
  readonly onProgress?: (share: number, what: string) => void;
}

/**
 * Fits a model that imputes the other modalities from the first, on z-scores that are undone to measured units.
 * Samples that lack another modality are used for what they have. Intervals and quality come from predictions out of
 * fold, grouped by patient.
 * @throws RangeError as `fitSharedDecoder`; Error if the output folder exists.
 */
export async function fitImputer(cohort: Cohort, options: ImputerOptions = {}): Promise<Imputer> {
  const {
    rows = cohort.samples.map((_, row) => row),
    method = "shared decoder",
    seed = 42,
    output,
    engine,
    onProgress,
  } = checkOptions("fitImputer", options, {
    ...{ rows: "array", method: METHODS, seed: "number", output: "string" },
    ...{ engine: "object", onProgress: "function" },
  });
  if (output !== undefined) requireNew("fitImputer", output);
  const { outOfFold, ...decoder } = await fitSharedDecoder(cohort, {
    ...{ rows, method, seed, engine, onProgress, objective: "standardized" },
  });
  const calibration = calibrate(cohort, rows, { outOfFold });
  const quality = rateFeatures(
    cohort,
    rows,
    { outOfFold, paths: decoder.paths },
    calibration,
    seed,
  );
  const imputer: Imputer = {
    ...{ name: cohort.name, method, seed, decoder, calibration, quality },
    version: libraryVersion(),
    patients: new Set(rows.map((row) => cohort.samples[row].patient)).size,
    noveltyLimit: quantile(noveltyOfOthers(decoder.paths.kernel), 0.95),
  };
  if (output !== undefined) {
    await saveImputer(imputer, output, {
      "README.md": renderCard(imputer),
      "features.tsv": renderFeatures(imputer),
    });
  }
  return imputer;
}

/** The novelty of each training sample beside the others. */
function noveltyOfOthers(kernel: Kernel): Float64Array {
  const { similarity, own } = compareTraining(kernel);
  const n = own.length;
  return own.map((product, i) => {
    const others = Array.from({ length: n }, (_, j) => j).filter((j) => j !== i);
    const among = new Float64Array(others.length ** 2);
    others.forEach((a, row) => {
      others.forEach((b, column) => {
        among[row * others.length + column] = kernel.products[a * n + b];
      });
    });
    const values = Float64Array.from(others, (j) => similarity.values[i * n + j]);
    const likeness = {
      similarity: { rows: 1, columns: others.length, values },
      own: Float64Array.of(product),
    };
    return noveltyOf({ ...kernel, products: among }, likeness, NOVELTY)[0];
  });
}

/** The shrinkage by which novelty is told. */
export const NOVELTY = 0.4;
