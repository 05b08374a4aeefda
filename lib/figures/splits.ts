// Each predictor beside a reference over repeated splits: differences of MSE and median r with their intervals.
import { checkOptions, required } from "../options.js";
import { differencePanels } from "./differences.js";
import { type Figure, makeFigure } from "./figure.js";
import { counted } from "./text.js";

/** A predictor's score minus the reference's, averaged over splits. */
export interface SplitDifferenceRow {
  readonly first: string;
  readonly second: string;
  readonly modality: string;
  readonly measure: "mse" | "r";
  readonly splits: number;
  readonly difference: number;
  readonly low: number;
  readonly high: number;
}

export interface SplitsOptions {
  readonly cohort: string;
  /** The reference: the second of each row. */
  readonly against: string;
}

const MEASURES = { mse: "test MSE", r: "median r" } as const;

/**
 * Draws one panel per modality and measure, stacked: a dot with its interval for each predictor, in the order given.
 * @throws RangeError if there are no rows against the reference, or an interval does not hold its difference.
 */
export function splitsFigure(rows: readonly SplitDifferenceRow[], options: SplitsOptions): Figure {
  const { cohort, against } = checkOptions("splitsFigure", options, {
    cohort: required("string"),
    against: required("string"),
  });
  const own = rows.filter(({ second }) => second === against);
  if (own.length === 0) {
    throw new RangeError(`splitsFigure: expected differences from "${against}", got none`);
  }
  const panelOf = ({ modality, measure }: SplitDifferenceRow) =>
    `${modality}, ${MEASURES[measure]}`;
  const panels = [...new Set(own.map(panelOf))].map((measure) => ({
    ...{ measure, against },
    rows: own
      .filter((row) => panelOf(row) === measure)
      .map(({ first, splits, ...row }) => ({
        ...row,
        variant: `${first}, ${counted(splits, "split")}`,
        caveat: "",
      })),
  }));
  return makeFigure({
    name: "splits",
    title: `${cohort}: each predictor beside the ${against}, over repeated splits by patient`,
    subtitle: [
      "Mean difference on the test rows, paired by split. Lines: 95 % intervals, corrected for shared samples.",
    ],
    ...differencePanels(panels),
  });
}
