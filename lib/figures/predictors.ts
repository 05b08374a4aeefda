// What figures with one row a predictor share: the axis of names, the panels' width, ARO's colors.
import { labelRoom } from "./text.js";
import { colors, figureWidth, type Setting, settingNames } from "./theme.js";

/** Pixels between two panels. */
export const panelGap = 16;

/** The axis that lists predictors in their order; only the first panel bears their names. */
export function rowAxis(predictors: readonly string[], paddingOuter: number) {
  const room = labelRoom(predictors, 260);
  return {
    room,
    encoding: (first: boolean) =>
      ({
        field: "predictor",
        type: "nominal",
        sort: [...predictors],
        scale: { paddingOuter },
        axis: first
          ? { title: null, labelLimit: 260, grid: true }
          : { title: null, labels: false, grid: true },
      }) as const,
  };
}

/** The width of each of `panels` panels beside an axis that needs `room` pixels. */
export function panelWidth(room: number, panels: number): number {
  return Math.floor((figureWidth - room - panelGap * (panels - 1)) / panels) - 2;
}

/** Colors of ARO masked, ARO unmasked and controls, as far as present, in this order. */
export function settingScale(present: readonly Setting[]) {
  const kinds = (Object.keys(settingNames) as Setting[]).filter((kind) => present.includes(kind));
  return {
    domain: kinds.map((kind) => settingNames[kind]),
    range: kinds.map((kind) => colors.setting[kind]),
  };
}
