// A cohort's sample sheet as a polars data frame, for questions of one's own.
import pl, { type DataFrame } from "nodejs-polars";
import type { Sample } from "./cohort.js";

/**
 * Converts samples to a data frame with the columns `sample`, `patient`, and one per label in order of first
 * appearance. A label whose recorded values are all numbers becomes a column of numbers, any other a column of text.
 * Values that are not recorded are null.
 * @throws RangeError if a label is named `sample` or `patient`.
 */
export function sampleFrame(samples: readonly Sample[]): DataFrame {
  const names = [...new Set(samples.flatMap(({ labels }) => Object.keys(labels)))];
  const taken = names.find((name) => name === "sample" || name === "patient");
  if (taken) {
    throw new RangeError(
      `sampleFrame: expected labels other than "sample" and "patient", got "${taken}"; rename it in the sample sheet`,
    );
  }
  const columns = names.map((name) => {
    const values = samples.map(({ labels }) => labels[name] ?? null);
    const numeric = values.every((value) => value === null || typeof value === "number");
    return numeric
      ? pl.Series(name, values as (number | null)[], pl.Float64)
      : pl.Series(
          name,
          values.map((value) => (value === null ? null : String(value))),
          pl.Utf8,
        );
  });
  return pl.DataFrame([
    pl.Series(
      "sample",
      samples.map(({ id }) => id),
      pl.Utf8,
    ),
    pl.Series(
      "patient",
      samples.map(({ patient }) => patient),
      pl.Utf8,
    ),
    ...columns,
  ]);
}
