// Writes imputed values block by block: a row a value, in the units of the training files.
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import type { Matrix } from "../cohort/matrix.js";
import type { Imputer } from "./bundle.js";

/** Imputed values of some samples, `[samples, inferred features]` each; the mask marks what was imputed. */
export interface ImputedBlock {
  readonly samples: readonly string[];
  readonly value: Matrix;
  readonly low: Float32Array;
  readonly high: Float32Array;
}

/** Takes blocks in the order of the samples; the file is whole when `close` has resolved. */
export interface ValuesWriter {
  write(block: ImputedBlock): Promise<void>;
  close(): Promise<void>;
}

/** Opens values.tsv, with the columns sample, modality, feature, value, low and high; six digits a number. */
export function openValues(
  folder: string,
  { decoder: { modalities, features } }: Pick<Imputer, "decoder">,
): ValuesWriter {
  const stream = createWriteStream(join(folder, "values.tsv"));
  stream.write("sample\tmodality\tfeature\tvalue\tlow\thigh\n");
  const first = modalities[0].end;
  const shown = (number: number) => String(Number(number.toPrecision(6)));
  return {
    async write({ samples, value, low, high }) {
      for (const [i, sample] of samples.entries()) {
        let lines = "";
        for (const { name, start, end } of modalities.slice(1)) {
          for (let column = start; column < end; column++) {
            const at = i * value.columns + column - first;
            if (!value.observed[at]) continue;
            lines += `${sample}\t${name}\t${features[column]}\t${shown(value.values[at])}\t${shown(low[at])}\t${shown(high[at])}\n`;
          }
        }
        if (!stream.write(lines)) await once(stream, "drain");
      }
    },
    async close() {
      stream.end();
      await once(stream, "close");
    },
  };
}
