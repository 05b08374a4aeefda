// A figure: a name, a title and a Vega-Lite spec with its own data, checked when it is made.
import type { TopLevelSpec } from "vega-lite";
import type { Field } from "vega-lite/types_unstable/channeldef.js";
import type { LayerSpec, NonNormalizedSpec } from "vega-lite/types_unstable/spec/index.js";
import { wrap } from "./text.js";
import { theme } from "./theme.js";

/** The data of one mark or one row of marks; numbers are finite, null means that there is none. */
export type Row = Readonly<Record<string, string | number | boolean | null>>;

/** A figure: a Vega-Lite spec with its data, a name and a title. */
export interface Figure {
  /** The file name without extension: lower-case letters, digits and hyphens. */
  readonly name: string;
  /** What the figure shows, in one sentence; also the alternative text of the image. */
  readonly title: string;
  /** A Vega-Lite spec with all its data in `datasets`. */
  readonly spec: TopLevelSpec;
}

/** A Vega-Lite unit, layer, facet or concat. */
export type Panel = NonNormalizedSpec;

/** One layer of a panel. */
export type Layer = LayerSpec<Field>["layer"][number];

export interface FigureOptions {
  readonly name: string;
  readonly title: string;
  /** States n, the part and the interval; one entry per line. */
  readonly subtitle: readonly string[];
  readonly datasets: Readonly<Record<string, readonly Row[]>>;
  /** The marks, which refer to data in `datasets` by name. */
  readonly view: Panel;
}

/**
 * Makes a figure from rows and marks; adds the theme, and the titles wrapped to the figure's width.
 * @throws RangeError if a dataset is empty, a number is not finite, or a field is not in the data.
 */
export function makeFigure({ name, title, subtitle, datasets, view }: FigureOptions): Figure {
  const spec = {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    description: title,
    title: {
      text: wrap(title, 14),
      subtitle: subtitle.flatMap((line) => wrap(line, 12)),
    },
    config: theme,
    ...view,
    datasets,
  } as TopLevelSpec;
  const figure = { name, title, spec };
  checkFigure(figure);
  return figure;
}

/**
 * Names a figure after its counterpart in the paper: file `figure-2a`, title "Figure 2a · ...".
 * @param note a further line below the title, such as how it differs from the paper's figure.
 */
export function paperFigure(number: string, figure: Figure, note?: string): Figure {
  const title = `Figure ${number} · ${figure.title}`;
  const spec = figure.spec as { readonly title: { readonly subtitle?: readonly string[] } };
  const named = {
    name: `figure-${number}`,
    title,
    spec: {
      ...figure.spec,
      description: title,
      title: {
        text: wrap(title, 14),
        subtitle: [...(spec.title.subtitle ?? []), ...(note ? wrap(note, 12) : [])],
      },
    } as TopLevelSpec,
  };
  checkFigure(named);
  return named;
}

/**
 * Checks that a figure can be drawn, and that Vega would not silently omit anything.
 * @throws RangeError if the name is not a file name, a dataset is empty, a number is not finite, or the spec refers to
 * a missing dataset or field.
 */
export function checkFigure({ name, title, spec }: Figure): void {
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) {
    throw new RangeError(
      `figure: expected a name of lower case letters, digits and hyphens, got "${name}"`,
    );
  }
  if (title.trim() === "")
    throw new RangeError(`figure ${name}: expected a title, got an empty one`);
  const datasets = datasetsOf({ name, spec });
  for (const [dataset, rows] of Object.entries(datasets)) checkRows(name, dataset, rows);
  checkFields(name, datasets, spec, null, new Set());
}

/** The data of a figure, by dataset name. */
export function datasetsOf({
  name,
  spec,
}: Pick<Figure, "name" | "spec">): Record<string, readonly Row[]> {
  const datasets = (spec as { datasets?: Record<string, readonly Row[]> }).datasets;
  if (!datasets || Object.keys(datasets).length === 0) {
    throw new RangeError(
      `figure ${name}: expected its data in "datasets", got none; name them there and write data: { name }`,
    );
  }
  return datasets;
}

/**
 * Refuses rows that a panel cannot show completely.
 * @throws RangeError if there are no rows or a number is not finite; TypeError if a value is undefined.
 */
export function checkRows(figure: string, dataset: string, rows: readonly object[]): void {
  if (!Array.isArray(rows) || rows.length === 0) {
    throw new RangeError(
      `figure ${figure}: expected rows in the dataset "${dataset}", got none; check that what was filtered is there`,
    );
  }
  rows.forEach((row, i) => {
    for (const [field, value] of Object.entries(row) as [string, unknown][]) {
      if (value === undefined) {
        throw new TypeError(
          `figure ${figure}: expected a value in the field "${field}" (dataset "${dataset}", row ${i}), got undefined`,
        );
      }
      if (typeof value === "number" && !Number.isFinite(value)) {
        throw new RangeError(
          `figure ${figure}: expected a finite number in the field "${field}" (dataset "${dataset}", row ${i}), ` +
            `got ${value}; leave the row out and say so, or pass null where the panel allows it`,
        );
      }
    }
  });
}

/** Walks the spec with the dataset of each node, so that a misspelled field is an error rather than an empty panel. */
function checkFields(
  figure: string,
  datasets: Readonly<Record<string, readonly Row[]>>,
  node: unknown,
  inherited: string | null,
  derived: ReadonlySet<string>,
): void {
  if (Array.isArray(node)) {
    for (const item of node) checkFields(figure, datasets, item, inherited, derived);
    return;
  }
  if (typeof node !== "object" || node === null) return;
  const { data, transform } = node as { data?: { name?: string }; transform?: unknown };
  const dataset = data?.name ?? inherited;
  if (dataset !== null && !(dataset in datasets)) {
    throw new RangeError(
      `figure ${figure}: expected a dataset among ${quote(Object.keys(datasets))}, got "${dataset}"`,
    );
  }
  const known = transform ? new Set([...derived, ...namesAfterAs(transform)]) : derived;
  for (const [key, value] of Object.entries(node)) {
    if (key === "datasets" || key === "config") continue;
    if (key === "field" && typeof value === "string") {
      if (dataset === null) {
        throw new RangeError(`figure ${figure}: expected data for the field "${value}", got none`);
      }
      const fields = Object.keys(datasets[dataset][0]);
      const missing = datasets[dataset].some((row) => !(value in row));
      if (missing && !known.has(value)) {
        throw new RangeError(
          `figure ${figure}: expected a field of every row of "${dataset}" (${quote(fields)}), got "${value}"`,
        );
      }
    } else checkFields(figure, datasets, value, dataset, known);
  }
}

function namesAfterAs(transform: unknown): string[] {
  if (Array.isArray(transform)) return transform.flatMap(namesAfterAs);
  if (typeof transform !== "object" || transform === null) return [];
  return Object.entries(transform).flatMap(([key, value]) =>
    key === "as" ? [value].flat().map(String) : namesAfterAs(value),
  );
}

function quote(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(", ");
}
