// The commands behind `npx aro`, in one table: parsing, help and the documentation all follow from it.
import { TRANSFORMS } from "../cohort/transform.js";
import { ALIGNMENTS } from "../impute/align.js";
import { LEVELS } from "../impute/calibration.js";
import { METHODS } from "../impute/decoder.js";
import { commandsAsMarkdown } from "./help.js";
import {
  type Command,
  count,
  flag,
  JSON_OPTION,
  list,
  type Options,
  oneNumberOf,
  oneOf,
  PROFILE_OPTIONS,
  share,
  text,
} from "./options.js";

const EXIT_STATUS = "exit status: 0 done, 75 stopped (the same command goes on), 1 an error";

const EXPERIMENTS =
  "EXPERIMENT is seeds, splits, splits-quick, splits-30, rates, decoder, authors, authors-full, " +
  "uncertainty, sets or cells; npx aro train tells what each is.";

const SWITCH = ["off", "on"] as const;

const SEARCH_OPTIONS = {
  method: oneOf(["bayes", "random"], "how to choose trials; bayes by default"),
  inputDropout: oneOf(SWITCH, "whether to search the input dropout too; off by default"),
  trials: count("trials that the study is to have; by default the profile's"),
};

/** Every command, in the order of the help text. Each loads its code only when it runs. */
export const COMMANDS: readonly Command[] = [
  command({
    name: "start",
    summary: "prepare what is missing, run every notebook, print the results",
    options: PROFILE_OPTIONS,
    example: "npx aro start --profile course",
    notes: ["npm start does the same.", EXIT_STATUS],
    run: async (given) => (await import("./notebooks.js")).runAll(given),
  }),
  command({
    name: "notebooks",
    summary: "run some of the notebooks, or all",
    options: {
      ...PROFILE_OPTIONS,
      only: list("NAME", "a notebook's name or the beginning of it; may be repeated"),
    },
    example: "npx aro notebooks --only 03 --only 05",
    notes: [EXIT_STATUS],
    run: async (given) => (await import("./notebooks.js")).runAll(given),
  }),
  command({
    name: "lab",
    summary: "open JupyterLab with the kernel ready",
    options: {
      ...PROFILE_OPTIONS,
      noBrowser: flag("print the address and open no browser"),
      kernelOnly: flag("install the kernel into .venv for another Jupyter, and open nothing"),
    },
    example: "npx aro lab --no-browser",
    run: async (given) => (await import("./notebooks.js")).lab(given),
  }),
  command({
    name: "data",
    summary: "list the cohorts, fetch and verify one, or check files placed by hand",
    words: { usage: "[get COHORT]", counts: [0, 2] },
    options: {},
    example: "npx aro data get ucec",
    notes: ["`data get paper` checks the journals' workbooks and says where to download them."],
    run: async (_, words) => (await import("./data.js")).data(words),
  }),
  command({
    name: "example",
    summary: "write a simulated cohort in files, to try the commands below on or to copy",
    words: { usage: "FOLDER", counts: [1] },
    options: {},
    example: "npx aro example mine",
    run: async (_, words) => (await import("./impute.js")).example(words),
  }),
  command({
    name: "fit",
    summary: "fit a model that imputes the other modalities of a cohort from its first",
    options: {
      cohort: text("FILE", "the cohort, described in JSON"),
      profile: text("NAME", "a cohort of this repository instead: ucec, course, gbm or paper"),
      output: text("FOLDER", "where the model bundle is written; must not exist yet"),
      method: oneOf(METHODS, "shared-decoder by default; a control, or ARO as in the paper"),
      seed: count("seed of folds and networks; 42 by default", 0),
      set: list("KEY=VALUE", "with --method aro, change a setting of model or training"),
    },
    example: "npx aro fit --cohort mine.json --output model",
    notes: [
      "--method aro trains ARO six times, with the settings of the profile or the cohort file, by default the paper's; " +
        "it says beforehand how long that takes. --set model.width=256,training.learningRate=5e-4,training.epochs=100 takes a fraction. " +
        "ARO imputes no value below a feature's training mean.",
    ],
    run: async (given) => (await import("./impute.js")).fit(given),
  }),
  command({
    name: "impute",
    summary:
      "impute the other modalities of new samples, with intervals and a report, by a model bundle",
    options: {
      model: text("FOLDER", "what aro fit wrote"),
      rna: text(
        "FILE",
        "the first modality of the new samples, in any format that readTables reads",
      ),
      id: text("NAME", "the column that names the rows; by default as in training, or the first"),
      ignore: list(
        "NAME",
        "a column of annotations; may be repeated; those of the training are known",
      ),
      sheet: text("NAME", "the sheet, if FILE is a workbook"),
      modality: text("NAME", "the modality, if FILE is .h5mu; by default the model's"),
      layer: text("NAME", "the layer instead of X, if FILE is .h5ad or .h5mu"),
      output: text(
        "FOLDER",
        "where values, features, samples and report are written; must not exist yet",
      ),
      orientation: oneOf(
        ["samples-in-rows", "features-in-rows"] as const,
        "by default the side with the model's features has them",
      ),
      transform: oneOf(TRANSFORMS, "what is done to each value; by default as in training"),
      map: text(
        "FILE",
        "a table of feature names: those in the file, then those of the training; by default the map of the training",
      ),
      duplicates: oneOf(
        ["refuse", "mean", "first", "most varied"] as const,
        "what is kept of features of one name; by default as in training",
      ),
      align: oneOf(
        ALIGNMENTS,
        "map each feature onto the training samples' distribution first; by default nothing is aligned",
      ),
      leastFound: share(
        "least share of the model's features that the file must have; 0.5 by default",
      ),
      level: oneNumberOf(LEVELS, "share of values that intervals cover; 0.9 by default"),
      format: oneOf(["tsv", "parquet", "h5mu"] as const, "of the imputed values; tsv by default"),
      wide: flag(
        "one table per modality, samples by features, instead of one row per value; not for h5mu",
      ),
    },
    example: "npx aro impute --model model --rna new.tsv --output imputed",
    notes: [
      "The file is read and transformed as the training table was, unless options say otherwise.",
    ],
    run: async (given) => (await import("./impute.js")).impute(given),
  }),
  command({
    name: "doctor",
    summary: "say what this machine has and lacks, and which engine runs and why",
    options: JSON_OPTION,
    example: "npx aro doctor",
    notes: ["exit status: 1 if Node, Python or every engine is missing"],
    run: async (given) => (await import("./doctor.js")).doctor(given),
  }),
  command({
    name: "plan",
    summary: "say what a training costs and whether it fits this machine",
    options: {
      ...PROFILE_OPTIONS,
      paper: flag("the paper's shape instead of the profile's"),
      features: count("features of the cohort"),
      width: count("units of a hidden layer"),
      hiddenLayers: count("hidden layers", 0),
      batch: count("rows of a batch"),
      steps: count("steps of the training"),
      noMeasure: flag("compute only, and time no step"),
      ...JSON_OPTION,
    },
    example: "npx aro plan --paper --width 1024",
    notes: ["exit status: 1 if the training does not fit"],
    run: async (given) => (await import("./plan.js")).plan(given),
  }),
  command({
    name: "train",
    summary: "list the experiments and how far their runs are, or train what is left of one",
    words: { usage: "[EXPERIMENT]", counts: [0, 1] },
    options: { ...PROFILE_OPTIONS, run: count("this run alone, by its number", 0), ...JSON_OPTION },
    example: "npx aro train seeds --run 3",
    notes: [EXPERIMENTS, EXIT_STATUS],
    run: async (given, words) => (await import("./train.js")).train(given, words),
  }),
  command({
    name: "record",
    summary: "score the finished runs of an experiment and keep the scores in data/records",
    words: { usage: "EXPERIMENT", counts: [1] },
    options: PROFILE_OPTIONS,
    example: "npx aro record seeds",
    notes: [EXPERIMENTS, "Notebooks 3, 8, 10 and 11 read them instead of training the runs."],
    run: async (given, words) => (await import("./train.js")).record(given, words),
  }),
  command({
    name: "tune",
    summary: "search for settings on validation loss",
    options: {
      ...PROFILE_OPTIONS,
      ...SEARCH_OPTIONS,
      shared: oneOf(SWITCH, "whether other processes may work on the same study"),
      ...JSON_OPTION,
    },
    example: "npx aro tune --method random --trials 8",
    notes: [EXIT_STATUS],
    run: async (given) => (await import("./tune.js")).tune(given),
  }),
  command({
    name: "submit",
    summary: "hand what is left of an experiment, or of `tune`, to Slurm or to processes here",
    words: { usage: "EXPERIMENT or tune", counts: [1] },
    options: {
      ...PROFILE_OPTIONS,
      cpus: count("processors of each task"),
      memory: text("SIZE", "memory of each task, e.g. 8G", {
        ...{ pattern: /^\d+[KMGT]?$/, expected: "a number with K, M, G or T, e.g. 8G" },
      }),
      time: text("TIME", "time limit of each task, e.g. 2:00:00"),
      partition: text("NAME", "where the tasks run", {
        ...{ pattern: /^[\w.,-]+$/, expected: "the name of a partition" },
      }),
      arrayLimit: count("tasks that run at the same time, at most"),
      workers: count("processes that share the trials, for tune"),
      ...SEARCH_OPTIONS,
      local: count("run the tasks on this machine, N at a time"),
      dryRun: flag("print the batch script and submit nothing"),
    },
    example: "npx aro submit seeds --local 2",
    notes: [EXPERIMENTS, EXIT_STATUS],
    run: async (given, words) => (await import("./submit.js")).submit(given, words),
  }),
  command({
    name: "export",
    summary:
      "write embeddings, predictions, scores or the scaler of the trained ARO for other programs",
    words: { usage: "WHAT", counts: [1] },
    options: {
      ...PROFILE_OPTIONS,
      output: text(
        "FILE",
        "its extension names the format: .tsv, .csv or .parquet; embeddings also .h5ad, predictions also .h5mu",
      ),
      setting: oneOf(["masked", "unmasked"] as const, "of the training; masked by default"),
    },
    example: "npx aro export embeddings --output latent.h5ad",
    notes: ["WHAT is embeddings, predictions, scores or scaler."],
    run: async (given, words) => (await import("./export.js")).exportOne(given, words),
  }),
  command({
    name: "tensorflow",
    summary: "build the engine on libtensorflow",
    options: { cuda: flag("NVIDIA's build, for graphics processors") },
    example: "npx aro tensorflow",
    run: async (given) => (await import("./tensorflow.js")).tensorflow(given),
  }),
  command({
    name: "page",
    summary: "build a web page with two small trained models to play with, in one file",
    options: { output: text("FOLDER", "where index.html is written; lib/dist/page by default") },
    example: "npx aro page --output public",
    notes: ["npm run page does the same. The page needs no server and no network."],
    run: async (given) => (await import("./page.js")).page(given),
  }),
  command({
    name: "claims",
    summary: "print the ledger of the paper's claims beside our results",
    options: { ...PROFILE_OPTIONS, ...JSON_OPTION },
    example: "npx aro claims --json",
    run: async (given) => (await import("./report.js")).claims(given),
  }),
  command({
    name: "check",
    summary: "type-check the cells of every notebook",
    options: {},
    example: "npx aro check",
    run: async () => (await import("./notebooks.js")).checkNotebooks(),
  }),
  command({
    name: "readme",
    summary: "write results, ledger and commands into README.md and environment.md",
    options: {},
    example: "npx aro readme",
    run: async () => (await import("./report.js")).readme(commandsAsMarkdown(COMMANDS)),
  }),
];

/** Checks a command against the types of its own options. */
function command<O extends Options>(it: Command<O>): Command {
  return it;
}
