// The page's two models, trained by the trainer of the notebooks and packed as text.
import type { Engine } from "../engine/engine.js";
import { ARO, type AroSpec } from "../model/aro.js";
import { buildAutoencoder } from "../model/autoencoder.js";
import { dealRows } from "../model/batches.js";
import type { Weights } from "../model/model.js";
import { train } from "../train/train.js";
import { MODELS, type ModelName, type Packed, prepareScene, specOf } from "./scene.js";

/** All training rows fit into one batch, so an epoch is one step. */
const SETTINGS = { batchSize: 256, learningRate: 3e-3, plateau: null, seed: 0 };

/** Trains both models of the page, some seconds each; the weights of the lowest validation loss are kept. */
export async function trainScene(engine: Engine, epochs = 600): Promise<Packed> {
  const { prepared } = prepareScene();
  const packed = {} as Record<ModelName, string>;
  for (const name of MODELS) {
    const spec = specOf(name, prepared);
    const model = buildAutoencoder(engine, ARO, spec, { seed: SETTINGS.seed });
    const earlyStopping = { patience: epochs }; // keeps the best weights, and never stops
    const options = { ...SETTINGS, epochs, earlyStopping };
    const training = train(model, dealRows(prepared, spec), options);
    let step = await training.next();
    while (!step.done) step = await training.next();
    model.dispose();
    packed[name] = packWeights(spec, step.value.bestWeights!);
  }
  return packed;
}

function packWeights(spec: AroSpec, weights: Weights): string {
  const tensors = ARO.network(spec).tensors.map(({ name }) => weights.get(name)!);
  const bytes = Buffer.alloc(4 * tensors.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const tensor of tensors) for (const value of tensor) at = bytes.writeFloatLE(value, at);
  return bytes.toString("base64");
}
