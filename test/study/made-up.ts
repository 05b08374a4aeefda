// Made-up files in the shapes of the paper's cohorts: the journals' workbooks, and cBioPortal's glioblastoma study.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { curatedNames } from "../../lib/cohort/metabolites.js";
import { createRandom } from "../../lib/cohort/random.js";
import { type Rows, workbook } from "../cohort/workbooks.js";

const SIDES = ["Left", "Right"] as const;
const METABOLITES = [...curatedNames().keys()].slice(0, 20);

export interface MadeUpOptions {
  /** Of glioblastoma; a sixth as many GTEx donors come on top in the workbook. */
  readonly tumors: number;
  /** Of renal cell carcinoma, each a tumor and a normal. */
  readonly pairs: number;
  readonly genes: number;
  readonly proteins: number;
  /** Leaves out the clinical workbook, or cBioPortal's column of the side. */
  readonly laterality?: boolean;
}

const pad = (i: number, digits: number) => String(i).padStart(digits, "0");
const gene = (i: number) => `ENSG${pad(i, 11)}.1`;
const symbol = (i: number) => `GENE${i}`;
const tumor = (i: number) => `C3L-${pad(i, 5)}`;
const range = (count: number) => Array.from({ length: count }, (_, i) => i);

/** Values of features by samples: a side moves some features, tissue others; a protein follows its gene. */
function drawValues(samples: readonly string[], features: number, level: number, missing: number) {
  const random = createRandom(7, `${level} ${samples[0]}`);
  return range(features).map((j) =>
    samples.map((id) => {
      const moved = (j % 3 === 0 && /^PT|-N$/.test(id)) || (j % 5 === 0 && Number(id.at(-1)) % 2);
      const value = level + (j % 7) + random.normal() + (moved ? 2 : 0);
      return random.uniform() < missing ? null : Math.round(1000 * value) / 1000;
    }),
  );
}

function sheet(names: string[], samples: string[], rows: string[][], values: Rows): Rows {
  return [[...names, ...samples], ...rows.map((row, i) => [...row, ...values[i]])];
}

/** Writes ROOT/paper, with workbooks under the journals' names, and ROOT/sources.json that names them, sizes unknown. */
export async function writePaper(
  root: string,
  { tumors, pairs, genes, proteins, laterality = true }: MadeUpOptions,
): Promise<{ folder: string; manifest: string }> {
  const folder = join(root, "paper");
  mkdirSync(folder, { recursive: true });
  const donors = range(Math.ceil(tumors / 6)).map((i) => `PT-D${pad(i, 3)}`);
  const gbm = [...range(tumors).map(tumor), ...donors];
  const rcc = range(pairs).flatMap((i) => [`K${i}-T`, `K${i}-N`]);
  const genesOf = range(genes);
  const shared = range(proteins);
  const put = async (name: string, sheets: Readonly<Record<string, Rows>>) =>
    writeFileSync(join(folder, name), await workbook(sheets));
  await put("1-s2.0-S1535610821000507-mmc3.xlsx", {
    gene_expression_fpkm_uq: sheet(
      ["gene_id", "gene_name"],
      gbm,
      genesOf.map((i) => [gene(i), symbol(i)]),
      drawValues(gbm, genes, 8, 0),
    ),
    proteome_normalized: sheet(
      ["symbol"],
      gbm,
      shared.map((i) => [symbol(i)]),
      drawValues(gbm, proteins, 0, 0.1),
    ),
    metabolome_normalized: sheet(
      ["Metabolite"],
      gbm,
      METABOLITES.map((name) => [name]),
      drawValues(gbm, METABOLITES.length, 20, 0.05),
    ),
  });
  await put("1-s2.0-S2666379124002398-mmc3.xlsx", {
    TPM_filtered_log2_RNA: sheet(
      ["ID"],
      rcc,
      genesOf.map((i) => [symbol(i)]),
      drawValues(rcc, genes, 3, 0),
    ),
    Abundance_gene_MD_protein: sheet(
      ["Index", "ProteinID"],
      rcc,
      shared.map((i) => [symbol(i), `ENSP${pad(i, 11)}.1`]),
      drawValues(rcc, proteins, 25, 0.1),
    ),
  });
  await put("1-s2.0-S2666379124002398-mmc9.xlsx", {
    compound_abundance: sheet(
      ["Name"],
      rcc,
      METABOLITES.map((name) => [name]),
      drawValues(rcc, METABOLITES.length, 100, 0.05),
    ),
  });
  if (laterality) await put("clinical.xlsx", { Clinical_Attributes: clinicalRows(tumors) });
  return { folder: root, manifest: writeHandManifest(root) };
}

function clinicalRows(tumors: number): Rows {
  const died = "days_from_date_of_initial_pathologic_diagnosis_to_date_of_death";
  const rows = range(tumors).map((i) => [
    tumor(i),
    i % 3 === 0 ? "Female" : "Male",
    40 + i,
    25,
    i === 0 ? "Bilateral" : SIDES[i % 2],
    null,
  ]);
  return [["case_id", "gender", "age", "BMI", "tumor_laterality", died], ...rows];
}

/** The repository's own entry, without sizes and checksums, which made-up files do not have. */
function writeHandManifest(root: string): string {
  const { paper } = JSON.parse(readFileSync(SOURCES, "utf8"));
  const byHand = paper.byHand.map(({ bytes, sha256, ...file }: Record<string, unknown>) => file);
  const manifest = join(root, "sources.json");
  writeFileSync(manifest, JSON.stringify({ paper: { ...paper, byHand } }));
  return manifest;
}

const SOURCES = join(import.meta.dirname, "..", "..", "data", "sources.json");

/** Writes ROOT/gbm in cBioPortal's formats, and ROOT/sources.json with the sizes and checksums of what was written. */
export function writeGbm(
  root: string,
  { tumors, genes, proteins, laterality = true }: Omit<MadeUpOptions, "pairs">,
): { folder: string; manifest: string } {
  const folder = join(root, "gbm");
  mkdirSync(folder, { recursive: true });
  const ids = range(tumors).map(tumor);
  const table = (header: string[], names: string[][], values: Rows) =>
    text([
      [...header, ...ids],
      ...names.map((row, i) => [...row, ...values[i].map((value) => `${value ?? "NA"}`)]),
    ]);
  const attributes = [
    ["PATIENT_ID", "STRING"],
    ["SEX", "STRING"],
    ["AGE", "NUMBER"],
    ...(laterality ? [["TUMOR_LATERALITY", "STRING"]] : []),
  ];
  const patients = ids.map((id, i) => {
    const side = i === 0 ? "Bilateral" : SIDES[i % 2];
    return [id, i % 3 === 0 ? "Female" : "Male", `${40 + i}`, ...(laterality ? [side] : [])];
  });
  const contents: Readonly<Record<string, string>> = {
    "data_mrna_seq_fpkm.txt": table(
      ["Hugo_Symbol"],
      range(genes).map((i) => [symbol(i)]),
      drawValues(ids, genes, 8, 0),
    ),
    "data_protein_quantification.txt": table(
      ["Composite.Element.REF"],
      range(proteins).map((i) => [`${symbol(i)}|${symbol(i)}`]),
      drawValues(ids, proteins, 0, 0.1),
    ),
    "data_metabolome_quantification.txt": table(
      ["ENTITY_STABLE_ID", "NAME"],
      METABOLITES.map((name) => [name, name]),
      drawValues(ids, METABOLITES.length, 20, 0.05),
    ),
    "data_clinical_patient.txt": clinicalText(attributes, patients),
    "data_clinical_sample.txt": clinicalText(
      [
        ["PATIENT_ID", "STRING"],
        ["SAMPLE_ID", "STRING"],
      ],
      ids.map((id) => [id, id]),
    ),
  };
  const { gbm } = JSON.parse(readFileSync(SOURCES, "utf8"));
  const files = gbm.files.map((file: { name: string }) => {
    const content = Buffer.from(contents[file.name]);
    writeFileSync(join(folder, file.name), content);
    const sha256 = createHash("sha256").update(content).digest("hex");
    return { ...file, bytes: content.length, sha256 };
  });
  const manifest = join(root, "sources.json");
  writeFileSync(manifest, JSON.stringify({ gbm: { ...gbm, files } }));
  return { folder: root, manifest };
}

function clinicalText(attributes: readonly string[][], rows: readonly string[][]): string {
  const names = attributes.map(([name]) => name);
  const types = attributes.map(([, type]) => type);
  const head = [names, names, types, types.map(() => "1")].map((line) => [
    `#${line[0]}`,
    ...line.slice(1),
  ]);
  return text([...head, names, ...rows]);
}

function text(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => `${row.join("\t")}\n`).join("");
}
