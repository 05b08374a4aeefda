// Claims about how data are prepared and the model is trained, each beside what the authors' own code does.
import type { Profile } from "../study/profile.js";
import { type RunSettings, settingsOf } from "../study/runs.js";
import { completeSettings } from "../train/settings.js";
import type { Claim } from "./claim.js";
import type { Evidence } from "./evidence.js";

/** What the paper states, what the code at ccdderc/ARO@e3bb22a does in the same words, and what is done here. */
interface Setting {
  readonly id: string;
  readonly where: string;
  readonly what: string;
  readonly stated: string;
  readonly code: string;
  readonly ours: string | ((settings: Here) => string);
}

/** What a training was set to, and how the rows were split. */
type Here = RunSettings & Pick<Profile, "split">;

/** Lists the claims about settings: a statement holds if the authors' code does the same. */
export function settingClaims(): Claim[] {
  return [...PREPARATION, ...MODEL, ...TRAINING, ...EVALUATION].map(
    ({ id, where, what, stated, code, ours }) => {
      const value = Number(stated.replaceAll(",", ""));
      return {
        id,
        where,
        what,
        value: Number.isNaN(value) ? null : value,
        printed: stated,
        kind: "code",
        find: (evidence) => {
          const each = typeof ours === "string" ? [ours] : settingsHere(evidence).map(ours);
          const here = [...new Set(each)].join(" and ");
          return { ours: `code: ${code}; here: ${here}`, holds: code === stated };
        },
      };
    },
  );
}

/** Of the runs that made the numbers, or before there are any, of those that the profile will make. */
function settingsHere({ profile, runs }: Evidence): Here[] {
  const { model: spec, training, split } = profile;
  const settings = runs ?? [settingsOf({ spec, training: completeSettings(training) })];
  return settings.map((one) => ({ ...one, split }));
}

const PREPARATION: readonly Setting[] = [
  {
    id: "split-shares",
    where: "Section 3",
    what: "training, validation and test shares, %",
    stated: "70 / 15 / 15",
    code: "70 / 15 / 15",
    ours: "70 / 15 / 15",
  },
  {
    id: "split-unit",
    where: "Section 3",
    what: "what the split keeps together",
    stated: "patient",
    code: "sample",
    ours: ({ split }) => split.by,
  },
  {
    id: "paired-samples",
    where: "Sections 1 and 3",
    what: "needs samples measured in all modalities",
    stated: "no",
    code: "yes, others are dropped",
    ours: "yes",
  },
  {
    id: "features-removed",
    where: "Section 3",
    what: "features that are removed",
    stated: "zero variance",
    code: "zero in every sample",
    ours: "zero in every sample",
  },
  {
    id: "imputation",
    where: "Section 3",
    what: "first fill of missing values",
    stated: "training median",
    code: "training median",
    ours: "training median",
  },
  {
    id: "winsorization",
    where: "Section 3",
    what: "winsorized at percentiles of the training rows",
    stated: "1 and 99",
    code: "1 and 99",
    ours: "1 and 99",
  },
  {
    id: "imputation-second",
    where: "Section 3",
    what: "fill of the z-scores of constant features",
    stated: "median",
    code: "0",
    ours: "0",
  },
  {
    id: "preprocessing-order",
    where: "Section 3, Figure 1",
    what: "order of the steps",
    stated: "fill, winsorize, z-score, clamp at 0, log1p",
    code: "fill, winsorize, z-score, clamp at 0, log1p",
    ours: "the same",
  },
  {
    id: "leakage",
    where: "Section 3",
    what: "rows behind the statistics of what is evaluated",
    stated: "training rows",
    code: "all rows, for the embeddings",
    ours: "training rows",
  },
];

const MODEL: readonly Setting[] = [
  {
    id: "width",
    where: "Appendix A",
    what: "units of each layer",
    stated: "2,048",
    code: "2,048",
    ours: ({ width }) => width.toLocaleString("en-US"),
  },
  {
    id: "hidden-layers",
    where: "Appendix A",
    what: "hidden layers",
    stated: "3",
    code: "3",
    ours: ({ hiddenLayers }) => String(hiddenLayers),
  },
  {
    id: "hidden-activation",
    where: "Appendix A",
    what: "activation of hidden layers",
    stated: "ReLU",
    code: "ReLU",
    ours: "ReLU",
  },
  {
    id: "output-activation",
    where: "Appendix A",
    what: "activation of the output",
    stated: "softplus",
    code: "ReLU",
    ours: ({ output }) => (output === "relu" ? "ReLU" : output),
  },
  {
    id: "input-dropout",
    where: "Section 4, Appendix A",
    what: "dropout on the input",
    stated: "0.1",
    code: "0.1",
    ours: ({ inputDropout }) => String(inputDropout),
  },
  {
    id: "hidden-dropout",
    where: "Appendix A",
    what: "dropout after hidden layers",
    stated: "0.0",
    code: "0.2",
    ours: "none",
  },
  {
    id: "masked-block",
    where: "Section 4",
    what: "input columns that ARO masked does not see",
    stated: "all but transcriptomics",
    code: "one, column 50,455",
    ours: "all but the first modality",
  },
];

const TRAINING: readonly Setting[] = [
  {
    id: "loss",
    where: "Section 4",
    what: "training loss",
    stated: "Huber over observed entries",
    code: "Huber over observed entries",
    ours: "the same",
  },
  {
    id: "optimizer",
    where: "Appendix B",
    what: "optimizer",
    stated: "AdamW",
    code: "AdamW",
    ours: "AdamW",
  },
  {
    id: "learning-rate",
    where: "Appendix B",
    what: "learning rate",
    stated: "1e-5",
    code: "1e-5",
    ours: ({ learningRate }) => learningRate,
  },
  {
    id: "weight-decay",
    where: "Appendix B",
    what: "weight decay",
    stated: "0",
    code: "0",
    ours: ({ weightDecay }) => String(weightDecay),
  },
  {
    id: "plateau-factor",
    where: "Appendix B",
    what: "factor of the plateau schedule",
    stated: "0.1",
    code: "0.1",
    ours: ({ plateauFactor }) => String(plateauFactor ?? "none"),
  },
  {
    id: "plateau-patience",
    where: "Appendix B",
    what: "patience of the plateau schedule",
    stated: "10 epochs",
    code: "10 steps of two an epoch",
    ours: ({ plateauPatience: n }) => (n === null ? "none" : `${n} epochs`),
  },
  {
    id: "epochs",
    where: "Appendix B",
    what: "epochs",
    stated: "200",
    code: "200",
    ours: ({ epochs }) => String(epochs),
  },
  {
    id: "batch-size",
    where: "Appendix B",
    what: "batch size",
    stated: "80",
    code: "80",
    ours: ({ batchSize }) => String(batchSize),
  },
  {
    id: "precision",
    where: "Appendix B",
    what: "arithmetic",
    stated: "mixed bfloat16",
    code: "mixed bfloat16",
    ours: "float32",
  },
  {
    id: "tuning",
    where: "Appendix B",
    what: "hyperparameter search",
    stated: "Bayesian, Weights & Biases",
    code: "Bayesian, Weights & Biases",
    ours: "not the same search",
  },
];

const EVALUATION: readonly Setting[] = [
  {
    id: "embedding",
    where: "Appendix A",
    what: "the embedding is taken",
    stated: "after the ReLU",
    code: "without the ReLUs",
    ours: "after the ReLU",
  },
  {
    id: "downstream-unseen",
    where: "Section 5",
    what: "samples that classifiers are tested on",
    stated: "the test rows",
    code: "a new quarter of all rows, most seen by the model",
    ours: "every row once, by patient-grouped folds",
  },
  {
    id: "classifier",
    where: "Section 5",
    what: "downstream classifier",
    stated: "MLP",
    code: "MLP",
    ours: "MLP and logistic regression",
  },
  {
    id: "laterality-kind",
    where: "Section 5",
    what: "what laterality classification is",
    stated: "multi-label",
    code: "multi-class",
    ours: "multi-class",
  },
];
