// Per-feature correlation of predicted and measured values, by predictor and modality.
import type { CorrelationSpread } from "../evaluate/summary.js";
import { checkOptions, required } from "../options.js";
import { checkRows, type Figure, type Layer, makeFigure, type Panel, type Row } from "./figure.js";
import { dots, nominal, quantitative } from "./marks.js";
import { panelGap, panelWidth, rowAxis, settingScale } from "./panels.js";
import { count, counted, decimal } from "./text.js";
import { inks, panelTitle, settingNames, settingOf } from "./theme.js";

export interface CorrelationOptions {
  readonly cohort: string;
  readonly samples: number;
}

/**
 * Draws the distribution of per-feature Pearson r: a dot at the median, a thick line over the middle 50 % of the
 * features, a thin line over the middle 90 %.
 * @throws RangeError if there are no rows.
 */
export function correlationFigure(
  rows: readonly CorrelationSpread[],
  options: CorrelationOptions,
): Figure {
  const { cohort, samples } = checkOptions("correlationFigure", options, {
    cohort: required("string"),
    samples: required("number"),
  });
  checkRows("correlation-test", "rows", rows);
  const predictors = [...new Set(rows.map(({ predictor }) => predictor))];
  const modalities = [...new Set(rows.map(({ modality }) => modality))];
  const datasets: Record<string, readonly Row[]> = {};
  const low = Math.min(0, ...rows.map((row) => row.percentile5));
  const y = rowAxis(predictors, 0.7); // room for the first row's number
  const width = panelWidth(y.room, modalities.length);
  const panels = modalities.map((modality, i): Panel => {
    const own = rows.filter((row) => row.modality === modality);
    const most = Math.max(...own.map((row) => row.features));
    datasets[modality] = own.map((row) => ({
      ...row,
      setting: settingNames[settingOf(row.predictor)],
      text: decimal(row.median),
    }));
    const scale = { domain: [low - 0.03, 1.1], nice: false };
    const line = (from: string, to: string, strokeWidth: number): Layer => ({
      mark: { type: "rule", strokeWidth },
      encoding: {
        x: quantitative(from, {
          scale,
          axis: { title: "Pearson r", values: [-0.5, 0, 0.5, 1], format: "~g" },
        }),
        x2: { field: to },
        color: nominal("setting", {
          scale: settingScale(own.map((row) => settingOf(row.predictor))),
          legend: null,
        }),
      },
    });
    return {
      data: { name: modality },
      title: panelTitle(modality, [`n = ${count(most)} features`]),
      width,
      height: { step: 24 },
      encoding: { y: y.encoding(i === 0) },
      layer: [
        line("percentile5", "percentile95", 1.2),
        line("percentile25", "percentile75", 6),
        {
          mark: dots(50, { fill: "white", stroke: inks.ink, strokeWidth: 1.2 }),
          encoding: { x: quantitative("median") },
        },
        {
          mark: { type: "text", baseline: "bottom", dy: -5 },
          encoding: { x: quantitative("median"), text: nominal("text") },
        },
      ] as Layer[],
    };
  });
  return makeFigure({
    name: "correlation-test",
    title: `${cohort}: correlation of predicted and measured values, feature by feature`,
    subtitle: [
      `Pearson r across ${counted(samples, "test sample")}. Dot and number: median feature; thick line: middle half; ` +
        "thin line: middle 90 %.",
    ],
    datasets,
    view: { hconcat: panels, spacing: panelGap },
  });
}
