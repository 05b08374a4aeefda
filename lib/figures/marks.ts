// Channels and marks that figures share: numbers and names of the data, dots, bars with text, intervals, lines.
import type { Layer } from "./figure.js";
import { inks } from "./theme.js";

/** Literal but mutable types, which Vega-Lite requires. */
type Literal<T> = T extends object ? { -readonly [K in keyof T]: Literal<T[K]> } : T;

function literal<const T>(value: T): Literal<T> {
  return value as Literal<T>;
}

/** A channel that shows numbers: a position, a length or a shade. */
export function quantitative<const T extends object = object>(field: string, more?: T) {
  return literal({ field, type: "quantitative", ...(more as T) });
}

/** A channel that shows names: a row, a color, a shape or a text. */
export function nominal<const T extends object = object>(field: string, more?: T) {
  return literal({ field, type: "nominal", ...(more as T) });
}

/** Colors written in the data, which need no scale. */
export const ownColor = nominal("color", { scale: null });

/** Filled points. */
export function dots<const T extends object = object>(size: number, more?: T) {
  return literal({ type: "point", filled: true, size, opacity: 1, ...(more as T) });
}

/** The line of an interval from the fields `low` to `high`, on the axis of `x`. */
export function intervalLine(x: object, channels: object, mark: object = {}): Layer {
  return {
    mark: { type: "rule", strokeWidth: 1.6, ...mark },
    encoding: { x: { ...x, field: "low" }, x2: { field: "high" }, ...channels },
  } as Layer;
}

/** A vertical line at 0 over the height of the panel. */
export const zeroLine: Layer = {
  mark: { type: "rule", color: inks.ink, strokeWidth: 1 },
  encoding: { x: { datum: 0 }, y: { value: 0 }, y2: { value: "height" } },
};

/** The mark of a dashed reference line. */
export const dashedLine = literal({ type: "rule", color: inks.ink, strokeDash: [4, 3] });

/** A dashed diagonal from (low, low) to (high, high), which are fields of the data. */
export function diagonal(name: string, more: object = {}): Layer {
  return {
    data: { name },
    mark: dashedLine,
    encoding: {
      x: quantitative("low", more),
      x2: { field: "high" },
      y: quantitative("low", more),
      y2: { field: "high" },
    },
  } as Layer;
}

/** Horizontal bars in their own colors, each with a text at its end. */
export function labeledBars(height: number, text: string): Layer[] {
  return [
    { mark: { type: "bar", height }, encoding: { color: ownColor } },
    { mark: { type: "text", align: "left", dx: 5 }, encoding: { text: nominal(text) } },
  ];
}

/** The legend of lines: short strokes without a title. */
export const lineLegend = {
  title: null,
  symbolType: "stroke",
  symbolStrokeWidth: 2.5,
  symbolSize: 200,
} as const;
