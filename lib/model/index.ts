// The door "aro/model": the language that models are written in, for a model of your own.

// Layers: forward and backward pass of each, on every engine.

export type { Tensor } from "../engine/engine.js";
export { latentLayer } from "../layers/latent.js";
export {
  batchNorm,
  dense,
  dropout,
  type Layer,
  type Pass,
  relu,
  sequence,
  softplus,
} from "../layers/layers.js";

// Losses, with their slopes.

export { crossEntropy, reconstructionHead, reconstructionLoss, total } from "../layers/losses.js";

// A model: its page is a `Trainable`, which `trainRun` of "aro" trains and `readRun` reads back.

export { dealRows, inspectMatrix } from "./batches.js";
export { buildModel, type Network, type Trainable } from "./model.js";
export { writeWeights } from "./weights.js";
