// A study small enough to run to its end many times: a fake engine, a rate that decides all, a width that names the trial.
import { PAPER_MODEL } from "../../lib/model/aro.js";
import type { Space } from "../../lib/train/space.js";
import type { TuneOptions } from "../../lib/train/tune.js";
import { DATA, fakeEngine } from "./fake-model.js";

export const EPOCHS = 8;

const SPACE: Space = [
  { name: "learningRate", kind: "number", low: 1e-4, high: 0.3, scale: "log" },
  { name: "width", kind: "integer", low: 1, high: 1_000_000, scale: "log" },
];

/** Every trial trains the same small model at its own rate; the width only tells one trial from another. */
export function tinyStudy(
  folder: string,
  changes: Partial<TuneOptions> = {},
  { engine, model }: Pick<ReturnType<typeof fakeEngine>, "engine" | "model"> = fakeEngine(),
): TuneOptions {
  return {
    folder,
    method: "bayes",
    space: SPACE,
    seed: 7,
    trials: 10,
    stopping: { afterEpochs: 2, afterTrials: 3 },
    request: ({ learningRate, width }) => ({
      model,
      spec: {
        ...PAPER_MODEL,
        features: 3,
        width: 2,
        hiddenLayers: 0,
        inputDropout: 0,
        visible: null,
      },
      training: { epochs: EPOCHS, learningRate: Number(learningRate), seed: 1 },
      about: { width: Number(width) },
    }),
    data: DATA,
    engine,
    ...changes,
  };
}
