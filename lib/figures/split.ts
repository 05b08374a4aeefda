// The split of samples and patients into training, validation and test.

import { checkOptions, required } from "../options.js";
import { type Figure, makeFigure, type Panel, type Row } from "./figure.js";
import { nominal, quantitative } from "./marks.js";
import { OTHER, rarest } from "./rare.js";
import { counted, labelRoom, legendColumns, listed } from "./text.js";
import { classStyle, figureWidth, inks, mostClasses, panelTitle } from "./theme.js";

/** Samples and patients of one kind, such as tumors, in one part. */
export interface SplitCount {
  /** "train", "validation", "test", in the order of the rows. */
  readonly part: string;
  /** "tumor", "normal" or the value of another label. */
  readonly kind: string;
  readonly samples: number;
  readonly patients: number;
}

export interface SplitOptions {
  readonly cohort: string;
  /** Patients in each part; a patient with both tissues counts once. */
  readonly patients: Readonly<Record<string, number>>;
  /** The label whose values are the kinds. */
  readonly label?: string;
}

/**
 * Draws samples and patients by part and kind as bars with their counts. Of more than eight kinds, the rarest are drawn
 * as "other".
 * @throws RangeError if there are no rows, or a part's patient count is missing.
 */
export function splitFigure(counts: readonly SplitCount[], options: SplitOptions): Figure {
  const {
    cohort,
    patients,
    label = "tissue",
  } = checkOptions("splitFigure", options, {
    cohort: required("string"),
    patients: required("object"),
    label: "string",
  });
  const { rows, merged } = mergeKinds(counts);
  const parts = [...new Set(rows.map(({ part }) => part))];
  const unknown = parts.find((part) => patients[part] === undefined);
  if (unknown !== undefined) {
    throw new RangeError(`splitFigure: expected the number of patients in "${unknown}", got none`);
  }
  const kinds = [...new Set(rows.map(({ kind }) => kind))];
  const style = classStyle(kinds, { what: `splitFigure: ${label}`, order: "given" });
  const names = parts.map((part) => {
    const own = rows.filter((row) => row.part === part);
    const samples = own.reduce((sum, row) => sum + row.samples, 0);
    return `${part}: ${counted(samples, "sample")}, ${counted(patients[part], "patient")}`;
  });
  const room = labelRoom(names, 260);
  const width = Math.floor((figureWidth - room - 24) / 2) - 4;
  const panel = (field: "samples" | "patients"): Panel => ({
    data: { name: "parts" },
    title: { ...panelTitle(field), offset: 2 },
    view: { stroke: null },
    width,
    height: { step: 18, for: "offset" },
    encoding: {
      y: nominal("name", {
        sort: names,
        scale: { paddingInner: 0.6 / Math.max(2, kinds.length), paddingOuter: 0.1 },
        axis:
          field === "samples"
            ? { title: null, minExtent: room, labelLimit: room, ticks: false, domain: false }
            : null,
      }),
      yOffset: nominal("kind", { sort: kinds }),
      x: quantitative(field, {
        axis: null,
        scale: { domain: [0, 1.15 * Math.max(...rows.map((row) => row[field]))] },
      }),
    },
    layer: [
      {
        mark: { type: "bar" },
        encoding: {
          color: nominal("kind", {
            scale: { domain: style.names, range: style.colors },
            legend: { title: null, columns: legendColumns(style.names, figureWidth - room) },
          }),
        },
      },
      {
        mark: { type: "text", align: "left", dx: 5, color: inks.ink },
        encoding: { text: quantitative(field) },
      },
    ],
  });
  return makeFigure({
    name: "split",
    title: `${cohort}: ${listed(parts)}, by ${label}`,
    subtitle: [
      `All samples of a patient are in one part; a patient whose samples differ in ${label} counts in each.`,
      ...(merged > 0 ? [`"other" merges the ${merged} rarest values of ${label}.`] : []),
    ],
    datasets: {
      parts: rows.map(
        (row): Row => ({
          name: names[parts.indexOf(row.part)],
          kind: row.kind,
          samples: row.samples,
          patients: row.patients,
        }),
      ),
    },
    view: { hconcat: [panel("samples"), panel("patients")], spacing: 24 },
  });
}

/** Adds up the rarest kinds of each part. */
function mergeKinds(rows: readonly SplitCount[]): { rows: readonly SplitCount[]; merged: number } {
  const samples = new Map<string, number>();
  for (const row of rows) samples.set(row.kind, (samples.get(row.kind) ?? 0) + row.samples);
  const rare = rarest(samples, mostClasses);
  if (rare.size === 0) return { rows, merged: 0 };
  const parts = [...new Set(rows.map(({ part }) => part))];
  const isOther = ({ kind }: SplitCount) => rare.has(kind) || kind === OTHER;
  return {
    rows: parts.flatMap((part) => {
      const own = rows.filter((row) => row.part === part);
      const sum = (field: "samples" | "patients") =>
        own.filter(isOther).reduce((total, row) => total + row[field], 0);
      const other = { part, kind: OTHER, samples: sum("samples"), patients: sum("patients") };
      return [...own.filter((row) => !isOther(row)), other];
    }),
    merged: rare.size,
  };
}
