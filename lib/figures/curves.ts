// Functions or series as lines, panel by panel.
import { checkOptions, required } from "../options.js";
import { checkRows, type Figure, makeFigure, type Panel, type Row } from "./figure.js";
import { lineLegend, nominal, quantitative } from "./marks.js";
import { panelGap, panelWidth } from "./panels.js";
import { classColors, panelTitle } from "./theme.js";

/** A point of a line. */
export interface CurvePoint {
  readonly panel: string;
  /** Name of the line; at most four over all panels. */
  readonly curve: string;
  readonly x: number;
  readonly y: number;
}

export interface CurvesOptions {
  /** Name of its file. */
  readonly name: string;
  readonly title: string;
  /** Title of the horizontal axes. */
  readonly x: string;
}

/**
 * Draws one panel after another, each with its lines; the panel's name is the title of its vertical axis.
 * @throws RangeError if there are no points, a number is not finite, or there are more than four lines.
 */
export function curvesFigure(points: readonly CurvePoint[], options: CurvesOptions): Figure {
  const { name, title, x } = checkOptions("curvesFigure", options, {
    name: required("string"),
    title: required("string"),
    x: required("string"),
  });
  checkRows("curves", "points", points);
  const curves = [...new Set(points.map(({ curve }) => curve))];
  if (curves.length > 4) {
    throw new RangeError(`curvesFigure: expected at most 4 lines, got ${curves.length}`);
  }
  const panels = [...new Set(points.map(({ panel }) => panel))];
  const width = Math.min(330, panelWidth(60, panels.length));
  const datasets: Record<string, readonly Row[]> = {};
  const views = panels.map((panel): Panel => {
    datasets[panel] = points
      .filter((point) => point.panel === panel)
      .map((point) => ({ ...point }));
    return {
      data: { name: panel },
      title: panelTitle(panel),
      width,
      height: 200,
      mark: { type: "line", strokeWidth: 2 },
      encoding: {
        x: quantitative("x", { scale: { nice: false, zero: false }, axis: { title: x } }),
        y: quantitative("y", { axis: { title: null } }),
        color: nominal("curve", {
          scale: { domain: curves, range: classColors.slice(0, curves.length) },
          legend: lineLegend,
        }),
        strokeDash: nominal("curve", {
          scale: { domain: curves, range: DASHES.slice(0, curves.length) },
          legend: lineLegend,
        }),
      },
    };
  });
  return makeFigure({
    name,
    title,
    subtitle: [],
    datasets,
    view: {
      hconcat: views,
      spacing: panelGap,
      resolve: { scale: { color: "shared", strokeDash: "shared" } },
    },
  });
}

/** Lines that cover each other stay visible. */
const DASHES = [
  [1, 0],
  [6, 3],
  [2, 2],
  [8, 2, 2, 2],
];
