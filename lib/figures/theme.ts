// The look of every figure: one font, one palette whose colors have fixed meanings, one Vega-Lite config.
import type { Config } from "vega-lite";
import { OTHER } from "./rare.js";

/** The maximum width of a figure's panels, axes and legends, in pixels; it fits a notebook's column. */
export const figureWidth = 760;

/** The font of all text, whose files render.ts finds; the others are fallbacks for viewing the SVG. */
export const fontFamily = "Inter, Helvetica, Arial, sans-serif";

const ink = "#1A1A1A"; // 17:1 on white
const quiet = "#595959"; // 7:1 on white, for axis labels and subtitles
const grid = "#E6E6E6";

export const inks = { ink, quiet, grid, missing: "#8C8C8C" } as const;

/**
 * Colors with a fixed meaning, after Okabe and Ito. Any two colors of a group differ by at least 15 CIE76 units for a
 * reader with protanopia, deuteranopia or tritanopia; a shape or a label always carries the same information.
 */
export const colors = {
  modality: {
    rna: "#0072B2",
    protein: "#D55E00",
    phosphoprotein: "#009E73",
    metabolite: "#CC79A7",
  },
  part: { train: "#5A5A5A", validation: "#3D9BDC", test: "#C48A00" },
  setting: { masked: "#B04F8C", unmasked: ink, control: "#8C8C8C" },
  tissue: { tumor: "#D55E00", normal: "#0072B2" },
} as const;

/** Colors of classes that have no fixed color, paired with `shapes` by position. */
export const classColors = [
  "#0072B2",
  "#D55E00",
  "#009E73",
  "#CC79A7",
  "#E69F00",
  "#56B4E9",
  "#1A1A1A",
] as const;

/** Shapes of classes, so that no distinction depends on color alone. */
export const shapes = [
  "circle",
  "square",
  "triangle-up",
  "diamond",
  "triangle-down",
  "cross",
  "triangle-right",
] as const;

/** The style of the rarest classes, merged. */
export const otherClasses = { name: OTHER, color: "#BDBDBD", shape: "triangle-left" } as const;

/** The largest number of classes in a legend, including "other". */
export const mostClasses = classColors.length + 1;

/** The style of values that were not recorded. */
export const notRecorded = {
  name: "not recorded",
  color: inks.missing,
  shape: "M-.9,-.6L-.6,-.9L0,-.3L.6,-.9L.9,-.6L.3,0L.9,.6L.6,.9L0,.3L-.6,.9L-.9,.6L-.3,0Z",
} as const;

const modalityColors: readonly (readonly [RegExp, string])[] = [
  [/phospho/i, colors.modality.phosphoprotein],
  [/prote/i, colors.modality.protein],
  [/metabol|lipid/i, colors.modality.metabolite],
  [/rna|transcript|expression/i, colors.modality.rna],
];

/** The color of a modality, by its name; dark gray for an unknown kind. */
export function modalityColor(name: string): string {
  return modalityColors.find(([pattern]) => pattern.test(name))?.[1] ?? colors.part.train;
}

/** Whether a predictor is ARO masked as in the paper, ARO unmasked, or a control. */
export type Setting = keyof typeof colors.setting;

/** The setting in a predictor's name: "ARO masked", "ARO unmasked"; anything else is a control. */
export function settingOf(predictor: string): Setting {
  if (!/^ARO\b/i.test(predictor)) return "control";
  return /\bunmasked\b/i.test(predictor) ? "unmasked" : "masked";
}

/** The names of the settings as legends write them, in legend order. */
export const settingNames: Readonly<Record<Setting, string>> = {
  masked: "ARO masked",
  unmasked: "ARO unmasked",
  control: "control",
};

/** The Vega-Lite config that every figure carries; text is 11 to 14 px at 100 %. */
export const theme: Config = {
  background: "white",
  padding: 10,
  font: fontFamily,
  aria: false, // labels of marks would add nothing to the alternative text that render.ts writes
  title: {
    anchor: "start",
    frame: "bounds",
    color: ink,
    fontSize: 14,
    fontWeight: 600,
    subtitleColor: quiet,
    subtitleFontSize: 12,
    subtitleFontWeight: "normal",
    lineHeight: 18,
    subtitleLineHeight: 16,
    subtitlePadding: 5,
    offset: 12,
    limit: figureWidth,
  },
  axis: {
    labelColor: quiet,
    labelFontSize: 11,
    titleColor: ink,
    titleFontSize: 12,
    titleFontWeight: 500,
    titlePadding: 8,
    gridColor: grid,
    domainColor: "#999999",
    tickColor: "#999999",
    tickSize: 4,
    labelPadding: 4,
    labelLimit: 320,
  },
  axisBand: { grid: false, ticks: false, domain: false },
  header: {
    labelColor: ink,
    labelFontSize: 12,
    labelFontWeight: 600,
    labelPadding: 6,
    labelLimit: 400,
    titleColor: ink,
    titleFontSize: 12,
  },
  legend: {
    labelColor: ink,
    labelFontSize: 11,
    labelLimit: 260,
    titleColor: ink,
    titleFontSize: 12,
    titleFontWeight: 500,
    symbolSize: 70,
    orient: "bottom",
    direction: "horizontal",
    titleOrient: "left",
    columnPadding: 16,
    offset: 10,
    padding: 0,
    // The gap between two legends in a row; Vega reads it, but Vega-Lite's types lack it.
    ...({ layout: { bottom: { margin: 28 } } } as object),
  },
  view: { stroke: "#D0D0D0" },
  text: { color: ink, fontSize: 11 },
  bar: { color: quiet },
  facet: { spacing: 18 },
  concat: { spacing: 18 },
};

/** A panel's title, aligned with its left axis, and smaller lines below the title. */
export function panelTitle(text: string | string[], subtitle: string[] = []) {
  return {
    text,
    ...(subtitle.length > 0 ? { subtitle } : {}),
    fontSize: 12,
    lineHeight: 15,
    subtitleFontSize: 11,
    subtitleLineHeight: 14,
    subtitlePadding: 3,
    offset: 6,
    frame: "group" as const,
  };
}

/** The names, colors and shapes of classes, in legend order. */
export interface ClassStyle {
  readonly names: string[];
  readonly colors: string[];
  readonly shapes: string[];
}

/**
 * Assigns each class a color and a shape; tumor and normal have fixed ones, "other" and "not recorded" come last.
 * @throws RangeError if there are more classes than colors.
 */
export function classStyle(
  values: readonly string[],
  { what, order = "natural" }: { readonly what: string; readonly order?: "natural" | "given" },
): ClassStyle {
  const last = [otherClasses, notRecorded].filter(({ name }) => values.includes(name));
  const names = [...new Set(values)].filter((name) => !last.some((one) => one.name === name));
  if (order === "natural") names.sort((a, b) => a.localeCompare(b, "en-US", { numeric: true }));
  if (names.length > classColors.length) {
    throw new RangeError(
      `${what}: expected at most ${classColors.length} classes, got ${names.length}; merge the rare ones into "other"`,
    );
  }
  const fixed: Readonly<Record<string, number>> = {
    normal: classColors.indexOf(colors.tissue.normal),
    tumor: classColors.indexOf(colors.tissue.tumor),
  };
  const taken = names.map((name) => fixed[name]);
  const free = classColors.map((_, i) => i).filter((i) => !taken.includes(i));
  const places = names.map((name) => fixed[name] ?? free.shift()!);
  return {
    names: [...names, ...last.map(({ name }) => name)],
    colors: [...places.map((i) => classColors[i]), ...last.map(({ color }) => color)],
    shapes: [...places.map((i) => shapes[i]), ...last.map(({ shape }) => shape)],
  };
}
