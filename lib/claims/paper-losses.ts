// The losses of the paper's Tables 1, 2, 4 and 5 as printed, and the same tables of ours laid beside them.
import { type SeedRow, withDeviation } from "../study/experiment-tables.js";
import { short } from "./claim.js";

export const PARTS = ["train", "validation", "test"] as const;

/** Tables 4 and 5 as printed, the mean and its deviation over five runs; Tables 1 and 2 have the means alone. */
export const LOSSES = {
  mse: {
    "ARO masked": ["0.046 ± 56.0e-04", "0.14 ± 31.0e-05", "0.14 ± 21.0e-05"],
    "ARO unmasked": ["0.064 ± 31.0e-05", "0.15 ± 21.0e-05", "0.15 ± 24.0e-05"],
    PCA: ["3.1e-30", "0.14", "0.14"],
  },
  huber: {
    "ARO masked": ["0.022 ± 28.0e-04", "0.070 ± 5.6e-05", "0.068 ± 20.0e-05"],
    "ARO unmasked": ["0.032 ± 16.0e-05", "0.071 ± 10.0e-05", "0.07 ± 6.1e-05"],
    PCA: ["1.5e-30", "0.068", "0.065"],
  },
} as const;

export type Loss = keyof typeof LOSSES;
export type Model = keyof (typeof LOSSES)["mse"];
export const MODELS = Object.keys(LOSSES.mse) as Model[];

/** A place in these tables. */
export interface Cell {
  readonly model: Model;
  readonly part: (typeof PARTS)[number];
}

/** The name of a model among the predictors of our tables. */
export function predictorOf(model: Model): string {
  return model === "PCA" ? "PCA, sees all" : model;
}

/** Gives a loss as the paper prints it. */
export function printedLoss(
  loss: Loss,
  { model, part }: Cell,
): { readonly mean: string; readonly deviation?: string } {
  const [mean, deviation] = LOSSES[loss][model][PARTS.indexOf(part)].split(" ± ");
  return { mean, deviation };
}

/** One loss of ours beside the paper's, both as text. */
export interface ComparedLoss {
  readonly predictor: string;
  readonly part: string;
  /** "–" where the paper has none. */
  readonly paperMse: string;
  readonly mse: string;
  readonly paperHuber: string;
  readonly huber: string;
  /** Seeds behind our mean; null for a control. */
  readonly seeds: number | null;
}

/** Lays the table over seeds beside the paper's; a loss of the paper stands beside the predictor of that name. */
export function besidePaper(rows: readonly SeedRow[]): ComparedLoss[] {
  return rows.map((row) => {
    const model = MODELS.find((name) => predictorOf(name) === row.predictor);
    const part = PARTS.find((name) => name === row.part);
    const printed = (loss: Loss) =>
      model && part ? LOSSES[loss][model][PARTS.indexOf(part)] : "–";
    return {
      ...{ predictor: row.predictor, part: row.part },
      ...{ paperMse: printed("mse"), mse: write(row.mse, row.mseDeviation) },
      ...{ paperHuber: printed("huber"), huber: write(row.huber, row.huberDeviation) },
      seeds: row.seeds,
    };
  });
}

/** A mean with its deviation; a tiny one, as the training error of PCA, as a power. */
export function write(mean: number, deviation: number | null): string {
  return Math.abs(mean) < 5e-4 ? short(mean) : withDeviation(mean, deviation);
}
