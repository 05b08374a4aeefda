// The trials of a search: each is a line across one axis per setting, to its loss.
import { checkOptions, required } from "../options.js";
import type { Dimension, Point, Space } from "../train/space.js";
import type { Trial } from "../train/trial.js";
import { checkRows, type Figure, type Layer, makeFigure, type Panel, type Row } from "./figure.js";
import { nominal, quantitative } from "./marks.js";
import { lossRange } from "./panels.js";
import { counted, listed } from "./text.js";
import { figureWidth, inks, panelTitle } from "./theme.js";

/** One panel: a failed trial, whose loss is null, is counted but not drawn. */
export interface ParallelStudy {
  readonly name: string;
  readonly axes: Space;
  readonly trials: readonly Pick<Trial, "point" | "loss" | "status">[];
}

export interface ParallelOptions {
  readonly cohort: string;
  /** Number of samples behind the loss. */
  readonly validationSamples: number;
  /** Losses that the color scale and the loss axis span, so that two figures compare; by default those drawn. */
  readonly losses?: readonly number[];
}

const LOSS = "validation loss";

/** From the lowest loss to the highest; each has a contrast of at least 3:1 on white. */
const lossColors = ["#0B2A5B", "#8E3B8C", "#D2691E"];

/**
 * Draws one panel per study, with one axis per setting and the validation loss as the last axis. The finished trial of
 * lowest loss is drawn over the others.
 * @throws RangeError if no trial has a loss, or a loss is not positive (its axis is logarithmic).
 */
export function parallelFigure(
  studies: readonly ParallelStudy[],
  options: ParallelOptions,
): Figure {
  const {
    cohort,
    validationSamples,
    losses: spanned = [],
  } = checkOptions("parallelFigure", options, {
    cohort: required("string"),
    validationSamples: required("number"),
    losses: "array",
  });
  const drawn = studies.flatMap(({ trials }) => trials.flatMap(({ loss }) => loss ?? []));
  const losses = drawn.length > 0 ? [...drawn, ...spanned] : [];
  const expected = "parallelFigure: expected trials with a positive loss";
  const range = lossRange(expected, losses);
  const lossAxis: Dimension = {
    name: LOSS,
    kind: "number",
    low: range[0],
    // A single trial would give the axis no length.
    high: range[1] > range[0] ? range[1] : range[0] * 1.1,
    scale: "log",
  };
  const datasets: Record<string, readonly Row[]> = {};
  const panels = studies.map(({ name, axes, trials }): Panel => {
    const all = [...axes, lossAxis];
    const shown = trials.flatMap((trial) =>
      trial.loss === null ? [] : [{ ...trial, loss: trial.loss }],
    );
    checkRows("tuning-parallel", `trials of ${name}`, shown);
    const finished = shown.filter(({ status }) => status === "finished");
    const best = finished.toSorted((a, b) => a.loss - b.loss).slice(0, 1);
    const lines = `${name}, trials`;
    datasets[lines] = shown.flatMap((trial, i) => rowsOf(trial, i, all));
    datasets[`${name}, axes`] = all.flatMap(ticksOf);
    if (best.length > 0) datasets[`${name}, best`] = best.flatMap((trial) => rowsOf(trial, 0, all));
    const failed = trials.length - shown.length;
    const counts = [
      `${finished.length} finished`,
      `${shown.length - finished.length} stopped early`,
      ...(failed > 0 ? [`${failed} failed, not drawn`] : []),
    ];
    return {
      data: { name: lines },
      title: panelTitle(`${name}: ${counted(trials.length, "trial")}, ${listed(counts)}`),
      width: figureWidth - 60,
      height: 190,
      view: { stroke: null },
      encoding: {
        x: nominal("axis", {
          sort: all.map((axis) => words(axis.name)),
          scale: { type: "point", padding: 0.35 },
          axis: { title: null, orient: "top", domain: false, ticks: false, labelAngle: 0 },
        }),
        y: quantitative("place", { scale: { domain: [-0.1, 1.1], nice: false }, axis: null }),
      },
      layer: [
        axisLine(`${name}, axes`),
        trialLines(range),
        ...(best.length > 0 ? [bestLine(`${name}, best`)] : []),
        ...axisText(`${name}, axes`),
      ],
    };
  });
  return makeFigure({
    name: "tuning-parallel",
    title: `${cohort}: tuning on the validation loss, trial by trial`,
    subtitle: [
      `Lowest Huber loss of a trial's epochs, mean over observed entries of ${counted(validationSamples, "validation sample")}.`,
      "Thick and black: the best configuration, the finished trial of lowest loss. Dashed: stopped early, at the loss reached until then.",
    ],
    datasets,
    view: { vconcat: panels, spacing: 26, resolve: { scale: { x: "independent" } } },
  });
}

function rowsOf(
  trial: { readonly point: Point; readonly loss: number; readonly status: string },
  i: number,
  axes: Space,
) {
  return axes.map((axis) => ({
    trial: i,
    status: trial.status === "finished" ? "finished" : "stopped early",
    loss: trial.loss,
    axis: words(axis.name),
    place: placeOf(axis, Number(axis.name === LOSS ? trial.loss : trial.point[axis.name])),
  }));
}

function rangeOf(axis: Dimension) {
  return axis.kind === "boolean" ? { low: 0, high: 1, scale: "linear" } : axis;
}

/** The position of a value on its axis, from 0 at the bottom to 1 at the top. */
function placeOf(axis: Dimension, value: number): number {
  const { low, high, scale } = rangeOf(axis);
  if (scale === "log") return Math.log(value / low) / Math.log(high / low);
  return (value - low) / (high - low);
}

/** The labels of an axis: its ends and its middle, or "no" and "yes". */
function ticksOf(axis: Dimension): Row[] {
  const { name, kind } = axis;
  const { low, high, scale } = rangeOf(axis);
  const middle = scale === "log" ? Math.sqrt(low * high) : (low + high) / 2;
  const ends = kind === "boolean" ? [0, 1] : [low, middle, high];
  return ends.map((value, i) => {
    const text = kind === "boolean" ? (value === 1 ? "yes" : "no") : short(value);
    const where = i === 0 ? "bottom" : i === ends.length - 1 ? "top" : "middle";
    return { axis: words(name), place: i / (ends.length - 1), text, where };
  });
}

function short(value: number): string {
  const rounded = Number(value.toPrecision(2));
  if (rounded !== 0 && Math.abs(rounded) < 0.001) return rounded.toExponential().replace("-", "−");
  return value >= 100 ? value.toFixed(0) : String(rounded);
}

function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function axisLine(name: string): Layer {
  return {
    data: { name },
    mark: { type: "line", color: inks.missing, strokeWidth: 1 },
    encoding: { detail: nominal("axis") },
  } as Layer;
}

/** The ends of an axis are labeled beyond it, where no line runs; its middle beside it, with a white outline. */
function axisText(name: string): Layer[] {
  const text = (where: string, mark: object): Layer =>
    ({
      data: { name },
      transform: [{ filter: `datum.where === "${where}"` }],
      mark: { type: "text", color: inks.ink, ...mark },
      encoding: { text: nominal("text") },
    }) as Layer;
  const beside = { align: "left", dx: 5 };
  return [
    text("top", { dy: -9 }),
    text("bottom", { dy: 10 }),
    text("middle", { ...beside, stroke: "white", strokeWidth: 4, strokeJoin: "round" }),
    text("middle", beside),
  ];
}

/** Darker lines have lower losses. */
function trialLines([low, high]: readonly [number, number]): Layer {
  return {
    mark: { type: "line", strokeWidth: 1.4, opacity: 0.85 },
    encoding: {
      detail: nominal("trial"),
      color: quantitative("loss", {
        scale: {
          type: "log",
          domain: [low, high],
          range: lossColors,
          interpolate: "lab",
          nice: false,
        },
        legend: {
          title: LOSS,
          gradientLength: 180,
          format: ".2~g",
          values: [low, Math.sqrt(low * high), high],
        },
      }),
      strokeDash: nominal("status", {
        scale: { domain: ["finished", "stopped early"], range: [[], [3, 3]] },
        legend: { title: null, symbolType: "stroke", symbolStrokeColor: inks.ink },
      }),
    },
  } as Layer;
}

function bestLine(name: string): Layer {
  return { data: { name }, mark: { type: "line", color: inks.ink, strokeWidth: 2.6 } } as Layer;
}
