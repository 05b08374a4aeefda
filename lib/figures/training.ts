// Training and validation loss by epoch, with the losses of controls.
import { checkOptions, required } from "../options.js";
import type { Epoch } from "../train/train.js";
import { type Figure, type Layer, makeFigure, type Panel, type Row } from "./figure.js";
import { dots, lineLegend, nominal, quantitative } from "./marks.js";
import { lossAxis, lossPanelWidth, lossRange, referenceLayers, referenceRows } from "./panels.js";
import { counted, listed } from "./text.js";
import { colors, inks, panelTitle } from "./theme.js";

/** The epochs of one training run; runs of the same name differ in their seeds. */
export interface TrainingRun {
  /** "ARO masked", "ARO unmasked"; each gets a panel. */
  readonly name: string;
  readonly seed: number;
  readonly epochs: readonly Pick<Epoch, "epoch" | "train" | "validation" | "learningRate">[];
}

/** A control's Huber loss on the validation part. */
export interface ReferenceLoss {
  readonly name: string;
  readonly huber: number;
  /** Its panel; without it, the control appears in every panel. */
  readonly run?: string;
}

export interface TrainingOptions {
  readonly cohort: string;
  /** Number of training samples. */
  readonly trainSamples: number;
  readonly validationSamples: number;
  readonly references?: readonly ReferenceLoss[];
}

/**
 * Draws one panel per setting with the training and validation loss of each seed, the lowest validation loss, the
 * controls as horizontal lines, and the epochs at which the learning rate fell.
 * @throws RangeError if there are no epochs or a loss is not positive (the axis is logarithmic).
 */
export function trainingFigure(runs: readonly TrainingRun[], options: TrainingOptions): Figure {
  const {
    cohort,
    trainSamples,
    validationSamples,
    references = [],
  } = checkOptions("trainingFigure", options, {
    cohort: required("string"),
    trainSamples: required("number"),
    validationSamples: required("number"),
    references: "array",
  });
  const names = [...new Set(runs.map(({ name }) => name))];
  const lines = runs.flatMap(linesOf);
  const [low, high] = lossRange("trainingFigure: expected epochs with a positive Huber loss", [
    ...lines.map((row) => row.loss),
    ...references.map((row) => row.huber),
  ]);
  const domain = [low / 1.12, high * 1.05];
  const seeds = Math.max(...names.map((name) => runs.filter((run) => run.name === name).length));
  const last = Math.max(...lines.map((row) => row.epoch));
  const datasets: Record<string, readonly Row[]> = {};
  const width = lossPanelWidth(names.length);
  const panels = names.map((name, i): Panel => {
    const own = runs.filter((run) => run.name === name);
    const rules = references.filter((row) => row.run === undefined || row.run === name);
    const drops = own.flatMap((run) => dropsOf(run, own.length === 1 ? last : 0));
    datasets[`${name} losses`] = lines.filter((row) => row.run === name);
    datasets[`${name} best`] = own.map(bestOf);
    if (rules.length > 0) {
      datasets[`${name} references`] = referenceRows(
        rules.map((row) => ({
          loss: row.huber,
          text: `${row.name} ${row.huber.toPrecision(3)}`,
        })),
      );
    }
    if (drops.length > 0) datasets[`${name} drops`] = drops;
    const title = i === 0 ? "Huber loss (log scale)" : null;
    const y = lossAxis(domain, title, "~g", { values: logTicks(domain) });
    const x = quantitative("epoch", {
      axis: { title: "epoch", grid: false, tickCount: 5 },
      scale: { domain: [0, last], nice: false },
    });
    return {
      title: panelTitle(own.length > 1 ? `${name}, ${own.length} seeds` : name),
      width,
      height: 270,
      layer: [
        ...(drops.length > 0 ? dropLayers(`${name} drops`, own.length > 1 ? 10 : 60) : []),
        {
          data: { name: `${name} losses` },
          mark: { type: "line", opacity: own.length > 1 ? 0.7 : 1, clip: true },
          encoding: {
            x,
            y,
            detail: nominal("seed"),
            color: {
              field: "part",
              type: "ordinal",
              scale: {
                domain: ["training", "validation"],
                range: [colors.part.train, colors.part.validation],
              },
              legend: lineLegend,
            },
            strokeWidth: {
              field: "part",
              type: "ordinal",
              scale: { domain: ["training", "validation"], range: [1.2, 2.2] },
              legend: { title: null },
            },
          },
        },
        {
          data: { name: `${name} best` },
          mark: dots(45, { color: colors.part.validation, stroke: inks.ink, strokeWidth: 0.8 }),
          encoding: { x, y },
        },
        ...(rules.length > 0 ? referenceLayers(`${name} references`, width) : []),
      ],
    };
  });
  const fell = names.some((name) => `${name} drops` in datasets);
  return makeFigure({
    name: "training-huber",
    title: `${cohort}: Huber loss by epoch, ${listed(names)}`,
    subtitle: [
      `Means over observed entries of ${counted(trainSamples, "training sample")} and ` +
        `${counted(validationSamples, "validation sample")}${seeds > 1 ? "; one line a seed" : ""}.`,
      [
        "Dot: lowest validation loss; the weights used are the last epoch's.",
        ...(references.length > 0 ? ["Lines across: controls on the validation samples."] : []),
        ...(fell ? ["Upper ticks: the learning rate falls."] : []),
      ].join(" "),
    ],
    datasets,
    view: { hconcat: panels, resolve: { scale: { color: "shared", strokeWidth: "shared" } } },
  });
}

function linesOf({ name, seed, epochs }: TrainingRun) {
  return epochs.flatMap(({ epoch, train, validation }) => [
    { run: name, seed, epoch, part: "training", loss: train.huber },
    { run: name, seed, epoch, part: "validation", loss: validation.huber },
  ]);
}

function bestOf({ epochs }: TrainingRun): Row {
  const best = epochs.reduce((a, b) => (b.validation.huber < a.validation.huber ? b : a));
  return { epoch: best.epoch, loss: best.validation.huber };
}

/**
 * The epochs with a lower learning rate than the epoch before. Each is labeled with the new rate if it is at least 1/20 of
 * the axis after the previous label; none is if `last` is 0.
 */
function dropsOf({ epochs }: TrainingRun, last: number): Row[] {
  let labeled = Number.NEGATIVE_INFINITY;
  return epochs
    .filter((row, i) => i > 0 && row.learningRate < epochs[i - 1].learningRate)
    .map(({ epoch, learningRate }) => {
      if (last === 0 || epoch - labeled < last / 20) return { epoch, rate: "" };
      labeled = epoch;
      return { epoch, rate: `rate ${learningRate.toExponential(0).replace("-", "−")}` };
    });
}

/** Short lines from the upper edge, clear of the curves' ends and of the controls' labels. */
function dropLayers(name: string, height: number): Layer[] {
  const x = quantitative("epoch");
  return [
    {
      data: { name },
      mark: { type: "rule", color: inks.quiet },
      encoding: { x, y: { value: 0 }, y2: { value: height } },
    },
    {
      data: { name },
      mark: { type: "text", angle: 270, align: "right", baseline: "bottom", dx: -4, dy: -2 },
      encoding: { x, y: { value: 0 }, text: nominal("rate") },
    },
  ];
}

/** Ticks at 1, 2, 3, 5 and 7 times powers of ten within the domain. */
function logTicks([low, high]: readonly number[]): number[] {
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(low)); 10 ** power <= high; power++) {
    for (const digit of [1, 2, 3, 5, 7]) {
      const tick = Number(`${digit}e${power}`);
      if (tick >= low && tick <= high) ticks.push(tick);
    }
  }
  return ticks;
}
