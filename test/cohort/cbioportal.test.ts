// Reading a study of cBioPortal: small folders in its documented formats, with and without meta files, and bad ones.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { type CbioportalOptions, findStudy, readCbioportal } from "../../lib/cohort/cbioportal.js";
import { findModality, type Label } from "../../lib/cohort/cohort.js";
import { type FileCohort, readTable } from "../../lib/cohort/tables.js";
import { scratchFolder } from "../scratch.js";
import { messageOf } from "./tempfile.js";

const root = scratchFolder();

/** Cells are separated by blanks here and by tabs in the file; "_" stands for an empty cell. */
const tsv = (...lines: string[]) =>
  lines
    .map(
      (line) =>
        `${line
          .trim()
          .split(/ +/)
          .map((cell) => (cell === "_" ? "" : cell))
          .join("\t")}\n`,
    )
    .join("");

const RNA = "data_mrna_seq_fpkm.txt";
const PROTEIN = "data_protein_quantification.txt";
const METABOLOME = "data_metabolome_quantification.txt";
const PATIENTS = "data_clinical_patient.txt";
const SAMPLES = "data_clinical_sample.txt";

const study: Record<string, string> = {
  [RNA]: tsv("Hugo_Symbol Entrez_Gene_Id S1 S2 S3", "TP53 7157 1.5 0 2", "EGFR 1956 NA 3 NaN"),
  [PROTEIN]: tsv("Composite.Element.REF S3 S1 S2", "EGFR|EGFR 0.5 -1 _", "TP53|TP53 1 2 3"),
  [METABOLOME]: tsv("ENTITY_STABLE_ID NAME S2 S3 S1", "2-HG two 20 21 22", "lactate lac NA 18 19"),
  [PATIENTS]: tsv(
    "#Patient Sex Age Grade",
    "#Patient Sex Age Grade",
    "#STRING STRING NUMBER STRING",
    "#1 1 1 1",
    "PATIENT_ID SEX AGE GRADE",
    "P1 Male 59.5 4",
    "P2 Female [Not_Available] 4",
  ).replace("Not_Available", "Not Available"),
  [SAMPLES]: tsv(
    "#Patient Sample Type",
    "#Patient Sample Type",
    "#STRING STRING STRING",
    "#1 1 1",
    "PATIENT_ID SAMPLE_ID SAMPLE_TYPE",
    "P1 S1 Tumor",
    "P2 S2 Tumor",
    "P1 S3 Normal",
    "P2 S4 Tumor",
  ),
};

let count = 0;
/** A folder with the study's files, some of them replaced, or left out by null. */
function folderOf(changes: Record<string, string | null> = {}): string {
  const folder = join(root, `case${count++}`);
  mkdirSync(folder);
  for (const [name, content] of Object.entries({ ...study, ...changes })) {
    if (content !== null) writeFileSync(join(folder, name), content);
  }
  return folder;
}

function read(
  changes: Record<string, string | null> = {},
  options: Partial<CbioportalOptions> = {},
): FileCohort {
  return readCbioportal({ folder: folderOf(changes), name: "toy", ...options });
}

async function refusal(
  file: string,
  changes: Record<string, string | null>,
  options: Partial<CbioportalOptions> = {},
): Promise<string> {
  return await messageOf(() => read(changes, options), file);
}

/** A modality as samples x features, null where nothing was measured. */
function values({ modalities, matrix, samples }: FileCohort, name: string): (number | null)[][] {
  const { start, end } = findModality(modalities, name);
  return samples.map((_, row) =>
    Array.from({ length: end - start }, (_, j) => {
      const at = row * matrix.columns + start + j;
      return matrix.observed[at] ? matrix.values[at] : null;
    }),
  );
}

test("reads expression, protein and generic assay, joined on the samples that all of them have", () => {
  const cohort = read();
  assert.deepEqual(
    cohort.samples.map(({ id, patient }) => [id, patient]),
    [
      ["S1", "P1"],
      ["S2", "P2"],
      ["S3", "P1"],
    ],
  );
  const names = cohort.modalities.map(({ name }) => name);
  assert.deepEqual(names, ["RNA", "protein", "metabolome_quantification"]);
  assert.deepEqual(cohort.features, ["TP53", "EGFR", "EGFR", "TP53", "2-HG", "lactate"]);
  assert.deepEqual(values(cohort, "RNA"), [
    [1.5, null],
    [0, 3],
    [2, null],
  ]);
  assert.deepEqual(values(cohort, "protein"), [
    [-1, 2],
    [null, 3],
    [0.5, 1],
  ]);
  assert.deepEqual(values(cohort, "metabolome_quantification"), [
    [22, 19],
    [20, null],
    [21, 18],
  ]);
  assert.deepEqual(cohort.drops, [
    {
      what: "samples",
      from: "sample sheet",
      count: 1,
      reason: "not in every modality",
      examples: ["S4"],
    },
  ]);
  assert.deepEqual(cohort.notes, []);
});

test("labels are the attributes of both clinical files, numbers where they are declared so", () => {
  const { samples } = read();
  const labels: Record<string, Label>[] = samples.map((sample) => sample.labels);
  assert.deepEqual(labels[0], { SEX: "Male", AGE: 59.5, GRADE: "4", SAMPLE_TYPE: "Tumor" });
  assert.deepEqual(labels[1], { SEX: "Female", AGE: null, GRADE: "4", SAMPLE_TYPE: "Tumor" });
  assert.equal(labels[2].SAMPLE_TYPE, "Normal");
  const noted = read({ [PATIENTS]: tsv("PATIENT_ID SEX", "P1 Male"), [SAMPLES]: study[SAMPLES] });
  assert.equal(noted.samples[1].labels.SEX, null);
  assert.match(
    noted.notes.join("\n"),
    /expected four # lines with 2 fields each, got 0 such lines/,
  );
  assert.match(noted.notes.join("\n"), /has nothing of the patients of 2 samples: "P2", "P2"/);
  const alone = read({ [PATIENTS]: null });
  assert.deepEqual(alone.samples[0].labels, { SAMPLE_TYPE: "Tumor" });
});

test("expression may have symbols, Entrez ids or both; a row without either is dropped and counted", () => {
  const one = { [PROTEIN]: null, [METABOLOME]: null };
  const features = (...lines: string[]) => read({ ...one, [RNA]: tsv(...lines) }).features;
  assert.deepEqual(features("Hugo_Symbol S1", "TP53 1"), ["TP53"]);
  assert.deepEqual(features("Entrez_Gene_Id S1", "7157 1"), ["7157"]);
  assert.deepEqual(features("Entrez_Gene_Id Hugo_Symbol S1", "7157 TP53 1"), ["TP53"]);
  const cohort = read({
    ...one,
    [RNA]: tsv(
      "Hugo_Symbol Entrez_Gene_Id S1",
      "TP53 7157 1",
      "_ 99 2",
      "NA _ 3",
      "ENSG00000000003.15 NA 4",
    ),
  });
  assert.deepEqual(cohort.features, ["TP53", "99", "ENSG00000000003"]);
  assert.deepEqual(cohort.drops[0], {
    what: "features",
    from: "RNA",
    count: 1,
    reason: "without a name",
    examples: ["line 4"],
  });
});

test("symbols may have Entrez ids, or be unknown, and an index may come before them", () => {
  const one = { [PROTEIN]: null, [METABOLOME]: null };
  const names = (...rows: string[]) => read({ ...one, [RNA]: tsv(...rows) });
  const combined = names("Hugo_Symbol S1 S2", "TP53|7157 1.5 2", "EGFR|1956 1 3");
  assert.deepEqual(combined.features, ["TP53", "EGFR"]);
  assert.match(combined.notes.join("\n"), /Entrez ids were taken off 2 features/);
  const unknown = names("Hugo_Symbol Entrez_Gene_Id S1 S2", "? 100130426 1.5 2", "EGFR 1956 1 3");
  assert.deepEqual(unknown.features, ["100130426", "EGFR"]);
  const indexed = names("idx Hugo_Symbol S1 S2", "0 TP53 1.5 2", "1 EGFR 1 3");
  assert.deepEqual(indexed.features, ["TP53", "EGFR"]);
});

test("of a gene on several rows the first counts, and the others are counted", () => {
  const cohort = read({
    [RNA]: tsv("Hugo_Symbol S1 S2 S3", "A 1 2 3", "B 4 5 6", "A 7 8 9", "A x NA _", "1-Mar 1 1 1"),
  });
  assert.deepEqual(values(cohort, "RNA"), [
    [1, 4],
    [2, 5],
    [3, 6],
  ]);
  assert.deepEqual(cohort.drops.slice(0, 2), [
    {
      what: "features",
      from: "RNA",
      count: 2,
      reason: "named on an earlier line, which counts",
      examples: ["A", "A"],
    },
    {
      what: "features",
      from: "RNA",
      count: 1,
      reason: "changed by Excel, not a name",
      examples: ["1-Mar"],
    },
  ]);
});

test("a protein bears its gene's symbol, and the whole reference where antibodies share the gene", () => {
  const rows = [
    "BRAF|B-Raf-M-NA 1",
    "EGFR|EGFR 2",
    "EGFR|EGFR_PY1068 3",
    "TP53|TP53 4",
    "TP53|TP53 5",
    "AKT1 6",
  ];
  const one = { [RNA]: null, [METABOLOME]: null };
  const cohort = read({ ...one, [PROTEIN]: tsv("Composite.Element.REF S1", ...rows) });
  assert.deepEqual(cohort.features, ["BRAF", "EGFR|EGFR", "EGFR|EGFR_PY1068", "TP53", "AKT1"]);
  assert.deepEqual(values(cohort, "protein"), [[1, 2, 3, 4, 6]]);
  assert.equal(cohort.drops[0].count, 1);
});

test("a generic assay's descriptions are no samples, and a limit is no measurement", async () => {
  const one = { [RNA]: null, [PROTEIN]: null };
  const cohort = read({
    ...one,
    [METABOLOME]: tsv(
      "ENTITY_STABLE_ID NAME 5 S1 S2 X9",
      "a n 1 >8.00 1 2",
      "b n 1 NA <0.5 3",
      "c n 1 4 5 6",
    ),
  });
  assert.deepEqual(values(cohort, "metabolome_quantification"), [
    [null, null, 4],
    [1, null, 5],
  ]);
  assert.match(cohort.notes.join(), /2 limits such as ">8" read as not measured/);
  assert.deepEqual(cohort.drops[0].examples, ["X9"]);
  assert.equal(cohort.drops[0].reason, "not in the clinical sample file");
  const limit = { ...one, [METABOLOME]: null, [RNA]: tsv("Hugo_Symbol S1", "A >8") };
  assert.match(
    await refusal(RNA, limit),
    /line 2, column "S1": expected a number, got ">8", a limit/,
  );
});

const metas: Record<string, string> = {
  "meta_study.txt": "cancer_study_identifier: toy_2021\nname: Toy (with: colons)\n",
  "meta_a.txt":
    "genetic_alteration_type: MRNA_EXPRESSION\r\ndatatype: CONTINUOUS\r\nstable_id: mrna\r\n" +
    "profile_name: mRNA expression\r\ndata_filename: my_rna.tsv\r\n",
  "meta_b.txt":
    "genetic_alteration_type: MRNA_EXPRESSION\ndatatype: Z-SCORE\nstable_id: mrna_z\ndata_filename: z.txt\n",
  "meta_c.txt":
    "genetic_alteration_type: GENERIC_ASSAY\ndatatype: LIMIT-VALUE\nstable_id: lipidome\n" +
    "data_filename: my_lipids.txt\ngeneric_entity_meta_properties: NAME,URL\n",
  "meta_d.txt":
    "genetic_alteration_type: GENERIC_ASSAY\ndatatype: LIMIT-VALUE\nstable_id: age\npatient_level: true\n" +
    "data_filename: patients.txt\n",
  "meta_e.txt":
    "genetic_alteration_type: CLINICAL\ndatatype: SAMPLE_ATTRIBUTES\ndata_filename: who.txt\n",
  "meta_f.txt": "genetic_alteration_type: MUTATION_EXTENDED\ndatatype: MAF\ndata_filename: m.maf\n",
  "my_rna.tsv": study[RNA],
  "my_lipids.txt": tsv("ENTITY_STABLE_ID S1 NAME URL S2", "a 1 n u 2"),
  "who.txt": study[SAMPLES],
};

test("meta files say which files are tables and which columns describe a row, whatever their names", async () => {
  const folder = folderOf(metas);
  const { id, profiles } = findStudy(folder);
  assert.equal(id, "toy_2021");
  assert.deepEqual(
    profiles.map((profile) => [profile.id, profile.title, profile.format]),
    [
      ["mrna", "mRNA expression", "expression"],
      ["lipidome", "lipidome", "generic assay"],
    ],
  );
  const cohort = readCbioportal({ folder });
  assert.equal(cohort.name, "toy_2021");
  assert.deepEqual(
    cohort.modalities.map(({ name }) => name),
    ["RNA", "lipidome"],
  );
  assert.deepEqual(values(cohort, "lipidome"), [[1], [2]]);
  assert.equal(
    cohort.samples[0].labels.SEX,
    "Male",
    "the usual name where no meta file says another",
  );
  const { "meta_c.txt": lipids, ...others } = metas;
  const broken = folderOf({ ...others, "meta_c.txt": lipids.replace("stable_id", "stable") });
  assert.match(
    await messageOf(() => findStudy(broken), "meta_c.txt"),
    /expected a line "stable_id: \.\.\.", got "genetic_alteration_type", "datatype", "stable"/,
  );
});

test("without meta files, mutations, copy numbers, z-scores and others are no expression", () => {
  const gene = tsv("Hugo_Symbol S1 S2", "TP53 1 2");
  const { profiles } = findStudy(
    folderOf({
      "data_mutations.txt": gene,
      "data_cna.txt": gene,
      "data_methylation_epic.txt": gene,
      "data_mrna_seq_fpkm_zscores_ref_all_samples.txt": gene,
      "data_gene_panel_matrix.txt": tsv("SAMPLE_ID mutations", "S1 x"),
      "data_empty.txt": "",
    }),
  );
  assert.deepEqual(profiles.map(({ id }) => id).sort(), [
    "metabolome_quantification",
    "mrna_seq_fpkm",
    "protein_quantification",
  ]);
});

test("profiles are chosen by id or file name, in the order asked for; several of a kind must be", async () => {
  const changes = {
    "data_mirna.txt": tsv("Hugo_Symbol S1", "x 1"),
    "data_mrna_array.txt": study[RNA],
  };
  const chosen = read(changes, {
    profiles: [
      { name: "RNA", profile: "mrna_array" },
      { name: "metabolite", profile: METABOLOME },
    ],
  });
  assert.deepEqual(
    chosen.modalities.map(({ name }) => name),
    ["RNA", "metabolite"],
  );
  assert.match(
    await refusal("case", changes),
    /expected one table in the expression format in .*, got "mrna_array" .*"mrna_seq_fpkm".*; choose: profiles:/,
  );
  assert.match(
    await refusal("case", {}, { profiles: [{ name: "RNA", profile: "rna" }] }),
    /expected one profile "rna" in .*, got 0 of "metabolome_quantification".*"protein_quantification"/,
  );
});

test("what is wrong in a table is said with line, column and remedy, all at once", async () => {
  const message = await refusal(PROTEIN, {
    [PROTEIN]: tsv("Composite.Element.REF S1 S2 S1", "A|A 1 x 3", "B|B 1 2", "C|C inf 2 3"),
  });
  assert.match(message, /expected a table of numbers, got 4 problems:/);
  assert.match(
    message,
    /line 1: expected each sample once, got "S1" again, after column 2 and column 4/,
  );
  assert.match(message, /line 2, column "S2": expected a number, got "x"; correct it/);
  assert.match(message, /line 3: expected 4 fields, as in the header, got 3; add or remove tabs/);
  assert.match(message, /line 4, column "S1": .*which is infinite/);
  const named = { ...metas, "my_rna.tsv": tsv("Gene S1", "A 1") };
  assert.match(
    await refusal("my_rna.tsv", named),
    /line 1: expected a column "Hugo_Symbol" or "Entrez_Gene_Id", got "Gene", "S1"; name the column so/,
  );
  assert.match(
    await refusal(RNA, { [RNA]: tsv("Hugo_Symbol s1 s2", "A 1 2") }),
    /expected samples that the clinical sample file has too \("S1", .*, columns "s1", "s2"; write the ids alike: "s1" here/,
  );
  assert.match(
    await refusal(RNA, { [RNA]: tsv("Hugo_Symbol S1") }),
    /expected rows below the header, got none/,
  );
});

test("what is wrong in the clinical files is said in the same way", async () => {
  const head = study[SAMPLES].split("\n").slice(0, 5).join("\n");
  assert.match(
    await refusal(SAMPLES, { [SAMPLES]: `${head}\nP1\tS1\tTumor\n\tS2\tTumor\nP2\tS1\tTumor\n` }),
    /line 7, column "PATIENT_ID": expected the patient of sample "S2"[\s\S]*line 8: expected each sample once, got "S1"/,
  );
  assert.match(
    await refusal(SAMPLES, { [SAMPLES]: study[SAMPLES].replace("SAMPLE_ID", "OTHER_SAMPLE_ID") }),
    /line 5: expected a column "SAMPLE_ID", got "PATIENT_ID", "OTHER_SAMPLE_ID", "SAMPLE_TYPE"/,
  );
  // The last # line alone is as wide as the header: it is still not the header.
  const uneven = study[SAMPLES]
    .replace("#Patient\tSample\tType", "#Patient\tSample")
    .replace("#Patient\tSample\tType", "#Patient");
  assert.equal(
    read({ [SAMPLES]: uneven.replace("#STRING\tSTRING\tSTRING", "#STRING") }).samples.length,
    3,
  );
  assert.match(
    await refusal(SAMPLES, { [SAMPLES]: null }),
    /expected a file, got none of that name; .* has/,
  );
});

test("names a folder that is none, one without tables, and a pointer in the place of a file", async () => {
  const none = join(root, "none");
  assert.match(
    await messageOf(() => readCbioportal({ folder: none }), none),
    /expected the folder of a cBioPortal study at .*, got ENOENT/,
  );
  const bare = { [RNA]: null, [PROTEIN]: null, [METABOLOME]: null };
  assert.match(
    await refusal("case", bare),
    /expected tables of expression, protein or a generic assay in/,
  );
  const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 6359\n";
  assert.match(
    await refusal(SAMPLES, { [SAMPLES]: pointer }),
    /got a Git LFS pointer, not the file; fetch it with git lfs pull/,
  );
  assert.match(
    await refusal(PROTEIN, { [PROTEIN]: pointer }),
    /expected a table, got a Git LFS pointer, .* or remove it/,
  );
  assert.match(
    await refusal("my_rna.tsv", { ...metas, "my_rna.tsv": pointer }),
    /a Git LFS pointer/,
  );
});

const data = process.env.ARO_TEST_DATA ?? "../shared/data";
const gbm = join(data, "gbm87");

test(
  "a real metabolome, written as a generic assay, is the same as from its own table",
  existsSync(gbm) ? {} : { skip: `no real data in ${gbm}` },
  async () => {
    const file = join(gbm, "metabolite_log2_134.tsv.gz");
    const text = gunzipSync(readFileSync(file)).toString();
    const [header, ...rows] = text
      .trimEnd()
      .split(/\r?\n/)
      .map((line) => line.split("\t"));
    const assay = header.slice(1).map((name, j) => [name, name, ...rows.map((row) => row[j + 1])]);
    const lines = [["ENTITY_STABLE_ID", "NAME", ...rows.map(([id]) => id)], ...assay];
    const sheet = ["PATIENT_ID\tSAMPLE_ID", ...rows.map(([id]) => `${id}\t${id}`)];
    const folder = folderOf({
      [RNA]: null,
      [PROTEIN]: null,
      [PATIENTS]: null,
      [METABOLOME]: lines.map((cells) => `${cells.join("\t")}\n`).join(""),
      [SAMPLES]: `${sheet.join("\n")}\n`,
    });
    const cohort = readCbioportal({ folder });
    const same = await readTable({ file, name: "metabolite", orientation: "samples-in-rows" });
    assert.equal(cohort.samples.length, 87);
    assert.deepEqual(cohort.features, same.features);
    assert.deepEqual(
      cohort.samples.map(({ id }) => id),
      same.samples,
    );
    assert.deepEqual(cohort.matrix, same.matrix);
  },
);

test("tables and clinical files have the checks of other readers", async () => {
  const total = { [RNA]: tsv("Hugo_Symbol S1 S2", "TP53 1.5 0", "EGFR 4 3", "Total 5.5 3") };
  assert.match(
    await refusal(RNA, total),
    /line 4: .*"Total", the sum of the others; remove the row/,
  );
  const aged = { [SAMPLES]: tsv("PATIENT_ID SAMPLE_ID AGE", "P1 S1 1.5", "P2 S2 0", "P1 S3 2") };
  assert.match(await refusal(RNA, aged), /got "TP53" with the values of the label "AGE"/);
  const odd = study[PATIENTS].replace("[Not Available]", "60").replace("59.5", ">89");
  const { notes } = read({ [PATIENTS]: odd });
  assert.match(notes.join("\n"), /"AGE" is kept as text because of ">89"/);
});

test("a table in UTF-16 is not passed over", () => {
  const folder = folderOf();
  for (const encoding of ["le", "be"] as const) {
    const bytes = Buffer.from(`\ufeff${study[RNA]}`, "utf16le");
    writeFileSync(join(folder, RNA), encoding === "le" ? bytes : bytes.swap16());
    const cohort = readCbioportal({ folder, name: "toy" });
    assert.deepEqual(cohort.modalities.map(({ name }) => name).slice(0, 1), ["RNA"]);
  }
});

test("a table below remarks is found, by its first line without a #", async () => {
  const { modalities } = await readCbioportal({
    folder: folderOf({ [RNA]: `#made in 2021\n${study[RNA]}` }),
  });
  assert.deepEqual(modalities.map(({ name }) => name).slice(0, 2), ["RNA", "protein"]);
});
