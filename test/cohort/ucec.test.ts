// Reading the UCEC cohort: small made-up files for what can be wrong, the real ones for what is in them.
import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import {
  type Cohort,
  dropEmptyFeatures,
  type Label,
  summarizeModalities,
} from "../../lib/cohort/cohort.js";
import { fetchSource } from "../../lib/cohort/sources.js";
import { readUcec } from "../../lib/cohort/ucec.js";
import { scratchFolder } from "../scratch.js";

const root = scratchFolder();

const columns = [
  "idx",
  "Proteomics_Participant_ID",
  "Case_excluded",
  "Proteomics_TMT_batch",
  "Country",
  "Proteomics_Tumor_Normal",
  "Histologic_type",
  "Histologic_Grade_FIGO",
  "FIGO_stage",
  "Genomics_subtype",
  "BMI",
  "Age",
];
const toy = {
  rna: "idx\tS001\tS002\tS003\r\nTP53\t4.5\t0\t1\r\nMARCH1\t3\t2.25\t9\r\n",
  protein: "idx\tS003\tS002\tS001\r\nTP53\tNA\t-0.5\t0\r\n",
  phospho: "idx\tS001\tS002\tS003\tS004\r\nTP53\t1\tNA\tNA\t2\r\n",
  clinical: [
    columns.join("\t"),
    "S001\tP1\tNo\t1\tPoland\tTumor\tClear cell\tFIGO grade 2\tIB\tMSI-H\t30.5\t61",
    "S002\tP1\tNo\t2\tNA\tAdjacent_normal\tNA\tNA\tNA\tNA\tNA\tNA",
    "S003\tP2\tYes\t5\tCura\xe7ao\tTumor\tSerous\tNA\tIVB\tPOLE\tNA\t70",
  ].join("\n"),
};

let count = 0;
function place(files: Partial<typeof toy> = {}): string {
  const { rna, protein, phospho, clinical } = { ...toy, ...files };
  const folder = mkdtempSync(join(root, `case${count++}-`));
  const write = (name: string, text: string) => writeFileSync(join(folder, name), gzipSync(text));
  write("transcriptomics_linear.cct.gz", rna);
  write("proteomics.cct.gz", protein);
  write("phosphoproteomics_gene.cct.gz", phospho);
  writeFileSync(join(folder, "clinical.txt"), clinical, "latin1");
  return folder;
}

test("turns features x samples into rows of samples, whatever order a table has them in", async () => {
  const cohort = await readUcec({ folder: place() });
  assert.deepEqual(
    cohort.samples.map(({ id, patient }) => [id, patient]),
    [
      ["S001", "P1"],
      ["S002", "P1"],
      ["S003", "P2"],
    ],
  );
  assert.deepEqual(cohort.features, ["TP53", "MARCH1", "TP53", "TP53"]);
  assert.deepEqual([...cohort.matrix.values], [4.5, 3, 0, 1, 0, 2.25, -0.5, 0, 1, 9, 0, 0]);
  assert.deepEqual([...cohort.matrix.observed], [1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 0, 0]);
  assert.deepEqual(cohort.samples[0].labels, {
    tissue: "tumor",
    histology: "clear cell",
    grade: "G2",
    stage: "IB",
    subtype: "MSI-H",
    BMI: 30.5,
    age: 61,
    tmtBatch: "batch 1",
    excluded: "no",
  });
  assert.equal(cohort.samples[1].labels.histology, null);
  assert.deepEqual(
    cohort.drops.map(({ what, from, examples }) => [what, from, ...examples]),
    [
      ["columns", "sample sheet", "Country"],
      ["samples", "phosphoprotein", "S004"],
    ],
  );
});

test("refuses what is not as published, and says where", async () => {
  const bad: [files: Partial<typeof toy>, message: RegExp][] = [
    [{ rna: toy.rna.replace("2.25", "high") }, /transcriptomics_linear\.cct\.gz: .*"high"/s],
    [{ rna: toy.rna.replace("MARCH1", "") }, /line 3: expected the id of a feature/],
    [{ protein: "idx\tS003\tS002\tS001\r\n" }, /proteomics\.cct\.gz: .*rows below the header/s],
    [{ protein: toy.protein.replace("\t0\r", "\r") }, /line 2: expected 4 fields/],
    [{ rna: `${toy.rna}TP53\t1\t1\t1\r\n` }, /expected each feature once/],
    [
      { clinical: toy.clinical.replace("Serous", "serous") },
      /Endometrioid, .* or NA in Histologic_type of S003, got "serous"/,
    ],
    [
      { clinical: toy.clinical.replace("30.5", "obese") },
      /a number or NA in BMI of S001, got "obese"/,
    ],
    [{ clinical: toy.clinical.replace("\tPoland", "") }, /line 2: expected 12 fields/],
    [{ clinical: toy.clinical.replace("FIGO_stage", "stage") }, /a column "FIGO_stage", got none/],
    [{ clinical: toy.clinical.replace("\tP2", "\tNA") }, /expected the patient of sample "S003"/],
  ];
  for (const [files, message] of bad) {
    await assert.rejects(readUcec({ folder: place(files) }), { message }, String(message));
  }
});

test("names the file that is missing", async () => {
  await assert.rejects(readUcec({ folder: join(root, "none") }), /clinical\.txt: expected a file/);
});

/** The files of data/raw, fetched where they are not there; the reason where that is impossible. */
const real: { skip?: string } = await fetchSource("ucec").then(
  () => ({}),
  (error: Error) => ({ skip: `UCEC could not be fetched: ${error.message}` }),
);
const ucec = real.skip ? ({} as Cohort) : await readUcec();

/** Counts the values of a label, as text. */
function counts(label: string, samples = ucec.samples): Record<string, number> {
  const out: Record<string, number> = {};
  for (const { labels } of samples) {
    const value: Label = labels[label];
    out[String(value)] = (out[String(value)] ?? 0) + 1;
  }
  return out;
}

test("UCEC: 115 samples in the order of the transcriptomics table, three modalities", real, () => {
  const { samples, modalities, name } = ucec;
  assert.equal(name, "ucec");
  assert.deepEqual(modalities, [
    { name: "RNA", start: 0, end: 28_057 },
    { name: "protein", start: 28_057, end: 39_056 },
    { name: "phosphoprotein", start: 39_056, end: 47_522 },
  ]);
  const ids = samples.map(({ id }) => id);
  assert.equal(ids.length, 115);
  assert.deepEqual(ids.slice(0, 4), ["S001", "S002", "S003", "S005"]);
  assert.deepEqual(ids.slice(-2), ["S128", "S129"]);
});

test("UCEC: values stand under their gene and sample", real, () => {
  const { matrix, features } = ucec;
  const at = (row: number, column: number) =>
    matrix.observed[row * matrix.columns + column]
      ? matrix.values[row * matrix.columns + column]
      : null;
  const first = [0, 28_057, 39_056]; // A1BG, A1BG and AAAS in their tables' first rows
  assert.deepEqual(
    first.map((column) => features[column]),
    ["A1BG", "A1BG", "AAAS"],
  );
  assert.deepEqual(
    first.map((column) => at(0, column)),
    [4.02, -1.18, null].map((x) => x && Math.fround(x)),
  );
  assert.deepEqual(
    first.map((column) => at(2, column)),
    [6.24, -0.528, -0.202].map(Math.fround),
  );
  assert.equal(at(3, 28_057), Math.fround(-1.67)); // S005 is the fifth column there, S004 has no RNA
});

test("UCEC: RNA has no gaps, protein 11.2 %, phosphoprotein 32.9 %", real, () => {
  const missing = summarizeModalities(ucec).map(({ observed }) =>
    (100 * (1 - observed)).toFixed(1),
  );
  assert.deepEqual(missing, ["0.0", "11.2", "32.9"]);
});

test("UCEC: 2,274 of 47,522 features are empty, 45,248 stay", real, () => {
  const kept = dropEmptyFeatures(ucec);
  assert.equal(kept.features.length, 45_248);
  const lost = kept.drops.filter(({ reason }) => reason.startsWith("no observed value"));
  assert.equal(
    lost.reduce((sum, { count }) => sum + count, 0),
    2_274,
  );
});

test("UCEC: 14 patients have a normal beside their tumor", real, () => {
  const { samples } = ucec;
  assert.deepEqual(counts("tissue"), { tumor: 101, normal: 14 });
  const tumors = new Set(
    samples.filter(({ labels }) => labels.tissue === "tumor").map((s) => s.patient),
  );
  assert.equal(tumors.size, 101);
  const normals = samples.filter(({ labels }) => labels.tissue === "normal");
  assert.equal(new Set(normals.map(({ patient }) => patient)).size, 14);
  assert.ok(normals.every(({ patient }) => tumors.has(patient)));
  assert.equal(samples[0].patient, "C3L-00006");
  assert.equal(samples.find(({ id }) => id === "S105")?.patient, "C3L-00006");
});

test("UCEC: labels have these values", real, () => {
  assert.deepEqual(counts("histology"), {
    endometrioid: 86,
    serous: 13,
    "clear cell": 1,
    carcinosarcoma: 1,
    null: 14,
  });
  assert.deepEqual(counts("grade"), { G1: 37, G2: 41, G3: 8, null: 29 });
  assert.deepEqual(counts("stage"), {
    IA: 57,
    IB: 17,
    II: 9,
    IIIA: 6,
    IIIB: 1,
    IIIC1: 5,
    IIIC2: 3,
    IVB: 3,
    null: 14,
  });
  assert.deepEqual(counts("subtype"), {
    "MSI-H": 26,
    POLE: 7,
    "CNV-low": 44,
    "CNV-high": 24,
    null: 14,
  });
  assert.deepEqual(counts("tmtBatch"), {
    "batch 1": 31,
    "batch 2": 30,
    "batch 3": 28,
    "batch 4": 26,
  });
  assert.deepEqual(counts("excluded"), { no: 109, yes: 6 });
  const normals = ucec.samples.filter(({ labels }) => labels.tissue === "normal");
  for (const label of ["histology", "grade", "stage", "subtype", "BMI", "age"]) {
    assert.deepEqual(counts(label, normals), { null: 14 }, label);
  }
  const ages = ucec.samples.flatMap(({ labels }) =>
    typeof labels.age === "number" ? [labels.age] : [],
  );
  assert.deepEqual([ages.length, Math.min(...ages), Math.max(...ages)], [101, 38, 90]);
  const bmi = ucec.samples.flatMap(({ labels }) =>
    typeof labels.BMI === "number" ? [labels.BMI] : [],
  );
  assert.ok(bmi.length > 90 && Math.min(...bmi) > 10 && Math.max(...bmi) < 80);
});

test("UCEC: what is left out is counted", real, () => {
  assert.deepEqual(
    ucec.drops.map(({ what, from, count }) => [what, from, count]),
    [
      ["columns", "sample sheet", 168],
      ["samples", "protein, phosphoprotein, sample sheet", 38],
    ],
  );
});
