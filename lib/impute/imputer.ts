// Fits a model that imputes: the shared decoder, a control or ARO, calibrated and rated out of fold.
import { basename } from "node:path";
import { type Cohort, patientsOf } from "../cohort/cohort.js";
import { requireNewFolder } from "../cohort/durable-file.js";
import { selectRows, sliceColumns } from "../cohort/matrix.js";
import { readNameMap } from "../cohort/rename.js";
import { libraryVersion } from "../cohort/root.js";
import type { FileCohort, Reading } from "../cohort/tables.js";
import { chooseEngine } from "../engine/choose.js";
import { type Engine, nameEngine } from "../engine/engine.js";
import { quantile } from "../evaluate/statistics.js";
import { checkOptions } from "../options.js";
import { type Imputer, NAMES, saveImputer } from "./bundle.js";
import { calibrateSpread, crossCoverage, LEVEL } from "./calibration.js";
import { renderCard, renderFeatures } from "./card.js";
import {
  type ClampedOptions,
  estimateClamped,
  fitClamped,
  inPaperSpace,
  planClamped,
  scoreClamped,
} from "./clamped.js";
import { METHODS, type Method } from "./decoder.js";
import { fitSharedDecoder } from "./fit.js";
import { inferredRanges } from "./material.js";
import { rateFeatures } from "./quality.js";
import { noveltyOfTraining } from "./smoothing.js";

export interface ImputerOptions {
  /** Training rows of the cohort; by default all. */
  readonly rows?: readonly number[];
  /** By default the shared decoder. */
  readonly method?: Method;
  /** What differs from the paper's model and training, where the method is "aro". */
  readonly aro?: ClampedOptions;
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
export async function fitImputer(
  cohort: Cohort & Pick<FileCohort, "readings">,
  options: ImputerOptions = {},
): Promise<Imputer> {
  const {
    rows = cohort.samples.map((_, row) => row),
    method = "shared-decoder",
    aro: aroOptions = {},
    seed = 42,
    output,
    engine,
    onProgress = () => {},
  } = checkOptions("fitImputer", options, {
    rows: "array",
    method: METHODS,
    aro: "object",
    seed: "number",
    output: "string",
    engine: "object",
    onProgress: "function",
  });
  if (output !== undefined) requireNewFolder("fitImputer", output);
  const names = output === undefined ? {} : renderNames(cohort);
  const running = engine ?? (await chooseEngine()).engine;
  const plan = method === "aro" ? planClamped(cohort, rows, aroOptions, seed) : undefined;
  if (plan) onProgress(0, await estimateClamped(plan, running));
  const { outOfFold, ...fitted } = await fitSharedDecoder(cohort, {
    // Beside ARO, the control is what it is compared with.
    rows,
    seed,
    engine: running,
    method: method === "aro" ? "ridge-cis" : method,
    fallback: true,
    objective: "standardized",
    onProgress: (share, what) =>
      onProgress(
        FIT_SHARE * share * (plan ? CONTROL_SHARE : 1),
        plan ? `the control: ${what}` : what,
      ),
  });
  const clamped =
    plan &&
    (await fitClamped(cohort, rows, fitted.paths.scaler, plan, running, (share, what) =>
      onProgress(FIT_SHARE * (CONTROL_SHARE + (1 - CONTROL_SHARE) * share), what),
    ));
  const compared = { ...fitted, outOfFold };
  const decoder = clamped
    ? { ...fitted, choices: scoreClamped(cohort, rows, clamped.outOfFold.mean, compared, seed) }
    : fitted;
  // Of ARO, all is told in the space that it predicts.
  const judged = clamped ? inPaperSpace(cohort, fitted.paths.scaler) : cohort;
  const predicted = clamped?.outOfFold ?? outOfFold;
  const first = cohort.modalities[0].end;
  const measured = selectRows(sliceColumns(judged.matrix, first, cohort.matrix.columns), rows);
  const inferred = inferredRanges(cohort.modalities);
  const factors = calibrateSpread(predicted, measured, inferred);
  const patients = patientsOf(cohort, rows);
  const coverage = crossCoverage(predicted, measured, inferred, patients, LEVEL);
  const quality = rateFeatures(judged, rows, predicted, factors, seed);
  onProgress(1, "intervals, and the quality of each feature");
  const imputer: Imputer = {
    name: cohort.name,
    method,
    seed,
    decoder,
    factors,
    coverage,
    quality,
    ...(clamped && { aro: clamped.model }),
    ...(cohort.readings && { readings: withoutFolders(cohort.readings) }),
    version: libraryVersion(),
    madeOn: `${nameEngine(running)} ${running.version}, Node ${process.versions.node}, ${process.platform} ${process.arch}`,
    patients: new Set(patients).size,
    noveltyLimit: quantile(noveltyOfTraining(decoder.paths.likeness), 0.95),
  };
  if (output !== undefined) {
    await saveImputer(imputer, output, {
      "README.md": renderCard(imputer, cohort.drops, plan?.training),
      "features.tsv": renderFeatures(imputer),
      ...names,
    });
  }
  return imputer;
}

/** Of the progress; the rest is what rating each feature takes. */
const FIT_SHARE = 0.97;
/** Of the fit, beside ARO: the control is fitted in the time of some epochs. */
const CONTROL_SHARE = 0.05;

/** The names in the map of the first modality that became features, and those, so that new tables need no map. */
function renderNames({
  modalities: [{ name, start, end }],
  features,
  readings = {},
}: Cohort & Pick<FileCohort, "readings">): Readonly<Record<string, string>> {
  const { map } = readings[name] ?? {};
  if (!map) return {};
  const own = features.slice(start, end);
  const kept = new Set(own);
  const known = readNameMap(map);
  const pairs = [
    ...[...known].filter(([, to]) => kept.has(to)),
    ...own.filter((feature) => !known.has(feature)).map((feature) => [feature, feature]),
  ];
  return {
    [NAMES]: [["name", "feature"], ...pairs].map((pair) => `${pair.join("\t")}\n`).join(""),
  };
}

/** Leaves of each map of names only the file's name, which the folders of this machine are no part of. */
function withoutFolders(
  readings: NonNullable<FileCohort["readings"]>,
): Readonly<Record<string, Reading>> {
  return Object.fromEntries(
    Object.entries(readings).map(([name, { map, ...reading }]) => [
      name,
      map ? { ...reading, map: { ...map, file: basename(map.file) } } : reading,
    ]),
  );
}
