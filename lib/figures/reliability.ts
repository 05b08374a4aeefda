// Nominal against observed coverage of intervals: a reliability diagram.
import { checkOptions, required } from "../options.js";
import { checkRows, type Figure, type Layer, makeFigure, type Panel, type Row } from "./figure.js";
import { diagonal, dots, nominal, quantitative } from "./marks.js";
import { panelGap, panelWidth } from "./panels.js";
import { counted, listed } from "./text.js";
import { classColors, panelTitle } from "./theme.js";

/** Coverage of the intervals of one predictor, modality and level. */
export interface ReliabilityRow {
  readonly predictor: string;
  readonly modality: string;
  /** Nominal coverage, in (0, 1). */
  readonly level: number;
  /** Share of measured entries inside their interval, in [0, 1]. */
  readonly coverage: number;
  /** Percentiles of the share over features; null if unknown. */
  readonly percentile5: number | null;
  readonly percentile95: number | null;
}

export interface ReliabilityOptions {
  readonly cohort: string;
  /** Held-out samples. */
  readonly samples: number;
}

/**
 * Draws one panel per modality: observed against nominal coverage, with one line per predictor, the middle 90 % of features
 * as a bar beside each point, and the diagonal of exact coverage.
 * @throws RangeError if there are no rows, or more than four predictors.
 */
export function reliabilityFigure(
  rows: readonly ReliabilityRow[],
  options: ReliabilityOptions,
): Figure {
  const { cohort, samples } = checkOptions("reliabilityFigure", options, {
    cohort: required("string"),
    samples: required("number"),
  });
  checkRows("reliability", "rows", rows);
  const predictors = [...new Set(rows.map(({ predictor }) => predictor))];
  if (predictors.length > 4) {
    throw new RangeError(
      `reliabilityFigure: expected at most 4 predictors, got ${predictors.length}`,
    );
  }
  const modalities = [...new Set(rows.map(({ modality }) => modality))];
  const width = Math.min(320, panelWidth(60, modalities.length));
  const low = Math.min(
    ...rows.flatMap(({ level, coverage, percentile5 }) => [level, coverage, percentile5 ?? 1]),
  );
  const domain = [Math.max(0, Math.floor(10 * low - 0.5) / 10), 1];
  const scale = { domain, nice: false, zero: false } as const;
  const axis = { tickCount: 5, format: ".0%" } as const;
  const datasets: Record<string, readonly Row[]> = { diagonal: [{ low: domain[0], high: 1 }] };
  const panels = modalities.map((modality, i): Panel => {
    const own = rows.filter((row) => row.modality === modality);
    // Side by side, so that bars of several predictors do not hide one another.
    datasets[modality] = own.map((row) => ({
      ...row,
      at: row.level + 0.008 * (predictors.indexOf(row.predictor) - (predictors.length - 1) / 2),
    }));
    const x = quantitative("at", { scale, axis: { ...axis, title: "nominal coverage" } });
    const y = quantitative("coverage", {
      scale,
      axis: { ...axis, title: i === 0 ? "observed coverage" : null },
    });
    const color = nominal("predictor", {
      scale: { domain: predictors, range: classColors.slice(0, predictors.length) },
      legend: { title: null, orient: "bottom", symbolType: "circle" },
    });
    return {
      data: { name: modality },
      title: panelTitle(modality),
      width,
      height: width,
      layer: [
        diagonal("diagonal", { scale }),
        {
          transform: [{ filter: "datum.percentile5 !== null" }],
          mark: { type: "rule", strokeWidth: 1.4, opacity: 0.6 },
          encoding: { x, y: { ...y, field: "percentile5" }, y2: { field: "percentile95" }, color },
        },
        { mark: { type: "line", strokeWidth: 1.2 }, encoding: { x, y, color } },
        { mark: dots(46), encoding: { x, y, color } },
      ] as Layer[],
    };
  });
  return makeFigure({
    name: "reliability",
    title: `${cohort}: how often intervals of ${listed(modalities)} hold the measured value`,
    subtitle: [
      `${counted(samples, "held-out sample")}; intervals scaled by out-of-fold errors of the training samples. Dashed: exactly as ` +
        "often as they should. Bars: the middle 90 % of features with at least 10 measurements.",
    ],
    datasets,
    view: { hconcat: panels, spacing: panelGap, resolve: { scale: { color: "shared" } } },
  });
}
