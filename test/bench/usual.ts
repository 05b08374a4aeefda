// ARO's training step as tfjs's own documentation would have it: `tf.variableGrads` and `tf.train.adam`, on wasm.
// The union package, since tfjs-core alone knows no gradients; it comes with tfjs-node-gpu.
import * as tf from "@tensorflow/tfjs";
import type { Matrix } from "../../lib/cohort/matrix.js";
import { tfjsEngine } from "../../lib/engine/tfjs.js";
import { ARO, type AroSpec } from "../../lib/model/aro.js";
import { initializeWeights } from "../../lib/model/model.js";
import type { Task } from "./ours.js";

/** Makes a task of which each run is one step. */
export async function usualStep(spec: AroSpec, batch: Matrix, learningRate: number): Promise<Task> {
  const { version } = await tfjsEngine({ backend: "wasm" }); // makes wasm the backend of tfjs
  const weights = initializeWeights(ARO, spec, 1);
  const shape: [number, number] = [batch.rows, batch.columns];
  const target = tf.tensor2d(batch.values, shape);
  const observed = tf.tensor2d(Float32Array.from(batch.observed), shape);
  const count = tf.sum(observed);
  const layers = ARO.network(spec).tensors.map(({ name, shape }) => {
    const values = tf.tensor(weights.get(name)!, [...shape]);
    return tf.variable(shape.length === 2 ? tf.transpose(values) : values);
  });
  const adam = tf.train.adam(learningRate, 0.9, 0.999, 1e-8);
  const loss = () => {
    let units: tf.Tensor = tf.dropout(target, spec.inputDropout);
    for (let i = 0; i < layers.length; i += 2) {
      const linear = tf.add(tf.matMul(units, layers[i]), layers[i + 1]);
      units = i + 2 < layers.length ? tf.relu(linear) : tf.softplus(linear);
    }
    const distance = tf.mul(tf.abs(tf.sub(units, target)), observed);
    const near = tf.minimum(distance, 1);
    return tf.div<tf.Scalar>(tf.sum(tf.mul(near, tf.sub(distance, tf.mul(near, 0.5)))), count);
  };
  const run = async () => {
    const value = tf.tidy(() => {
      const { value, grads } = tf.variableGrads(loss, layers);
      adam.applyGradients(Object.entries(grads).map(([name, tensor]) => ({ name, tensor })));
      return value;
    });
    const [huber] = await value.data();
    value.dispose();
    return huber;
  };
  return { with: `tfjs ${version}, variableGrads, wasm`, answer: [await run()], run };
}
