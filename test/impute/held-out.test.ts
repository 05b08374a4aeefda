// Intervals of a bundle on patients of real cohorts that it never saw: how often they hold, and how wide they are.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Cohort } from "../../lib/cohort/cohort.js";
import { selectColumns, selectRows, sliceColumns } from "../../lib/cohort/matrix.js";
import { projectRoot } from "../../lib/cohort/root.js";
import { readTables } from "../../lib/cohort/tables.js";
import { readUcec } from "../../lib/cohort/ucec.js";
import { LEVEL, measureCoverage } from "../../lib/impute/calibration.js";
import type { PathMethod } from "../../lib/impute/decoder.js";
import { fitImputer } from "../../lib/impute/imputer.js";
import { inferModalities } from "../../lib/impute/infer.js";
import { inferredRanges } from "../../lib/impute/material.js";
import { splitSamples } from "../../lib/preprocess/split.js";

const ccle = join(process.env.ARO_TEST_DATA ?? "../shared/data", "ccle505");
const ucec = join(projectRoot(), "data/raw/ucec");

/** 505 cell lines: RNA (706 genes), antibodies, metabolites. */
function readCcle(): Promise<Cohort> {
  const files = { RNA: "rna_zscore_706", protein: "rppa_214", metabolite: "metabolites_225" };
  return readTables({
    name: "CCLE",
    tables: Object.entries(files).map(([name, file]) => ({
      name,
      file: join(ccle, `${file}.tsv.gz`),
    })),
    sampleSheet: { file: join(ccle, "samples.tsv") },
  });
}

/** Every nth feature of each modality, so that the test stays cheap. */
function thin(cohort: Cohort, every: readonly number[]): Cohort {
  const columns = cohort.modalities.map(({ start, end }, m) =>
    Array.from({ length: Math.ceil((end - start) / every[m]) }, (_, k) => start + every[m] * k),
  );
  let from = 0;
  const modalities = cohort.modalities.map(({ name }, m) => {
    const start = from;
    from += columns[m].length;
    return { name, start, end: from };
  });
  const matrix = selectColumns(cohort.matrix, columns.flat());
  const features = columns.flat().map((column) => cohort.features[column]);
  return { ...cohort, modalities, features, matrix };
}

/** Fits on two thirds or so of the patients, and measures the 90 % intervals on the others. */
async function measure(cohort: Cohort, method: PathMethod) {
  const { train, validation, test: tested } = splitSamples(cohort.samples, { seed: 42 });
  const imputer = await fitImputer(cohort, { rows: train, method });
  const held = [...validation, ...tested];
  const first = cohort.modalities[0].end;
  const seen = selectRows(sliceColumns(cohort.matrix, 0, first), held);
  const measured = selectRows(sliceColumns(cohort.matrix, first, cohort.matrix.columns), held);
  const inferred = inferredRanges(cohort.modalities);
  const inference = await inferModalities(imputer.decoder, seen);
  const factors = imputer.factors.filter(({ level }) => level === LEVEL);
  return measureCoverage(inference, measured, inferred, factors);
}

for (const { name, folder, read } of [
  {
    name: "CCLE, every third feature",
    folder: ccle,
    read: async () => thin(await readCcle(), [3, 3, 3]),
  },
  {
    name: "UCEC, every tenth gene, every eighth protein and phosphoprotein",
    folder: ucec,
    read: async () => thin(await readUcec(), [10, 8, 8]),
  },
]) {
  test(`90 % intervals hold 87 to 93 % of held-out patients' values: ${name}`, async (t) => {
    if (!existsSync(folder)) return t.skip(`${folder} is not here`);
    const cohort = await read();
    const ours = await measure(cohort, "shared-decoder");
    const ridge = await measure(cohort, "ridge");
    ours.forEach(({ modality, coverage, width }, m) => {
      t.diagnostic(
        `${modality}: coverage ${coverage.toFixed(3)}, width ${width!.toFixed(2)} deviations of the feature; ` +
          `ridge ${ridge[m].coverage.toFixed(3)}, ${ridge[m].width!.toFixed(2)}`,
      );
      assert.ok(coverage >= 0.87 && coverage <= 0.93, `${modality}: ${coverage}`);
      assert.ok(width! < 1.02 * ridge[m].width!, `${modality}: no wider than the ridge's`);
    });
  });
}
