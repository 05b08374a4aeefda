// The skill of each predictor in reconstructing each modality, with intervals.
import { checkOptions, required } from "../options.js";
import { checkRows, type Figure, type Layer, makeFigure, type Panel, type Row } from "./figure.js";
import { dots, intervalLine, nominal, quantitative, zeroLine } from "./marks.js";
import { checkInterval, panelGap, panelWidth, rowAxis, settingScale } from "./panels.js";
import { counted, decimal } from "./text.js";
import { inks, panelTitle, settingNames, settingOf } from "./theme.js";

/** The result of one predictor on one modality of one part. */
export interface SkillRow {
  readonly predictor: string;
  /** What it sees of the predicted samples: "nothing", "RNA", "all". */
  readonly sees: string;
  readonly part: string;
  readonly modality: string;
  /** `1 - MSE / MSE of a constant`; at most 1. */
  readonly skill: number;
  /** Lower limit of the 95 % interval; null if there is none. */
  readonly skillLow: number | null;
  readonly skillHigh: number | null;
}

export interface SkillOptions {
  readonly cohort: string;
  /** Number of test samples of a split. */
  readonly samples: number;
  /** Number of splits behind the means and intervals. */
  readonly splits: number;
}

/** The lowest skill on the axis; lower values are written at its edge. */
const FLOOR = -0.2;

/**
 * Draws skill by predictor (rows, in the given order) and modality (panels) as a dot with its 95 % interval. Controls
 * are gray, ARO has its own colors, and the shape shows what a predictor sees.
 * @throws RangeError if no row is of the test part, or an interval does not hold its skill.
 */
export function skillFigure(rows: readonly SkillRow[], options: SkillOptions): Figure {
  const { cohort, samples, splits } = checkOptions("skillFigure", options, {
    cohort: required("string"),
    samples: required("number"),
    splits: required("number"),
  });
  const own = rows.filter((row) => row.part === "test");
  checkRows("skill-test", "rows of the test part", own);
  for (const { predictor, modality, skill, skillLow, skillHigh } of own) {
    const what = `the skill of ${predictor} on ${modality}`;
    checkInterval("skillFigure", what, skill, [skillLow, skillHigh]);
  }
  const predictors = [...new Set(own.map(({ predictor }) => predictor))];
  const modalities = [...new Set(own.map(({ modality }) => modality))];
  const sees = [...new Set(own.map((row) => row.sees))];
  if (sees.length > seenShapes.length) {
    throw new RangeError(
      `skillFigure: expected at most ${seenShapes.length} kinds of "sees", got ${sees.map((name) => `"${name}"`).join(", ")}`,
    );
  }
  const datasets: Record<string, readonly Row[]> = {};
  const y = rowAxis(predictors, 0.5);
  const width = panelWidth(y.room, modalities.length);
  const onAxis = own.filter((row) => row.skill >= FLOOR);
  const high = Math.max(0.1, ...onAxis.map((row) => row.skillHigh ?? row.skill)) + 0.01;
  const low = Math.min(-0.02, ...onAxis.map((row) => row.skillLow ?? row.skill)) - 0.01;
  // Values beyond the axis are written at its left end, clear of the line at zero.
  const written = onAxis.length < own.length ? (-high * offRoom) / (width - offRoom) : 0;
  const domain = [Math.min(written, Math.max(FLOOR, low)), high];
  const panels = modalities.map((modality, i): Panel => {
    const drawn = own.filter((row) => row.modality === modality);
    const inside = drawn.filter((row) => row.skill >= FLOOR);
    datasets[modality] = inside.map((row) => ({
      predictor: row.predictor,
      skill: row.skill,
      low: Math.max(domain[0], row.skillLow ?? row.skill),
      high: row.skillHigh ?? row.skill,
      sees: row.sees,
      setting: settingNames[settingOf(row.predictor)],
    }));
    const off = drawn.filter((row) => row.skill < FLOOR);
    if (off.length > 0) {
      datasets[`${modality}, off the axis`] = off.map((row) => ({
        predictor: row.predictor,
        text: `← ${decimal(row.skill)}`,
      }));
    }
    const x = quantitative("skill", {
      scale: { domain, nice: false },
      axis: { title: "skill", tickCount: 4, format: "~g" },
    });
    const color = nominal("setting", {
      scale: settingScale(own.map((row) => settingOf(row.predictor))),
      legend: { title: null, orient: "bottom", symbolType: "circle" },
    });
    return {
      data: { name: modality },
      title: panelTitle(modality),
      width,
      height: { step: 22 },
      encoding: { y: y.encoding(i === 0) },
      layer: [
        intervalLine(x, { color }),
        {
          mark: dots(42),
          encoding: {
            x,
            color,
            shape: nominal("sees", {
              scale: { domain: sees, range: seenShapes.slice(0, sees.length) },
              legend: { title: "sees", symbolFillColor: inks.quiet, symbolStrokeWidth: 0 },
            }),
          },
        },
        zeroLine,
        ...(off.length > 0 ? [offAxis(`${modality}, off the axis`)] : []),
      ] as Layer[],
    };
  });
  return makeFigure({
    name: "skill-test",
    title: `${cohort}: reconstruction of the test samples, by predictor and modality`,
    subtitle: [
      "Skill = 1 − MSE / MSE of the mean of observed training values: 0 is no better than that constant, 1 is perfect.",
      splits > 1
        ? `Mean and 95 % interval over ${counted(splits, "split")} by patient, ${counted(samples, "test sample")} each.`
        : `One split by patient, ${counted(samples, "test sample")}. Lines: 95 % intervals, patients drawn with replacement.`,
    ],
    datasets,
    view: {
      hconcat: panels,
      spacing: panelGap,
      resolve: { scale: { color: "shared", shape: "shared" } },
    },
  });
}

/** Shapes by what a predictor sees. */
const seenShapes = ["circle", "square", "diamond", "triangle-up"];

/** The width of a written skill, in pixels. */
const offRoom = 50;

function offAxis(name: string): Layer {
  return {
    data: { name },
    mark: { type: "text", align: "left", dx: 3, color: inks.quiet },
    encoding: { x: { value: 0 }, text: nominal("text") },
  };
}
