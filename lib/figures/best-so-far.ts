// The progress of a search: the lowest validation loss so far by trial, beside random search and untuned references.
import { checkOptions, required } from "../options.js";
import type { Trial } from "../train/trial.js";
import { checkRows, type Figure, type Layer, makeFigure, type Panel, type Row } from "./figure.js";
import { lineLegend, nominal, quantitative } from "./marks.js";
import { lossAxis, lossPanelWidth, lossRange, referenceLayers, referenceRows } from "./panels.js";
import { counted } from "./text.js";
import { colors, inks, panelTitle } from "./theme.js";

/** One search over one setup; searches of one setup share a panel. */
export interface SearchStudy {
  readonly setup: string;
  readonly method: "bayes" | "random";
  /** A failed trial, whose loss is null, still takes its place on the axis. */
  readonly trials: readonly Pick<Trial, "loss" | "status">[];
}

/** An untuned loss: of a constant, or of a setting chosen by hand. */
export interface SearchReference {
  readonly setup: string;
  readonly name: string;
  readonly loss: number;
}

export interface BestSoFarOptions {
  readonly cohort: string;
  readonly validationSamples: number;
  readonly references?: readonly SearchReference[];
}

const CROSS = "M-.7,-.7L.7,.7M.7,-.7L-.7,.7";

const METHODS = { bayes: "Bayesian search", random: "random search" } as const;

/**
 * Draws one panel per setup, with each search's trials as marks and the lowest loss of its finished trials as a line.
 * @throws RangeError if a search has no finished trial, or a loss is not positive (the axis is logarithmic).
 */
export function bestSoFarFigure(
  studies: readonly SearchStudy[],
  options: BestSoFarOptions,
): Figure {
  const {
    cohort,
    validationSamples,
    references = [],
  } = checkOptions("bestSoFarFigure", options, {
    cohort: required("string"),
    validationSamples: required("number"),
    references: "array",
  });
  const marks = studies.flatMap(marksOf);
  const [low, high] = lossRange(
    "bestSoFarFigure: expected trials with a positive loss",
    [...marks, ...references].map(({ loss }) => loss),
  );
  const domain = [low / 1.08, high * 1.04];
  const longest = Math.max(...studies.map(({ trials }) => trials.length));
  const setups = [...new Set(studies.map(({ setup }) => setup))];
  const width = lossPanelWidth(setups.length);
  const datasets: Record<string, readonly Row[]> = {};
  const panels = setups.map((setup, i): Panel => {
    const own = studies.filter((study) => study.setup === setup);
    const lines = own.flatMap(lineOf);
    const rules = references.filter((row) => row.setup === setup);
    datasets[`${setup}, trials`] = marks.filter((row) => row.setup === setup);
    datasets[`${setup}, best so far`] = lines;
    if (rules.length > 0) {
      datasets[`${setup}, references`] = referenceRows(
        rules.map(({ name, loss }) => ({ loss, text: `${name}: ${loss.toPrecision(3)}` })),
      );
    }
    const title = i === 0 ? "validation Huber loss (log scale)" : null;
    const y = lossAxis(domain, title, ".2~g", { tickCount: 5 });
    const x = quantitative("trial", {
      axis: { title: "trial", grid: false, tickMinStep: 1 },
      scale: { domain: [0.5, longest + 0.5], nice: false },
    });
    const color = nominal("method", {
      scale: {
        domain: Object.values(METHODS),
        range: [colors.part.validation, colors.setting.control],
      },
      legend: lineLegend,
    });
    return {
      title: panelTitle(setup),
      width,
      height: 250,
      layer: [
        {
          data: { name: `${setup}, best so far` },
          mark: { type: "line", interpolate: "step-after", strokeWidth: 2.2 },
          encoding: { x, y, color },
        },
        {
          data: { name: `${setup}, trials` },
          mark: { type: "point", size: 36, opacity: 0.9 },
          encoding: {
            x,
            y,
            color,
            shape: nominal("status", {
              scale: { domain: ["finished", "stopped early"], range: ["circle", CROSS] },
              legend: { title: null, symbolStrokeColor: inks.ink, symbolSize: 50 },
            }),
          },
        },
        ...(rules.length > 0 ? referenceLayers(`${setup}, references`, width) : []),
      ] as Layer[],
    };
  });
  return makeFigure({
    name: "tuning-best-so-far",
    title: `${cohort}: lowest validation loss so far, by trial`,
    subtitle: [
      `Lowest Huber loss of a trial's epochs, mean over observed entries of ${counted(validationSamples, "validation sample")}.`,
      "A line counts finished trials only; crosses were stopped early and stand at the loss reached until then.",
    ],
    datasets,
    view: { hconcat: panels, resolve: { scale: { color: "shared", shape: "shared" } } },
  });
}

function marksOf({ setup, method, trials }: SearchStudy) {
  return trials.flatMap(({ loss, status }, i) => {
    if (loss === null) return [];
    const how = status === "finished" ? "finished" : "stopped early";
    return [{ setup, method: METHODS[method], trial: i + 1, status: how, loss }];
  });
}

function lineOf({ setup, method, trials }: SearchStudy): Row[] {
  let best = Number.POSITIVE_INFINITY;
  const rows = trials.flatMap(({ loss, status }, i) => {
    if (status === "finished" && loss !== null) best = Math.min(best, loss);
    return Number.isFinite(best) ? [{ method: METHODS[method], trial: i + 1, loss: best }] : [];
  });
  checkRows("tuning-best-so-far", `finished trials of ${METHODS[method]}, ${setup}`, rows);
  return rows;
}
