// What the bench found, a row a contest: medians, quartiles, and how ours compares.
import type { Contest, Measured, Outcome } from "./contests.js";

export interface Row {
  readonly name: string;
  readonly unit: Contest["unit"];
  /** Medians; the reference is null where it was not measured. */
  readonly ours: number;
  readonly reference: number | null;
  /** Ours by reference: below 1, ours takes less. */
  readonly ratio: number | null;
  readonly quartiles: {
    readonly ours: readonly [number, number];
    readonly reference: readonly [number, number] | null;
  };
  readonly rounds: number;
  /** Of a part of our step, such as its products alone: which share of it they would take. */
  readonly shareOfStep?: number;
  readonly with: { readonly ours: string; readonly reference: string | null };
}

export function rowOf({ name, unit }: Contest, { ours, reference, whole }: Outcome): Row {
  const median = (measured: Measured) => quantile(measured.values, 0.5);
  const quartiles = ({ values }: Measured) =>
    [quantile(values, 0.25), quantile(values, 0.75)] as const;
  return {
    name,
    unit,
    ours: median(ours),
    reference: reference ? median(reference) : null,
    ratio: reference ? median(ours) / median(reference) : null,
    quartiles: { ours: quartiles(ours), reference: reference ? quartiles(reference) : null },
    rounds: ours.values.length,
    ...(whole && { shareOfStep: median(ours) / median(whole) }),
    with: { ours: ours.with, reference: reference?.with ?? null },
  };
}

/** Between the two values around the place, in proportion, as numpy.percentile takes it. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = q * (sorted.length - 1);
  const below = sorted[Math.floor(place)];
  return below + (sorted[Math.ceil(place)] - below) * (place % 1);
}

/** Lays a row out for the terminal. */
export function printable({ name, unit, ours, reference, ratio, quartiles }: Row) {
  const show = (value: number) =>
    unit === "bytes" ? (value / 1e9).toFixed(2) : value.toFixed(value < 100 ? 1 : 0);
  const between = (range: readonly number[] | null) => range?.map(show).join(" - ") ?? "–";
  return {
    name,
    unit: unit === "bytes" ? "GB" : unit,
    ours: show(ours),
    "its quartiles": between(quartiles.ours),
    reference: reference === null ? "–" : show(reference),
    "their quartiles": between(quartiles.reference),
    "ours / reference": ratio === null ? "–" : ratio.toFixed(2),
  };
}
