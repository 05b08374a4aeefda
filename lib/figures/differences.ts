// Differences from a reference, with intervals: of training variants over seeds, and of predictors over splits.
import type { SplitDifference } from "../evaluate/repeated-splits.js";
import { checkOptions, required } from "../options.js";
import { checkRows, type Figure, makeFigure, type Panel, type Row } from "./figure.js";
import { dots, intervalLine, nominal, quantitative, zeroLine } from "./marks.js";
import { checkInterval } from "./panels.js";
import { counted, labelRoom } from "./text.js";
import { figureWidth, inks, panelTitle } from "./theme.js";

/** The difference of one variant; `low` and `high` are null if there is no interval. */
export interface DifferenceRow {
  readonly variant: string;
  readonly difference: number;
  readonly low: number | null;
  readonly high: number | null;
  /** Why the two results are not comparable; empty if they are. */
  readonly caveat: string;
}

/** One panel: differences in one measure from one variant. */
export interface Differences {
  /** Such as "test MSE". */
  readonly measure: string;
  /** The reference variant. */
  readonly against: string;
  readonly rows: readonly DifferenceRow[];
}

export interface DifferencesOptions {
  readonly cohort: string;
  /** Number of training seeds behind each difference. */
  readonly seeds: number;
}

/**
 * Draws one panel per measure, stacked: a dot with its interval for each variant, in the given order; hollow if the
 * results are not comparable.
 * @throws RangeError if a measure has no rows, or an interval does not hold its difference.
 */
export function differencesFigure(
  panels: readonly Differences[],
  options: DifferencesOptions,
): Figure {
  const { cohort, seeds } = checkOptions("differencesFigure", options, {
    cohort: required("string"),
    seeds: required("number"),
  });
  const { datasets, view } = differencePanels(panels);
  return makeFigure({
    name: "differences",
    title: `${cohort}: what each difference of the authors' code from the paper moves`,
    subtitle: [
      `Mean difference of ${counted(seeds, "training seed")}, paired by seed.` +
        (seeds > 1 ? " Lines: 95 % intervals by Student's t over seeds." : ""),
    ],
    datasets,
    view,
  });
}

/** Draws the panels of differences, stacked, with their data by measure. */
function differencePanels(panels: readonly Differences[]) {
  const datasets: Record<string, readonly Row[]> = {};
  const names = panels.flatMap(({ rows }) => rows.map(labelOf));
  const room = labelRoom(names, LABELS);
  const kinds = { like: "like with like", other: "not like with like" };
  const isMixed = panels.some(({ rows }) => rows.some(({ caveat }) => caveat !== ""));
  const views = panels.map(({ measure, against, rows }): Panel => {
    checkRows("differences", measure, rows);
    for (const { variant, difference, low, high } of rows) {
      checkInterval("differencesFigure", `the difference of ${variant}`, difference, [low, high]);
    }
    datasets[measure] = rows.map((row) => ({
      variant: labelOf(row),
      difference: row.difference,
      low: row.low ?? row.difference,
      high: row.high ?? row.difference,
      kind: row.caveat === "" ? kinds.like : kinds.other,
    }));
    const ends = rows.flatMap((row) => [row.low ?? row.difference, row.high ?? row.difference]);
    const [low, high] = [Math.min(0, ...ends), Math.max(0, ...ends)];
    const margin = 0.04 * (high - low || 1); // so that no dot and no line touches the frame
    const x = quantitative("difference", {
      scale: { domain: [low - margin, high + margin], nice: false },
      axis: { title: `difference from “${against}”`, tickCount: 6, format: "~g" },
    });
    return {
      data: { name: measure },
      title: panelTitle(measure),
      width: figureWidth - room,
      height: { step: 22 },
      encoding: {
        y: nominal("variant", {
          sort: rows.map(labelOf),
          axis: { title: null, minExtent: room, labelLimit: LABELS, grid: true },
        }),
      },
      layer: [
        intervalLine(x, {}, { color: inks.ink }),
        {
          mark: dots(50, { stroke: inks.ink }),
          encoding: {
            x,
            fill: nominal("kind", {
              scale: { domain: Object.values(kinds), range: [inks.ink, "white"] },
              legend: isMixed
                ? { title: null, symbolStrokeColor: inks.ink, symbolStrokeWidth: 1.5 }
                : null,
            }),
          },
        },
        zeroLine,
      ],
    } as Panel;
  });
  return { datasets, view: { vconcat: views, resolve: { scale: { fill: "shared" } } } as Panel };
}

/** The maximum width of names, in pixels. */
const LABELS = 360;

function labelOf({ variant, caveat }: DifferenceRow): string {
  return caveat === "" ? variant : `${variant} (${caveat})`;
}

type SplitDifferenceRow = Pick<
  SplitDifference,
  "first" | "second" | "modality" | "measure" | "splits" | "difference" | "low" | "high"
>;

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
    measure,
    against,
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
