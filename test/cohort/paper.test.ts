// The paper's two cohorts from small workbooks of the same shape: names, joining, labels, sizes, and what can be wrong.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { dropEmptyFeatures, findModality } from "../../lib/cohort/cohort.js";
import {
  gbmSamples,
  type PaperCohort,
  type PaperOptions,
  readGbmClinical,
  readPaperCohort,
} from "../../lib/cohort/paper.js";
import { findPlaced } from "../../lib/cohort/sources.js";
import { scratchFolder } from "../scratch.js";
import { type Rows, workbook } from "./workbooks.js";

const root = scratchFolder();

const GBM: Readonly<Record<string, Rows>> = {
  README: [["Table S2"]],
  gene_expression_fpkm_uq: [
    ["gene_id", "gene_name", "gene_type", "C3L-00001", "C3N-00002", "PT-AAAA", "C3L-00004"],
    ["ENSG00000141510.15", "TP53", "protein_coding", 10, 20, 30, 40],
    ["ENSG00000146648.14", "EGFR", "protein_coding", 1, "NA", 3, 4],
    ["ENSG00000000101.1", "DUP", "lncRNA", 5, 6, 7, 8],
    ["ENSG00000000102.1", "DUP", "lncRNA", 5, 6, 7, 8],
    ["ENSG00000182378.12", "PLCXD1", "protein_coding", 2, 2, 2, 2],
    ["ENSG00000182378.12_PAR_Y", "PLCXD1", "protein_coding", 0, 0, 0, 0],
    ["ENSG00000000103.1", "ZERO", "lncRNA", 0, 0, 0, 0],
  ],
  proteome_normalized: [
    ["symbol", "refseq_prot_id", "C3L-00001", "C3N-00002", "PT-AAAA"],
    ["TP53", "NP_1", 0.5, -0.5, 1],
    ["EGFR", "NP_2", 1, 2, 3],
    ["NOVEL", "NP_3", 4, 5, 6],
    [new Date(Date.UTC(2021, 8, 1)), "NP_4", 7, 8, 9],
    ["DUP", "NP_5", 1, 1, 1],
    ["EGFR", "NP_6", 9, 9, 9],
  ],
  metabolome_normalized: [
    ["Metabolite", "PT-AAAA", "C3N-00002", "C3L-00001"],
    ["D-glucose", 23, 22, 21],
    ["Unknown 001", 1, 1, 1],
    ["L-2-aminoadipic acid", 13, 12, 11],
    ["DL-2-Aminoadipic acid (spectral match)", 5, 5, 5],
  ],
};
const RCC: Readonly<Record<string, Rows>> = {
  TPM_filtered_log2_RNA: [
    ["ID", "K1-T", "K1-N", "K2-T", "pool"],
    ["TP53", 3, 4, 5, 1],
    ["KRAS", 6, 7, 8, 1],
    ["DUP", 9, 9, 9, 1],
  ],
  Abundance_gene_MD_protein: [
    ["Index", "NumberPSM", "ProteinID", "MaxPepProb", "ReferenceIntensity", "K1-N", "K1-T", "K2-T"],
    ["EGFR", 5, "ENSP00000275493.2", 1, 20, 31, 32, 33],
    ["XYZ", 5, "ENSP00000000009.1", 1, 20, 41, 42, null],
  ],
};
const RCC_METABOLITES: Readonly<Record<string, Rows>> = {
  compound_abundance: [
    ["Name", "K1-T", "K1-N"],
    ["D-Glucose", 101, 102],
    ["mystery", 1, 1],
    ["Lactic acid", 103, 104],
  ],
};
const CLINICAL: Readonly<Record<string, Rows>> = {
  Readme: [["Source"]],
  Clinical_Attributes: [
    [
      "case_id",
      "gender",
      "age",
      "BMI",
      "tumor_laterality",
      "days_from_date_of_initial_pathologic_diagnosis_to_date_of_death",
    ],
    ["C3L-00001", "Male", 58, 32.5, "Left", 129],
    ["C3N-00002", "Female", 61, "N/A", "Bilateral", null],
    ["GTEX-AAAA-0011-R10A-SM-X", "Male", 40, 25, null, null],
  ],
};

/** Names as the real files have, sizes not recorded. */
const FILES = {
  gbm: ["1-s2.0-S1535610821000507-mmc3.xlsx", GBM],
  rcc: ["1-s2.0-S2666379124002398-mmc3.xlsx", RCC],
  "rcc-metabolites": ["1-s2.0-S2666379124002398-mmc9.xlsx", RCC_METABOLITES],
} as const;

let count = 0;
async function place(
  changes: Partial<Record<keyof typeof FILES, Readonly<Record<string, Rows>>>> = {},
  manifestChanges: Readonly<Record<string, object>> = {},
) {
  const folder = mkdtempSync(join(root, `case${count++}-`));
  for (const [id, [name, sheets]] of Object.entries(FILES)) {
    const content = changes[id as keyof typeof FILES] ?? sheets;
    writeFileSync(join(folder, name), await workbook(content));
  }
  const about = { page: "https://example.org/paper", holds: "tables" };
  const byHand = [
    ...Object.entries(FILES).map(([id, [name]]) => ({
      id,
      name,
      ...about,
      ...manifestChanges[id],
    })),
    { id: "clinical", name: "clinical.xlsx", optional: true, ...about },
    { id: "gprofiler", name: "gprofiler.json", optional: true, ...about },
    { id: "name-map", name: "name_map.csv", optional: true, ...about },
  ];
  const manifest = join(folder, "sources.json");
  writeFileSync(manifest, JSON.stringify({ paper: { title: "toy", byHand } }));
  const options: PaperOptions = { folder, manifest, cache: { folder: join(folder, "kept") } };
  return { folder, manifest, options };
}

const valuesOf = ({ matrix }: PaperCohort, row: number) =>
  Array.from({ length: matrix.columns }, (_, j) => {
    const at = row * matrix.columns + j;
    return matrix.observed[at] ? matrix.values[at] : null;
  });
const namesOf = (cohort: PaperCohort, modality: string) => {
  const { start, end } = findModality(cohort.modalities, modality);
  return cohort.features.slice(start, end);
};

test("joins both cohorts on the samples of all modalities, and the columns outwardly", async () => {
  const { options } = await place();
  const cohort = await readPaperCohort(options);
  assert.deepEqual(
    cohort.samples.map(({ id, patient }) => [id, patient]),
    [
      ["C3L-00001", "C3L-00001"],
      ["C3N-00002", "C3N-00002"],
      ["PT-AAAA", "PT-AAAA"],
      ["K1-T", "K1"],
      ["K1-N", "K1"],
    ],
  );
  assert.deepEqual(namesOf(cohort, "RNA"), [
    "ENSG00000141510",
    "ENSG00000146648",
    "ENSG00000000101",
    "ENSG00000000102",
    "ENSG00000182378",
    "ENSG00000000103",
  ]);
  assert.deepEqual(namesOf(cohort, "protein"), [
    "ENSG00000141510",
    "ENSG00000146648",
    "NOVEL",
    "DUP",
    "ENSP00000000009",
  ]);
  assert.deepEqual(namesOf(cohort, "metabolite"), ["C00031", "C00956", "C00186"]);
  assert.deepEqual(valuesOf(cohort, 0), [10, 1, 5, 5, 2, 0, 0.5, 1, 4, 1, null, 21, 11, null]);
  assert.deepEqual(valuesOf(cohort, 1).slice(0, 2), [20, null]);
  assert.deepEqual(valuesOf(cohort, 3), [
    3,
    null,
    null,
    null,
    null,
    null,
    null,
    32,
    null,
    null,
    42,
    101,
    null,
    103,
  ]);
});

test("counts every row and sample that is left out, with its reason, and lists Excel's dates", async () => {
  const { options } = await place();
  const cohort = await readPaperCohort(options);
  const lost = cohort.drops.map(({ from, count: n, reason, examples }) => [
    from,
    n,
    reason,
    ...examples,
  ]);
  assert.deepEqual(lost, [
    ["GBM RNA", 1, "the Y copy of a pseudoautosomal gene", "ENSG00000182378.12_PAR_Y"],
    ["GBM protein", 1, "a date by Excel, not a name", "2021-09-01"],
    ["GBM protein", 1, "the same feature again; the first is kept", "EGFR"],
    ["GBM metabolite", 1, "no KEGG compound known for the name", "Unknown 001"],
    [
      "GBM metabolite",
      1,
      "the same feature again; the first is kept",
      "DL-2-Aminoadipic acid (spectral match)",
    ],
    ["RCC RNA", 1, "no Ensembl gene known for the name", "KRAS"],
    ["RCC RNA", 1, "a symbol of several genes, without an answer", "DUP"],
    ["RCC metabolite", 1, "no KEGG compound known for the name", "mystery"],
    ["RNA, sample sheet", 2, "not in every modality", "C3L-00004", "K2-T"],
    ["protein", 1, "not in every modality and the sample sheet", "K2-T"],
  ]);
  assert.ok(cohort.notes.includes("GBM protein: names that Excel turned into dates: 2021-09-01"));
  assert.ok(cohort.notes.some((note) => /no answer of g:Profiler/.test(note)));
  assert.deepEqual(cohort.parts, [
    { cohort: "GBM", modality: "RNA", samples: 4, features: 6 },
    { cohort: "GBM", modality: "protein", samples: 3, features: 4 },
    { cohort: "GBM", modality: "metabolite", samples: 3, features: 2 },
    { cohort: "RCC", modality: "RNA", samples: 3, features: 1 },
    { cohort: "RCC", modality: "protein", samples: 3, features: 2 },
    { cohort: "RCC", modality: "metabolite", samples: 2, features: 2 },
  ]);
  const kept = dropEmptyFeatures(cohort);
  assert.equal(kept.matrix.columns, cohort.matrix.columns - 1);
  assert.ok(!kept.features.includes("ENSG00000000103"));
});

test("names by a saved answer of g:Profiler what the sheet cannot, also under several genes", async () => {
  const { folder, options } = await place();
  const lines = [
    ["KRAS", "ENSG00000133703"],
    ["DUP", "ENSG00000000102"],
    ["NOVEL", "ENSG00000000201"],
    ["NOVEL", "ENSG00000000202"],
    ["ENSP00000000009", "ENSG00000000009"],
  ].map(([incoming, converted]) => ({ incoming, converted }));
  writeFileSync(join(folder, "gprofiler.json"), JSON.stringify({ result: lines }));
  const cohort = await readPaperCohort(options);
  assert.ok(namesOf(cohort, "RNA").includes("ENSG00000133703"));
  assert.deepEqual(namesOf(cohort, "protein"), [
    "ENSG00000141510",
    "ENSG00000146648",
    "ENSG00000000201",
    "ENSG00000000202",
    "ENSG00000000102",
    "ENSG00000000009",
  ]);
  assert.ok(cohort.notes.includes("GBM protein: 1 rows stand under several identifiers"));
  assert.deepEqual(valuesOf(cohort, 0).slice(7, 13), [0.5, 1, 4, 4, 1, null]);
});

test("keeps the sheets' own protein names where that is asked, and then shares none", async () => {
  const { options } = await place();
  const cohort = await readPaperCohort({ ...options, proteins: "published" });
  assert.deepEqual(namesOf(cohort, "protein"), [
    "TP53",
    "EGFR",
    "NOVEL",
    "DUP",
    "ENSP00000275493",
    "ENSP00000000009",
  ]);
});

test("labels samples, and finds a GTEx donor in the clinical workbook", async () => {
  const { folder, options } = await place();
  writeFileSync(join(folder, "clinical.xlsx"), await workbook(CLINICAL));
  const { samples } = await readPaperCohort(options);
  assert.deepEqual(samples[0].labels, {
    cohort: "GBM",
    tissue: "tumor",
    laterality: "left",
    gender: "male",
    age: 58,
    BMI: 32.5,
    daysToDeath: 129,
  });
  assert.deepEqual(
    samples.map(({ labels }) => [labels.tissue, labels.laterality, labels.age ?? null]),
    [
      ["tumor", "left", 58],
      ["tumor", "bilateral", 61],
      ["normal", "non-cancerous", 40],
      ["tumor", null, null],
      ["normal", "non-cancerous", null],
    ],
  );
  assert.equal(samples[1].labels.BMI, null);
});

test("a name map goes before the curated table", async () => {
  const { folder, options } = await place();
  const lines = ["Query,KEGG", "mystery,C12345", "lactic acid,NA"];
  writeFileSync(join(folder, "name_map.csv"), lines.join("\n"));
  const cohort = await readPaperCohort(options);
  assert.deepEqual(namesOf(cohort, "metabolite"), ["C00031", "C00956", "C12345"]);
});

test("names each file that is absent, renamed, empty or of another size, and what to do", async () => {
  const { folder, options } = await place({}, { gbm: { bytes: 1000 } });
  const [rcc] = FILES.rcc;
  const [metabolites] = FILES["rcc-metabolites"];
  renameSync(join(folder, rcc), join(folder, "mmc3.xlsx"));
  rmSync(join(folder, metabolites));
  await assert.rejects(readPaperCohort(options), (error: Error) => {
    assert.match(error.message, /expected the files of "paper", got 3 problems/);
    assert.match(
      error.message,
      /S1535610821000507-mmc3.xlsx with 1000 bytes, got \d+; download it again/,
    );
    assert.match(
      error.message,
      /S2666379124002398-mmc3.xlsx, got no such file; but mmc3.xlsx may be it: rename it/,
    );
    assert.match(
      error.message,
      /mmc9.xlsx, got no such file; download it from https:.*put it there/,
    );
    return true;
  });
  writeFileSync(join(folder, metabolites), "");
  await assert.rejects(readPaperCohort(options), /mmc9.xlsx with content, got an empty file/);
  const nowhere = { ...options, folder: join(folder, "nowhere") };
  await assert.rejects(readPaperCohort(nowhere), /nowhere: expected the files .* got 3 problems/);
});

test("takes a file under another of its names, and finds one of the right size", async () => {
  const { folder, manifest, options } = await place({}, { gbm: { otherNames: ["S3.xlsx"] } });
  renameSync(join(folder, FILES.gbm[0]), join(folder, "S3.xlsx"));
  assert.equal((await readPaperCohort(options)).samples.length, 5);
  const made = await workbook(RCC_METABOLITES); // another would have another time in it, and perhaps another size
  const sized = await place({}, { "rcc-metabolites": { bytes: made.length } });
  rmSync(join(sized.folder, FILES["rcc-metabolites"][0]));
  writeFileSync(join(sized.folder, "x.bin"), made);
  await assert.rejects(readPaperCohort(sized.options), /but x\.bin may be it: rename it/);
  await assert.rejects(findPlaced("other", { folder, manifest }), /placed by hand, got "other"/);
});

test("compares checksums where that is asked", async () => {
  const { folder, manifest } = await place({}, { gbm: { sha256: "0".repeat(64) } });
  assert.equal((await findPlaced("paper", { folder, manifest })).size, 3);
  await assert.rejects(
    findPlaced("paper", { folder, manifest, checksums: true }),
    /with sha256 0{64}, got [0-9a-f]{64}; download it again/,
  );
});

test("names the workbook, the sheet and the column that is missing", async () => {
  const { proteome_normalized: _, ...without } = GBM;
  const lacking = await place({ gbm: without });
  await assert.rejects(
    readPaperCohort(lacking.options),
    /0507-mmc3.xlsx: expected a sheet "proteome_normalized" .*got "README", "gene_expression/,
  );
  const [header, ...rows] = RCC.TPM_filtered_log2_RNA;
  const renamed = { ...RCC, TPM_filtered_log2_RNA: [["Gene", ...header.slice(1)], ...rows] };
  const { options } = await place({ rcc: renamed });
  await assert.rejects(
    readPaperCohort(options),
    /2398-mmc3.xlsx, sheet "TPM_filtered_log2_RNA": expected a header with "ID", got "Gene", "K1-T"/,
  );
});

const clinical = join(process.env.ARO_TEST_DATA ?? "../shared/data", "gbm87", "clinical.xlsx");
const real = existsSync(clinical) ? {} : { skip: `no real workbook ${clinical}` };

test("reads the labels of the real glioblastoma cohort", real, async () => {
  const cases = await readGbmClinical(clinical);
  assert.equal(cases.size, 110);
  const samples = gbmSamples([...cases.keys()], cases);
  const count = (label: string, value: string) =>
    samples.filter(({ labels }) => labels[label] === value).length;
  assert.deepEqual([count("tissue", "tumor"), count("tissue", "normal")], [99, 10]); // and one withdrawn
  assert.deepEqual(
    ["left", "right", "bilateral", "non-cancerous"].map((side) => count("laterality", side)),
    [47, 49, 3, 10],
  );
  assert.ok(cases.has("PT-NPJ7"));
  assert.deepEqual(cases.get("C3L-00104"), {
    laterality: "left",
    gender: "male",
    age: 58,
    BMI: 32.54,
    daysToDeath: 129,
  });
});
