// Paired differences: whether one predictor errs less than another on the same samples.
import { checkOptions } from "../options.js";
import { countedMatrix, measuredFeatures } from "../preprocess/counted.js";
import { type PreparedCohort, requireHeldOut } from "../preprocess/prepare.js";
import { drawWeights, estimate } from "./bootstrap.js";
import type { Predictor } from "./predictor.js";
import { rangesOf } from "./reconstruction.js";

/** The MSE of the first predictor minus that of the second: negative if the first is better. */
export interface PairedDifference {
  readonly first: string;
  readonly second: string;
  readonly modality: string;
  readonly samples: number;
  readonly difference: number;
  /** Low and high bound a 95 % bootstrap interval over patients. */
  readonly low: number;
  readonly high: number;
  /** The predictor that the interval favors; "neither" if it contains 0. */
  readonly better: string;
}

export interface PairedOptions {
  /** By default "test". */
  readonly part?: "validation" | "test";
  /** Sample id -> patient. Patients are drawn whole; by default each sample is a patient of its own. */
  readonly patientOf?: ReadonlyMap<string, string>;
  /** Bootstrap draws. By default 1,000. */
  readonly draws?: number;
  /** By default 42. */
  readonly seed?: number;
}

/**
 * Compares pairs of predictors on held-out rows.
 * The interval ignores variation between splits and training runs.
 * @returns for each pair one row per modality, one over the inferred modalities, and one over all columns.
 * @throws RangeError if the scaler was fitted on one of the rows, or nothing of a modality is observed.
 */
export async function pairedDifferences(
  pairs: readonly (readonly [Predictor, Predictor])[],
  prepared: PreparedCohort,
  options: PairedOptions = {},
): Promise<PairedDifference[]> {
  const {
    part = "test",
    patientOf,
    draws = 1000,
    seed = 42,
  } = checkOptions("pairedDifferences", options, {
    part: ["validation", "test"],
    patientOf: Map,
    draws: "number",
    seed: "number",
  });
  const truth = prepared[part];
  requireHeldOut(prepared.scaler, truth);
  const { rows, columns, values, observed } = countedMatrix(
    truth.matrix,
    measuredFeatures(prepared),
  );
  const weights = drawWeights(
    truth.ids.map((id) => patientOf?.get(id) ?? id),
    { draws, seed },
  );
  const ranges = rangesOf(prepared.modalities, columns);
  const out: PairedDifference[] = [];
  for (const [first, second] of pairs) {
    const [a, b] = [await first.predict(truth), await second.predict(truth)];
    for (const { name, start, end } of ranges) {
      const gained = new Float64Array(rows);
      const counts = new Float64Array(rows);
      for (let row = 0; row < rows; row++) {
        for (let i = row * columns + start; i < row * columns + end; i++) {
          if (!observed[i]) continue;
          gained[row] += (values[i] - a[i]) ** 2 - (values[i] - b[i]) ** 2;
          counts[row]++;
        }
      }
      const mean = (weight: ArrayLike<number>) => {
        let [sum, count] = [0, 0];
        for (let row = 0; row < rows; row++) {
          sum += weight[row] * gained[row];
          count += weight[row] * counts[row];
        }
        return sum / count;
      };
      const all = mean(new Float64Array(rows).fill(1));
      if (Number.isNaN(all)) {
        throw new RangeError(`pairedDifferences: expected observed entries of ${name}, got none`);
      }
      const { value, low, high } = estimate(all, weights.map(mean));
      const better = high < 0 ? first.name : low > 0 ? second.name : "neither";
      out.push({
        first: first.name,
        second: second.name,
        modality: name,
        samples: rows,
        difference: value,
        low,
        high,
        better,
      });
    }
  }
  return out;
}
