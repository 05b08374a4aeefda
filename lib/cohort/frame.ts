// A cohort's sample sheet as a polars data frame, for a reader who wants to ask it questions of their own.
import pl, { type DataFrame } from "nodejs-polars";
import type { Sample } from "./cohort.js";

/**
 * Lays samples out as a data frame: a row each, with `sample`, `patient` and a column a label, in the order in which
 * labels first appear. A label that is a number in every sample that has it is a column of numbers, others are text;
 * what is not recorded is null.
 * @throws RangeError if a label is called `sample` or `patient`.
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
