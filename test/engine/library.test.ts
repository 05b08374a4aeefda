// Which libtensorflow fits a machine, and what is said where none does.
import assert from "node:assert/strict";
import { test } from "node:test";
import { wheelFor } from "../../lib/engine/library.js";

test("wheelFor names the wheel of each machine that TensorFlow is built for", () => {
  assert.equal(wheelFor(false, "linux-x64", 2.36).distribution, "tensorflow-cpu");
  assert.equal(wheelFor(true, "linux-x64", 2.36).distribution, "tensorflow");
  assert.equal(wheelFor(false, "darwin-arm64", null).platform, "macosx_12_0_arm64");
  assert.match(wheelFor(false, "linux-arm64", 2.36).platform, /aarch64/);
});

test("wheelFor refuses a machine without a wheel, in one line with the remedy", () => {
  const refuse = (cuda: boolean, machine: string, glibc: number | null, message: RegExp) =>
    assert.throws(
      () => wheelFor(cuda, machine, glibc),
      (error: Error) => message.test(error.message) && !error.message.includes("\n"),
    );
  refuse(false, "win32-x64", null, /got win32-x64; TensorFlow has no wheel/);
  refuse(true, "darwin-arm64", null, /got darwin-arm64 with CUDA/);
  refuse(false, "linux-x64", 2.17, /glibc 2.27 or newer, got 2.17; use/);
  refuse(false, "linux-x64", null, /got another C library; use/);
});
