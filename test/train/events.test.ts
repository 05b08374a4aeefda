// TensorBoard's event file has the bytes that its own package writes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeEpoch, encodeVersion } from "../../lib/train/events.js";

/** The same three events by tensorboard 2.21's RecordWriter and protobuf's SerializeToString. */
const GOLDEN = [
  "1800000000000000a37f4b220900002040fc54d9411a0d627261696e2e4576656e743a322b3531107900000000",
  "0000008a13537b0900002040fc54d94110012a6c0a120a0b68756265722f747261696e150000003f0a170a1068",
  "756265722f76616c69646174696f6e150000803e0a100a096d73652f747261696e150000803f0a150a0e6d7365",
  "2f76616c69646174696f6e150000403f0a140a0d6c6561726e696e675f7261746515acc52737b785b6857a0000",
  "0000000000138986780900002040fc54d94110ac022a6c0a120a0b68756265722f747261696e15cdcccc3d0a17",
  "0a1068756265722f76616c69646174696f6e15cdcc4c3e0a100a096d73652f747261696e159a99993e0a150a0e",
  "6d73652f76616c69646174696f6e15cdcccc3e0a140a0d6c6561726e696e675f7261746515bd378635d2c46283",
].join("");

test("an event file has the bytes that TensorBoard's own writer gives", () => {
  const time = 1_700_000_000.5;
  const rest = { steps: 1, best: { epoch: 1, huber: 0.25 } };
  const epochs = [
    {
      ...rest,
      epoch: 1,
      learningRate: 1e-5,
      train: { huber: 0.5, mse: 1 },
      validation: { huber: 0.25, mse: 0.75 },
    },
    {
      ...rest,
      epoch: 300,
      learningRate: 1e-6,
      train: { huber: 0.1, mse: 0.3 },
      validation: { huber: 0.2, mse: 0.4 },
    },
  ];
  const records = [encodeVersion(time), ...epochs.map((epoch) => encodeEpoch(epoch, time))];
  assert.equal(Buffer.concat(records).toString("hex"), GOLDEN);
});
