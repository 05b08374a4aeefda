// Whether a model fits into memory: refused before it is built, with what would fit.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ARO, type AroSpec, PAPER_MODEL } from "../../lib/model/aro.js";
import { estimateMemory, requireMemory } from "../../lib/model/memory.js";

test("requireMemory names the need, the limit and the largest width that fits", () => {
  const spec: AroSpec = { ...PAPER_MODEL, features: 71_094, visible: null };
  for (const backend of ["wasm", "tensorflow"]) {
    const needed = estimateMemory(ARO, spec, backend);
    requireMemory(ARO, spec, { backend, memoryLimits: () => needed });
    for (const kind of ["heap", "total", "available"] as const) {
      const limits = { ...needed, [kind]: needed[kind] / 2 };
      const room = { backend, memoryLimits: () => limits };
      let fits = 0;
      assert.throws(
        () => requireMemory(ARO, spec, room),
        (error: Error) => {
          fits = Number(error.message.match(/a width of (\d+) fits/)?.[1]);
          return (
            error instanceof RangeError && /at most [\d.]+ GiB.*got [\d.]+ GiB/.test(error.message)
          );
        },
      );
      requireMemory(ARO, { ...spec, width: fits }, room);
      assert.throws(() => requireMemory(ARO, { ...spec, width: fits + 1 }, room));
    }
    const room = { backend, memoryLimits: () => ({ ...needed, heap: 1e6 }) };
    assert.throws(() => requireMemory(ARO, spec, room), /; take fewer features/);
  }
});

test("the estimate counts four batches of 128 rows in the heap, and the caller's besides", () => {
  const spec: AroSpec = { ...PAPER_MODEL, features: 1000, width: 64, visible: null };
  const withBatches = estimateMemory(ARO, spec, "wasm");
  const without = estimateMemory({ network: ARO.network }, spec, "wasm");
  const batch = 4 * 128 * 1000;
  assert.equal(withBatches.heap - without.heap, 4 * batch);
  assert.equal(withBatches.total - without.total, 5 * batch);
});
