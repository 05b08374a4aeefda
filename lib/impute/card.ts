// The texts of a bundle: its model card and the table of features.
import { MINIMUM_OBSERVED } from "../evaluate/correlation.js";
import { quantile } from "../evaluate/statistics.js";
import type { Imputer } from "./bundle.js";
import { factorOf, LEVEL } from "./calibration.js";

/** Renders the quality of every inferred feature as TSV. */
export function renderFeatures({ quality }: Pick<Imputer, "quality">): string {
  const header = [
    ...["modality", "feature", "verdict", "n", "r", "rLow", "rHigh"],
    ...["skill", "skillLow", "skillHigh", "coverage", "ownGene", "why"],
  ];
  const lines = quality.map((one) => {
    const { modality, feature, verdict, n, r, skill, coverage, ownGene, why } = one;
    const numbers = [r.value, r.low, r.high, skill.value, skill.low, skill.high, coverage];
    const shown = numbers.map((value) => value.toFixed(3));
    return [modality, feature, verdict, n, ...shown, ownGene ? "yes" : "no", why].join("\t");
  });
  return `${[header.join("\t"), ...lines].join("\n")}\n`;
}

/** Renders the model card. */
export function renderCard(imputer: Imputer): string {
  const { name, method, seed, version, decoder, factors, quality, patients } = imputer;
  const [seen, ...inferred] = decoder.modalities;
  const rows = inferred.map(({ name: modality, start, end }) => {
    const own = quality.filter((one) => one.modality === modality);
    const rated = own.filter(({ n }) => n >= MINIMUM_OBSERVED);
    const share = (verdict: string) =>
      `${((100 * own.filter((one) => one.verdict === verdict).length) / own.length).toFixed(0)} %`;
    const median = (values: readonly number[]) =>
      values.length > 0 ? quantile(values, 0.5).toFixed(3) : "none";
    const cells = [
      ...[modality, end - start, rated.length],
      median(rated.map(({ r }) => r.value)),
      median(rated.map(({ skill }) => skill.value)),
      ...[share("strong"), share("usable"), share("weak")],
      factorOf(factors, modality, LEVEL).toFixed(3),
    ];
    return `| ${cells.join(" | ")} |`;
  });
  return `# Imputation model of ${name}

Imputes ${inferred.map((one) => one.name).join(", ")} from ${seen.name}. Method: ${method}. It is not the paper's ARO.

- Trained on ${decoder.trainedOn.length} samples of ${patients} patients, ${seen.end - seen.start} features of ${seen.name}.
- Preprocessing: z-scores by mean and deviation of observed training values, clamped to their 1st and 99th percentile; predictions are turned back into the units of the training files, as read.
- Quality: predictions out of fold, folds grouped by patient. The networks of these predictions saw three quarters of the samples.
- Intervals: ${100 * LEVEL} %, predicted value plus or minus the deviation times one factor for each modality, the ${100 * LEVEL} % quantile of |error| / deviation out of fold.
- Library version ${version}, seed ${seed}.

| modality | features | rated | median r | median skill | strong | usable | weak | interval factor |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
${rows.join("\n")}

features.tsv has each feature's r and skill with 95 % intervals, the coverage of its interval, and the verdict with the reason.

## Limits

- Coverage holds on average over samples and features, not for each; samples unlike the training samples are covered less.
- A feature rated weak should not be used on its own.
- Not for diagnosis or treatment of a person, and not in place of a measurement that a decision depends on.
- This folder contains z-scores of the training samples: share it only with those who may have the data.
`;
}
