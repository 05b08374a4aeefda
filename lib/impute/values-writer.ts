// Writes imputed values as they come, some samples at a time: as a long table, a table a modality, or MuData.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type Columns, createAnnData } from "../cohort/anndata-writer.js";
import { matrixFrom } from "../cohort/matrix.js";
import { writeTable } from "../cohort/table-writer.js";
import { openTextWriter, type TextWriter } from "../cohort/text-writer.js";
import type { Imputer } from "./bundle.js";
import { unitsText } from "./card.js";

export const VALUE_FORMATS = ["tsv", "parquet", "h5mu"] as const;

export type ValueFormat = (typeof VALUE_FORMATS)[number];

/** What is written, and how. */
export interface ValuesLayout {
  /** An existing folder. */
  readonly folder: string;
  readonly format: ValueFormat;
  /** One table a modality, samples by features, instead of a row a value. MuData always has one. */
  readonly wide: boolean;
  /** All samples, in the order in which they are written. */
  readonly samples: readonly string[];
  /** The inferred modalities by name. */
  readonly modalities: ReadonlyMap<string, readonly string[]>;
}

/** Values of some samples in one modality, with the bounds of their intervals: `[samples, features]`, NaN if none. */
export interface ImputedBlock {
  readonly value: Float64Array;
  readonly low: Float64Array;
  readonly high: Float64Array;
}

export interface ValuesWriter {
  /** @param top the first of the samples. */
  write(modality: string, top: number, block: ImputedBlock): Promise<void>;
  /** @param described what is told of the samples. */
  finish(described: Columns): Promise<void>;
  /** Lets go of what is open, after an error. */
  abandon(): void;
}

const KINDS = ["value", "low", "high"] as const;

/** Opens the files of a layout. */
export async function openValues(
  layout: ValuesLayout,
  imputer: Pick<Imputer, "name" | "method" | "quality" | "decoder" | "readings">,
): Promise<ValuesWriter> {
  if (layout.format === "h5mu") return await openMuData(layout, imputer);
  if (!layout.wide) return openLong(layout);
  requireOwnNames([...layout.modalities.keys()]);
  return layout.format === "tsv" ? openWide(layout) : gatherWide(layout);
}

const [TAB, LINE_END] = [Buffer.from("\t"), Buffer.from("\n")];

/** A row a value. As Parquet, the text is converted in the end, so that memory stays flat. */
function openLong({ folder, format, samples, modalities }: ValuesLayout): ValuesWriter {
  const file = join(folder, "values.tsv");
  const writer = openTextWriter(file);
  writer.text(Buffer.from("sample\tmodality\tfeature\tvalue\tlow\thigh\n"));
  const names = new Map(
    [...modalities].map(([modality, features]) => [
      modality,
      features.map((feature) => Buffer.from(`\t${modality}\t${feature}\t`)),
    ]),
  );
  return {
    async write(modality, top, { value, low, high }) {
      const named = names.get(modality) ?? [];
      for (let at = 0, row = top; at < value.length; row++) {
        const sample = Buffer.from(samples[row]);
        for (let j = 0; j < named.length; j++, at++) {
          if (Number.isNaN(value[at])) continue;
          writer.text(sample);
          writer.text(named[j]);
          writer.number(value[at]);
          writer.text(TAB);
          writer.number(low[at]);
          writer.text(TAB);
          writer.number(high[at]);
          writer.text(LINE_END);
        }
      }
    },
    async finish() {
      writer.close();
      if (format === "tsv") return;
      const { default: pl } = await import("nodejs-polars");
      const types = { sample: pl.Utf8, modality: pl.Utf8, feature: pl.Utf8 };
      const numbers = { value: pl.Float64, low: pl.Float64, high: pl.Float64 };
      const text = pl.scanCSV(file, { sep: "\t", quoteChar: "", schema: { ...types, ...numbers } });
      await text.sinkParquet(join(folder, "values.parquet")).collect();
      await rm(file);
    },
    abandon: writer.abandon,
  };
}

/** NAME.tsv, NAME.low.tsv and NAME.high.tsv for each modality. */
function openWide({ folder, samples, modalities }: ValuesLayout): ValuesWriter {
  const writers = new Map<string, TextWriter>();
  for (const [name, features] of modalities) {
    for (const kind of KINDS) {
      const writer = openTextWriter(join(folder, `${nameWide(name, kind)}.tsv`));
      writer.text(Buffer.from(`${["sample", ...features].join("\t")}\n`));
      writers.set(nameWide(name, kind), writer);
    }
  }
  return {
    async write(modality, top, block) {
      const width = modalities.get(modality)?.length ?? 0;
      for (const kind of KINDS) {
        const writer = writers.get(nameWide(modality, kind))!;
        const values = block[kind];
        for (let at = 0, row = top; at < values.length; row++) {
          writer.text(Buffer.from(samples[row]));
          for (let j = 0; j < width; j++, at++) {
            writer.text(TAB);
            writer.number(values[at]);
          }
          writer.text(LINE_END);
        }
      }
    },
    async finish() {
      for (const writer of writers.values()) writer.close();
    },
    abandon() {
      for (const writer of writers.values()) writer.abandon();
    },
  };
}

/** The same as Parquet, whose columns need all samples at once. */
function gatherWide({ folder, samples, modalities }: ValuesLayout): ValuesWriter {
  const gathered = new Map(
    [...modalities].flatMap(([name, features]) =>
      KINDS.map((kind) => [
        nameWide(name, kind),
        new Float32Array(samples.length * features.length),
      ]),
    ),
  );
  return {
    async write(modality, top, block) {
      const width = modalities.get(modality)?.length ?? 0;
      for (const kind of KINDS)
        gathered.get(nameWide(modality, kind))?.set(block[kind], top * width);
    },
    async finish() {
      for (const [name, features] of modalities) {
        for (const kind of KINDS) {
          const values = gathered.get(nameWide(name, kind)) ?? [];
          const matrix = matrixFrom(samples.length, features.length, values);
          const file = join(folder, `${nameWide(name, kind)}.parquet`);
          await writeTable(file, { samples, features, matrix });
        }
      }
    },
    abandon: () => gathered.clear(),
  };
}

/** values.h5mu: X has the values, the layers low and high the bounds, var the quality of each feature. */
async function openMuData(
  { folder, samples, modalities }: ValuesLayout,
  imputer: Pick<Imputer, "name" | "method" | "quality" | "decoder" | "readings">,
): Promise<ValuesWriter> {
  const { name: model, method, quality } = imputer;
  const content = new Map(
    [...modalities].map(([name, features]) => {
      const own = new Map(
        quality.filter((one) => one.modality === name).map((one) => [one.feature, one]),
      );
      const rated = features.map((feature) => own.get(feature));
      const describing: Columns = {
        verdict: rated.map((one) => one?.verdict ?? null),
        why: rated.map((one) => one?.why ?? null),
        r: rated.map((one) => one?.r.value ?? null),
        skill: rated.map((one) => one?.skill.value ?? null),
        coverage: rated.map((one) => one?.coverage ?? null),
      };
      return [name, { features, layers: ["low", "high"], describing }] as const;
    }),
  );
  const writer = await createAnnData(join(folder, "values.h5mu"), { samples, content });
  return {
    async write(modality, top, { value, low, high }) {
      writer.write({ modality }, top, new Float32Array(value));
      writer.write({ modality, layer: "low" }, top, new Float32Array(low));
      writer.write({ modality, layer: "high" }, top, new Float32Array(high));
    },
    finish: (described) => writer.finish(described, { model, method, units: unitsText(imputer) }),
    abandon: () => writer.abandon(),
  };
}

/** @throws RangeError if two tables, or a table and another file of the folder, would have the same name. */
function requireOwnNames(modalities: readonly string[]): void {
  const taken = new Set(["features", "samples", "report"]);
  for (const name of modalities.flatMap((one) => KINDS.map((kind) => nameWide(one, kind)))) {
    if (taken.has(name)) {
      throw new RangeError(
        `impute: expected a file of its own for each wide table, got "${name}" twice; leave wide out`,
      );
    }
    taken.add(name);
  }
}

function nameWide(modality: string, kind: (typeof KINDS)[number]): string {
  return kind === "value" ? modality : `${modality}.${kind}`;
}
