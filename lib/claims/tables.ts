// The paper's tables with ours laid beside them: losses over seeds, parameters by block, sizes of the cohorts.
import { dropEmptyFeatures } from "../cohort/cohort.js";
import type { PaperCohort } from "../cohort/paper.js";
import { sizeOf } from "../engine/shapes.js";
import { ARO, type AroSpec } from "../model/aro.js";
import { countParameters } from "../model/model.js";
import { type SeedRow, withDeviation } from "../study/experiment-scores.js";
import { count, short } from "./finding.js";
import { findClaim, numberOf, PAPER_SHAPE, paperClaims, printed } from "./paper.js";

/** One loss of ours beside the paper's, both as text. */
export interface ComparedLoss {
  readonly predictor: string;
  readonly part: string;
  /** As in Table 4; "–" where the paper has none. */
  readonly paperMse: string;
  readonly mse: string;
  /** As in Table 5. */
  readonly paperHuber: string;
  readonly huber: string;
  /** Seeds behind our mean; null for a control. */
  readonly seeds: number | null;
}

/** Lays the table over seeds beside the paper's losses of the same predictor and part. */
export function compareLosses(rows: readonly SeedRow[]): ComparedLoss[] {
  return rows.map(({ predictor, part, seeds, ...row }) => ({
    predictor,
    part,
    paperMse: paperLoss("mse", predictor, part),
    mse: writeLoss(row.mse, row.mseDeviation),
    paperHuber: paperLoss("huber", predictor, part),
    huber: writeLoss(row.huber, row.huberDeviation),
    seeds,
  }));
}

function paperLoss(...about: readonly string[]): string {
  const [mean, deviation] = ["loss", "deviation"].map((rule) => findClaim(rule, ...about)?.paper);
  return deviation === undefined ? (mean ?? "–") : `${mean} ± ${deviation}`;
}

/** A mean with its deviation; a tiny one, as the training error of PCA, as a power. */
export function writeLoss(mean: number, deviation: number | null): string {
  return Math.abs(mean) < 5e-4 ? short(mean) : withDeviation(mean, deviation);
}

/** One block of Table 3 beside the same of another model. */
export interface BlockRow {
  readonly block: string;
  readonly paper: number | null;
  readonly shape: string;
  readonly parameters: number;
}

/** Lays the parameters of a model beside the paper's Table 3, and below them their sum. */
export function compareBlocks(spec: AroSpec): BlockRow[] {
  const blocks = ARO.network(spec)
    .tensors.filter(({ isTrained }) => isTrained)
    .map(({ name, shape }) => {
      const claim = findClaim("block", name);
      return {
        block: name,
        paper: claim ? numberOf(claim.paper) : null,
        shape: shape.join(" x "),
        parameters: sizeOf(shape),
      };
    });
  const table = paperClaims().filter(({ rule }) => rule === "block");
  const paper = table.reduce((total, claim) => total + numberOf(claim.paper), 0);
  return [...blocks, { block: "all", paper, shape: "", parameters: countParameters(ARO, spec) }];
}

/** One size of ours beside the paper's. */
export interface SizeRow {
  readonly what: string;
  readonly ours: string;
  readonly paper: string;
  readonly verdict: "the same" | "as printed for the other cohort" | "different";
}

/**
 * Compares the sizes of the sheets with Table 6, then samples and columns with the text and Table 3.
 *
 * Table 6 seems to have its two cohorts exchanged: its 109 x 10,998 proteins, printed for Li et al., are those of the
 * glioblastoma workbook. So each row is compared with both.
 */
export function comparePaperSizes(cohort: PaperCohort): SizeRow[] {
  const sheets = cohort.parts.map(({ cohort: name, modality, samples, features }) => {
    const paper = paperSize(name, modality);
    const exchanged = paperSize(name === "GBM" ? "RCC" : "GBM", modality);
    return compareSize(`Table 6: ${name}, ${modality}`, size(samples, features), paper, exchanged);
  });
  const samples = numberOf(printed("samplesJoined"));
  const joined = ({ matrix }: Pick<PaperCohort, "matrix">, what: string, columns: number) =>
    compareSize(what, size(matrix.rows, matrix.columns), size(samples, columns));
  return [
    ...sheets,
    joined(cohort, "joined", numberOf(printed("columnsJoined"))),
    joined(dropEmptyFeatures(cohort), "without empty columns", PAPER_SHAPE.features),
  ];
}

function paperSize(cohort: string, modality: string): string {
  const [samples, features] = ["samples", "features"].map((what) =>
    numberOf(printed("size", cohort, modality, what)),
  );
  return size(samples, features);
}

function compareSize(what: string, ours: string, paper: string, exchanged?: string): SizeRow {
  const other = ours === exchanged ? "as printed for the other cohort" : "different";
  return { what, ours, paper, verdict: ours === paper ? "the same" : other };
}

function size(rows: number, columns: number): string {
  return `${rows} x ${count(columns)}`;
}
