// Hidden cells: the skill of each predictor over them, by how many were hidden and why.
import { checkOptions, required } from "../options.js";
import { checkRows, type Figure, type Layer, makeFigure, type Panel, type Row } from "./figure.js";
import { dots, nominal, quantitative } from "./marks.js";
import { checkInterval, panelGap } from "./panels.js";
import { counted, legendColumns } from "./text.js";
import { classColors, figureWidth, inks, panelTitle, shapes } from "./theme.js";

/** The skill of one predictor over hidden cells. */
export interface HiddenCellsRow {
  readonly cohort: string;
  /** Why cells are hidden, such as "at random". */
  readonly mechanism: string;
  /** Of the measured cells, in (0, 1). */
  readonly share: number;
  readonly space: "z" | "paper";
  readonly predictor: string;
  /** At most 1. */
  readonly skill: number;
  readonly low: number;
  readonly high: number;
}

export interface HiddenCellsOptions {
  /** By cohort, the modality whose cells were hidden. */
  readonly targets: Readonly<Record<string, string>>;
  /** Splits behind the means and intervals. */
  readonly splits: number;
  /** The constant that skill is measured against; it is the line at 0. */
  readonly constant: string;
}

const SPACES = [
  ["z", "measured values"],
  ["paper", "the paper's space"],
] as const;

/**
 * Draws skill over hidden cells by their share, one line for each predictor: a column for each cohort and mechanism, a
 * row for each space.
 * @throws RangeError if there are no rows, too many predictors, or an interval does not hold its skill.
 */
export function hiddenCellsFigure(
  rows: readonly HiddenCellsRow[],
  options: HiddenCellsOptions,
): Figure {
  const { targets, splits, constant } = checkOptions("hiddenCellsFigure", options, {
    targets: required("object"),
    splits: required("number"),
    constant: required("string"),
  });
  const drawn = rows.filter(({ predictor }) => predictor !== constant);
  checkRows("hidden-cells", "rows", drawn);
  for (const { predictor, skill, low, high } of drawn) {
    checkInterval("hiddenCellsFigure", `the skill of ${predictor}`, skill, [low, high]);
  }
  const predictors = [...new Set(drawn.map(({ predictor }) => predictor))];
  if (predictors.length > classColors.length) {
    throw new RangeError(
      `hiddenCellsFigure: expected at most ${classColors.length} predictors, got ${predictors.length}`,
    );
  }
  const columnOf = ({ cohort, mechanism }: HiddenCellsRow) => `${cohort}, ${mechanism}`;
  const columns = [...new Map(drawn.map((row) => [columnOf(row), row]))];
  const width = Math.floor((figureWidth - 60 - panelGap * (columns.length - 1)) / columns.length);
  const shares = [...new Set(drawn.map(({ share }) => share))];
  const gap = Math.min(...shares) / 10;
  const x = quantitative("at", {
    scale: { domain: [0, Math.max(...shares) + 0.1], nice: false },
    axis: { title: "share hidden", format: ".0%", values: shares },
  });
  const color = nominal("predictor", {
    scale: { domain: predictors, range: classColors.slice(0, predictors.length) },
    legend: { title: null, orient: "bottom", columns: legendColumns(predictors, figureWidth) },
  });
  const shape = nominal("predictor", {
    scale: { domain: predictors, range: shapes.slice(0, predictors.length) },
    legend: color.legend,
  });
  const datasets: Record<string, readonly Row[]> = {};
  const panels = SPACES.flatMap(([space, scored]) => {
    const scores = drawn.filter((row) => row.space === space);
    const domain = [
      Math.min(0, ...scores.map(({ low }) => Math.max(-1, low))),
      Math.max(0.1, ...scores.map(({ high }) => high)),
    ];
    return columns.map(([column, { cohort, mechanism }], i): Panel => {
      const name = `${column}, ${space}`;
      // Side by side, so that intervals do not hide one another.
      datasets[name] = scores
        .filter((row) => columnOf(row) === column)
        .map(({ share, predictor, skill, low, high }) => ({
          predictor,
          skill,
          low: Math.max(-1, low),
          high,
          at: share + gap * (predictors.indexOf(predictor) - (predictors.length - 1) / 2),
        }));
      const y = quantitative("skill", {
        scale: { domain, nice: false },
        axis: { title: i === 0 ? `skill, ${scored}` : null, tickCount: 5, format: ".1~f" },
      });
      return {
        data: { name },
        ...(space === "z"
          ? { title: panelTitle(`${targets[cohort]} of ${cohort}`, [`missing ${mechanism}`]) }
          : {}),
        width,
        height: 190,
        layer: [
          { mark: { type: "rule", color: inks.ink }, encoding: { y: { datum: 0 } } },
          {
            mark: { type: "rule", strokeWidth: 1.4, opacity: 0.6 },
            encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" }, color },
          },
          { mark: { type: "line", strokeWidth: 1.2 }, encoding: { x, y, color } },
          { mark: dots(46), encoding: { x, y, color, shape } },
        ] as Layer[],
      };
    });
  });
  return makeFigure({
    name: "hidden-cells",
    title: "Hidden cells: how much of the mean's error each predictor removes",
    subtitle: [
      `Skill over hidden cells of test samples alone: 0 is the mean of what is left of the training samples, 1 is perfect. ` +
        `Mean and 95\u00a0% interval over ${counted(splits, "split")} by patient, corrected for shared samples.`,
      "Above: errors of measured values, nothing clamped. Below: as the paper scores, values below the mean set to 0.",
    ],
    datasets,
    view: {
      columns: columns.length,
      spacing: panelGap,
      concat: panels,
      resolve: { scale: { color: "shared", shape: "shared" } },
    },
  });
}
