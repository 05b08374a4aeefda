// The numbers that the paper states, as data: where each stands, what it says, and what it would take to check it.
import type { FlatScore } from "../evaluate/summary.js";
import { PAPER_MODEL, parametersOf } from "../model/autoencoder.js";

export interface Claim {
  readonly id: string;
  /** Where the paper states it. */
  readonly where: string;
  /** What is stated, in a few words. */
  readonly what: string;
  readonly value: number;
  /** How it is printed there. */
  readonly printed: string;
  /**
   * What a verdict rests on: "arithmetic" can be computed from the paper alone, "consistency" by holding two of its
   * statements against each other, "data" needs the paper's own cohorts.
   */
  readonly kind: "arithmetic" | "consistency" | "data";
  /** The row of our reconstruction table that measures the same thing on the cohort at hand. */
  readonly beside?: Beside;
}

export interface Beside {
  readonly row: Pick<FlatScore, "predictor" | "part" | "modality">;
  readonly column: "mse" | "huber";
}

/** The shape of the paper's model. Source: Table 3. */
export const PAPER_SHAPE = { features: 71_094, ...PAPER_MODEL, visible: null } as const;

/** Correct answers of the paper's downstream tests, each k of 29 samples. Source: section 5 as accuracies; k = round(29 p). */
export const PAPER_ACCURACIES = [
  { id: "accuracy-cancer-aro", what: "cancer or normal, ARO embedding", percent: 100 },
  { id: "accuracy-laterality-aro", what: "laterality, ARO embedding", percent: 72.4 },
  { id: "accuracy-cancer-pca", what: "cancer or normal, PCA projections", percent: 72.41 },
  { id: "accuracy-laterality-pca", what: "laterality, PCA projections", percent: 58.62 },
] as const;

const LOSSES = {
  "ARO masked": { mse: ["0.046", "0.14", "0.14"], huber: ["0.022", "0.070", "0.068"] },
  "ARO unmasked": { mse: ["0.064", "0.15", "0.15"], huber: ["0.032", "0.071", "0.07"] },
  PCA: { mse: ["3.1e-30", "0.14", "0.14"], huber: ["1.5e-30", "0.068", "0.065"] },
} as const;

const PARTS = ["train", "validation", "test"] as const;

/** Lists every claim, in the paper's order. */
export function paperClaims(): Claim[] {
  return [
    ...abstractClaims(),
    ...shapeClaims(),
    ...lossClaims(),
    ...accuracyClaims(),
    ...datasetClaims(),
  ];
}

function abstractClaims(): Claim[] {
  return [
    {
      id: "abstract-mse-validation",
      where: "Abstract",
      what: "MSE on validation",
      value: 0.166,
      printed: "0.166",
      kind: "consistency",
    },
    {
      id: "abstract-mse-test",
      where: "Abstract",
      what: "MSE on test",
      value: 0.168,
      printed: "0.168",
      kind: "consistency",
    },
  ];
}

function shapeClaims(): Claim[] {
  const blocks = parametersOf(PAPER_SHAPE).map(
    ({ name, shape }): Claim => ({
      id: `table3-${name}`,
      where: "Table 3",
      what: `parameters of ${name} (${shape.join(", ")})`,
      value: TABLE_3[name],
      printed: TABLE_3[name].toLocaleString("en-US"),
      kind: "arithmetic",
    }),
  );
  return [
    {
      id: "features-unified",
      where: "Appendix A",
      what: "columns that the model starts from",
      value: 74_002,
      printed: "74,002",
      kind: "consistency",
    },
    ...blocks,
    {
      id: "parameters",
      where: "Appendix A",
      what: "trainable parameters",
      value: 303.9e6,
      printed: "~303.9 M",
      kind: "arithmetic",
    },
  ];
}

/** As printed in the paper's Table 3. */
const TABLE_3: Readonly<Record<string, number>> = {
  "inp_lin.weight": 145_600_512,
  "inp_lin.bias": 2_048,
  "encoder_layers.0.weight": 4_194_304,
  "encoder_layers.0.bias": 2_048,
  "encoder_layers.1.weight": 4_194_304,
  "encoder_layers.1.bias": 2_048,
  "encoder_layers.2.weight": 4_194_304,
  "encoder_layers.2.bias": 2_048,
  "out_lin.weight": 145_600_512,
  "out_lin.bias": 71_094,
};

function lossClaims(): Claim[] {
  const names = Object.keys(LOSSES) as (keyof typeof LOSSES)[];
  return (["mse", "huber"] as const).flatMap((loss) =>
    names.flatMap((name) =>
      PARTS.map(
        (part, i): Claim => ({
          id: `${loss}-${name.toLowerCase().replace(" ", "-")}-${part}`,
          where: loss === "mse" ? "Tables 1 and 4" : "Tables 2 and 5",
          what: `${name}, ${loss === "mse" ? "MSE" : "Huber"} on ${part}`,
          value: Number(LOSSES[name][loss][i]),
          printed: LOSSES[name][loss][i],
          kind: "data",
          beside: {
            row: { predictor: name === "PCA" ? "PCA, sees all" : name, part, modality: "all" },
            column: loss,
          },
        }),
      ),
    ),
  );
}

function accuracyClaims(): Claim[] {
  return PAPER_ACCURACIES.map(
    ({ id, what, percent }): Claim => ({
      id,
      where: "Section 5",
      what: `accuracy, ${what}`,
      value: percent / 100,
      printed: `${percent} %`,
      kind: "data",
    }),
  );
}

function datasetClaims(): Claim[] {
  const rows: [string, number, number][] = [
    ["Li et al. 2024, transcriptomics", 108, 45_886],
    ["Li et al. 2024, proteomics", 109, 10_998],
    ["Li et al. 2024, metabolomics", 87, 67],
    ["Wang et al. 2021, transcriptomics", 240, 26_941],
    ["Wang et al. 2021, proteomics", 333, 12_309],
    ["Wang et al. 2021, metabolomics", 36, 216],
  ];
  return rows.flatMap(([name, samples, features], i) => [
    {
      id: `table6-${i}-samples`,
      where: "Table 6",
      what: `${name}: samples`,
      value: samples,
      printed: String(samples),
      kind: "data" as const,
    },
    {
      id: `table6-${i}-features`,
      where: "Table 6",
      what: `${name}: features`,
      value: features,
      printed: features.toLocaleString("en-US"),
      kind: "data" as const,
    },
  ]);
}
