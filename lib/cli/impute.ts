// The commands that write an example of a cohort, fit a model bundle on a cohort file, and impute new samples by it.
import { describeCohortFile, readCohortFile } from "../cohort/cohort-file.js";
import { writeExample } from "../cohort/example.js";
import { readTable, type TableOptions } from "../cohort/tables.js";
import type { Alignment } from "../impute/align.js";
import { requireNew } from "../impute/bundle.js";
import { CLAMPED, fallbackText } from "../impute/card.js";
import type { Method } from "../impute/decoder.js";
import { impute as imputeTable } from "../impute/impute.js";
import { fitImputer } from "../impute/imputer.js";
import type { ValueFormat } from "../impute/values-writer.js";
import { needed } from "./options.js";

interface FitChoice {
  readonly cohort?: string;
  readonly output?: string;
  readonly method?: Method;
  readonly seed?: number;
}

/** `aro example`: writes a simulated cohort in files. */
export async function example([folder]: readonly string[]): Promise<number> {
  requireNew("aro example", folder);
  for (const name of writeExample(folder)) console.log(`${folder}/${name}`);
  return 0;
}

/** `aro fit`: fits on all samples of the cohort that have the first modality and another. */
export async function fit({ cohort: file, output, method, seed }: FitChoice): Promise<number> {
  const folder = needed("fit", "output", output);
  requireNew("aro fit", folder);
  const cohort = await readCohortFile(needed("fit", "cohort", file), "first");
  for (const note of cohort.notes) console.error(note);
  const {
    quality,
    decoder,
    method: wanted,
  } = await fitImputer(cohort, {
    ...{ output: folder, method, seed },
    onProgress: (share, what) => console.error(`${(100 * share).toFixed(0)} % ${what}`),
  });
  for (const { name } of cohort.modalities.slice(1)) {
    const own = quality.filter(({ modality }) => modality === name);
    const count = (verdict: string) => own.filter((one) => one.verdict === verdict).length;
    console.log(
      `${name}: ${count("strong")} features strong, ${count("usable")} usable, ${count("weak")} weak`,
    );
  }
  for (const choice of decoder.choices.filter((one) => one.method !== wanted)) {
    console.log(fallbackText(choice));
  }
  if (wanted === "aro") console.log(CLAMPED);
  console.log(`${folder}/README.md is the model card`);
  return 0;
}

interface ImputeChoice {
  readonly model?: string;
  readonly rna?: string;
  /** Of the training. */
  readonly cohort?: string;
  readonly output?: string;
  readonly orientation?: TableOptions["orientation"];
  readonly align?: Alignment;
  readonly leastFound?: number;
  readonly level?: string;
  readonly sheet?: string;
  readonly layer?: string;
  readonly modality?: string;
  readonly format?: ValueFormat;
  readonly wide?: true;
}

/** `aro impute`: imputes the samples of one table. */
export async function impute(choice: ImputeChoice): Promise<number> {
  const model = needed("impute", "model", choice.model);
  const file = needed("impute", "rna", choice.rna);
  const output = needed("impute", "output", choice.output);
  requireNew("aro impute", output);
  const { sheet, layer, modality, format, wide } = choice;
  const like = choice.cohort === undefined ? {} : readingOf(choice.cohort);
  const orientation = choice.orientation ?? like.orientation ?? "samples-in-rows";
  const table = await readTable({
    ...{ ...like, name: "RNA", file, orientation, sheet, layer, modality },
  });
  const imputed = await imputeTable({
    ...{ model, table, output, format, wide },
    ...{ align: choice.align, leastFound: choice.leastFound },
    level: choice.level === undefined ? undefined : Number(choice.level),
  });
  const { samples, features, found, outside, notes } = imputed;
  for (const note of [...table.notes, ...notes]) console.error(note);
  console.log(
    `${samples} samples, ${features} features each, written to ${output}; ` +
      `${(100 * found).toFixed(1)} % of the model's input features found`,
  );
  if (outside.length > 0) {
    const more = outside.length > 10 ? `, ... (${outside.length} in all)` : "";
    console.log(`unlike the training samples: ${outside.slice(0, 10).join(", ")}${more}`);
  }
  console.log(`${output}/report.html shows which features can be used and where the samples lie`);
  return 0;
}

/** How the first table of a cohort file is read and transformed, apart from where it is and what its genes are. */
function readingOf(cohort: string): Partial<TableOptions> {
  const [first] = describeCohortFile(cohort).tables; // a MuData file lists none
  if (first === undefined) return {};
  const { name, file, format, sheet, modality, layer, genes, ...reading } = first;
  return reading;
}
