// The number of samples with each value of each label: tissue, histology, grade, stage.
import type { LabelCount } from "../cohort/labels.js";
import { checkOptions, required } from "../options.js";
import { type Figure, makeFigure, type Panel } from "./figure.js";
import { labeledBars, nominal, quantitative } from "./marks.js";
import { OTHER, rarest } from "./rare.js";
import { count, counted, labelRoom, percent } from "./text.js";
import { figureWidth, inks, notRecorded, panelTitle } from "./theme.js";

/** Pixels between two panels. */
const gap = 24;

export interface LabelsOptions {
  readonly cohort: string;
  readonly samples: number;
}

/** The maximum number of values in a panel, "other" among them. */
const mostValues = 30;

/**
 * Draws one bar chart per label (tissue, histology, grade, stage ...) with the count and share of each value. Of more
 * than 30 values, the rarest are drawn as "other".
 * @throws RangeError if there are no rows, or the counts of a label exceed the samples.
 */
export function labelsFigure(counts: readonly LabelCount[], options: LabelsOptions): Figure {
  const { cohort, samples } = checkOptions("labelsFigure", options, {
    cohort: required("string"),
    samples: required("number"),
  });
  const labels = [...new Set(counts.map(({ label }) => label))];
  const datasets = Object.fromEntries(
    labels.map((label) => {
      const own = counts.filter((row) => row.label === label);
      const total = own.reduce((sum, row) => sum + row.samples, 0);
      if (total > samples) {
        throw new RangeError(
          `labelsFigure: expected counts of "${label}" that add up to at most ${samples} samples, got ${total}`,
        );
      }
      return [label, mergeCounts(own).map((row) => barOf(row, samples))];
    }),
  );
  const bars = Object.values(datasets).flat();
  const room = labelRoom(
    bars.map(({ value }) => value),
    200,
  );
  const width = Math.floor((figureWidth - 2 * room - 40) / 2);
  const largest = Math.max(...bars.map((bar) => bar.samples));
  const panels = labels.map(
    (label): Panel => ({
      data: { name: label },
      title: panelTitle(label),
      view: { stroke: null },
      width,
      height: { step: 22 },
      encoding: {
        y: nominal("value", {
          sort: datasets[label].map(({ value }) => value),
          axis: { title: null, minExtent: room, labelLimit: room },
        }),
        x: quantitative("samples", { axis: null, scale: { domain: [0, 1.4 * largest] } }),
      },
      layer: labeledBars(14, "text"),
    }),
  );
  return makeFigure({
    name: "labels",
    title: `${cohort}: the samples by ${labels.length === 1 ? labels[0] : "label"}`,
    subtitle: [`n = ${counted(samples, "sample")}; count and share of all samples.`],
    datasets,
    view: { columns: 2, spacing: gap, concat: panels },
  });
}

function barOf({ value, samples }: LabelCount, all: number) {
  return {
    value: value === null ? notRecorded.name : String(value),
    samples,
    text: `${count(samples)} (${percent(samples / all)})`,
    color: value === null ? "#BDBDBD" : inks.quiet,
  };
}

/** Merges the rarest values of one label, with their number in the name. */
function mergeCounts(rows: readonly LabelCount[]): readonly LabelCount[] {
  const recorded = rows.filter(({ value }) => value !== null);
  const rare = rarest(new Map(recorded.map(({ value, samples }) => [value, samples])), mostValues);
  if (rare.size === 0) return rows;
  const merged = rows.filter(({ value }) => rare.has(value) || value === OTHER);
  const samples = merged.reduce((sum, row) => sum + row.samples, 0);
  const kept = rows.filter((row) => !merged.includes(row));
  const other = { label: rows[0].label, value: `${OTHER} (${rare.size} values)`, samples };
  return [
    ...kept.filter(({ value }) => value !== null),
    other,
    ...kept.filter(({ value }) => value === null),
  ];
}
