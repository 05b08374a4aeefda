// Confusion matrices, with the accuracy, its interval and the rate of the most frequent class.
import type { ClassConfusion } from "../evaluate/compare.js";
import { checkOptions, required } from "../options.js";
import { type Figure, makeFigure, type Panel, type Row } from "./figure.js";
import { nominal, quantitative } from "./marks.js";
import { labelRoom, percent, wrap } from "./text.js";
import { figureWidth, inks, panelTitle } from "./theme.js";

export interface ConfusionMatrix extends ClassConfusion {
  /** What was classified, and from what: "tissue from ARO unmasked". */
  readonly name: string;
}

export interface ConfusionOptions {
  readonly cohort: string;
  readonly part?: string;
  /** What classified, and how samples were held out: "The MLP, in the first of 5 draws of the folds." */
  readonly protocol?: string;
}

/** Pixels between two matrices. */
const gap = 24;

/** The smallest width of a cell in which count and percentage are legible. */
const smallest = 40;

/** The smallest width of a cell in which a count alone is legible. */
const smallestForCount = 18;

/** The width of the vertical axis with labels, which are never cut, and title. */
function roomBeside(classes: readonly string[]): number {
  return labelRoom(classes, Number.POSITIVE_INFINITY) + 34;
}

/** The smallest cell with which a matrix fits the figure: many classes have room for counts alone. */
function smallestCell(classes: readonly string[]): number {
  const most = Math.floor((figureWidth - roomBeside(classes)) / classes.length);
  return Math.max(smallestForCount, Math.min(smallest, most));
}

/**
 * Draws confusion matrices side by side: the count and the share of its row in each cell, or the count alone where
 * there are too many classes for both.
 * @throws RangeError if there is no matrix, one is not square, or has no samples.
 */
export function confusionFigure(
  matrices: readonly ConfusionMatrix[],
  options: ConfusionOptions,
): Figure {
  const {
    cohort,
    part = "test",
    protocol,
  } = checkOptions("confusionFigure", options, {
    cohort: required("string"),
    part: "string",
    protocol: "string",
  });
  const datasets: Record<string, readonly Row[]> = {};
  const widest = Math.max(
    ...matrices.map(({ classes }) => smallestCell(classes) * classes.length + roomBeside(classes)),
  );
  const most = Math.min(3, Math.max(1, Math.floor((figureWidth + gap) / (widest + gap))));
  // Rows are as equal as possible: four matrices are two by two, not three and one.
  const columns = Math.ceil(matrices.length / Math.ceil(matrices.length / most));
  const across = Math.floor((figureWidth - gap * (columns - 1)) / columns);
  const cellOf = (classes: readonly string[]) =>
    Math.max(
      smallestCell(classes),
      Math.min(76, Math.floor((across - roomBeside(classes)) / classes.length)),
    );
  const shares = matrices.some(({ classes }) => cellOf(classes) >= smallest);
  const panels = matrices.map((matrix): Panel => {
    const { name, classes, majority, low, high } = matrix;
    const { accuracy, n, correct, cells } = cellsOf(matrix);
    datasets[name] = cells;
    const cell = cellOf(classes);
    const both = cell >= smallest;
    const text = (field: string, dy: number, bold: boolean) =>
      ({
        mark: { type: "text", dy, fontSize: bold && both ? 14 : 11, fontWeight: bold ? 600 : 400 },
        encoding: {
          text: nominal(field),
          color: { condition: { test: "datum.share > 0.7", value: "white" }, value: inks.ink },
        },
      }) as const;
    return {
      data: { name },
      // The title may extend above the next panel's labels, which lie lower.
      title: panelTitle(wrap(name, 12.5, across - roomBeside(classes) + gap), [
        `accuracy ${percent(accuracy, 1)} (${correct} of ${n})`,
        `95 % interval ${percent(low)} to ${percent(high)}`,
        `majority class ${percent(majority, 1)}`,
      ]),
      width: cell * classes.length,
      height: Math.min(cell, 48) * classes.length,
      encoding: {
        x: nominal("predicted", {
          sort: [...classes],
          scale: { padding: 0 },
          axis: {
            title: "predicted",
            labelAngle: classes.every((label) => 5.6 * label.length < cell) ? 0 : -45,
            labelLimit: 0,
          },
        }),
        y: nominal("actual", {
          sort: [...classes],
          scale: { padding: 0 },
          axis: { title: "actual", labelLimit: 0 },
        }),
      },
      layer: [
        {
          mark: { type: "rect", stroke: "white", strokeWidth: 1.5 },
          encoding: {
            color: quantitative("share", {
              scale: { domain: [0, 1], range: ["#F3F6FA", "#08519C"] },
              legend: null,
            }),
          },
        },
        ...(both
          ? [text("count", -7, true), text("percent", 10, false)]
          : [text("shown", 0, false)]),
      ],
    };
  });
  return makeFigure({
    name: "confusion",
    title: `${cohort}: actual and predicted classes of the ${part} samples`,
    subtitle: [
      ...(protocol ? [protocol] : []),
      `In each cell: samples${shares ? ", and their share of the row" : ""}; darker is a larger share of the row.`,
    ],
    datasets,
    view: { columns, spacing: gap, concat: panels, resolve: { scale: { color: "independent" } } },
  });
}

function cellsOf({ name, classes, counts }: ConfusionMatrix) {
  const size = classes.length;
  if (size < 2 || counts.length !== size || counts.some((row) => row.length !== size)) {
    throw new RangeError(
      `confusionFigure: expected ${size} x ${size} counts of "${name}" and at least 2 classes, ` +
        `got ${counts.map((row) => row.length).join(", ")} in ${counts.length} rows`,
    );
  }
  const n = counts.flat().reduce((sum, value) => sum + value, 0);
  if (!(n > 0)) throw new RangeError(`confusionFigure: expected samples in "${name}", got ${n}`);
  const correct = counts.reduce((sum, row, i) => sum + row[i], 0);
  const accuracy = correct / n;
  const cells = counts.flatMap((row, actual): Row[] => {
    const sum = row.reduce((total, value) => total + value, 0);
    return row.map((value, predicted) => {
      const share = sum === 0 ? 0 : value / sum;
      return {
        actual: classes[actual],
        predicted: classes[predicted],
        count: String(value),
        shown: value === 0 ? "" : String(value),
        percent: sum === 0 ? "–" : percent(share),
        share,
      };
    });
  });
  return { accuracy, n, correct, cells };
}
