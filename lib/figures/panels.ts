// Panels that several figures share: a row per predictor, and losses with reference lines.
import type { Layer, Row } from "./figure.js";
import { nominal, quantitative } from "./marks.js";
import { labelRoom } from "./text.js";
import { colors, figureWidth, inks, type Setting, settingNames } from "./theme.js";

/** Pixels between two panels with rows of predictors. */
export const panelGap = 16;

/** The axis that lists predictors in their order; only the first panel shows their names. */
export function rowAxis(predictors: readonly string[], paddingOuter: number) {
  const room = labelRoom(predictors, 260);
  return {
    room,
    encoding: (first: boolean) =>
      nominal("predictor", {
        sort: [...predictors],
        scale: { paddingOuter },
        axis: first
          ? { title: null, labelLimit: 260, grid: true }
          : { title: null, labels: false, grid: true },
      }),
  };
}

/** The width of each of `panels` panels beside an axis that needs `room` pixels. */
export function panelWidth(room: number, panels: number): number {
  return Math.floor((figureWidth - room - panelGap * (panels - 1)) / panels) - 2;
}

/** The color scale of ARO masked, ARO unmasked and controls, as far as they are present. */
export function settingScale(present: readonly Setting[]) {
  const kinds = (Object.keys(settingNames) as Setting[]).filter((kind) => present.includes(kind));
  return {
    domain: kinds.map((kind) => settingNames[kind]),
    range: kinds.map((kind) => colors.setting[kind]),
  };
}

/** @throws RangeError if an interval does not contain its value; a limit of null is no limit. */
export function checkInterval(
  figure: string,
  what: string,
  value: number,
  [low, high]: readonly [number | null, number | null],
): void {
  if ((low ?? value) > value || (high ?? value) < value) {
    throw new RangeError(
      `${figure}: expected an interval that holds ${what}, got ${value} outside [${low}, ${high}]`,
    );
  }
}

/**
 * The range of losses on a logarithmic axis.
 * @throws RangeError if there are none or one is not positive; `expected` begins the message.
 */
export function lossRange(expected: string, losses: readonly number[]): [number, number] {
  const wrong = losses.find((loss) => !(loss > 0));
  if (losses.length === 0 || wrong !== undefined) {
    throw new RangeError(`${expected}, got ${wrong ?? "none"}`);
  }
  return [Math.min(...losses), Math.max(...losses)];
}

/** The logarithmic axis of losses; without a title, it shows neither labels nor ticks, as beside a panel that has them. */
export function lossAxis(domain: number[], title: string | null, format: string, ticks: object) {
  return quantitative("loss", {
    scale: { type: "log", domain, nice: false },
    axis: {
      ...ticks,
      ...(title === null ? { title, labels: false, ticks: false } : { title, format }),
    },
  });
}

/** The width of each of several panels of losses, side by side. */
export function lossPanelWidth(panels: number): number {
  return Math.floor((figureWidth - 60 - 18 * (panels - 1)) / panels);
}

/** Labels the lowest reference line below itself and the others above, so that no label lies between two lines. */
export function referenceRows(references: readonly { loss: number; text: string }[]): Row[] {
  const lowest = Math.min(...references.map(({ loss }) => loss));
  return references.map(({ loss, text }) => ({
    loss,
    text,
    below: references.length > 1 && loss === lowest,
  }));
}

/**
 * Lines across a panel with their labels, to lie over its marks; the data are those of `referenceRows`. A white outline
 * keeps marks apart from the letters.
 */
export function referenceLayers(name: string, width: number): Layer[] {
  const y = quantitative("loss");
  const outline = { stroke: "white", strokeWidth: 4, strokeJoin: "round" } as const;
  const text = (below: boolean, more = {}): Layer => ({
    data: { name },
    transform: [{ filter: `datum.below === ${below}` }],
    mark: {
      type: "text",
      align: "right",
      ...more,
      baseline: below ? "top" : "bottom",
      dy: below ? 4 : -3,
    },
    encoding: { x: { value: width - 5 }, y, text: nominal("text") },
  });
  return [
    { data: { name }, mark: { type: "rule", color: inks.ink, strokeWidth: 1 }, encoding: { y } },
    ...[false, true].flatMap((below) => [text(below, outline), text(below)]),
  ];
}
