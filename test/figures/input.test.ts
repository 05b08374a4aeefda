// Each figure's door: what it refuses, and what it makes of rows as notebooks have them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accuracyFigure } from "../../lib/figures/accuracy.js";
import { bestSoFarFigure } from "../../lib/figures/best-so-far.js";
import { confusionFigure } from "../../lib/figures/confusion.js";
import { densityFigure } from "../../lib/figures/density.js";
import { differencesFigure } from "../../lib/figures/differences.js";
import type { Figure } from "../../lib/figures/figure.js";
import { datasetsOf, paperFigure } from "../../lib/figures/figure.js";
import { hiddenCellsFigure } from "../../lib/figures/hidden-cells.js";
import { labelsFigure } from "../../lib/figures/labels.js";
import { latentFigure } from "../../lib/figures/latent.js";
import { overviewFigure } from "../../lib/figures/overview.js";
import { parallelFigure } from "../../lib/figures/parallel.js";
import { preprocessingFigure } from "../../lib/figures/preprocessing.js";
import { mergeRare } from "../../lib/figures/rare.js";
import { reliabilityFigure } from "../../lib/figures/reliability.js";
import { renderFigure } from "../../lib/figures/render.js";
import { type SetRow, setsFigure } from "../../lib/figures/sets.js";
import { skillFigure } from "../../lib/figures/skill.js";
import { splitFigure } from "../../lib/figures/split.js";
import { percent } from "../../lib/figures/text.js";
import { classStyle, modalityColor, settingOf } from "../../lib/figures/theme.js";
import { trainingFigure } from "../../lib/figures/training.js";
import {
  accuracyRow,
  coloringOf,
  confusionMatrix,
  differences,
  hiddenCellsOptions,
  hiddenCellsRows,
  histogram,
  latentOptions,
  mapOf,
  overviewOptions,
  reliabilityRows,
  runs,
  searchStudies,
  setRows,
  setsOptions,
  skillRows,
  trainingOptions,
  tuningStudies,
} from "./examples.js";

const cohort = "Example";

test("skillFigure refuses a skill that is not a number, and rows of other parts alone", () => {
  const options = { cohort, samples: 18, splits: 8 };
  assert.throws(
    () => skillFigure([...skillRows, { ...skillRows[1], skill: Number.NaN }], options),
    /finite number in the field "skill".*row 4/,
  );
  assert.throws(
    () => skillFigure([{ ...skillRows[1], part: "validation" }], options),
    /rows of the test part", got none/,
  );
  assert.throws(
    () => skillFigure([{ ...skillRows[1], skillLow: 0.31 }], options),
    /interval that holds the skill of dual ridge on proteomics/,
  );
});

test("reliabilityFigure refuses more predictors than it has room for", () => {
  const [row] = reliabilityRows;
  const many = ["a", "b", "c", "d", "e"].map((predictor) => ({ ...row, predictor }));
  assert.throws(() => reliabilityFigure(many, { cohort, samples: 35 }), /4 predictors, got 5/);
});

test("hiddenCellsFigure draws each predictor but the constant, and refuses more than it has colors", () => {
  const data = datasetsOf(hiddenCellsFigure(hiddenCellsRows, hiddenCellsOptions));
  const rows = data["Example, at random, z"];
  assert.deepEqual(
    rows.map(({ predictor, skill }) => `${predictor} ${skill}`),
    ["kNN 0.18000000000000002", "kNN 0.1", "softImpute 0.36000000000000004", "softImpute 0.2"],
  );
  const [, , row] = hiddenCellsRows;
  const many = Array.from({ length: 8 }, (_, i) => ({ ...row, predictor: `p${i}` }));
  assert.throws(() => hiddenCellsFigure(many, hiddenCellsOptions), /at most 7 predictors, got 8/);
  assert.throws(
    () => hiddenCellsFigure([{ ...row, low: 1 }], hiddenCellsOptions),
    /interval that holds the skill of kNN/,
  );
});

test("setsFigure marks what was observed, and refuses an unknown target", () => {
  const data = datasetsOf(setsFigure(setRows, setsOptions));
  assert.deepEqual(
    data.seen.map(({ observed, target }) => `${observed}: ${target}`),
    ["RNA: RNA", "proteomics: proteomics"],
  );
  assert.deepEqual(
    data["shared decoder"].map(({ text, interval }) => `${text} ${interval}`),
    ["0.40 0.35 to 0.45", "0.10 0.05 to 0.15"],
  );
  assert.equal(data["training mean"][0].interval, "");
  const draw = (change: Partial<SetRow>) => setsFigure([{ ...setRows[2], ...change }], setsOptions);
  assert.throws(() => draw({ target: "lipids" }), /among RNA, proteomics, got "lipids"/);
  assert.throws(() => draw({ low: 0.3 }), /interval that holds the skill of dual ridge from RNA/);
});

test("differencesFigure refuses an interval beside its difference and a measure without variants", () => {
  const [panel] = differences;
  const draw = (rows: typeof panel.rows) =>
    differencesFigure([{ ...panel, rows }], { cohort, seeds: 5 });
  assert.throws(
    () => draw([{ ...panel.rows[0], low: 0.011 }]),
    /interval that holds the difference of ReLU output, got 0.01 outside \[0.011, 0.012\]/,
  );
  assert.throws(() => draw([]), /rows in the dataset "test MSE", got none/);
});

test("differencesFigure draws a difference that is not of like with like in another kind", () => {
  const rows = datasetsOf(differencesFigure(differences, { cohort, seeds: 5 }))["test MSE"];
  assert.deepEqual(
    rows.map(({ variant, kind }) => [variant, kind]),
    [
      ["ReLU output", "like with like"],
      ["split by sample (other rows)", "not like with like"],
    ],
  );
});

test("skillFigure writes what lies beyond its axis left of the line at zero", () => {
  const options = { cohort, samples: 18, splits: 8 };
  const { spec } = skillFigure(skillRows, options);
  const [panel] = (spec as unknown as { hconcat: { width: number; layer: unknown[] }[] }).hconcat;
  const { encoding } = panel.layer[0] as { encoding: { x: { scale: { domain: number[] } } } };
  const [low, high] = encoding.x.scale.domain;
  const zero = (panel.width * -low) / (high - low);
  assert.ok(zero >= 49.9, `zero stands ${zero} px from the left, and the text takes 50`);
});

test("skillFigure writes what lies below its axis instead of dropping it", () => {
  const data = datasetsOf(skillFigure(skillRows, { cohort, samples: 18, splits: 8 }));
  assert.deepEqual(data["proteomics, off the axis"], [{ predictor: "zero", text: "← −0.50" }]);
  assert.equal(data.proteomics.length, 3);
});

test("trainingFigure refuses losses that a logarithm cannot show, and no runs", () => {
  const zero = { ...runs[0].epochs[0], train: { huber: 0, mse: 0 } };
  assert.throws(
    () => trainingFigure([{ name: "ARO masked", seed: 1, epochs: [zero] }], trainingOptions),
    /positive Huber loss, got 0/,
  );
  assert.throws(() => trainingFigure([], trainingOptions), /got none/);
  assert.throws(
    () => trainingFigure(runs, { ...trainingOptions, trainSamples: Number.NaN }),
    /expected trainSamples to be a number, got NaN/,
  );
});

test("trainingFigure marks the lowest validation loss and the epochs whose rate fell", () => {
  const data = datasetsOf(trainingFigure(runs, trainingOptions));
  assert.deepEqual(data["ARO unmasked best"], [{ epoch: 4, loss: 0.055 }]);
  assert.deepEqual(data["ARO unmasked drops"], [{ epoch: 3, rate: "rate 1e−6" }]);
  assert.deepEqual(
    data["ARO masked drops"].map(({ rate }) => rate),
    ["", ""],
  );
});

test("preprocessingFigure takes exact zeros out of their bin", () => {
  const options = { cohort, part: "training", samples: 80 };
  const data = datasetsOf(preprocessingFigure([histogram], options));
  assert.deepEqual(data["proteomics z"][2], {
    low: 0,
    high: 1,
    share: 0.4,
    color: modalityColor("proteomics"),
  });
  const notes = (figure: Figure) =>
    JSON.stringify(figure.spec)
      .match(/"subtitle":(\[[^\]]*\])/g)
      ?.at(-1);
  assert.match(String(notes(preprocessingFigure([histogram], options))), /\["8\.0 % are 0"/);
  const clamped = datasetsOf(preprocessingFigure([{ ...histogram, below: 25 }], options));
  const gray = clamped["proteomics z"].map(({ color }) => color === "#BDBDBD");
  assert.deepEqual(gray, [true, true, false, false]);
  const below = preprocessingFigure([{ ...histogram, below: 25, winsorized: 1 }], options);
  assert.match(String(notes(below)), /2\.0 % were winsorized","50\.0 % are below 0 and become 0"/);
});

test("latentFigure refuses more classes than it has colors, with a remedy", () => {
  const values = Array.from({ length: 8 }, (_, i) => `class ${i}`);
  const places = values.map((_, i) => i);
  const map = mapOf("PCA", places, places);
  assert.throws(
    () => latentFigure({ ...latentOptions, maps: [map], colorings: [coloringOf("site", values)] }),
    /RangeError: latentFigure: "site": expected at most 7 classes, got 8; merge the rare ones/,
  );
});

test("latentFigure refuses coordinates of fewer samples", () => {
  const maps = [latentOptions.maps[0], mapOf("t-SNE", [1, 2], [1, 2])];
  assert.throws(() => latentFigure({ ...latentOptions, maps }), /4 samples in t-SNE .*got 2/);
});

test("latentFigure sets the colorings of a single map side by side", () => {
  const maps = latentOptions.maps.slice(0, 1);
  const { spec } = latentFigure({ ...latentOptions, maps }) as { spec: { hconcat?: unknown[] } };
  assert.equal(spec.hconcat?.length, latentOptions.colorings.length);
});

test("latentFigure draws the map of one method alone, with the silhouettes of that map", () => {
  const [first] = latentOptions.maps;
  const maps = [{ ...first, method: "UMAP" }, first];
  const { colorings } = latentOptions;
  const both = colorings.map((coloring) => ({ ...coloring, silhouettes: [0.1, 0.2] }));
  const alone = colorings.map((coloring) => ({ ...coloring, silhouettes: [0.2] }));
  const own = { ...latentOptions, maps, colorings: both, method: first.method };
  assert.deepEqual(
    latentFigure(own),
    latentFigure({ ...latentOptions, maps: [first], colorings: alone }),
  );
  assert.throws(() => latentFigure({ ...own, method: "tSNE" }), /one of UMAP and .*got "tSNE"/);
});

test("latentFigure writes the variance on the axes and outlines held-out samples", () => {
  const maps = [{ ...latentOptions.maps[0], explained: [0.34, 0.129], settings: "seed 42" }];
  const parts = ["train", "test", "validation", "train"];
  const spec = JSON.stringify(latentFigure({ ...latentOptions, maps, parts }).spec);
  for (const said of ["PCA 1, 34.0 % of the variance", "PCA: seed 42.", "black: test samples"]) {
    assert.ok(spec.includes(said), said);
  }
  assert.throws(() => latentFigure({ ...latentOptions, parts: ["train"] }), /4 samples.*got 1/);
});

test("figures refuse options that they do not know, and miss those that they need", () => {
  const misspelled = { ...trainingOptions, trainsamples: 80 };
  assert.throws(() => trainingFigure(runs, misspelled), {
    name: "TypeError",
    message: /^trainingFigure: .*got "trainsamples"; did you mean "trainSamples"\?$/,
  });
  const { cohort: _, ...nameless } = trainingOptions;
  assert.throws(() => trainingFigure(runs, nameless as typeof trainingOptions), {
    name: "TypeError",
    message: "trainingFigure: expected cohort to be a string, got undefined",
  });
});

test("overviewFigure draws a box for each modality and step, and says what is not seen", () => {
  const figure = overviewFigure(overviewOptions);
  const { texts, dashed, boxes } = datasetsOf(figure);
  const words = texts.map(({ text }) => text);
  for (const said of ["26,804 features", "67 features", "dropout 10 %", "3,472,023 parameters"]) {
    assert.ok(words.includes(said), said);
  }
  for (const said of ["in", "h1", "h2", "h3", "out", "encoder", "decoder"])
    assert.ok(words.includes(said), said);
  assert.equal(dashed.length, 1);
  // Cohort and reconstruction, one seen input, the steps, five layers, two uses.
  assert.equal(boxes.length, 2 + 2 + 1 + 2 + 5 + 2);
  const all = overviewOptions.modalities.map((modality) => ({ ...modality, seen: true }));
  assert.equal(
    datasetsOf(overviewFigure({ ...overviewOptions, modalities: all })).dashed,
    undefined,
  );
  assert.throws(
    () => overviewFigure({ ...overviewOptions, modalities: [] }),
    /expected modalities and steps, got 0 and 2/,
  );
});

test("paperFigure names the file and the title after the paper's figure and keeps the data", () => {
  const figure = confusionFigure([confusionMatrix], { cohort });
  const named = paperFigure("2b", figure, "Another cohort.");
  assert.equal(named.name, "figure-2b");
  assert.match(named.title, /^Figure 2b · Example: /);
  assert.deepEqual(datasetsOf(named), datasetsOf(figure));
  assert.match(
    JSON.stringify(named.spec),
    /"subtitle":\["In each cell[^\]]*","Another cohort\."\]/,
  );
  assert.throws(() => paperFigure("2 b", figure), /expected a name of lower case letters/);
});

test("confusionFigure sets four matrices two by two", () => {
  const four = ["a", "b", "c", "d"].map((name) => ({ ...confusionMatrix, name }));
  const { spec } = confusionFigure(four, { cohort }) as { spec: { columns?: number } };
  assert.equal(spec.columns, 2);
});

test("confusionFigure computes the accuracy itself and refuses counts that are not square", () => {
  const figure = confusionFigure([confusionMatrix], { cohort });
  assert.match(JSON.stringify(figure.spec), /accuracy 94\.4 % \(17 of 18\)/);
  assert.throws(
    () => confusionFigure([{ ...confusionMatrix, counts: [[1, 2]] }], { cohort }),
    /2 x 2 counts of "tissue from ARO unmasked"/,
  );
});

test("accuracyFigure, densityFigure and labelsFigure refuse what they cannot draw", () => {
  const missing = { ...accuracyRow, accuracy: undefined as unknown as number };
  assert.throws(
    () => accuracyFigure([missing], { cohort, protocol: "test" }),
    /a value in the field "value" .*got undefined/,
  );
  const options = { cohort, modality: "proteomics", samples: 18 };
  assert.throws(() => densityFigure([], options), /1 to 3 predictors, got 0/);
  assert.throws(
    () => labelsFigure([{ label: "tissue", value: "tumor", samples: 4 }], { cohort, samples: 3 }),
    /add up to at most 3 samples, got 4/,
  );
  assert.throws(() => labelsFigure([], { cohort, samples: 3 }), /expected .*got none/);
});

test("parallelFigure puts values where they stand on their axes, and refuses losses without a logarithm", () => {
  const options = { cohort, validationSamples: 17 };
  const data = datasetsOf(parallelFigure(tuningStudies, options));
  const places = data["with input dropout, trials"].filter(({ trial }) => trial === 1);
  const rounded = places.map(({ axis, place }) => [axis, Number(Number(place).toFixed(3))]);
  assert.deepEqual(rounded.slice(0, 4), [
    ["input dropout", 0.2],
    ["width", 0.223],
    ["learning rate", 0.151],
    ["masked", 0],
  ]);
  assert.deepEqual(
    data["with input dropout, best"].map(({ loss }) => loss),
    Array(5).fill(0.065),
  );
  const [study] = tuningStudies;
  const zero = { ...study, trials: [{ ...study.trials[0], loss: 0 }] };
  assert.throws(() => parallelFigure([zero], options), /trials with a positive loss, got 0/);
  assert.throws(() => parallelFigure([], options), /positive loss, got none/);
});

test("bestSoFarFigure counts finished trials alone, and leaves a failed one its place", () => {
  const options = { cohort, validationSamples: 17 };
  const data = datasetsOf(bestSoFarFigure(searchStudies, options));
  const lines = data["with input dropout, best so far"];
  assert.deepEqual(
    lines.map(({ method, trial, loss }) => `${method} ${trial} ${loss}`),
    [
      ...[0.09, 0.07, 0.07, 0.065, 0.065].map((loss, i) => `Bayesian search ${i + 1} ${loss}`),
      ...[2, 3, 4, 5].map((trial) => `random search ${trial} 0.065`),
    ],
  );
  const stopped = {
    setup: "a",
    method: "bayes",
    trials: [{ loss: 1, status: "stopped" }],
  } as const;
  assert.throws(() => bestSoFarFigure([stopped], options), /finished trials of Bayesian search, a/);
});

test("colors keep their meaning", () => {
  assert.equal(modalityColor("RCC phosphoproteomics"), "#009E73");
  assert.equal(modalityColor("Proteome"), "#D55E00");
  assert.deepEqual(["ARO masked, 5 seeds", "aro unmasked", "dual ridge", "AROMA"].map(settingOf), [
    "masked",
    "unmasked",
    "control",
    "control",
  ]);
  const style = classStyle(["normal", "b", "tumor", "not recorded", "a"], { what: "test" });
  assert.deepEqual(style.names, ["a", "b", "normal", "tumor", "not recorded"]);
  assert.deepEqual(style.colors.slice(2, 4), ["#0072B2", "#D55E00"]);
  assert.equal(new Set(style.colors).size, 5);
  assert.equal(new Set(style.shapes).size, 5);
});

test("percent never rounds something to nothing or not quite all to all", () => {
  assert.deepEqual(
    [0, 0.0001, 0.123, 0.9999, 1].map((share) => percent(share)),
    ["0 %", "< 1 %", "12 %", "> 99 %", "100 %"],
  );
});

/** 30 classes; class i has i + 1 samples. */
const classes = Array.from({ length: 30 }, (_, i) => `A_CLASS_WITH_A_NAME_OF_SOME_LENGTH_${i + 1}`);
const classified = classes.flatMap((name, i) => Array<string>(i + 1).fill(name));

test("latentFigure draws the rarest of 30 classes as other, says how many, and cuts no name", () => {
  const position = classified.map((_, i) => i);
  const maps = [mapOf("PCA", position, position)];
  const values = [...classified.slice(1), null];
  const figure = latentFigure({
    cohort,
    representation: "something",
    maps,
    colorings: [coloringOf("tissue", values)],
  });
  const drawn = datasetsOf(figure)["PCA tissue"].map(({ value }) => value);
  const counts = new Map<unknown, number>();
  for (const value of drawn) counts.set(value, (counts.get(value) ?? 0) + 1);
  assert.equal(counts.size, 9);
  assert.equal(
    counts.get("other"),
    values.filter(Boolean).length - (24 + 25 + 26 + 27 + 28 + 29 + 30),
  );
  assert.equal(counts.get("not recorded"), 1);
  const { title } = figure.spec as unknown as { title: { subtitle: string[] } };
  assert.match(
    title.subtitle.join(" "),
    /"other" merges the 22 rarest classes of tissue \(275 samples\)/,
  );
});

test("labelsFigure draws 30 values, and of more the rarest as other", () => {
  const rows = classes.map((value, i) => ({ label: "tissue", value, samples: i + 1 }));
  const options = { cohort, samples: classified.length };
  assert.equal(datasetsOf(labelsFigure(rows, options)).tissue.length, 30);
  const more = labelsFigure([...rows, { label: "tissue", value: "x", samples: 1 }], {
    ...options,
    samples: classified.length + 1,
  });
  const { value, samples } = datasetsOf(more).tissue[29];
  assert.deepEqual([value, samples], ["other (2 values)", 2]);
});

test("splitFigure adds up the rarest of 30 kinds in each part", () => {
  const rows = (["train", "test"] as const).flatMap((part) =>
    classes.map((kind, i) => ({ part, kind, samples: i + 1, patients: 1 })),
  );
  const figure = splitFigure(rows, { cohort, patients: { train: 30, test: 30 }, label: "tissue" });
  const other = datasetsOf(figure).parts.filter(({ kind }) => kind === "other");
  assert.deepEqual(
    other.map(({ samples, patients }) => [samples, patients]),
    [
      [276, 23],
      [276, 23],
    ],
  );
});

test("confusionFigure fits 30 classes by counts alone, with their whole names", async () => {
  const counts = classes.map((_, i) => classes.map((_, j) => (i === j ? i + 1 : 0)));
  const matrix = { name: "tissue", classes, counts, low: 0.9, high: 1, majority: 0.1 };
  const { svg, width } = await renderFigure(confusionFigure([matrix], { cohort }));
  assert.ok(width <= 860, `figure is ${width} px wide`);
  for (const name of classes) assert.equal(svg.split(`>${name}<`).length - 1, 2, name);
});

test("mergeRare names the rarest values other, and leaves what is not recorded", () => {
  const values = ["a", "b", "b", "c", "c", "c", "d", null];
  assert.deepEqual(mergeRare(values, 4), values);
  assert.deepEqual(mergeRare(values, 3), ["other", "b", "b", "c", "c", "c", "other", null]);
  assert.deepEqual(mergeRare(["a", "a", "b", "b", "other"], 2), [
    "a",
    "a",
    "other",
    "other",
    "other",
  ]);
  assert.throws(() => mergeRare(values, 1), /at least 2 values, got 1/);
});
