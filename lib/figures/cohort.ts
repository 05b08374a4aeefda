// A cohort's samples, features and observed entries by modality, and what was left out.
import type { Drop } from "../cohort/cohort.js";
import { checkOptions, required } from "../options.js";
import { type Figure, makeFigure, type Panel, type Row } from "./figure.js";
import { dots, labeledBars, nominal, quantitative } from "./marks.js";
import { count, counted, labelRoom, percent } from "./text.js";
import { figureWidth, inks, modalityColor, panelTitle } from "./theme.js";

export interface ModalitySummary {
  readonly name: string;
  /** Samples measured in this modality, before the modalities were joined. */
  readonly samples: number;
  readonly features: number;
  /** Share of the joined entries that are observed, in [0, 1]. */
  readonly observed: number;
}

export interface CohortSummary {
  readonly cohort: string;
  /** Samples and patients after the modalities were joined. */
  readonly samples: number;
  readonly patients: number;
  readonly modalities: readonly ModalitySummary[];
  /** Left-out "columns" of a sample sheet are not drawn: they are no features. */
  readonly drops: readonly Omit<Drop, "examples">[];
}

/** Pixels between two panels. */
const gap = 24;

/**
 * Draws samples, features and observed share of each modality, and below them what was left out and why.
 * @throws RangeError if there is no modality.
 */
export function cohortFigure(options: CohortSummary): Figure {
  const { cohort, samples, patients, modalities, drops } = checkOptions("cohortFigure", options, {
    cohort: required("string"),
    samples: required("number"),
    patients: required("number"),
    modalities: required("array"),
    drops: required("array"),
  });
  const kept = drops.filter((drop) => drop.count > 0 && drop.what !== "columns");
  const names = modalities.map(({ name }) => name);
  const room = labelRoom([...names, ...kept.map(({ from }) => from)], 240);
  const width = Math.floor((figureWidth - room - 2 * gap) / 3);
  const most = Math.max(...kept.map((drop) => drop.count));
  const datasets: Record<string, readonly Row[]> = {
    modalities: modalities.map((row) => ({
      modality: row.name,
      color: modalityColor(row.name),
      samples: row.samples,
      samplesText: count(row.samples),
      features: row.features,
      featuresText: count(row.features),
      observed: row.observed,
      observedText: percent(row.observed, 1),
    })),
  };
  const bars = (
    field: "samples" | "features" | "observed",
    title: string,
    first: boolean,
  ): Panel => ({
    data: { name: "modalities" },
    title: panelTitle(title),
    view: { stroke: null },
    width,
    height: { step: 26 },
    encoding: {
      y: nominal("modality", {
        sort: names,
        axis: first ? { title: null, minExtent: room, labelLimit: room } : null,
      }),
      x: quantitative(field, {
        axis: {
          title: null,
          tickCount: 3,
          grid: false,
          labelFlush: true,
          format: field === "observed" ? ".0%" : ",d",
        },
        scale: { domain: [0, 1.4 * Math.max(...modalities.map((row) => row[field]))] },
      }),
    },
    layer: labeledBars(16, `${field}Text`),
  });
  const dropPanel = (what: Drop["what"]): Panel[] => {
    const rows = kept.filter((drop) => drop.what === what);
    if (rows.length === 0) return [];
    datasets[what] = rows.map((drop, row) => ({
      row,
      count: drop.count,
      text: `${count(drop.count)} – ${drop.reason}`,
    }));
    // Rows are identified by number, since one modality may lose rows for several reasons.
    const labelExpr = `${JSON.stringify(rows.map(({ from }) => from))}[datum.value]`;
    return [
      {
        data: { name: what },
        title: panelTitle(`${what[0].toUpperCase()}${what.slice(1)} left out`),
        view: { stroke: null },
        width: 3 * width + 2 * gap,
        height: { step: 22 },
        encoding: {
          y: {
            field: "row",
            type: "ordinal",
            axis: { title: null, labelExpr, minExtent: room, labelLimit: room },
          },
          x: quantitative("count", {
            // The largest count lies at 2/5 of the width; its reason needs the rest.
            scale: { type: "log", domain: [0.8, 0.8 * (most / 0.8) ** 2.5] },
            axis: {
              title: `${what} (log scale)`,
              titleAnchor: "start",
              grid: false,
              format: ",d",
              values: [1, 10, 100, 1000, 10_000].filter((value) => value <= most),
            },
          }),
        },
        layer: [
          {
            mark: { type: "rule", color: inks.grid },
            encoding: { x: { datum: 0.8 }, x2: { field: "count" } },
          },
          { mark: dots(55, { color: inks.ink }) },
          { mark: { type: "text", align: "left", dx: 8 }, encoding: { text: nominal("text") } },
        ],
      },
    ];
  };
  const dropPanels = [...dropPanel("samples"), ...dropPanel("features")];
  return makeFigure({
    name: "cohort",
    title: `${cohort}: what is measured, and what was left out`,
    subtitle: [
      `${counted(samples, "sample")} of ${counted(patients, "patient")} have every modality. ` +
        (kept.length > 0
          ? "Lower panels: what was left out, both on the same scale, with the reason."
          : "Nothing was left out."),
    ],
    datasets,
    view: {
      vconcat: [
        {
          spacing: gap,
          hconcat: [
            bars("samples", "Samples measured", true),
            bars("features", "Features", false),
            bars("observed", "Entries observed", false),
          ],
        },
        ...dropPanels,
      ],
    },
  });
}
