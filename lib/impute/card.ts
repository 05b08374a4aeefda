// The texts of a bundle: its model card and the table of features.
import type { Drop } from "../cohort/cohort.js";
import { unitsOf } from "../cohort/transform.js";
import { MINIMUM_OBSERVED } from "../evaluate/correlation.js";
import { quantile } from "../evaluate/statistics.js";
import { markdownTable } from "../figures/table.js";
import type { AroSpec } from "../model/aro.js";
import type { TrainSettings } from "../train/settings.js";
import type { Imputer } from "./bundle.js";
import { factorOf, LEVEL } from "./calibration.js";
import { METHODS, type Method, type ModalityChoice } from "./decoder.js";
import { ratedFeatures } from "./quality.js";

/** Renders the quality of every inferred feature as TSV. */
export function renderFeatures({
  quality,
  decoder,
}: Pick<Imputer, "quality"> & { readonly decoder: Pick<Imputer["decoder"], "choices"> }): string {
  const methods = new Map(decoder.choices.map(({ modality, method }) => [modality, method]));
  const header =
    "modality feature method verdict n r rLow rHigh skill skillLow skillHigh coverage ownGene why";
  const lines = quality.map((one) => {
    const { modality, feature, verdict, n, r, skill, coverage, ownGene, why } = one;
    const numbers = [r.value, r.low, r.high, skill.value, skill.low, skill.high, coverage];
    const shown = numbers.map((value) => value.toFixed(3));
    const first = [modality, feature, methods.get(modality), verdict, n];
    return [...first, ...shown, ownGene ? "yes" : "no", why].join("\t");
  });
  return `${[header.replaceAll(" ", "\t"), ...lines].join("\n")}\n`;
}

/** Names of the methods as a card writes them. */
export const METHOD_NAMES: Readonly<Record<Method, string>> = {
  "shared-decoder": "shared decoder",
  ridge: "ridge",
  "ridge-cis": "ridge + cis + offset",
  mean: "mean of the training samples",
  aro: "ARO",
};

/** What a user of ARO's values must know. */
export const CLAMPED =
  "ARO predicts log1p(max(0, z)), as in the paper: no value is below its feature's training mean, which stands for all " +
  "that lies below; an interval that reaches the mean has no lower bound (-Infinity)";

/** The units that values were stated to be in, how each modality was transformed, and what imputed values are in. */
export function unitsText({
  decoder,
  readings = {},
}: Pick<Imputer, "decoder" | "readings">): string {
  const isStated = Object.values(readings).some(
    ({ units, transform = "none", missingMeans }) =>
      units !== undefined || transform !== "none" || missingMeans === "zero",
  );
  if (!isStated) return "those of the training tables";
  return decoder.modalities
    .map(({ name }, m) => {
      const { units, transform = "none", missingMeans } = readings[name] ?? {};
      const parts = [
        units ?? "as in its training table",
        ...(missingMeans === "zero" ? ["missing values read as 0"] : []),
        ...(transform === "none" ? [] : [`modeled as ${transform}`]),
        ...(m > 0 && transform.startsWith("log2")
          ? [`imputed in ${unitsOf(units, transform)}: medians, with the logarithm undone`]
          : []),
      ];
      return `${name}: ${parts.join(", ")}`;
    })
    .join("; ");
}

/**
 * Renders the model card.
 * @param drops what the readers left out of the cohort.
 * @param training how ARO was trained, if it was.
 */
export function renderCard(
  imputer: Imputer,
  drops: readonly Drop[],
  training?: TrainSettings,
): string {
  const { name, seed, version, madeOn, decoder, patients, noveltyLimit } = imputer;
  const [seen, ...inferred] = decoder.modalities;
  const methods = decoder.choices.map(
    ({ modality, method }) => `${modality} by ${METHOD_NAMES[method]}`,
  );
  const fallen = decoder.choices.filter(({ method }) => method !== imputer.method);
  return `# Imputation model of ${name}

Imputes ${inferred.map((one) => one.name).join(", ")} from ${seen.name}: ${methods.join(", ")}. ${imputer.aro ? `${CLAMPED}.` : "It is not the paper's ARO."}
${[...fallen.map(fallbackText), ...worseThanMean(decoder.choices)].map((text) => `\n${text}.\n`).join("")}
## Training

- ${decoder.trainedOn.length} samples of ${patients} patients; ${seen.end - seen.start} features of ${seen.name}.
${drops.map((drop) => `- Left out: ${drop.count} ${drop.what} of ${drop.from}, ${drop.reason}.\n`).join("")}- Preprocessing: ${imputer.aro ? ARO_PREPROCESSING : PREPROCESSING} New samples must come in the same units as the training table.
- Units: ${unitsText(imputer)}.
${imputer.aro && training ? `- Model: ${modelText(imputer.aro.spec, training)}\n` : ""}- Splits: ${imputer.aro ? ARO_SPLITS : SPLITS}
- Seed ${seed}; library ${version}; ${madeOn}.

## Quality

All figures are out of fold: no patient was predicted by a model that had seen them. ${imputer.aro ? "Mean squared error, r, skill and coverage are in the paper's space, log1p(max(0, z));" : "Mean squared error is in z-scores, where the mean of the training samples has about 1;"} the 95 % bootstrap intervals over patients ignore variation between splits and seeds.

${renderErrors(imputer)}

Features are strong if the lower limit of their r is above 0.3, usable if r is at least 0.3 and its lower limit above 0, else weak. features.tsv has each feature's r and skill with 95 % intervals, the coverage of its interval, its method, and the verdict with the reason.

${renderVerdicts(imputer)}

## Intervals

An interval is the value plus or minus the predicted deviation times a factor for each modality, the quantile of |error| / deviation out of fold. Coverage below is of the ${100 * LEVEL} % intervals on patients whose errors had no part in the factor, five groups of them.

${renderCoverage(imputer)}

## Limits

- Coverage holds on average over samples and features, not for each; samples unlike the training samples are covered less. \`npx aro impute\` warns of samples whose novelty is above ${noveltyLimit.toFixed(3)}, the 95th percentile of training samples held out.
- r over all samples includes differences between groups, such as tumor and normal; within a group it is lower.
- Nothing here was tried on another cohort, laboratory or platform. Where those of the new samples differ, expect worse.
- Features that fewer than ${MINIMUM_OBSERVED} training samples measured are not imputed.

## Not for

- Diagnosis or treatment of a person, or any decision that depends on a measurement that was not made.
- Features rated weak, on their own.
- Tests of association that treat imputed values as measured: they have the variation of predictions, not of measurements.
- Publication without permission from the owner of the data: this folder contains z-scores of the training samples.
`;
}

const PREPROCESSING =
  "z-scores by mean and deviation of observed training values, clamped to their 1st and 99th percentile, never at 0.";
const ARO_PREPROCESSING =
  "the paper's: gaps filled by the median, values clamped to their 1st and 99th percentile, z-scores, log1p(max(0, z)).";
const SPLITS =
  "eight folds, each patient in one. Scales and paths are fitted without the fold that they predict; each of four " +
  "networks is trained without two folds, so it saw three quarters of the samples, and imputes by all four together.";
const ARO_SPLITS =
  "five folds, each patient in one. The model that imputes was trained on four of them, with the fifth as its " +
  "validation rows; each out-of-fold prediction comes from a model trained on three.";

function modelText(
  { width, hiddenLayers, inputDropout }: AroSpec,
  { epochs, batchSize, learningRate, weightDecay, plateau }: TrainSettings,
): string {
  const number = (value: number) => value.toLocaleString("en-US");
  return (
    `ARO, ${number(width)} units wide with ${hiddenLayers} hidden layers and input dropout ${inputDropout}, trained for ` +
    `${number(epochs)} epochs in batches of ${batchSize}, AdamW at ${learningRate.toExponential()} with weight decay ` +
    `${weightDecay}, ${plateau ? `multiplied by ${plateau.factor} on plateaus` : "constant"}.`
  );
}

/** Says that a control imputes a modality, and why. */
export function fallbackText({ modality, method, errors }: ModalityChoice): string {
  const { "shared-decoder": own, [method]: control } = errors;
  return (
    `${modality} fell back to ${METHOD_NAMES[method]}: its out-of-fold error is ${control!.value.toFixed(3)}, that of ` +
    `the shared decoder ${own!.value.toFixed(3)}, more than 2 % higher`
  );
}

/** Says which modalities are imputed with a larger out-of-fold error than the mean's, and by how much. */
export function worseThanMean(choices: readonly ModalityChoice[]): string[] {
  return choices.flatMap(({ modality, method, errors: { mean, [method]: own } }) => {
    if (mean === undefined || own === undefined || !(own.value > mean.value)) return [];
    return [
      `${modality} by ${METHOD_NAMES[method]} is worse than the mean of the training samples: its out-of-fold error is ` +
        `${own.value.toFixed(3)}, the mean's ${mean.value.toFixed(3)}; do not use it`,
    ];
  });
}

/** The out-of-fold error of each method, the one that imputes marked. */
function renderErrors({ decoder: { choices } }: Imputer): string {
  const rows = choices.flatMap(({ modality, method: chosen, errors }) =>
    METHODS.flatMap((method) => {
      const error = errors[method];
      if (error === undefined) return [];
      const { mean } = errors;
      return [
        {
          modality,
          method: METHOD_NAMES[method],
          imputes: method === chosen ? "yes" : "",
          "mean squared error": `${error.value.toFixed(3)} (${error.low.toFixed(3)} to ${error.high.toFixed(3)})`,
          "1 - error / error of the mean": mean ? (1 - error.value / mean.value).toFixed(3) : "",
        },
      ];
    }),
  );
  return tableOf(rows);
}

function renderVerdicts({ decoder: { modalities }, quality }: Imputer): string {
  const rows = modalities.slice(1).map(({ name: modality, start, end }) => {
    const own = quality.filter((one) => one.modality === modality);
    const rated = ratedFeatures(quality, modality);
    const share = (verdict: string) =>
      `${((100 * own.filter((one) => one.verdict === verdict).length) / own.length).toFixed(0)} %`;
    const spread = (values: readonly number[]) =>
      values.length === 0
        ? "none"
        : [0.5, 0.05, 0.95].map((q) => quantile(values, q).toFixed(2)).join(", ");
    return {
      modality,
      features: `${end - start}`,
      rated: `${rated.length}`,
      "r: median, 5th and 95th percentile": spread(rated.map(({ r }) => r.value)),
      "skill: the same": spread(rated.map(({ skill }) => skill.value)),
      strong: share("strong"),
      usable: share("usable"),
      weak: share("weak"),
      "matched to their own gene": `${own.filter(({ ownGene }) => ownGene).length}`,
    };
  });
  return tableOf(rows);
}

function renderCoverage({ coverage, factors, quality }: Imputer): string {
  const rows = coverage.map(({ modality, level, coverage: share, lowest, highest }) => {
    const over = ratedFeatures(quality, modality).map((one) => one.coverage);
    const at = (q: number) => (over.length > 0 ? quantile(over, q).toFixed(2) : "none");
    return {
      modality,
      factor: factorOf(factors, modality, level).toFixed(3),
      coverage: share.toFixed(3),
      "groups of patients": `${lowest.toFixed(3)} to ${highest.toFixed(3)}`,
      "features, 5th to 95th percentile": `${at(0.05)} to ${at(0.95)}`,
    };
  });
  return tableOf(rows);
}

function tableOf(rows: readonly object[]): string {
  return rows.length > 0 ? markdownTable(rows) : "none";
}
