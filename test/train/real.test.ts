// A real training, tiny: the loss falls, two runs agree, and saved weights score the same.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { matrixFrom } from "../../lib/cohort/matrix.js";
import { createRandom } from "../../lib/cohort/random.js";
import { tfjsEngine } from "../../lib/engine/tfjs.js";
import { ARO, PAPER_MODEL } from "../../lib/model/aro.js";
import { buildAutoencoder } from "../../lib/model/autoencoder.js";
import type { Part } from "../../lib/preprocess/prepare.js";
import type { TrainingRows } from "../../lib/train/deal.js";
import { trainRun } from "../../lib/train/run.js";

const FEATURES = 12;
const root = mkdtempSync(join(tmpdir(), "aro-real-"));
after(() => rmSync(root, { recursive: true }));

/** One factor behind every feature, some noise, and every tenth entry not measured. */
function rowsOf<P extends Part>(part: P, rows: number): TrainingRows<P> {
  const random = createRandom(1, part);
  const numbers = Array.from({ length: rows }, () => random.uniform()).flatMap((factor) =>
    Array.from({ length: FEATURES }, (_, j) =>
      random.uniform() < 0.1 ? Number.NaN : factor * (j % 3) + 0.05 * random.uniform(),
    ),
  );
  return {
    part,
    rows: Array.from({ length: rows }, (_, i) => i),
    ids: Array.from({ length: rows }, (_, i) => `${part}-${i}`),
    matrix: matrixFrom(rows, FEATURES, numbers),
  };
}

test("a real model learns, the same from the same seed, and its saved weights score as it did", async () => {
  const engine = await tfjsEngine({ backend: "cpu" });
  const data = { name: "real", train: rowsOf("train", 24), validation: rowsOf("validation", 8) };
  const spec = {
    ...PAPER_MODEL,
    ...{ features: FEATURES, width: 8, hiddenLayers: 1, visible: null },
  };
  const training = { epochs: 30, batchSize: 10, learningRate: 0.01, seed: 3 };
  const runIn = (name: string) =>
    trainRun({ folder: join(root, name), config: { spec, training }, data, engine });
  const run = await runIn("a");
  const [first, last] = [run.epochs[0], run.epochs[29]];
  assert.ok(last.train.huber < first.train.huber / 4, `${first.train.huber} ${last.train.huber}`);
  assert.ok(last.validation.huber < first.validation.huber / 4);
  assert.deepEqual((await runIn("b")).epochs, run.epochs);
  const model = buildAutoencoder(engine, ARO, spec, await run.loadWeights());
  const { huber, mse } = await model.evaluate(data.validation.matrix);
  assert.deepEqual({ huber, mse }, run.result.final?.validation);
  model.dispose();
});
