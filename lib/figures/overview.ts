// The whole method in one drawing, like the paper's Figure 1: modalities, preprocessing, masked input, model, loss, uses.
import { checkOptions, required } from "../options.js";
import { type Figure, type Layer, makeFigure, type Panel, type Row } from "./figure.js";
import { dots, nominal, ownColor, quantitative } from "./marks.js";
import { count, counted, listed, percent, wrap } from "./text.js";
import { figureWidth, inks, modalityColor } from "./theme.js";

export interface OverviewOptions {
  readonly cohort: string;
  readonly samples: number;
  readonly patients: number;
  /** In column order; `seen` says whether the masked model sees it. */
  readonly modalities: readonly {
    readonly name: string;
    readonly features: number;
    readonly seen: boolean;
  }[];
  /** The steps of preprocessing, in order, a few words each. */
  readonly steps: readonly string[];
  readonly model: {
    readonly width: number;
    readonly hiddenLayers: number;
    readonly output: string;
    /** Share of the input that a training step drops, in [0, 1). */
    readonly inputDropout: number;
    readonly parameters: number;
  };
  readonly loss: string;
  /** What classifiers predict. */
  readonly tasks: readonly string[];
}

/** The left edge of each column, in pixels. */
const COLUMNS = { cohort: 0, steps: 158, input: 338, model: 446, output: 634 } as const;

const [boxWidth, stepWidth, stripWidth] = [126, 150, 72];
const [top, gap] = [34, 10];

/** The marks, in pixels, measured downward from the top. */
interface Drawing {
  readonly boxes: Row[];
  readonly dashed: Row[];
  readonly lines: Row[];
  readonly heads: Row[];
  readonly texts: Row[];
}

/**
 * Draws the path from modalities to uses; every number in it comes from the options.
 * @throws RangeError if there are no modalities or no steps, or a number is not finite.
 */
export function overviewFigure(options: OverviewOptions): Figure {
  checkOptions("overviewFigure", options, {
    cohort: required("string"),
    samples: required("number"),
    patients: required("number"),
    modalities: required("array"),
    steps: required("array"),
    model: required("object"),
    loss: required("string"),
    tasks: required("array"),
  });
  const { cohort, samples, patients, modalities, steps } = options;
  if (modalities.length === 0 || steps.length === 0) {
    throw new RangeError(
      `overviewFigure: expected modalities and steps, got ${modalities.length} and ${steps.length}`,
    );
  }
  const drawing: Drawing = { boxes: [], dashed: [], lines: [], heads: [], texts: [] };
  const height = Math.max(44 * modalities.length, 34 * steps.length, 150) + gap * 2;
  const bottom = top + height;
  drawCohort(drawing, options, height);
  drawSteps(drawing, steps, height);
  drawInput(drawing, options, height);
  drawModel(drawing, options, height);
  drawOutput(drawing, options, height);
  drawUses(drawing, options, bottom);
  const { boxes, dashed, lines, heads, texts } = drawing;
  const place = {
    x: quantitative("x", { scale: { domain: [0, figureWidth] }, axis: null }),
    y: quantitative("y", { scale: { domain: [0, bottom + 84], reverse: true }, axis: null }),
  };
  const extent = { ...place, x2: { field: "x2" }, y2: { field: "y2" } };
  const hidden = modalities.filter(({ seen }) => !seen).map(({ name }) => name);
  return makeFigure({
    name: "overview",
    title: `${cohort}: from measured modalities to a reconstruction of all of them`,
    subtitle: [
      `${counted(samples, "sample")} of ${counted(patients, "patient")}, measured in every modality.`,
      ...(hidden.length > 0
        ? [`Dashed: ${listed(hidden)}, which ARO masked does not see; ARO unmasked sees all.`]
        : []),
    ],
    datasets: {
      boxes,
      ...(dashed.length > 0 ? { dashed } : {}),
      lines,
      heads,
      texts,
    },
    view: {
      width: figureWidth,
      height: bottom + 84,
      view: { stroke: null },
      layer: [
        boxLayer("boxes", []),
        ...(dashed.length > 0 ? [boxLayer("dashed", [4, 3])] : []),
        {
          data: { name: "lines" },
          mark: { type: "rule", color: inks.quiet, strokeWidth: 1.4 },
          encoding: extent,
        },
        {
          data: { name: "heads" },
          mark: dots(48, { color: inks.quiet }),
          encoding: {
            ...place,
            shape: nominal("shape", { scale: null }),
          },
        },
        ...[true, false].map(
          (bold): Layer => ({
            data: { name: "texts" },
            transform: [{ filter: `datum.bold === ${bold}` }],
            mark: { type: "text", fontSize: bold ? 12 : 11, fontWeight: bold ? 600 : 400 },
            encoding: { ...place, text: nominal("text") },
          }),
        ),
      ],
    } as Panel,
  });

  function boxLayer(name: string, strokeDash: number[]): Layer {
    return {
      data: { name },
      mark: { type: "rect", strokeWidth: 1.4, strokeDash, cornerRadius: 3 },
      encoding: {
        ...extent,
        stroke: ownColor,
        fill: nominal("fill", { scale: null }),
      },
    } as Layer;
  }
}

function drawCohort(
  { boxes, texts, lines, heads }: Drawing,
  options: OverviewOptions,
  height: number,
) {
  const x = COLUMNS.cohort;
  heading(texts, "modalities", x + boxWidth / 2);
  for (const { name, features, y, y2 } of strips(options, height)) {
    boxes.push(box(x, y, x + boxWidth, y2, modalityColor(name)));
    const middle = (y + y2) / 2;
    texts.push(text(name, x + boxWidth / 2, middle - 8, true));
    texts.push(text(counted(features, "feature"), x + boxWidth / 2, middle + 8));
  }
  arrow(lines, heads, x + boxWidth, COLUMNS.steps, top + height / 2);
}

function drawSteps(
  { boxes, texts, lines, heads }: Drawing,
  steps: readonly string[],
  height: number,
) {
  const x = COLUMNS.steps;
  heading(texts, "preprocessing", x + stepWidth / 2);
  const each = (height - gap * (steps.length - 1)) / steps.length;
  steps.forEach((step, i) => {
    const y = top + i * (each + gap);
    boxes.push(box(x, y, x + stepWidth, y + each, inks.missing));
    texts.push(...paragraph(step, x + stepWidth / 2, y + each / 2, stepWidth - 12));
    if (i > 0) lines.push({ x: x + stepWidth / 2, x2: x + stepWidth / 2, y: y - gap, y2: y });
  });
  arrow(lines, heads, x + stepWidth, COLUMNS.input, top + height / 2);
}

function drawInput(drawing: Drawing, options: OverviewOptions, height: number) {
  const { boxes, dashed, texts, lines, heads } = drawing;
  const x = COLUMNS.input;
  heading(texts, "input, masked", x + stripWidth / 2);
  for (const { name, seen, y, y2 } of strips(options, height)) {
    const color = modalityColor(name);
    if (seen) boxes.push(box(x, y, x + stripWidth, y2, color));
    else dashed.push({ ...box(x, y, x + stripWidth, y2, color), fill: "white" });
    texts.push(text(seen ? "seen" : "set to 0", x + stripWidth / 2, (y + y2) / 2));
  }
  const { inputDropout } = options.model;
  texts.push(text(`dropout ${percent(inputDropout)}`, x + stripWidth / 2, top + height + 16));
  arrow(lines, heads, x + stripWidth, COLUMNS.model, top + height / 2);
}

/** The layers as bars of equal width: the projection of the input, the hidden layers, and the decoder's one layer. */
function drawModel(drawing: Drawing, { model }: OverviewOptions, height: number) {
  const { boxes, texts, lines, heads } = drawing;
  const x = COLUMNS.model;
  const { bar, step, left } = barsOf(model);
  heading(texts, "autoencoder", x + modelRoom / 2);
  const [y, y2] = [top + height * 0.3, top + height * 0.78];
  const middle = (y + y2) / 2;
  const last = model.hiddenLayers;
  for (let i = 0; i <= last + 1; i++) {
    const color = i === last ? inks.ink : inks.quiet;
    boxes.push(box(left(i), y, left(i) + bar, y2, color));
    if (i > 0) lines.push({ x: left(i) - step + bar, x2: left(i), y: middle, y2: middle });
    texts.push(text(i === 0 ? "in" : i > last ? "out" : `h${i}`, left(i) + bar / 2, middle - 14));
  }
  texts.push(text("encoder", (left(0) + left(last) + bar) / 2, y2 + 14, true));
  texts.push(text("decoder", left(last + 1) + bar / 2, y2 + 14, true));
  const sizes = `in: to ${count(model.width)}; ${counted(last, "hidden layer")}; ReLU`;
  texts.push(text(sizes, x + modelRoom / 2, y - 40));
  texts.push(text(`out: to every feature; ${model.output}`, x + modelRoom / 2, y - 26));
  texts.push(text(`${count(model.parameters)} parameters`, x + modelRoom / 2, y - 12));
  arrow(lines, heads, x + modelRoom, COLUMNS.output, top + height / 2);
}

/** The room of the model's drawing, in pixels. */
const modelRoom = COLUMNS.output - gap * 3 - COLUMNS.model;

/** The positions of the layers' bars; the last of the encoder is the latent space. */
function barsOf({ hiddenLayers }: OverviewOptions["model"]) {
  const step = modelRoom / (hiddenLayers + 2);
  const bar = Math.min(22, step * 0.7);
  return { bar, step, left: (i: number) => COLUMNS.model + step * i + (step - bar) / 2 };
}

function drawOutput({ boxes, texts }: Drawing, options: OverviewOptions, height: number) {
  const x = COLUMNS.output;
  heading(texts, "reconstruction", x + boxWidth / 2);
  for (const { name, y, y2 } of strips(options, height)) {
    boxes.push(box(x, y, x + boxWidth, y2, modalityColor(name)));
    texts.push(text(name, x + boxWidth / 2, (y + y2) / 2, true));
  }
  texts.push(text("beside what was measured", x + boxWidth / 2, top + height + 16));
}

/** The lower row: the uses of the latent space, and the loss on the reconstruction. */
function drawUses(drawing: Drawing, { tasks, loss, model }: OverviewOptions, bottom: number) {
  const { boxes, texts, lines, heads } = drawing;
  const [y, y2] = [bottom + 44, bottom + 80];
  const arrowDown = (x: number, from: number) => {
    lines.push({ x, x2: x, y: from, y2: y - 4 });
    heads.push({ x, y: y - 5, shape: "triangle-down" });
  };
  const uses = `latent space: maps, clusters; classifiers of ${listed(tasks)}`;
  const from = COLUMNS.model - 134;
  const to = COLUMNS.output - gap * 2;
  boxes.push(box(from, y, to, y2, inks.ink));
  texts.push(...paragraph(uses, (from + to) / 2, (y + y2) / 2, to - from - 14));
  const { bar, left } = barsOf(model);
  const latent = left(model.hiddenLayers) + bar / 2;
  arrowDown(latent, bottom - (bottom - top) * 0.22 + 24);
  const right = COLUMNS.output;
  boxes.push(box(right, y, right + boxWidth, y2, inks.ink));
  texts.push(...paragraph(loss, right + boxWidth / 2, (y + y2) / 2, boxWidth - 10));
  arrowDown(right + boxWidth / 2, bottom + 24);
}

/** The position of each modality in a column; heights are equal, since feature counts differ a hundredfold. */
function strips({ modalities }: OverviewOptions, height: number) {
  const each = (height - gap * (modalities.length - 1)) / modalities.length;
  return modalities.map((modality, i) => {
    const y = top + i * (each + gap);
    return { ...modality, y, y2: y + each };
  });
}

function box(x: number, y: number, x2: number, y2: number, color: string): Row {
  return { x, y, x2, y2, color, fill: `${color}26` };
}

function text(words: string, x: number, y: number, bold = false): Row {
  return { text: words, x, y, bold };
}

/** Text broken into lines of at most `width` pixels, centered on (x, y). */
function paragraph(words: string, x: number, y: number, width: number): Row[] {
  const lines = wrap(words, 11, width);
  return lines.map((line, i) => text(line, x, y + (i - (lines.length - 1) / 2) * 14));
}

function heading(texts: Row[], words: string, x: number): void {
  texts.push(text(words, x, 14, true));
}

function arrow(lines: Row[], heads: Row[], x: number, x2: number, y: number): void {
  lines.push({ x: x + 3, x2: x2 - 8, y, y2: y });
  heads.push({ x: x2 - 8, y, shape: "triangle-right" });
}
