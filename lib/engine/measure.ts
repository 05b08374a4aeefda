// How long a training step will take: a few real steps of a smaller model on the engine, carried over to the full one.
import { emptyMatrix, type Matrix } from "../cohort/matrix.js";
import { createRandom } from "../cohort/random.js";
import { type AutoencoderSpec, countParameters, initializeWeights } from "../model/autoencoder.js";
import { flopsPerStep } from "./cost.js";
import type { Engine } from "./engine.js";
import { memoryLimits, widestFit } from "./memory.js";

export interface StepTime {
  readonly secondsPerStep: number;
  /** Features of the model that was timed; the full model's where that is small. */
  readonly measuredAt: number;
}

/** Floating-point operations of a step that is timed, a second or less of work on most machines. */
const TIMED = 30e9;
const STEPS = 5;

/**
 * Times steps of a model as wide and deep as the one asked for, with as many of its features as a step of 30 GFLOP has,
 * and carries the time over. Part of a step is arithmetic, which grows with its operations, and part is moving weights
 * and moments, which grows with the parameters; the two ratios differ by a few percent, and their mean is taken.
 * Weights and batch are drawn from a seed; nothing is kept. Null if even the smaller model does not fit the memory.
 */
export async function measureStep(
  engine: Engine,
  spec: AutoencoderSpec,
  rows: number,
): Promise<StepTime | null> {
  const full = { ...spec, visible: null, zeroed: [] };
  const fixed = flopsPerStep({ ...full, features: 0 }, rows);
  const perFeature = (flopsPerStep(full, rows) - fixed) / spec.features;
  const affordable = Math.max((TIMED - fixed) / perFeature, spec.features / 16);
  const measuredAt = Math.min(spec.features, Math.ceil(affordable));
  const timed = { ...full, features: measuredAt };
  if (widestFit(timed, memoryLimits(engine.backend)) < spec.width) return null;
  const seconds = await timeSteps(engine, timed, rows);
  const operations = flopsPerStep(full, rows) / flopsPerStep(timed, rows);
  const parameters = countParameters(full) / countParameters(timed);
  return { secondsPerStep: (seconds * (operations + parameters)) / 2, measuredAt };
}

/** The median of a few steps, in seconds; the first two, in which memory is taken and code is compiled, do not count. */
async function timeSteps(engine: Engine, spec: AutoencoderSpec, rows: number): Promise<number> {
  const batch = drawBatch(rows, spec.features);
  const dropout = createRandom(0, "dropout");
  const model = await engine.build(spec, initializeWeights(spec, 0));
  const times: number[] = [];
  try {
    for (let step = -2; step < STEPS; step++) {
      const started = performance.now();
      await model.step(batch, { learningRate: 1e-5, dropout });
      if (step >= 0) times.push((performance.now() - started) / 1000);
    }
  } finally {
    model.dispose();
  }
  return times.sort((a, b) => a - b)[Math.floor(STEPS / 2)];
}

/** Like preprocessed rows: half of the values 0, a fifth not observed. */
function drawBatch(rows: number, features: number): Matrix {
  const random = createRandom(0, "batch");
  const batch = emptyMatrix(rows, features);
  for (let i = 0; i < batch.values.length; i++) {
    batch.values[i] = Math.log1p(Math.max(0, random.normal()));
    batch.observed[i] = random.uniform() < 0.8 ? 1 : 0;
  }
  return batch;
}
