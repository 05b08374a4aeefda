// Tables for readers: the same rows as HTML in a notebook, text in a terminal, or Markdown in the README.
import { escapeMarkup } from "../markup.js";
import { checkOptions } from "../options.js";

export type Cell = string | number | boolean | null | undefined;

export interface TableOptions<T> {
  /** The columns to show, as [field, heading]; by default every field of the first row, under its own name. */
  readonly columns?: readonly (readonly [field: keyof T & string, heading: string])[];
  /** Decimal places of numbers that are not whole; 3 by default. */
  readonly digits?: number;
  /** A line above the table. */
  readonly caption?: string;
}

interface Formatted {
  readonly headings: string[];
  readonly numeric: boolean[];
  readonly body: string[][];
}

/** Shows rows as a table in the running notebook cell, or as text elsewhere; prints "none" if there are no rows. */
export function showTable<T extends object>(
  rows: readonly T[],
  options: TableOptions<T> = {},
): void {
  checkOptions<TableOptions<T>>("showTable", options, {
    columns: "array",
    digits: "number",
    caption: "string",
  });
  if (rows.length === 0) {
    console.log("none");
    return;
  }
  const kernel = (globalThis as { __tslab__?: { require?: (name: string) => unknown } }).__tslab__;
  if (typeof kernel?.require !== "function") {
    console.log(textTable(rows, options));
    return;
  }
  const { display } = kernel.require("tslab") as { display: { html(source: string): void } };
  display.html(htmlTable(rows, options));
}

/** Formats rows as text with aligned columns. */
export function textTable<T extends object>(
  rows: readonly T[],
  options: TableOptions<T> = {},
): string {
  const { headings, numeric, body } = format(rows, options);
  const widths = headings.map((heading, j) =>
    Math.max(heading.length, ...body.map((cells) => cells[j].length)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, j) => (numeric[j] ? cell.padStart(widths[j]) : cell.padEnd(widths[j])))
      .join("  ")
      .trimEnd();
  const { caption } = options;
  return [
    ...(caption === undefined ? [] : [caption]),
    line(headings),
    line(widths.map((width) => "-".repeat(width))),
    ...body.map(line),
  ].join("\n");
}

/** Formats rows as a Markdown table. */
export function markdownTable<T extends object>(
  rows: readonly T[],
  options: TableOptions<T> = {},
): string {
  const { headings, numeric, body } = format(rows, options);
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(headings), line(numeric.map((is) => (is ? "---:" : "---"))), ...body.map(line)].join(
    "\n",
  );
}

function htmlTable<T extends object>(rows: readonly T[], options: TableOptions<T>): string {
  const { headings, numeric, body } = format(rows, options);
  const cell = (tag: string, text: string, j: number) =>
    `<${tag} style="text-align:${numeric[j] ? "right" : "left"}">${escapeMarkup(text)}</${tag}>`;
  const line = (tag: string, cells: readonly string[]) =>
    `<tr>${cells.map((text, j) => cell(tag, text, j)).join("")}</tr>`;
  const { caption } = options;
  return [
    "<table>",
    ...(caption === undefined
      ? []
      : [`<caption style="text-align:left"><b>${escapeMarkup(caption)}</b></caption>`]),
    `<thead>${line("th", headings)}</thead>`,
    "<tbody>",
    ...body.map((cells) => line("td", cells)),
    "</tbody>",
    "</table>",
  ].join("\n");
}

function format<T extends object>(
  rows: readonly T[],
  { columns, digits = 3 }: TableOptions<T>,
): Formatted {
  if (rows.length === 0) throw new RangeError("showTable: expected at least one row, got none");
  const chosen =
    columns ?? (Object.keys(rows[0]) as (keyof T & string)[]).map((key) => [key, key] as const);
  const value = (row: T, key: keyof T) => row[key] as Cell;
  const fractional = chosen.map(([key]) =>
    rows.some((row) => typeof value(row, key) === "number" && !Number.isInteger(value(row, key))),
  );
  return {
    headings: chosen.map(([, heading]) => heading),
    numeric: chosen.map(([key]) => rows.some((row) => typeof value(row, key) === "number")),
    body: rows.map((row) =>
      chosen.map(([key], j) => {
        const cell = value(row, key);
        // A column of fractions has decimals in every row, even where a value happens to be whole.
        const whole = typeof cell === "number" && Number.isInteger(cell) && fractional[j];
        return whole ? cell.toFixed(digits) : formatCell(cell, digits);
      }),
    ),
  };
}

/** Formats one value: whole numbers in groups of three, others with `digits` decimals, tiny ones with an exponent. */
export function formatCell(value: Cell, digits = 3): string {
  if (value === null || value === undefined) return "–";
  if (typeof value !== "number") return String(value);
  if (!Number.isFinite(value))
    throw new RangeError(`showTable: expected a finite number, got ${value}`);
  if (Number.isInteger(value)) return value.toLocaleString("en-US");
  return Math.abs(value) < 0.5 * 10 ** -digits ? value.toExponential(1) : value.toFixed(digits);
}
