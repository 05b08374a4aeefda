// What is measured side by side, and how: two processes that work in turns, or two that only hold memory.
import { freemem } from "node:os";
import { join } from "node:path";
import type { ShapeName } from "./inputs.js";
import { type Ready, Side } from "./side.js";

export interface Contest {
  readonly name: string;
  readonly about: string;
  readonly unit: "ms" | "bytes";
  /** A task of ours.ts. */
  readonly ours: string;
  /** A task of reference.py, or one of ours.ts that is written the usual way. */
  readonly reference: { readonly task: string; readonly by: "python" | "node" };
  /** A task of ours.ts of which ours is a part; it takes its turns too, to tell the share. */
  readonly whole?: string;
  readonly shape?: ShapeName;
  /** Bytes that must be free: both sides hold theirs at once, or one after the other where memory is measured. */
  readonly memory: number;
  readonly rounds: number;
  /** How far the two answers may differ, relative: weights and dropout are drawn apart, rounding differs. */
  readonly tolerance: number;
}

const LARGE = { shape: "paper" } as const;

/** In the order in which they run. */
export const CONTESTS: readonly Contest[] = [
  timed("load", "UCEC: three tables read and joined", { rounds: 9, tolerance: 1e-5 }),
  timed(
    "xlsx",
    "three sheets of a workbook shaped like the paper's GBM one, at a tenth of its rows",
    {
      rounds: 5,
      tolerance: 1e-5,
      memory: 2e9,
    },
  ),
  timed("preprocess", "115 x 71,094, fitted on 80 rows, applied to three parts", {
    shape: "paper",
    rounds: 7,
    tolerance: 1e-4,
  }),
  timed("pca", "80 components of 80 x 71,094, fitted, and the same rows transformed", {
    shape: "paper",
    rounds: 7,
    tolerance: 1e-3,
  }),
  timed("classifier", "five folds of 115 x 2,048 embeddings, against MLPClassifier", {
    rounds: 5,
    tolerance: 0.05,
  }),
  ...(["200", "1600"] as const).flatMap((shape) => [
    timed(`smoother-${shape}`, `ridge weights of ${shape} x 4,000 for new rows, at 11 lambdas`, {
      shape,
      rounds: 9,
      tolerance: 1e-6,
    }),
    timed(`pca-${shape}`, `all components of ${shape} x 4,000, and the same rows transformed`, {
      shape,
      rounds: 9,
      tolerance: 1e-3,
    }),
  ]),
  timed(
    "shared-decoder",
    "28,000 + 19,000 features of 80 samples: fitted, out of fold, and 35 others inferred",
    {
      rounds: 3,
      tolerance: 0.02,
      memory: 4e9,
    },
  ),
  timed("read-ccle", "three tables of 505 samples, packed by gzip, as CCLE's cell lines", {
    rounds: 9,
    tolerance: 1e-5,
  }),
  timed("read-tall", "a table of 30,000 features in rows and 200 samples", {
    rounds: 7,
    tolerance: 1e-5,
  }),
  timed("read-wide", "a table of 12,000 features in rows and 2,000 samples", {
    rounds: 5,
    tolerance: 1e-5,
    memory: 2e9,
  }),
  timed(
    "read-h5ad",
    "an unpacked AnnData file of 2,000 samples and 12,000 features, against h5py, which copies numbers unchecked",
    {
      rounds: 7,
      tolerance: 1e-5,
      memory: 1e9,
    },
  ),
  timed("read-parquet", "the same in Parquet, against pandas and pyarrow", {
    rounds: 7,
    tolerance: 1e-5,
    memory: 2e9,
  }),
  timed("memory-parquet", "peak of a process that reads that Parquet file three times", {
    unit: "bytes",
    rounds: 3,
    tolerance: 1e-5,
    memory: 2e9,
    ours: "read-parquet",
    reference: { task: "read-parquet", by: "python" },
  }),
  timed("memory-read", "peak of a process that reads the table of read-wide three times", {
    unit: "bytes",
    rounds: 3,
    tolerance: 1e-5,
    memory: 2e9,
    ours: "read-wide",
    reference: { task: "read-wide", by: "python" },
  }),
  // The two below do different work to the same end: a reference that a user could pick instead. Their answers are counts.
  timed(
    "fit",
    "the same cohort to a bundle, calibrated and rated, against a ridge of scikit-learn with folds and intervals",
    {
      rounds: 1,
      tolerance: 0,
      memory: 5e9,
    },
  ),
  timed(
    "impute",
    "1,000 samples x 28,000 genes to 19,000 features: values and bounds written as text, against that ridge and pandas",
    {
      rounds: 1,
      tolerance: 0,
      memory: 5e9,
    },
  ),
  timed("step-small", "2,000 features, 256 wide, against AdamW", { shape: "small", rounds: 25 }),
  timed("step-small-tfjs", "the same on wasm, against tf.variableGrads", {
    ours: "step-small-wasm",
    reference: { task: "step-small-usual", by: "node" },
    shape: "small",
    rounds: 15,
  }),
  timed("step-vae", "20,000 features, 1,024 wide, 256 latent units, against AdamW", {
    shape: "medium",
    memory: 3e9,
    rounds: 9,
  }),
  timed("step-modis", "20,000 features in three modalities, 64 latent units, against Adam", {
    shape: "medium",
    memory: 3e9,
    rounds: 9,
  }),
  timed("step-paper", "71,094 features, 2,048 wide, against AdamW", { ...LARGE, memory: 13e9 }),
  timed("step-paper-fused", "the same, against AdamW(fused=True)", {
    ...LARGE,
    memory: 12e9,
    ours: "step-paper",
  }),
  timed("step-paper-tensorflow", "the same on libtensorflow, against AdamW", {
    ...LARGE,
    memory: 13e9,
    reference: { task: "step-paper", by: "python" },
  }),
  timed("step-paper-masked", "the same, seeing RNA alone, against AdamW", {
    ...LARGE,
    memory: 13e9,
  }),
  timed("products-paper", "the matrix products of such a step and nothing else", {
    ...LARGE,
    memory: 11e9,
    whole: "step-paper",
  }),
  timed("memory-paper", "peak of a process that trains at that size", {
    ...LARGE,
    unit: "bytes",
    memory: 7.5e9,
    rounds: 3,
    ours: "step-paper",
    reference: { task: "step-paper", by: "python" },
  }),
];

function timed(name: string, about: string, other: Partial<Contest>): Contest {
  const reference = { task: name, by: "python" } as const;
  const usual = { unit: "ms", memory: 1e9, rounds: 7, tolerance: 0.02 } as const;
  return { name, about, ours: name, reference, ...usual, ...other };
}

export interface Measured {
  /** What computed, with versions. */
  readonly with: string;
  /** In the unit of the contest, a number a round. */
  readonly values: readonly number[];
}

export interface Outcome {
  readonly ours: Measured;
  /** Absent where there is no Python. */
  readonly reference?: Measured;
  /** Of the task that the contest's is a part of, measured in the same turns. */
  readonly whole?: Measured;
}

export interface MeasureOptions {
  /** Of the inputs. */
  readonly folder: string;
  /** null measures ours alone. */
  readonly python: string | null;
  readonly env: NodeJS.ProcessEnv;
  readonly rounds: number;
}

/** The processes of a contest, as functions that start them. */
type Starts = readonly (readonly [
  role: keyof Outcome,
  start: () => Promise<{ side: Side; ready: Ready }>,
])[];

/**
 * Measures a contest.
 * @returns the reason if it cannot run here.
 * @throws Error if a process fails, or the two do not compute the same.
 */
export async function measure(
  contest: Contest,
  { folder, python, env, rounds }: MeasureOptions,
): Promise<Outcome | string> {
  const free = freemem();
  if (free < contest.memory) {
    const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
    return `expected ${gigabytes(contest.memory)} of free memory, got ${gigabytes(free)}`;
  }
  const { by, task } = contest.reference;
  const here = (file: string) => join(import.meta.dirname, file);
  const node = (name: string) => () =>
    Side.start(process.execPath, ["--import", "tsx", here("ours.ts"), name, folder], process.env);
  const starts: Starts[number][] = [["ours", node(contest.ours)]];
  if (by === "node") starts.push(["reference", node(task)]);
  else if (python !== null) {
    starts.push(["reference", () => Side.start(python, [here("reference.py"), task, folder], env)]);
  }
  if (contest.whole) starts.push(["whole", node(contest.whole)]);
  return contest.unit === "bytes"
    ? measurePeaks(contest, starts, rounds)
    : measureTurns(contest, starts, rounds);
}

/** All prepare, then work in turns, so that what else the machine does falls on all alike. */
async function measureTurns(
  contest: Contest,
  starts: Starts,
  rounds: number,
): Promise<Outcome | string> {
  const sides: Side[] = [];
  const found: Found[] = [];
  try {
    for (const [role, start] of starts) {
      const { side, ready } = await start();
      sides.push(side);
      if (ready.skip) return ready.skip;
      found.push({ role, ready, values: [] });
    }
    const outcome = outcomeOf(contest, found);
    for (let round = -1; round < rounds; round++) {
      for (const [i, side] of sides.entries()) {
        await pause(); // threads of another one that wait for more work go on waiting for a moment
        const value = await side.ask("run");
        if (round >= 0) found[i].values.push(value); // the first one warms up, as the answer did before
      }
    }
    return outcome;
  } finally {
    for (const side of sides) await side.end();
  }
}

/** One after the other, each in a new process that trains three steps. */
async function measurePeaks(
  contest: Contest,
  starts: Starts,
  rounds: number,
): Promise<Outcome | string> {
  const found: Found[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const [i, [role, start]] of starts.entries()) {
      const { side, ready } = await start();
      try {
        if (ready.skip) return ready.skip;
        found[i] ??= { role, ready, values: [] };
        for (let step = 0; step < 2; step++) await side.ask("run");
        found[i].values.push(await side.ask("peak"));
      } finally {
        await side.end();
      }
    }
  }
  return outcomeOf(contest, found);
}

interface Found {
  readonly role: keyof Outcome;
  readonly ready: Ready;
  readonly values: number[];
}

/** @throws Error if ours and the reference do not compute the same. */
function outcomeOf(contest: Contest, found: readonly Found[]): Outcome {
  const ready = (role: keyof Outcome) => found.find((one) => one.role === role)?.ready;
  requireSame(contest, ready("ours")!, ready("reference"));
  return Object.fromEntries(
    found.map(({ role, ready, values }) => [role, { with: ready.with, values }]),
  ) as unknown as Outcome;
}

/** @throws Error if two answers differ by more than the contest allows. */
export function requireSame(
  { name, tolerance }: Pick<Contest, "name" | "tolerance">,
  ours: Ready,
  reference: Ready | undefined,
): void {
  if (!reference) return;
  const same =
    ours.answer.length === reference.answer.length &&
    ours.answer.every(
      (value, i) =>
        Math.abs(value - reference.answer[i]) <= tolerance * Math.abs(reference.answer[i]),
    );
  if (same) return;
  throw new Error(
    `bench: expected both sides of ${name} to compute the same within ${tolerance}, ` +
      `got ${ours.answer.join(", ")} here and ${reference.answer.join(", ")} from ${reference.with}`,
  );
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 50));
}
