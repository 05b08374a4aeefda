// The values of each modality after each stage of preprocessing.
import { checkOptions, required } from "../options.js";
import type { StageHistogram } from "../preprocess/describe.js";
import { type Figure, makeFigure, type Panel, type Row } from "./figure.js";
import { ownColor, quantitative } from "./marks.js";
import { count, percent } from "./text.js";
import { figureWidth, inks, modalityColor, panelTitle } from "./theme.js";

/** The unit of each stage's values. */
const UNITS: Readonly<Record<string, string>> = {
  measured: "unit of the table",
  "z-score": "standard deviations from the training mean",
  "log1p of z above 0": "ln(1 + z)",
};

export interface PreprocessingOptions {
  readonly cohort: string;
  /** Where the values come from: "training", "all". */
  readonly part: string;
  readonly samples: number;
}

interface Bin {
  readonly low: number;
  readonly high: number;
  readonly share: number;
  readonly color: string;
}

/** The color of bars whose values the next step sets to 0. */
const lost = "#BDBDBD";

/**
 * Draws one histogram per modality (rows) and stage (columns), in order of first appearance. Exact zeros are removed
 * from their bin and written as a share, since their spike would flatten the rest.
 * @throws RangeError if there are no histograms.
 */
export function preprocessingFigure(
  histograms: readonly StageHistogram[],
  options: PreprocessingOptions,
): Figure {
  const { cohort, part, samples } = checkOptions("preprocessingFigure", options, {
    cohort: required("string"),
    part: required("string"),
    samples: required("number"),
  });
  const modalities = [...new Set(histograms.map(({ modality }) => modality))];
  const stages = [...new Set(histograms.map(({ stage }) => stage))];
  const spacing = 14;
  const width = Math.floor((figureWidth - spacing * (stages.length - 1)) / stages.length) - 6;
  const datasets: Record<string, readonly Row[]> = {};
  const rows = modalities.map((modality): Panel => {
    const own = histograms.filter((histogram) => histogram.modality === modality);
    const color = modalityColor(modality);
    const most = Math.max(...own.map(total));
    return {
      title: { ...panelTitle(`${modality}, n = ${count(most)} values`), offset: 4 },
      spacing,
      bounds: "flush",
      hconcat: own.map((histogram): Panel => {
        const n = total(histogram);
        const name = `${modality} ${histogram.stage}`;
        const left = n < most ? [`n = ${count(n)}`] : [];
        const zeros =
          histogram.zeros > 0 ? `${percent(histogram.zeros / n, 1)} are 0` : "none is 0";
        const { below, winsorized } = histogram;
        const moved =
          winsorized === undefined ? [] : [`${percent(winsorized / n, 1)} were winsorized`];
        const notes = [
          [zeros, ...moved, ...left].join("; "),
          below === undefined ? " " : `${percent(below / n, 1)} are below 0 and become 0`,
        ];
        const bins = binsOf(histogram).map((bin): Bin => {
          const isLost = below !== undefined && bin.high <= 0;
          return { ...bin, color: isLost ? lost : color };
        });
        datasets[name] = bins.map((bin) => ({ ...bin }));
        return {
          data: { name },
          title: {
            text: histogram.stage,
            subtitle: notes,
            subtitleColor: inks.quiet,
            subtitlePadding: 2,
            fontSize: 11,
            fontWeight: 600,
            color: inks.ink,
            offset: 5,
            frame: "group",
          },
          width,
          height: 100,
          mark: { type: "bar", strokeWidth: 0.5, binSpacing: 0 },
          encoding: {
            fill: ownColor,
            stroke: ownColor,
            x: {
              field: "low",
              type: "quantitative",
              bin: { binned: true },
              axis: {
                title: UNITS[histogram.stage] ?? null,
                titleFontWeight: 400,
                titleColor: inks.quiet,
                titlePadding: 3,
                tickCount: 4,
                grid: false,
                labelFlush: true,
              },
            },
            x2: { field: "high" },
            y: quantitative("share", { axis: null, scale: { domain: [0, 1.1 * highest(bins)] } }),
          },
        };
      }),
    };
  });
  return makeFigure({
    name: "preprocessing",
    title: `${cohort}: the values of each modality after each step of preprocessing`,
    subtitle: [
      `Observed values of the ${part} samples (n = ${count(samples)}). Bars: values other than 0, each panel to its own ` +
        "height. Gray: values below the training mean, which the clamp at 0 sets to 0.",
    ],
    datasets,
    view: { vconcat: rows },
  });
}

function total({ counts }: StageHistogram): number {
  return counts.reduce((sum, value) => sum + value, 0);
}

function highest(bins: readonly Bin[]): number {
  return Math.max(...bins.map(({ share }) => share)) || 1;
}

function binsOf({ edges, counts, zeros }: StageHistogram): Omit<Bin, "color">[] {
  const n = counts.reduce((sum, value) => sum + value, 0);
  return Array.from(counts, (value, i) => {
    const [low, high] = [edges[i], edges[i + 1]];
    const holdsZero = low <= 0 && (0 < high || (i === counts.length - 1 && high === 0));
    return { low, high, share: (holdsZero ? value - zeros : value) / n };
  });
}
