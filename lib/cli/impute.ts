// The commands that write an example of a cohort, fit a model bundle on a cohort file, and impute new samples by it.
import { requireNewFolder } from "../cohort/durable-file.js";
import { writeExample } from "../cohort/example.js";
import { countOf, quoteSome } from "../cohort/problems.js";
import { chooseEngine } from "../engine/choose.js";
import { CLAMPED, fallbackText, worseThanMean } from "../impute/card.js";
import { impute as imputeTable } from "../impute/impute.js";
import { fitImputer } from "../impute/imputer.js";
import { readProfile } from "../study/profile.js";
import { openCohort } from "../study/study.js";
import { withInterrupt } from "../train/interrupt.js";
import { overwriteLine, type TextStream } from "../train/progress.js";
import { type FIT_OPTIONS, type Given, type IMPUTE_OPTIONS, needed } from "./options.js";
import { profileOf } from "./profile.js";

/** `aro example`: writes a simulated cohort in files. */
export async function example([folder]: readonly string[]): Promise<number> {
  requireNewFolder("aro example", folder);
  for (const name of await writeExample(folder)) console.log(`${folder}/${name}`);
  return 0;
}

/** `aro fit`: fits on all samples of the cohort that have the first modality and another. */
export async function fit({
  output,
  method,
  seed,
  ...choice
}: Given<typeof FIT_OPTIONS>): Promise<number> {
  const folder = needed("fit", "output", output);
  requireNewFolder("aro fit", folder);
  if (choice.profile === undefined) needed("fit", "cohort", choice.cohort);
  requireOfAro(choice.set ?? [], method);
  const { env } = profileOf(choice);
  const { engine } = await chooseEngine();
  const profile = readProfile(env, engine);
  const cohort = await openCohort(profile, { keep: "first" });
  for (const note of cohort.notes) console.error(note);
  const { seed: _, ...training } = profile.training;
  const progress = showShares(process.stderr);
  const {
    quality,
    decoder,
    method: wanted,
  } = await fitImputer(cohort, {
    output: folder,
    method,
    aro: { model: profile.model, training },
    seed,
    engine,
    onProgress: progress.show,
  }).finally(progress.end);
  for (const { name } of cohort.modalities.slice(1)) {
    const own = quality.filter(({ modality }) => modality === name);
    const count = (verdict: string) => own.filter((one) => one.verdict === verdict).length;
    const matched = own.filter(({ ownGene }) => ownGene).length;
    console.log(
      `${name}: ${count("strong")} features strong, ${count("usable")} usable, ${count("weak")} weak; ` +
        `${matched} of ${own.length} matched to their own gene`,
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

/** @throws RangeError for settings that do not reach the model. */
function requireOfAro(settings: readonly string[], method: string | undefined): void {
  const all = settings.flatMap((text) => text.split(","));
  if (all.length > 0 && method !== "aro") {
    throw new RangeError(
      `aro fit: expected --set only with --method aro, got "${all.join(",")}"; the other methods have no settings`,
    );
  }
  const other = all.find((text) => !/^\s*(model\.|training\.(?!seed\b))/.test(text));
  if (other === undefined) return;
  throw new RangeError(
    `aro fit: expected settings of model or training, got "${other}"; ` +
      (/^\s*training\.seed\b/.test(other) ? "give the seed by --seed" : "leave it out"),
  );
}

/** Shows progress: in place in a terminal, elsewhere a line when another 5 % is done. */
function showShares(stream: TextStream) {
  let told = 0;
  let isOpen = false;
  return {
    show(share: number, what: string) {
      const line = `${(100 * share).toFixed(0)} % ${what}`;
      if (stream.isTTY && share > 0) {
        overwriteLine(stream, line);
        isOpen = true;
      } else if (share === 0 || share - told >= 0.05 || share === 1) {
        told = share;
        stream.write(share === 0 ? `${what}\n` : `${line}\n`);
      }
    },
    /** Leaves the last line as it is. */
    end() {
      if (isOpen) stream.write("\n");
    },
  };
}

/** `aro impute`: imputes the samples of one table, which is read as the training table was. */
export async function impute(choice: Given<typeof IMPUTE_OPTIONS>): Promise<number> {
  const { model, rna, output, align, leastFound, level, format, wide, map, ...table } = choice;
  const folder = needed("impute", "output", output);
  const options = {
    model: needed("impute", "model", model),
    output: folder,
    align,
    leastFound,
    level,
    format,
    wide,
    table: {
      ...table,
      file: needed("impute", "rna", rna),
      map: map === undefined ? undefined : { file: map },
    },
  };
  const imputed = await withInterrupt((signal) => imputeTable({ ...options, signal }));
  const { samples, features, found, outside, notes } = imputed;
  for (const note of notes) console.error(note);
  console.log(
    `${countOf(samples, "sample")}, ${features} features each, written to ${folder}; ` +
      `${(100 * found).toFixed(1)} % of the model's input features found`,
  );
  if (outside.length > 0) {
    console.log(`unlike the training samples: ${quoteSome(outside, 10)}`);
  }
  console.log(`${folder}/report.html shows which features can be used and where the samples lie`);
  return 0;
}
