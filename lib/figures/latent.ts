// Maps of the latent space: samples in two dimensions, colored and shaped by their labels.
import type { MapColoring, PlaneMap } from "../evaluate/maps.js";
import { checkOptions, required } from "../options.js";
import { type Figure, makeFigure, type Panel, type Row } from "./figure.js";
import { dots, nominal, quantitative } from "./marks.js";
import { mergeRare, OTHER } from "./rare.js";
import { counted, decimal, legendColumns, listed, percent, textWidth, wrap } from "./text.js";
import { classStyle, figureWidth, inks, mostClasses, notRecorded, panelTitle } from "./theme.js";

export interface LatentOptions {
  readonly cohort: string;
  /** What is mapped: "the latent space of ARO unmasked", "the principal components". */
  readonly representation: string;
  readonly maps: readonly PlaneMap[];
  /** What colors a row of panels: a label, or k-means clusters. */
  readonly colorings: readonly MapColoring[];
  /** Draws the map of this method alone. */
  readonly method?: string;
  /** The part of each sample, "train", "validation" or "test"; the outlines of the held-out ones are marked. */
  readonly parts?: readonly string[];
}

/**
 * Draws one panel per map (columns) and coloring (rows), or the colorings of a single map side by side, with
 * trustworthiness and silhouette above. Of more than eight classes, the rarest are drawn as "other".
 * @throws RangeError if there is no map or coloring, no map of `method`, or lengths differ.
 */
export function latentFigure(options: LatentOptions): Figure {
  const { cohort, representation, parts } = checkOptions("latentFigure", options, {
    cohort: required("string"),
    representation: required("string"),
    maps: required("array"),
    colorings: required("array"),
    method: "string",
    parts: "array",
  });
  const { maps, colorings } = chooseMaps(options);
  if (maps.length === 0 || colorings.length === 0) {
    throw new RangeError(
      `latentFigure: expected at least one map and one coloring, got ${maps.length} and ${colorings.length}`,
    );
  }
  const samples = maps[0].x.length;
  const datasets: Record<string, readonly Row[]> = {};
  // With a single map, its colorings fit side by side, with their legends below.
  const single = maps.length === 1;
  const size = single
    ? Math.floor(figureWidth / Math.max(2, colorings.length)) - 30
    : Math.floor((figureWidth - legendRoom(colorings) - 18 * maps.length) / maps.length);
  const rows = colorings.map((coloring, row): Panel => {
    const names = namesOf(coloring);
    const style = classStyle(names, { what: `latentFigure: "${coloring.name}"` });
    const panels = maps.map((map, column): Panel => {
      const points = [map.x, map.y, coloring.values, ...(parts ? [parts] : [])];
      const wrong = points.find((values) => values.length !== samples);
      if (wrong) {
        throw new RangeError(
          `latentFigure: expected ${samples} samples in ${map.method} and "${coloring.name}", got ${wrong.length}`,
        );
      }
      const name = `${map.method} ${coloring.name}`;
      datasets[name] = names.map((value, i) => ({
        x: map.x[i],
        y: map.y[i],
        value,
        ...(parts ? { part: parts[i] } : {}),
      }));
      return {
        data: { name },
        title: panelTitle(
          single ? coloring.name : map.method,
          // The map's own score appears only in the first row, since it is the same in all.
          [
            ...(row === 0 && !single ? [`trustworthiness ${decimal(map.trustworthiness)}`] : []),
            `silhouette ${decimal(coloring.silhouettes[column])}`,
          ],
        ),
        width: Math.min(size, single ? 340 : 300),
        height: Math.min(size, single ? 260 : 230),
        mark: dots(54, { stroke: "white", strokeWidth: 0.5 }),
        encoding: {
          x: mapAxis("x", axisTitle(map, 0)),
          y: mapAxis("y", axisTitle(map, 1)),
          ...(parts ? outlines : {}),
          color: nominal("value", {
            scale: { domain: style.names, range: style.colors },
            legend: {
              labelLimit: 0,
              ...(single
                ? { title: null, orient: "bottom", columns: legendColumns(style.names, size) ?? 2 }
                : {
                    title: wrap(coloring.name, 12, 130),
                    orient: "right",
                    direction: "vertical",
                    titleOrient: "top",
                  }),
            },
          }),
          shape: nominal("value", { scale: { domain: style.names, range: style.shapes } }),
        },
      };
    });
    return { hconcat: panels, resolve: { scale: { color: "shared", shape: "shared" } } };
  });
  return makeFigure({
    name: "latent",
    title: `${cohort}: ${single ? maps[0].method : "maps"} of ${representation}, by ${listed(colorings.map(({ name }) => name))}`,
    subtitle: [
      `n = ${counted(samples, "sample")}. Silhouette (−1 to 1): are classes apart?`,
      ...(parts ? ["Outlined in black: test samples; in gray: validation samples."] : []),
      ...maps.flatMap(({ method, settings }) => (settings ? [`${method}: ${settings}.`] : [])),
      ...colorings.flatMap(mergedIn),
      ...colorings.flatMap(leftOutOf),
      `Trustworthiness ${single ? `${decimal(maps[0].trustworthiness)} ` : ""}(best 1): ` +
        "are neighbors on the map neighbors in the space that is mapped?",
    ],
    datasets,
    view: {
      ...(single ? { hconcat: rows } : { vconcat: rows }),
      resolve: { scale: { color: "independent", shape: "independent" } },
    },
  });
}

/** The classes as they are drawn. */
function namesOf({ values }: MapColoring): string[] {
  return mergeRare(values, mostClasses).map((value) =>
    value === null ? notRecorded.name : String(value),
  );
}

/** A line about the classes that are drawn as "other". */
function mergedIn(coloring: MapColoring): string[] {
  const drawn = namesOf(coloring);
  const merged = coloring.values.filter((value, i) => value !== OTHER && drawn[i] === OTHER);
  if (merged.length === 0) return [];
  const classes = counted(new Set(merged).size, "rarest class", "rarest classes");
  return [
    `"other" merges the ${classes} of ${coloring.name} (${counted(merged.length, "sample")}); ` +
      "the silhouette tells them apart.",
  ];
}

/** Says which classes the silhouettes leave out: their names, or how many if they are many. */
function leftOutOf({ name, leftOut }: MapColoring): string[] {
  if (leftOut.length === 0) return [];
  const which = leftOut.length > 3 ? "" : `: ${listed(leftOut.map(String))}`;
  const classes = counted(leftOut.length, "class", "classes");
  return [`The silhouette of ${name} leaves out ${classes} of one sample${which}.`];
}

function chooseMaps({ maps, colorings, method }: LatentOptions) {
  if (method === undefined) return { maps, colorings };
  const at = maps.findIndex((map) => map.method === method);
  if (at < 0) {
    const methods = listed(maps.map((map) => map.method));
    throw new RangeError(`latentFigure: expected method to be one of ${methods}, got "${method}"`);
  }
  return {
    maps: [maps[at]],
    colorings: colorings.map((one) => ({ ...one, silhouettes: [one.silhouettes[at]] })),
  };
}

/** The outlines that tell held-out samples from training samples. */
const outlines = {
  stroke: {
    condition: [
      { test: "datum.part === 'test'", value: inks.ink as string },
      { test: "datum.part === 'validation'", value: inks.missing },
    ],
    value: "white",
  },
  strokeWidth: { condition: { test: "datum.part !== 'train'", value: 1.8 }, value: 0.5 },
};

function axisTitle({ method, explained }: PlaneMap, axis: number): string {
  const share = explained?.[axis];
  return `${method} ${axis + 1}${share === undefined ? "" : `, ${percent(share, 1)} of the variance`}`;
}

/** The values have no unit, so axes have a title and no numbers. */
function mapAxis(field: "x" | "y", title: string) {
  return quantitative(field, {
    scale: { zero: false, nice: false, padding: 8 },
    axis: {
      title,
      titleColor: inks.quiet,
      titleFontSize: 11,
      titlePadding: 5,
      labels: false,
      ticks: false,
      grid: false,
      domain: false,
    },
  });
}

function legendRoom(colorings: readonly MapColoring[]): number {
  const names = colorings.flatMap((coloring) => [coloring.name, ...namesOf(coloring)]);
  return Math.min(260, Math.max(...names.map((name) => textWidth(name, 12))) + 40);
}
