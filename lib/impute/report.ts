// The report of an imputation: one page with its pictures, which opens in a browser without a network.
import { escapeMarkup } from "../markup.js";
import type { Imputer } from "./bundle.js";
import { factorOf, LEVEL, type Verdict } from "./calibration.js";
import { METHOD_NAMES, unitsText } from "./card.js";
import type { Newcomer } from "./newcomers.js";
import { type FeatureQuality, ratedFeatures } from "./quality.js";
import { noveltyOfTraining, type SampleMap } from "./smoothing.js";

export interface ReportOptions {
  readonly newcomers: readonly Newcomer[];
  /** How the file was read. */
  readonly notes: readonly string[];
  /** What to be careful about. */
  readonly warnings: readonly string[];
  /** Of the intervals. */
  readonly level: number;
  readonly map: SampleMap;
}

const INK = "#1A1A1A";
const QUIET = "#595959";
const GRID = "#E6E6E6";
const TRAINING = "#8C8C8C";
const NEW = "#0072B2";
const WARNED = "#D55E00";
const VERDICTS: readonly (readonly [Verdict, string])[] = [
  ["strong", "#00604A"],
  ["usable", "#4DB89A"],
  ["weak", "#C9C9C9"],
];
const LISTED = 100; // samples with a warning that the page names

/** Renders the report as HTML. */
export function renderReport(imputer: Imputer, options: ReportOptions): string {
  const { newcomers, notes, warnings, level } = options;
  const { decoder, name } = imputer;
  const inferred = decoder.modalities.slice(1).map((one) => one.name);
  const warned = newcomers.filter(({ warnings }) => warnings.length > 0);
  const count = newcomers.length === 1 ? "1 sample" : `${newcomers.length} samples`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Imputed by ${escapeMarkup(name)}</title>
<style>
body { font: 15px/1.5 Inter, Helvetica, Arial, sans-serif; color: ${INK}; max-width: 780px; margin: 2em auto; padding: 0 1em }
svg { display: block; max-width: 100%; margin: 1em 0 } h1, h2 { line-height: 1.2 } p.note, p.warning { border-left: 4px solid ${GRID}; padding-left: 1em } p.warning { border-color: ${WARNED} }
table { border-collapse: collapse; font-size: 13px } td, th { padding: 2px 12px 2px 0; text-align: left; border-bottom: 1px solid ${GRID} }
</style>
<h1>${count} imputed by the model of ${escapeMarkup(name)}</h1>
<p>${escapeMarkup(inferred.join(", "))}: predicted from ${escapeMarkup(decoder.modalities[0].name)}. Units: ${escapeMarkup(unitsText(imputer))}.
The model was trained on ${decoder.trainedOn.length} samples of ${imputer.patients} patients. Library ${escapeMarkup(imputer.version)}, seed ${imputer.seed}.
Not for diagnosis or treatment of a person.</p>
${[...notes.map((note) => paragraph("note", note)), ...warnings.map((one) => paragraph("warning", one))].join("\n")}
<h2>Which features can be used</h2>
<p>The correlation r of each feature's predicted and measured values, over training patients who were held out. Strong: the
lower limit of r is above 0.3. Usable: r is at least 0.3 and its lower limit above 0. Weak: do not use the feature on its own.
features.tsv lists every feature.</p>
${drawVerdicts(imputer)}
<h2>Where the new samples lie</h2>
<p>${whereText(imputer, newcomers)}</p>
${drawMap(imputer, options)}
${drawNovelty(imputer, newcomers)}
${warned.length > 0 ? listWarned(warned) : ""}
<h2>Coverage</h2>
<p>The written intervals are ${100 * level} % intervals. The table shows how many measured values the ${100 * LEVEL} % intervals contain, on
training patients whose errors had no part in their width; the pictures show it for each feature. Coverage holds on average:
some features and samples are covered less.</p>
${tableCoverage(imputer)}
${drawCoverage(imputer)}
</html>
`;
}

function paragraph(kind: "note" | "warning", words: string): string {
  return `<p class="${kind}">${escapeMarkup(words)}</p>`;
}

function whereText({ noveltyLimit }: Imputer, newcomers: readonly Newcomer[]): string {
  const outside = newcomers.filter(({ novelty }) => novelty > noveltyLimit).length;
  const share = ((100 * outside) / newcomers.length).toFixed(0);
  return (
    `Novelty is the share of a sample that the training samples do not explain. ${outside} of ${newcomers.length} new ` +
    `samples (${share} %) are more novel than 95 % of the training samples are beside the others; 5 % are expected. The map ` +
    "shows the training samples' first two principal components, with the new samples projected onto them."
  );
}

function listWarned(warned: readonly Newcomer[]): string {
  const rows = warned
    .slice(0, LISTED)
    .map(({ sample, novelty, warnings }) => [sample, novelty.toFixed(3), warnings.join("; ")]);
  const more =
    warned.length > LISTED ? `<p>${warned.length - LISTED} more in samples.tsv.</p>` : "";
  return `${tableOf(["sample", "novelty", "warning"], rows)}${more}`;
}

function tableCoverage({ coverage, factors, decoder }: Imputer): string {
  const rows = coverage.map(({ modality, coverage: share, lowest, highest }) => {
    const choice = decoder.choices.find((one) => one.modality === modality)!;
    return [
      modality,
      METHOD_NAMES[choice.method],
      `${(100 * share).toFixed(1)} %`,
      `${(100 * lowest).toFixed(1)} to ${(100 * highest).toFixed(1)} %`,
      factorOf(factors, modality, LEVEL).toFixed(2),
    ];
  });
  const head = ["modality", "imputed by", "coverage", "five groups of patients"];
  return tableOf([...head, "factor of the deviation"], rows);
}

function tableOf(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (tag: string, cells: readonly string[]) =>
    `<tr>${cells.map((cell) => `<${tag}>${escapeMarkup(cell)}</${tag}>`).join("")}</tr>`;
  return `<table>${line("th", headings)}\n${rows.map((row) => line("td", row)).join("\n")}\n</table>`;
}

const WIDTH = 760;

/** One histogram a modality, of its rated features. */
function drawEach(
  { decoder, quality }: Imputer,
  histogramOf: (rated: readonly FeatureQuality[], modality: string) => Histogram,
): string {
  return decoder.modalities
    .slice(1)
    .map(({ name }) => drawHistogram(histogramOf(ratedFeatures(quality, name), name)))
    .join("\n");
}

/** Histograms of r, stacked by verdict. */
function drawVerdicts(imputer: Imputer): string {
  return drawEach(imputer, (rated, name) => {
    const stacks = VERDICTS.map(([verdict, color]) => ({
      label: verdict,
      color,
      values: rated.filter((one) => one.verdict === verdict).map(({ r }) => r.value),
    }));
    const shares = stacks.map(({ label, values }) => `${values.length} ${label}`);
    const all = imputer.quality.filter(({ modality }) => modality === name).length;
    const unrated = all > rated.length ? `, ${all - rated.length} measured too rarely` : "";
    const title = `${name}: ${shares.join(", ")}${unrated}`;
    return { title, label: "r, out of fold", low: -0.4, high: 1, tick: 0.2, stacks };
  });
}

/** Histograms of features' coverage, with the nominal level. */
function drawCoverage(imputer: Imputer): string {
  return drawEach(imputer, (rated, name) => ({
    title: `${name}: share of measured values inside their interval, a feature each`,
    label: "coverage",
    low: 0.6,
    high: 1,
    tick: 0.1,
    mark: LEVEL,
    stacks: [{ color: NEW, values: rated.map(({ coverage }) => coverage) }],
  }));
}

interface Histogram {
  readonly title: string;
  readonly label: string;
  readonly low: number;
  readonly high: number;
  readonly tick: number;
  /** From the bottom up; those with a label are in the legend. */
  readonly stacks: readonly {
    readonly label?: string;
    readonly color: string;
    readonly values: readonly number[];
  }[];
  /** A value that a line marks. */
  readonly mark?: number;
}

const BINS = 28;

/** Draws stacked counts; values beyond the axis count in its first or last bin. */
function drawHistogram({ title, label, low, high, tick, stacks, mark }: Histogram): string {
  const counts = stacks.map(({ values }) => {
    const out = new Array<number>(BINS).fill(0);
    for (const value of values) {
      const bin = Math.floor(((value - low) / (high - low)) * BINS);
      out[Math.min(Math.max(bin, 0), BINS - 1)]++;
    }
    return out;
  });
  const most = Math.max(
    1,
    ...counts[0].map((_, b) => counts.reduce((sum, one) => sum + one[b], 0)),
  );
  const [height, left, top, base] = [190, 60, 34, 150];
  const x = (value: number) => left + ((value - low) / (high - low)) * (WIDTH - left - 20);
  const y = (count: number) => base - (count / most) * (base - top);
  const step = (high - low) / BINS;
  const bars = Array.from({ length: BINS }, (_, b) => {
    let below = 0;
    return counts
      .map((own, s) => {
        const [from, to] = [y(below), y(below + own[b])];
        below += own[b];
        const at = x(low + b * step);
        return own[b] > 0
          ? `<rect x="${px(at)}" y="${px(to)}" width="${px(x(low + step) - left - 1)}" height="${px(from - to)}" fill="${stacks[s].color}"/>`
          : "";
      })
      .join("");
  }).join("");
  const ticks = Array.from({ length: Math.round((high - low) / tick) + 1 }, (_, t) => {
    const value = low + t * tick;
    return text(x(value), base + 16, value.toFixed(1).replace("-0.0", "0.0"), "middle", QUIET);
  }).join("");
  const line =
    mark === undefined
      ? ""
      : `<line x1="${px(x(mark))}" x2="${px(x(mark))}" y1="${top - 6}" y2="${base}" stroke="${WARNED}" stroke-width="2"/>` +
        text(x(mark) - 5, top - 4, `${100 * mark} %`, "end", WARNED);
  const keys = stacks
    .map(({ label: key, color }, i) =>
      key === undefined
        ? ""
        : `<rect x="${WIDTH - 230 + 75 * i}" y="7" width="11" height="11" fill="${color}"/>` +
          text(WIDTH - 215 + 75 * i, 17, key, "start", INK),
    )
    .join("");
  return svg(
    height,
    title,
    `${text(0, 17, title, "start", INK, 600)}${keys}${bars}<line x1="${left}" x2="${WIDTH - 20}" y1="${base}" y2="${base}" stroke="${INK}"/>` +
      `${ticks}${line}${text(left - 6, y(most) + 4, String(most), "end", QUIET)}${text(left - 6, base, "0", "end", QUIET)}` +
      text((left + WIDTH) / 2, base + 34, label, "middle", QUIET) +
      text(left - 6, base - 50, "features", "end", QUIET),
  );
}

/** Draws the training samples in gray and the new ones in color; those with a warning are squares. */
function drawMap({ noveltyLimit }: Imputer, { newcomers, map }: ReportOptions): string {
  const at = map.training;
  const training = Array.from({ length: at.length / 2 }, (_, i) => [at[2 * i], at[2 * i + 1]]);
  const all = [...training, ...newcomers.map(({ place }) => place)];
  const range = (c: 0 | 1) => {
    const low = all.reduce((a, place) => Math.min(a, place[c]), Number.POSITIVE_INFINITY);
    const high = all.reduce((a, place) => Math.max(a, place[c]), Number.NEGATIVE_INFINITY);
    return { low, size: high > low ? high - low : 1 };
  };
  const [across, up] = [range(0), range(1)];
  const [height, top, base, left] = [400, 34, 366, 20];
  const x = (value: number) => left + ((value - across.low) / across.size) * (WIDTH - left - 20);
  const y = (value: number) => base - 8 - ((value - up.low) / up.size) * (base - top - 16);
  const circle = (a: number, b: number) => `<circle cx="${px(x(a))}" cy="${px(y(b))}"`;
  const gray = training
    .map(([a, b]) => `${circle(a, b)} r="3.5" fill="${TRAINING}" fill-opacity="0.6"/>`)
    .join("");
  const colored = newcomers
    .map(({ place: [a, b], novelty, sample }) => {
      const name = `<title>${escapeMarkup(sample)}, novelty ${novelty.toFixed(3)}</title>`;
      return novelty > noveltyLimit
        ? `<rect x="${px(x(a) - 4)}" y="${px(y(b) - 4)}" width="8" height="8" fill="${WARNED}">${name}</rect>`
        : `${circle(a, b)} r="4" fill="${NEW}">${name}</circle>`;
    })
    .join("");
  const title = "Samples by their first modality";
  const keys =
    `<circle cx="${WIDTH - 330}" cy="13" r="3.5" fill="${TRAINING}"/>${text(WIDTH - 322, 17, "training", "start", INK)}` +
    `<circle cx="${WIDTH - 245}" cy="13" r="4" fill="${NEW}"/>${text(WIDTH - 236, 17, "new", "start", INK)}` +
    `<rect x="${WIDTH - 194}" y="9" width="8" height="8" fill="${WARNED}"/>${text(WIDTH - 180, 17, "new, unlike the training", "start", INK)}`;
  return svg(
    height,
    title,
    `${text(0, 17, title, "start", INK, 600)}${keys}<rect x="${left}" y="${top}" width="${WIDTH - left - 20}" height="${base - top}" fill="none" stroke="${GRID}"/>` +
      `${gray}${colored}${text(WIDTH / 2, base + 22, "first component", "middle", QUIET)}` +
      `<g transform="translate(12 ${(top + base) / 2}) rotate(-90)">${text(0, 0, "second component", "middle", QUIET)}</g>`,
  );
}

/** Draws each sample's novelty as a tick: training samples above, new ones below, the limit across. */
function drawNovelty(imputer: Imputer, newcomers: readonly Newcomer[]): string {
  const { noveltyLimit, decoder } = imputer;
  const training = Array.from(noveltyOfTraining(decoder.paths.likeness));
  const novelties = newcomers.map(({ novelty }) => novelty);
  const all = [...training, ...novelties, noveltyLimit];
  const low = all.reduce((a, b) => Math.min(a, b), 0);
  const high = all.reduce((a, b) => Math.max(a, b), 1);
  const left = 80;
  const middle = (left + WIDTH) / 2;
  const x = (value: number) => left + ((value - low) / (high - low)) * (WIDTH - left - 20);
  const ticksOf = (values: readonly number[], top: number) =>
    values
      .map((value) => {
        const color = top < 60 ? TRAINING : value > noveltyLimit ? WARNED : NEW;
        return `<line x1="${px(x(value))}" x2="${px(x(value))}" y1="${top}" y2="${top + 26}" stroke="${color}" stroke-opacity="0.6" stroke-width="2"/>`;
      })
      .join("");
  const scale = Array.from({ length: 6 }, (_, t) => low + ((high - low) * t) / 5)
    .map((value) => text(x(value), 120, value.toFixed(2), "middle", QUIET))
    .join("");
  const title = "Novelty of each sample";
  return svg(
    145,
    title,
    `${text(0, 17, title, "start", INK, 600)}${text(left - 8, 52, "training", "end", INK)}${text(left - 8, 88, "new", "end", INK)}` +
      `${ticksOf(training, 34)}${ticksOf(novelties, 70)}` +
      `<line x1="${px(x(noveltyLimit))}" x2="${px(x(noveltyLimit))}" y1="28" y2="102" stroke="${INK}" stroke-dasharray="4 3"/>` +
      `${text(x(noveltyLimit), 24, `limit ${noveltyLimit.toFixed(2)}`, "middle", INK)}${scale}` +
      text(middle, 140, "share that the training samples do not explain", "middle", QUIET),
  );
}

function svg(height: number, title: string, content: string): string {
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" ` +
    `aria-label="${escapeMarkup(title)}" font-family="Inter, Helvetica, Arial, sans-serif" font-size="12">${content}</svg>`
  );
}

function text(
  x: number,
  y: number,
  words: string,
  anchor: "start" | "middle" | "end",
  color: string,
  weight = 400,
): string {
  return `<text x="${px(x)}" y="${px(y)}" text-anchor="${anchor}" fill="${color}" font-weight="${weight}">${escapeMarkup(words)}</text>`;
}

/** A length in pixels, to a tenth. */
function px(value: number): string {
  return String(Math.round(10 * value) / 10);
}
