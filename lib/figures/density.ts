// Predicted against measured values, as the density of pairs.
import type { PairCounts } from "../evaluate/summary.js";
import { checkOptions, required } from "../options.js";
import { type Figure, makeFigure, type Panel, type Row } from "./figure.js";
import { diagonal, quantitative } from "./marks.js";
import { count, counted, decimal, wrap } from "./text.js";
import { figureWidth, panelTitle } from "./theme.js";

export interface DensityOptions {
  readonly cohort: string;
  readonly modality: string;
  readonly samples: number;
}

/**
 * Draws one panel per predictor: predicted values on y, measured values on x, shades by the share of pairs on one
 * logarithmic scale for all panels, and the diagonal.
 * @throws RangeError if there are no panels or more than 3.
 */
export function densityFigure(panels: readonly PairCounts[], options: DensityOptions): Figure {
  const { cohort, modality, samples } = checkOptions("densityFigure", options, {
    cohort: required("string"),
    modality: required("string"),
    samples: required("number"),
  });
  if (panels.length === 0 || panels.length > 3) {
    throw new RangeError(`densityFigure: expected 1 to 3 predictors, got ${panels.length}`);
  }
  const datasets: Record<string, readonly Row[]> = {};
  const width = Math.min(300, Math.floor((figureWidth - 120) / panels.length) - 20);
  const cells = panels.map(cellsOf);
  const shares = cells.flat().map((cell) => cell.share);
  const domain = [Math.min(...shares), Math.max(...shares)];
  const views = panels.map(({ predictor, edges, counts, r }, i): Panel => {
    const n = counts.reduce((sum, value) => sum + value, 0);
    const [low, high] = [edges[0], edges[edges.length - 1]];
    datasets[predictor] = cells[i];
    datasets[`${predictor}, diagonal`] = [{ low, high }];
    const scale = { domain: [low, high], nice: false };
    const axis = { grid: false, tickCount: 5 };
    return {
      title: panelTitle(wrap(predictor, 12, width), [
        `n = ${count(n)} pairs${r === null ? "" : `, r = ${decimal(r)}`}`,
      ]),
      width,
      height: width,
      layer: [
        {
          data: { name: predictor },
          mark: { type: "rect", stroke: null },
          encoding: {
            x: quantitative("measuredLow", { scale, axis: { ...axis, title: "measured" } }),
            x2: { field: "measuredHigh" },
            y: quantitative("predictedLow", {
              scale,
              axis:
                i === 0 ? { ...axis, title: "predicted" } : { ...axis, title: null, labels: false },
            }),
            y2: { field: "predictedHigh" },
            color: quantitative("share", {
              scale: { type: "log", domain, range: ["#DCE9F5", "#6BAED6", "#08306B"] },
              legend: {
                title: ["share", "of pairs"],
                orient: "right",
                direction: "vertical",
                titleOrient: "top",
                format: ".0e",
                gradientLength: Math.min(width, 160),
                tickCount: 3,
              },
            }),
          },
        },
        diagonal(`${predictor}, diagonal`),
      ],
    };
  });
  return makeFigure({
    name: "density-test",
    title: `${cohort}: predicted and measured ${modality}, test samples`,
    subtitle: [
      `Every observed value of ${counted(samples, "test sample")} after preprocessing; shade on a logarithmic scale; dashed: ` +
        "predicted = measured. Predictions beyond the axis are counted at its edge.",
    ],
    datasets,
    view: { hconcat: views, resolve: { scale: { color: "shared" } } },
  });
}

function cellsOf({ edges, counts }: PairCounts) {
  const bins = edges.length - 1;
  const n = counts.reduce((sum, value) => sum + value, 0);
  return Array.from(counts, (value, i) => {
    const [measured, predicted] = [Math.floor(i / bins), i % bins];
    return {
      measuredLow: edges[measured],
      measuredHigh: edges[measured + 1],
      predictedLow: edges[predicted],
      predictedHigh: edges[predicted + 1],
      share: value / n,
    };
  }).filter(({ share }) => share > 0);
}
