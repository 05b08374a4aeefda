// Which libtensorflow fits a machine, and what is said where none does.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fetchLibrary, wheelFor } from "../../lib/engine/tensorflow.js";

test("wheelFor names the wheel of each machine that TensorFlow is built for", () => {
  assert.equal(wheelFor(false, "linux-x64").distribution, "tensorflow-cpu");
  assert.equal(wheelFor(true, "linux-x64").distribution, "tensorflow");
  assert.equal(wheelFor(false, "darwin-arm64").platform, "macosx_12_0_arm64");
  assert.match(wheelFor(false, "linux-arm64").platform, /aarch64/);
});

test("wheelFor refuses a machine without a wheel, in one line with the remedy", () => {
  assert.throws(() => wheelFor(false, "win32-x64"), {
    message: /^[^\n]+ got win32-x64; TensorFlow has no wheel[^\n]+$/,
  });
  assert.throws(() => wheelFor(true, "darwin-arm64"), /got darwin-arm64 with CUDA/);
});

test("fetchLibrary says in one line why pip failed, and leaves nothing half done", async () => {
  const parent = await mkdtemp(join(tmpdir(), "aro-library-"));
  try {
    const folder = join(parent, ".tensorflow");
    await mkdir(`${folder}.part`); // left over by a kill
    const options = { python: "no-such-python", cuda: false, onProgress: () => {} };
    await assert.rejects(
      fetchLibrary(folder, wheelFor(false, "linux-x64"), options),
      (error: Error) => /^libtensorflow: expected .*\brun again$/.test(error.message),
    );
    assert.deepEqual(await readdir(parent), []);
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
});
