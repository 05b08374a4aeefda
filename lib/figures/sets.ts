// Any set to any target: a matrix of observed set by target for each predictor, colored by skill.
import { checkOptions, required } from "../options.js";
import { checkRows, type Figure, type Layer, makeFigure, type Panel, type Row } from "./figure.js";
import { nominal, quantitative } from "./marks.js";
import { checkInterval, panelGap } from "./panels.js";
import { counted, decimal, labelRoom, textWidth } from "./text.js";
import { figureWidth, inks, panelTitle } from "./theme.js";

/** The skill of one predictor with one observed set and target. */
export interface SetRow {
  /** Names of the observed modalities, with " + " between. */
  readonly observed: string;
  readonly target: string;
  readonly predictor: string;
  /** At most 1. */
  readonly skill: number;
  readonly low: number;
  readonly high: number;
  readonly rank: "clearly best" | "best" | "";
}

export interface SetsOptions {
  readonly cohort: string;
  /** All modalities in the cohort's order. */
  readonly modalities: readonly string[];
  /** Splits behind the means and intervals. */
  readonly splits: number;
  readonly features: number;
}

const PANELS = 3; // in a row
const HEIGHT = 32; // of a cell

/**
 * Draws a matrix for each predictor: a row for each observed set, a column for each target, the mean skill with its
 * interval in each cell. A frame marks the best predictor of a cell, a solid one where it is clearly best. What was
 * observed is not inferred.
 * @throws RangeError if there are no rows, a target is none of the modalities, or an interval does not hold its skill.
 */
export function setsFigure(rows: readonly SetRow[], options: SetsOptions): Figure {
  const { cohort, modalities, splits, features } = checkOptions("setsFigure", options, {
    cohort: required("string"),
    modalities: required("array"),
    splits: required("number"),
    features: required("number"),
  });
  checkRows("sets", "rows", rows);
  for (const { observed, target, predictor, skill, low, high } of rows) {
    if (!modalities.includes(target)) {
      throw new RangeError(
        `setsFigure: expected targets among ${modalities.join(", ")}, got "${target}"`,
      );
    }
    const what = `the skill of ${predictor} from ${observed} to ${target}`;
    checkInterval("setsFigure", what, skill, [low, high]);
  }
  const sets = [...new Set(rows.map(({ observed }) => observed))];
  const predictors = [...new Set(rows.map(({ predictor }) => predictor))];
  const room = labelRoom(sets, 260);
  const across = (figureWidth - room - panelGap * (PANELS - 1)) / PANELS;
  const cell = Math.min(80, Math.floor(across / modalities.length));
  const values = rows.map(({ skill }) => skill);
  const [least, most] = [Math.min(0, ...values), Math.max(0.1, ...values)];
  const isFlat = modalities.every((name) => textWidth(name) < cell);
  const seen = sets.flatMap((observed) =>
    observed.split(" + ").map((target) => ({ observed, target, text: "seen" })),
  );
  const datasets: Record<string, readonly Row[]> = { seen };
  const panels = predictors.map((predictor, i): Panel => {
    datasets[predictor] = rows
      .filter((row) => row.predictor === predictor)
      .map((row) => ({
        ...row,
        text: decimal(row.skill),
        interval: row.low === row.high ? "" : `${decimal(row.low)} to ${decimal(row.high)}`,
        isDark: row.skill > 0.7 * most || row.skill < 0.7 * least,
      }));
    const text = (field: string, dy: number, fontSize: number, fontWeight: number): Layer =>
      ({
        mark: { type: "text", dy, fontSize, fontWeight },
        encoding: {
          text: nominal(field),
          color: { condition: { test: "datum.isDark", value: "white" }, value: inks.ink },
        },
      }) as Layer;
    const frame = (rank: SetRow["rank"], strokeDash: readonly number[]): Layer => ({
      transform: [{ filter: `datum.rank === "${rank}"` }],
      mark: {
        type: "rect",
        filled: false,
        stroke: inks.ink,
        strokeWidth: 2,
        strokeDash: [...strokeDash],
        width: cell - 4,
        height: HEIGHT - 4,
      },
    });
    return {
      data: { name: predictor },
      title: panelTitle(predictor),
      width: cell * modalities.length,
      height: HEIGHT * sets.length,
      encoding: {
        x: nominal("target", {
          sort: [...modalities],
          scale: { domain: [...modalities], padding: 0 },
          axis: { title: "inferred", labelAngle: isFlat ? 0 : -30, labelLimit: 0 },
        }),
        y: nominal("observed", {
          sort: sets,
          scale: { domain: sets, padding: 0 },
          axis:
            i % PANELS === 0
              ? { title: "observed", labelLimit: 260 }
              : { title: null, labels: false },
        }),
      },
      layer: [
        { data: { name: "seen" }, mark: { type: "rect", color: inks.grid, stroke: "white" } },
        {
          data: { name: "seen" },
          mark: { type: "text", color: inks.quiet, fontSize: 10 },
          encoding: { text: nominal("text") },
        },
        {
          mark: { type: "rect", stroke: "white", strokeWidth: 1.5 },
          encoding: {
            color: quantitative("skill", {
              scale:
                least < 0
                  ? { domain: [least, 0, most], range: ["#B35806", "#F7F7F7", "#08519C"] }
                  : { domain: [0, most], range: ["#F3F6FA", "#08519C"] },
              legend: { title: "skill", orient: "bottom", gradientLength: 200, tickCount: 5 },
            }),
          },
        },
        text("text", -6, 12, 600),
        text("interval", 8, 9, 400),
        frame("clearly best", [1, 0]),
        frame("best", [4, 3]),
      ] as Layer[],
    };
  });
  return makeFigure({
    name: "sets",
    title: `${cohort}: any set of modalities to any other`,
    subtitle: [
      `Skill on test samples = 1 − MSE / MSE of the training mean, with ${counted(features, "feature")}: 0 is the mean, 1 is ` +
        `perfect. Mean and 95\u00a0% interval over ${counted(splits, "split")} by patient, corrected for shared samples.`,
      "Framed: the best of the cell; a solid frame where its error is below that of every other, with intervals that " +
        "exclude 0. Gray: what was observed is not inferred.",
    ],
    datasets,
    view: {
      columns: PANELS,
      spacing: panelGap,
      concat: panels,
      resolve: { scale: { color: "shared" } },
    },
  });
}
