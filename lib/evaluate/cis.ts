// A control that uses gene identity: it predicts a protein from its own gene's messenger RNA.
import type { Modality } from "../cohort/cohort.js";
import type { Rows } from "../engine/linear-algebra.js";
import type { Prepared, PreparedCohort } from "../preprocess/prepare.js";
import {
  behindConstants,
  chooseSetting,
  clampTo,
  inferredColumns,
  inputReader,
  meanSquaredErrorOf,
  noteEdge,
  type Predictor,
  trainingMean,
} from "./predictor.js";
import { repeatRow, rowsOf } from "./rows.js";

export interface CisOptions {
  /** Shrinkages, in rows of prior data with slope 0. Validation error chooses; a single one is used as given. */
  readonly shrinkages?: readonly number[];
  /** Whether to add each feature's mean residual over its observed training entries, shrunk by one prior row of 0. */
  readonly offset?: boolean;
}

/** From hardly any shrinkage to a slope that a hundred samples only halve. */
export const SHRINKAGES: readonly number[] = [0.1, 0.3, 1, 3, 10, 30, 100];

/**
 * Finds, for each feature after the first modality, the first modality's column of its gene, or -1: the column with the
 * same identifier, or with the gene that `genes` names.
 * The first modality's own features have -1: copying what is seen is no inference.
 */
export function findPartners({
  modalities,
  features,
  genes = features,
}: {
  readonly modalities: readonly Modality[];
  readonly features: readonly string[];
  readonly genes?: readonly string[];
}): Int32Array {
  const { start, end } = modalities[0];
  const columns = new Map<string, number>();
  for (let j = start; j < end; j++) columns.set(genes[j], j);
  return Int32Array.from(genes, (gene, j) =>
    j >= start && j < end ? -1 : (columns.get(gene) ?? -1),
  );
}

/**
 * Fits `ŷ = max(0, ȳ + b (x - x̄))`, where x is the RNA of the feature's own gene and b a shrunken slope over the
 * observed training entries. Features without a partner, and those of the first modality, get their training mean.
 * @throws RangeError if no validation entry is observed to choose by.
 */
export function fitCis(
  prepared: PreparedCohort,
  { shrinkages = SHRINKAGES, offset = false }: CisOptions = {},
): Predictor {
  const read = inputReader(prepared);
  const { train, validation, space } = prepared;
  const columns = inferredColumns(prepared);
  const mean = trainingMean(prepared);
  const meansOf = ({ matrix: { rows } }: Prepared) => repeatRow(mean.subarray(columns.start), rows);
  const line = fitLine(prepared, read(train), meansOf(train));
  const infer = (rows: Prepared, inputs: Rows, shrinkage: number) =>
    clampTo(space, addLine(meansOf(rows), line, inputs, { shrinkage, offset }));
  const shrinkage = chooseSetting("shrinkage", shrinkages, () => {
    const given = read(validation);
    return (tried) => meanSquaredErrorOf(validation, infer(validation, given, tried), columns);
  });
  return {
    name: "cis regression",
    sees: "RNA",
    notes: [notePartners(line), ...noteEdge("shrinkage", shrinkage, shrinkages)],
    predict: (rows) => {
      const inferred = infer(rows, read(rows), shrinkage);
      return behindConstants(mean, rowsOf(rows.matrix.rows, inferred));
    },
  };
}

/** Sums over the observed training entries of each inferred feature, enough for any shrinkage. */
export interface Line {
  /** Column of the input, or -1. */
  readonly partner: Int32Array;
  readonly count: Float64Array;
  readonly inputMean: Float64Array;
  readonly residualMean: Float64Array;
  /** Sums of squares and products about the means. */
  readonly squares: Float64Array;
  readonly products: Float64Array;
  /** Variance of the input over all training rows: what one prior row counts. */
  readonly variance: Float64Array;
}

/**
 * Sums what a line through each feature's residuals needs, against the input of its own gene.
 * @param predicted What the residuals are of, `[training rows, inferred columns]`, row-major.
 */
export function fitLine(prepared: PreparedCohort, inputs: Rows, predicted: Float64Array): Line {
  const { start, end } = inferredColumns(prepared);
  const { rows, columns, values, observed } = prepared.train.matrix;
  const width = end - start;
  const partner = findPartners(prepared).slice(start, end);
  const offset = prepared.modalities[0].start;
  const [count, inputMean, residualMean, squares, products, variance] = Array.from(
    { length: 6 },
    () => new Float64Array(width),
  );
  for (let j = 0; j < width; j++) {
    if (partner[j] < 0) continue;
    partner[j] -= offset;
    let all = 0;
    let allSquares = 0;
    for (let i = 0; i < rows; i++) {
      const x = inputs.values[i * inputs.columns + partner[j]];
      all += x;
      allSquares += x * x;
      if (!observed[i * columns + start + j]) continue;
      count[j]++;
      inputMean[j] += x;
      residualMean[j] += values[i * columns + start + j] - predicted[i * width + j];
    }
    variance[j] = Math.max(0, allSquares / rows - (all / rows) ** 2);
    if (count[j] === 0) continue;
    inputMean[j] /= count[j];
    residualMean[j] /= count[j];
    for (let i = 0; i < rows; i++) {
      if (!observed[i * columns + start + j]) continue;
      const x = inputs.values[i * inputs.columns + partner[j]] - inputMean[j];
      const y = values[i * columns + start + j] - predicted[i * width + j] - residualMean[j];
      squares[j] += x * x;
      products[j] += x * y;
    }
  }
  return { partner, count, inputMean, residualMean, squares, products, variance };
}

/** Says how many inferred features have a column of their own gene. */
export function notePartners({ partner }: Pick<Line, "partner">): string {
  const found = partner.filter((column) => column >= 0).length;
  return `${found} of ${partner.length} features found their gene`;
}

/** Adds the line to predictions of the inferred columns, in place. */
export function addLine(
  predicted: Float64Array,
  line: Line,
  inputs: Rows,
  { shrinkage, offset }: { readonly shrinkage: number; readonly offset: boolean },
): Float64Array {
  const width = line.partner.length;
  const slope = line.products.map((product, j) => {
    const against = line.squares[j] + shrinkage * line.variance[j];
    return against > 0 ? product / against : 0;
  });
  for (let i = 0; i < inputs.rows; i++) {
    for (let j = 0; j < width; j++) {
      if (line.partner[j] < 0) continue;
      const x = inputs.values[i * inputs.columns + line.partner[j]];
      predicted[i * width + j] += slope[j] * (x - line.inputMean[j]);
      if (offset) {
        predicted[i * width + j] += (line.residualMean[j] * line.count[j]) / (line.count[j] + 1);
      }
    }
  }
  return predicted;
}
