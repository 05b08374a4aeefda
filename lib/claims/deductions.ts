// Rules that need no data: what follows from the paper's own numbers, by arithmetic and by comparing its statements.
import { sizeOf } from "../engine/shapes.js";
import { constantLosses } from "../evaluate/gaussian.js";
import { type Interval, wilsonInterval } from "../evaluate/statistics.js";
import { ARO } from "../model/aro.js";
import { countParameters } from "../model/model.js";
import { MODIS } from "../model/modis.js";
import { DEFAULT_RATIOS } from "../model/modis-networks.js";
import { PAPER_SPACE } from "../train/space.js";
import { allBelowZero, count, percents, type Rule, short, subtract } from "./finding.js";
import { findClaim, numberOf, PAPER_SHAPE, paperClaims, printed, roundsTo } from "./paper.js";

/** The cohorts and modalities of Table 6. */
const COHORTS = ["RCC", "GBM"] as const;
const MODALITIES = ["RNA", "protein", "metabolite"] as const;

/** Columns of RNA, protein and metabolite in the joined matrix. Source: ccdderc/ARO@e3bb22a. */
const COLUMNS = [50_455, 23_300, 247] as const;

/** A MODIS that keeps every column; its authors document both options. */
const REDUCED_MODIS = { ratios: [0.04, 0.02], latent: 64 } as const;

/** Samples that 15 % of 115 can be. */
const TEST_ROWS = [17, 18] as const;

/** A quarter of 115 samples, which the authors' code tests on; the paper does not say. */
export const TESTED = 29;

/** A sample of the joined matrix is in every modality, so the modality with the fewest bounds their number. */
const samplesJoined: Rule = () => {
  const most = Math.min(...MODALITIES.map((modality) => sum(sizesOf(modality, "samples"))));
  return { ours: `Table 6 allows at most ${count(most)}`, holds: null };
};

/** Two cohorts' tables share between none and all of the smaller one's features. */
const columnsJoined: Rule = () => {
  const features = MODALITIES.map((modality) => sizesOf(modality, "features"));
  const low = sum(features.map((pair) => Math.max(...pair)));
  const high = sum(features.map(sum));
  return { ours: `Table 6 allows ${count(low)} to ${count(high)}`, holds: null };
};

const inputColumns: Rule = ({ paper }) => ({
  ours: `Table 3 has ${count(PAPER_SHAPE.features)} input columns`,
  holds: numberOf(paper) === PAPER_SHAPE.features,
});

/** Both cohorts' proteins, less the columns that RNA and the most metabolites leave for them. */
const sharedProteins: Rule = () => {
  const proteins = sizesOf("protein", "features");
  const joined = numberOf(printed("columnsJoined"));
  const columns = joined - COLUMNS[0] - sum(sizesOf("metabolite", "features"));
  const shared = sum(proteins) - columns;
  const fewer = Math.min(...proteins);
  return {
    ours: `by Table 6 and the code's first protein column, the cohorts share at most ${shared} of ${count(fewer)} proteins`,
    // Two deep proteomes in one naming share thousands of proteins; a hundredth would be chance.
    holds: shared > fewer / 100,
  };
};

const block: Rule = ({ paper, about: [name] }) => {
  const size = sum(
    ARO.network(PAPER_SHAPE).tensors.map((one) => (one.name === name ? sizeOf(one.shape) : 0)),
  );
  return { ours: count(size), holds: size === numberOf(paper) };
};

const parameters: Rule = ({ paper }) => {
  const total = countParameters(ARO, PAPER_SHAPE);
  return { ours: count(total), holds: approximates(total, paper) };
};

/** Batch normalization would add blocks. */
const onlyLinearBlocks: Rule = () => {
  const total = sum(
    paperClaims().map(({ rule, paper }) => (rule === "block" ? numberOf(paper) : 0)),
  );
  return {
    ours: `Table 3's blocks of weights and biases add up to ${count(total)}, the total`,
    holds: approximates(total, printed("parameters")),
  };
};

/** The model at one end of the code's search, over its whole-numbered dimensions. */
const modelRange: Rule = ({ paper, about: [end] }) => {
  const { width, hiddenLayers } = Object.fromEntries(
    PAPER_SPACE.flatMap((dimension) =>
      dimension.kind === "integer"
        ? [[dimension.name, end === "smallest" ? dimension.low : dimension.high]]
        : [],
    ),
  );
  const size = countParameters(ARO, { ...PAPER_SHAPE, width, hiddenLayers });
  const layers = hiddenLayers === 1 ? "layer" : "layers";
  return {
    ours: `${(size / 1e6).toFixed(0)} M for the ${end} of the code's search: ${count(width)} wide, ${hiddenLayers} hidden ${layers}`,
    holds: approximates(size, paper),
  };
};

const modisParameters: Rule = ({ paper }) => {
  const size = countModis(DEFAULT_RATIOS, 256);
  return { ours: `${billions(size)} at its default ratios`, holds: approximates(size, paper) };
};

/** A MODIS smaller than ARO must leave out columns. */
const reducedModis: Rule = () => {
  const { ratios, latent } = REDUCED_MODIS;
  const [size, aro] = [countModis(ratios, latent), countParameters(ARO, PAPER_SHAPE)];
  return {
    ours:
      `${billions(size)} with all ${count(sum(COLUMNS))} columns, ratios ${ratios.join(" and ")} ` +
      `and ${latent} latent units; ARO has ${billions(aro)}`,
    holds: size > aro,
  };
};

/** Two sentences of the paper that cannot both hold; the rule is about the other one. */
const statement: Rule = ({ about: [other] }) => ({ ours: other, holds: false });

/** The abstract's loss is the table's, to the table's digits. */
const abstractLoss: Rule = ({ paper, about }) => {
  const table = findClaim("loss", ...about)!;
  return {
    ours: `${table.where}: ${table.paper}`,
    holds: roundsTo(numberOf(paper), table.paper),
  };
};

/** The Huber loss of Equation (1) is half of the square, or less. */
const huberIsHalfMse: Rule = () => {
  const cells = paperClaims().filter(({ rule, about }) => rule === "loss" && about[0] === "mse");
  const fitting = cells.filter(({ paper, about: [, model, part] }) => {
    return numberOf(printed("loss", "huber", model, part)) <= numberOf(paper) / 2;
  });
  return {
    ours: `${fitting.length} of ${cells.length} pairs fit, to the digits printed`,
    holds: fitting.length === cells.length,
  };
};

const optimal: Rule = () => {
  const pca = printed("loss", "huber", "PCA, sees all", "test");
  const aro = printed("loss", "huber", "ARO masked", "test");
  return {
    ours: `Table 2, Huber on test: PCA ${pca}, ARO masked ${aro}; section 5: PCA is “superior”`,
    holds: numberOf(aro) < numberOf(pca),
  };
};

const paperBeatsTheMean: Rule = () => {
  const { mse, huber } = constantLosses();
  const [aroMse, aroHuber] = ["mse", "huber"].map((loss) =>
    printed("loss", loss, "ARO masked", "test"),
  );
  return {
    ours:
      `predicting the mean of a normally distributed feature scores MSE ${short(mse)}, Huber ${short(huber)}; ` +
      `ARO masked scores ${aroMse} and ${aroHuber}`,
    holds: null,
  };
};

const accuracyTestRows: Rule = () => {
  const accuracies = ["tissue", "laterality"].map((task) => printed("accuracy", task, "PCA"));
  const possible = (n: number) => accuracies.every((text) => correctOf(text, n) !== null);
  const counts = accuracies.map((text) => correctOf(text, TESTED));
  return {
    ours: `no whole number of ${TEST_ROWS.join(" or ")} samples gives both; ${counts.join(" and ")} of ${TESTED} do`,
    holds: TEST_ROWS.some(possible),
  };
};

/** Whether PCA's accuracy lies below ARO's by their 95 % intervals. */
const accuraciesApart: Rule = ({ about: [task] }) => {
  const [aro, pca] = ["ARO", "PCA"].map((name) => printedInterval(printed("accuracy", task, name)));
  const holds = allBelowZero([subtract(pca, aro)]);
  return {
    ours: `95 % intervals ${percents(aro)} and ${percents(pca)} ${holds === "undecided" ? "overlap" : "lie apart"}`,
    holds,
  };
};

/** The rules of this file, by the name that paper.csv gives them. */
export const DEDUCTIONS = {
  samplesJoined,
  columnsJoined,
  inputColumns,
  sharedProteins,
  block,
  parameters,
  onlyLinearBlocks,
  modelRange,
  modisParameters,
  reducedModis,
  statement,
  abstractLoss,
  huberIsHalfMse,
  optimal,
  paperBeatsTheMean,
  accuracyTestRows,
  accuraciesApart,
};

/** The number of correct answers among n samples that gives an accuracy in percent; null if there is none. */
export function correctOf(accuracy: string, n: number): number | null {
  const correct = Math.round((n * numberOf(accuracy)) / 100);
  return roundsTo((100 * correct) / n, accuracy) ? correct : null;
}

/** The 95 % interval of a printed accuracy on the samples that it was tested on. */
export function printedInterval(accuracy: string): Interval {
  return wilsonInterval(correctOf(accuracy, TESTED) ?? 0, TESTED);
}

/** Whether a number that the paper calls approximate, as "≈ 50 M", is off by less than a unit of its last digit. */
export function approximates(value: number, text: string): boolean {
  const [, number, decimals = "", zeros, scale] = /(\d+?(?:\.(\d+))?)(0*) ([MB])$/.exec(text)!;
  const one = scale === "M" ? 1e6 : 1e9;
  const unit = 10 ** (zeros.length - decimals.length);
  return Math.abs(value / one - Number(number + zeros)) < unit;
}

/** Parameters of MODIS on the paper's modalities, with the two classes of its downstream task. */
function countModis(ratios: readonly number[], latent: number): number {
  const modalities = COLUMNS.map((features, i) => ({ name: MODALITIES[i], features, ratios }));
  return countParameters(MODIS, { modalities, latent, classes: 2 });
}

/** Both cohorts' samples or features of a modality in Table 6. */
function sizesOf(modality: string, what: "samples" | "features"): number[] {
  return COHORTS.map((cohort) => numberOf(printed("size", cohort, modality, what)));
}

function billions(size: number): string {
  return `${(size / 1e9).toFixed(2)} B`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
