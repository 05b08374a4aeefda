// Paired differences: whether one predictor errs less than another on the same samples, which two intervals cannot say.
import type { PreparedCohort } from "../preprocess/prepare.js";
import { requireHeldOut } from "../preprocess/prepare.js";
import { drawWeights, estimate } from "./bootstrap.js";
import type { Predictor } from "./predictor.js";

/** MSE of the first predictor minus that of the second; negative where the first is better. */
export interface PairedDifference {
  readonly first: string;
  readonly second: string;
  readonly modality: string;
  readonly samples: number;
  readonly difference: number;
  /** Limits of the 95 % interval, patients drawn again with replacement. */
  readonly low: number;
  readonly high: number;
  /** Which one the interval favors; "neither" if it holds 0. */
  readonly better: string;
}

export interface PairedOptions {
  readonly part?: "validation" | "test";
  /** The patient of each sample id, drawn as one; by default each sample is its own. */
  readonly patientOf?: ReadonlyMap<string, string>;
  readonly draws?: number;
  readonly seed?: number;
}

/**
 * Compares pairs of predictors on held-out rows, a row a pair and modality, the last one over all columns.
 * The interval holds neither another split nor another training.
 * @throws RangeError if the rows were trained on, or nothing of a modality is observed.
 */
export async function pairedDifferences(
  pairs: readonly (readonly [Predictor, Predictor])[],
  { modalities, scaler, ...parts }: PreparedCohort,
  { part = "test", patientOf, draws = 1000, seed = 42 }: PairedOptions = {},
): Promise<PairedDifference[]> {
  const truth = parts[part];
  requireHeldOut(scaler, truth);
  const { rows, columns, values, observed } = truth.matrix;
  const weights = drawWeights(
    truth.ids.map((id) => patientOf?.get(id) ?? id),
    { draws, seed },
  );
  const ranges = [...modalities, { name: "all", start: 0, end: columns }];
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
        ...{ first: first.name, second: second.name, modality: name, samples: rows },
        ...{ difference: value, low, high, better },
      });
    }
  }
  return out;
}
