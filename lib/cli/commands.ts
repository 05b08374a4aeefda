// The commands behind `npx aro`, in one table: parsing, help and the documentation all follow from it.
import { commandsAsMarkdown } from "./help.js";
import {
  type Command,
  EXPORT_OPTIONS,
  FIT_OPTIONS,
  flag,
  IMPUTE_OPTIONS,
  JSON_OPTION,
  list,
  type Options,
  PLAN_OPTIONS,
  PROFILE_OPTIONS,
  SUBMIT_OPTIONS,
  TRAIN_OPTIONS,
  TUNE_OPTIONS,
  text,
} from "./options.js";

const EXIT_STATUS = "exit status: 0 done, 75 stopped (the same command goes on), 1 an error";

const EXPERIMENTS =
  "EXPERIMENT is seeds, splits, splits-quick, splits-30, rates, decoder, authors, authors-full, " +
  "uncertainty, sets or cells; npx aro train tells what each is.";

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
    options: FIT_OPTIONS,
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
    options: IMPUTE_OPTIONS,
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
    options: PLAN_OPTIONS,
    example: "npx aro plan --paper --width 1024",
    notes: ["exit status: 1 if the training does not fit"],
    run: async (given) => (await import("./plan.js")).plan(given),
  }),
  command({
    name: "train",
    summary: "list the experiments and how far their runs are, or train what is left of one",
    words: { usage: "[EXPERIMENT]", counts: [0, 1] },
    options: TRAIN_OPTIONS,
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
    options: TUNE_OPTIONS,
    example: "npx aro tune --method random --trials 8",
    notes: [EXIT_STATUS],
    run: async (given) => (await import("./tune.js")).tune(given),
  }),
  command({
    name: "submit",
    summary: "hand what is left of an experiment, or of `tune`, to Slurm or to processes here",
    words: { usage: "EXPERIMENT or tune", counts: [1] },
    options: SUBMIT_OPTIONS,
    example: "npx aro submit seeds --local 2",
    notes: [EXPERIMENTS, EXIT_STATUS],
    run: async (given, words) => (await import("./submit.js")).submit(given, words),
  }),
  command({
    name: "export",
    summary:
      "write embeddings, predictions, scores or the scaler of the trained ARO for other programs",
    words: { usage: "WHAT", counts: [1] },
    options: EXPORT_OPTIONS,
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
