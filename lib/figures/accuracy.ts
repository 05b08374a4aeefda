// Classification: accuracy and balanced accuracy by task, representation and classifier.
import { checkOptions, required } from "../options.js";
import { type Figure, type Layer, makeFigure, type Panel, type Row } from "./figure.js";
import { dashedLine, dots, intervalLine, nominal, quantitative } from "./marks.js";
import { labelRoom, percent } from "./text.js";
import { classStyle, figureWidth, panelTitle } from "./theme.js";

/** The result of one classifier on one task from one representation; rates are in [0, 1]. */
export interface AccuracyRow {
  readonly task: string;
  /** What the classifier sees: "ARO unmasked", "PCA", "cohort only". */
  readonly representation: string;
  readonly classifier: string;
  /** Number of classified samples. */
  readonly n: number;
  readonly classes: number;
  readonly accuracy: number;
  /** The 95 % interval. */
  readonly accuracyLow: number;
  readonly accuracyHigh: number;
  readonly balancedAccuracy: number;
  readonly balancedLow?: number | null;
  readonly balancedHigh?: number | null;
  /** Accuracy of always predicting the most frequent class. */
  readonly majority: number;
}

export interface AccuracyOptions {
  readonly cohort: string;
  /** How samples were held out: "18 test samples of one split", "nested cross-validation by patient". */
  readonly protocol: string;
}

/** Pixels from one classifier to the next. */
const step = 12;

/**
 * Draws a row of panels per task: accuracy on the left with the majority rate as a line, balanced accuracy on the right
 * with chance as a line. Dots have a 95 % interval if one is given.
 * @throws RangeError if there are no rows, or there are more classifiers than colors.
 */
export function accuracyFigure(rows: readonly AccuracyRow[], options: AccuracyOptions): Figure {
  const { cohort, protocol } = checkOptions("accuracyFigure", options, {
    cohort: required("string"),
    protocol: required("string"),
  });
  const tasks = [...new Set(rows.map(({ task }) => task))];
  const representations = [...new Set(rows.map(({ representation }) => representation))];
  const classifiers = [...new Set(rows.map(({ classifier }) => classifier))];
  const style = classStyle(classifiers, { what: "accuracyFigure: classifier", order: "given" });
  const datasets: Record<string, readonly Row[]> = {};
  const room = labelRoom(representations, 220);
  const width = Math.floor((figureWidth - room - 24) / 2) - 8;
  const low = Math.min(
    ...rows.map((row) =>
      Math.min(
        row.accuracyLow,
        row.balancedLow ?? row.balancedAccuracy,
        row.majority,
        1 / row.classes,
      ),
    ),
  );
  const domain = [Math.max(0, Math.floor(10 * low - 0.2) / 10), 1.02];
  const panel = (task: string, balanced: boolean): Panel => {
    const own = rows.filter((row) => row.task === task);
    const name = `${task}: ${balanced ? "balanced accuracy" : "accuracy"}`;
    datasets[name] = own.map((row) => {
      const value = balanced ? row.balancedAccuracy : row.accuracy;
      return {
        representation: row.representation,
        classifier: row.classifier,
        value,
        low: (balanced ? row.balancedLow : row.accuracyLow) ?? value,
        high: (balanced ? row.balancedHigh : row.accuracyHigh) ?? value,
      };
    });
    const line = [...new Set(own.map((row) => (balanced ? 1 / row.classes : row.majority)))];
    datasets[`${name}, line`] = line.map((value) => ({ value }));
    const x = quantitative("value", {
      scale: { domain, nice: false },
      axis: { title: null, labelFlush: true, format: ".0%", tickCount: 5 },
    });
    const color = nominal("classifier", {
      scale: { domain: style.names, range: style.colors },
      legend: { title: null },
    });
    const shape = nominal("classifier", { scale: { domain: style.names, range: style.shapes } });
    const yOffset = nominal("classifier", { sort: classifiers });
    const y = nominal("representation", {
      sort: representations,
      scale: { paddingInner: 0.2, paddingOuter: 0.1 },
      axis: balanced
        ? { title: null, labels: false }
        : { title: null, minExtent: room, labelLimit: 220 },
    });
    const sizes = [...new Set(own.map(({ n }) => n))];
    const marks = [
      { data: { name: `${name}, line` }, mark: dashedLine, encoding: { x } },
      { data: { name }, ...intervalLine(x, { y, yOffset, color }) },
      { data: { name }, mark: dots(50), encoding: { x, y, yOffset, color, shape } },
    ] as Layer[];
    return {
      title: panelTitle(name, [
        balanced
          ? `dashed: chance, ${line.map((value) => percent(value, 1)).join(", ")}`
          : `n = ${sizes.join(", ")}; dashed: majority class, ${line.map((value) => percent(value, 1)).join(", ")}`,
      ]),
      width,
      height: { step, for: "offset" },
      layer: marks,
    } as Panel;
  };
  return makeFigure({
    name: "accuracy",
    title: `${cohort}: accuracy by task, representation and classifier`,
    subtitle: [
      `${protocol}. Lines: 95 % intervals, Wilson's for accuracy, over patients for balanced accuracy.`,
    ],
    datasets,
    view: {
      vconcat: tasks.map((task) => ({
        hconcat: [panel(task, false), panel(task, true)],
        spacing: 24,
      })),
      resolve: { scale: { color: "shared", shape: "shared" } },
    },
  });
}
