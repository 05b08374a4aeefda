// The commands that write an example of a cohort, fit a model bundle on a cohort file, and impute new samples by it.
import { writeExample } from "../cohort/example.js";
import { countOf, quoteSome } from "../cohort/problems.js";
import type { TableOptions } from "../cohort/tables.js";
import type { Transform } from "../cohort/transform.js";
import type { Alignment } from "../impute/align.js";
import { requireNew } from "../impute/bundle.js";
import { CLAMPED, fallbackText, worseThanMean } from "../impute/card.js";
import type { Method } from "../impute/decoder.js";
import { impute as imputeTable } from "../impute/impute.js";
import { fitImputer } from "../impute/imputer.js";
import type { ValueFormat } from "../impute/values-writer.js";
import { openCohort } from "../study/study.js";
import { needed } from "./options.js";
import { profileOf } from "./profile.js";

interface FitChoice {
  readonly cohort?: string;
  readonly profile?: string;
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
export async function fit({ output, method, seed, ...choice }: FitChoice): Promise<number> {
  const folder = needed("fit", "output", output);
  requireNew("aro fit", folder);
  if (choice.profile === undefined) needed("fit", "cohort", choice.cohort);
  const { profile } = profileOf(choice);
  const cohort = await openCohort(profile, { keep: "first" });
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
  for (const warning of worseThanMean(decoder.choices)) console.log(warning);
  if (wanted === "aro") console.log(CLAMPED);
  console.log(`${folder}/README.md is the model card`);
  return 0;
}

interface ImputeChoice {
  readonly model?: string;
  readonly rna?: string;
  readonly output?: string;
  readonly orientation?: TableOptions["orientation"];
  readonly transform?: Transform;
  readonly map?: string;
  readonly duplicates?: TableOptions["duplicates"];
  readonly align?: Alignment;
  readonly leastFound?: number;
  readonly level?: number;
  readonly sheet?: string;
  readonly layer?: string;
  readonly modality?: string;
  readonly format?: ValueFormat;
  readonly wide?: true;
}

/** `aro impute`: imputes the samples of one table, which is read as the training table was. */
export async function impute(choice: ImputeChoice): Promise<number> {
  const { orientation, transform, map, duplicates, sheet, layer, modality, ...rest } = choice;
  const { rna, align, leastFound, level, format, wide } = rest;
  const model = needed("impute", "model", rest.model);
  const file = needed("impute", "rna", rna);
  const output = needed("impute", "output", rest.output);
  const imputed = await imputeTable({
    ...{ model, output, align, leastFound, level, format, wide },
    table: {
      ...{ file, orientation, transform, duplicates, sheet, layer, modality },
      map: map === undefined ? undefined : { file: map },
    },
  });
  const { samples, features, found, outside, notes } = imputed;
  for (const note of notes) console.error(note);
  console.log(
    `${countOf(samples, "sample")}, ${features} features each, written to ${output}; ` +
      `${(100 * found).toFixed(1)} % of the model's input features found`,
  );
  if (outside.length > 0) {
    console.log(`unlike the training samples: ${quoteSome(outside, 10)}`);
  }
  console.log(`${output}/report.html shows which features can be used and where the samples lie`);
  return 0;
}
