// The command line: what has no place in a notebook.
import { commands } from "./commands.js";

const USAGE = `usage: npx aro COMMAND [options]

  start      prepare what is missing, run every notebook, print the results (what npm start does)
  notebooks  run the notebooks: --only 03 --only 05
  lab        open JupyterLab with the kernel ready
  data       list the cohorts; "data get ucec" or "gbm" fetches one and verifies it,
             "data get paper" checks workbooks that were placed by hand
  doctor     say what is there and what is missing, which engine runs and why: --json
  plan       say what a training costs and whether it fits: --paper for the paper's shape, or --features N
             --width N --hidden-layers N --batch N --steps N; --no-measure, --json
  train      list the experiments and how far their runs are: --json; "train NAME" trains what is not done,
             "train NAME --run N" run N alone; exit status 1 says that it was interrupted and can go on
  tune       search for settings on validation loss: --method bayes|random --input-dropout on|off --trials N --json;
             what was stopped or killed goes on; --shared on lets several processes work on one study
  submit     hand what is not done of an experiment, or of "tune", to Slurm as a job array: --cpus N --memory 8G
             --time 2:00:00 --partition NAME --array-limit N, for tune --workers N and its own options;
             --local N runs it here instead, N tasks at a time; --dry-run prints the script
  tensorflow build libtensorflow's engine; --cuda for NVIDIA's graphics processors
  claims     print the ledger of the paper's numbers beside ours: --json
  check      type-check the cells of every notebook
  readme     write the last results of the default profile, and the ledger, into the README

  --profile NAME     ucec, course, gbm or paper (default ucec; also ARO_PROFILE)
  --set KEY=VALUE    change one setting of the profile, e.g. --set training.epochs=20 (also ARO_SET)
`;

async function main(args: readonly string[]): Promise<number> {
  const [name = "help", ...rest] = args;
  if (name === "help" || name === "--help" || name === "-h") {
    console.log(USAGE);
    return 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command) {
    const names = Object.keys(commands).join(", ");
    throw new RangeError(`aro: expected a command of ${names}, got "${name}"; see npx aro help`);
  }
  return command(rest);
}

// The stack helps only whoever changes lib; ARO_DEBUG brings it back.
main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: Error) => {
    console.error(process.env.ARO_DEBUG ? error.stack : error.message);
    process.exitCode = 1;
  },
);
