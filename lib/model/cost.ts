// The cost of a training, estimated before it starts: disk space for the run's folder, and an ARO's operations and time.
import { existsSync } from "node:fs";
import { readdir, stat, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { median } from "simple-statistics";
import { emptyMatrix, type Matrix } from "../cohort/matrix.js";
import { createRandom } from "../cohort/random.js";
import type { Engine } from "../engine/engine.js";
import { countNumbers, type Described } from "../layers/layers.js";
import { ARO, type AroSpec } from "./aro.js";
import { buildAutoencoder } from "./autoencoder.js";
import { widestFit } from "./memory.js";
import { countParameters } from "./model.js";

/**
 * Counts the floating-point operations of one training step: `2 rows (2 F W + 3 L W² + 3 W F)`. Each layer is multiplied
 * in the forward pass, for its weights' gradient and for its input's gradient. The input layer needs the latter only below
 * batch normalization, which makes it `3 F W`.
 * Leaves out Adam, element-wise functions, and what engines save on the columns that a masked model does not see.
 */
export function flopsPerStep({ features, width, hiddenLayers, batchNorm }: AroSpec, rows: number) {
  const products = (batchNorm ? 6 : 5) * features * width + 3 * hiddenLayers * width * width;
  return 2 * rows * products;
}

/** Estimates the peak size of a run's folder, in bytes: the weights, and two checkpoints of weights and Adam's moments. */
export function estimateDisk<Spec>(architecture: Described<Spec>, spec: Spec): number {
  const { tensors } = architecture.network(spec);
  const [parameters, buffers] = [true, false].map((isTrained) => countNumbers(tensors, isTrained));
  return 4 * (parameters + buffers + 2 * (3 * parameters + buffers));
}

/** Free bytes on the disk of a folder, which need not exist yet. */
export async function availableDisk(folder: string): Promise<number> {
  if (!existsSync(folder)) return await availableDisk(dirname(folder));
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/**
 * Refuses a training whose folder would fill the disk. The folder's present files count as free: the run replaces them.
 * @throws RangeError with the bytes needed and the bytes available.
 */
export async function requireDisk<Spec>(
  architecture: Described<Spec>,
  spec: Spec,
  folder: string,
): Promise<void> {
  const needed = estimateDisk(architecture, spec);
  const room = (await availableDisk(folder)) + (await bytesIn(folder));
  if (room >= needed) return;
  const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(2)} GiB`;
  throw new RangeError(
    `train: expected ${gib(needed)} on the disk for the run's weights and checkpoints, got ${gib(room)}; ` +
      "free some disk space, or train a narrower model",
  );
}

async function bytesIn(folder: string): Promise<number> {
  if (!existsSync(folder)) return 0;
  const sizes = (await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

export interface StepTime {
  readonly secondsPerStep: number;
  /** Features of the model that was timed; a small model is timed at its full size. */
  readonly measuredAt: number;
}

/** Floating-point operations of the timed step: at most a second on most machines. */
const TIMED = 30e9;
const STEPS = 5;

/**
 * Times steps of a model of the same width and depth, with only as many features as a step of 30 GFLOP has, and
 * extrapolates. Part of a step is arithmetic, proportional to its operations; the rest moves weights and moments,
 * proportional to the parameters. The two ratios differ by a few percent; the estimate uses their mean.
 * @returns null if even the smaller model does not fit into memory.
 */
export async function measureStep(
  engine: Engine,
  spec: AroSpec,
  rows: number,
): Promise<StepTime | null> {
  const full = { ...spec, visible: null, zeroed: [] };
  const fixed = flopsPerStep({ ...full, features: 0 }, rows);
  const perFeature = (flopsPerStep(full, rows) - fixed) / spec.features;
  const affordable = Math.max((TIMED - fixed) / perFeature, spec.features / 16);
  const measuredAt = Math.min(spec.features, Math.ceil(affordable));
  const timed = { ...full, features: measuredAt };
  if (widestFit(ARO, timed, engine) < spec.width) return null;
  const seconds = await timeSteps(engine, timed, rows);
  const operations = flopsPerStep(full, rows) / flopsPerStep(timed, rows);
  const parameters = countParameters(ARO, full) / countParameters(ARO, timed);
  return { secondsPerStep: (seconds * (operations + parameters)) / 2, measuredAt };
}

/** The median time of a few steps, in seconds, after two warm-up steps. */
async function timeSteps(engine: Engine, spec: AroSpec, rows: number): Promise<number> {
  const batch = drawBatch(rows, spec.features);
  const random = createRandom(0, "dropout");
  const model = buildAutoencoder(engine, ARO, spec, { seed: 0 });
  const times: number[] = [];
  try {
    for (let step = 0; step < 2 + STEPS; step++) {
      const started = performance.now();
      await model.step(batch, { learningRate: 1e-5, random });
      times.push((performance.now() - started) / 1000);
    }
  } finally {
    model.dispose();
  }
  return median(times.slice(2));
}

/** Draws rows like preprocessed ones: half of the values are 0, a fifth are unobserved. */
function drawBatch(rows: number, features: number): Matrix {
  const random = createRandom(0, "batch");
  const batch = emptyMatrix(rows, features);
  for (let i = 0; i < batch.values.length; i++) {
    batch.values[i] = Math.log1p(Math.max(0, random.normal()));
    batch.observed[i] = random.uniform() < 0.8 ? 1 : 0;
  }
  return batch;
}
