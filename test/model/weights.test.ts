// Safetensors files: read back as written, and refused with the reason where they are not whole.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { replaceFile } from "../../lib/cohort/durable-file.js";
import { createRandom } from "../../lib/cohort/random.js";
import { type AutoencoderSpec, initializeWeights } from "../../lib/model/autoencoder.js";
import {
  readTensors,
  readWeights,
  type Tensor,
  writeTensors,
  writeWeights,
} from "../../lib/model/weights.js";

const folder = mkdtempSync(join(tmpdir(), "aro-weights-"));
after(() => rmSync(folder, { recursive: true }));

const SPEC: AutoencoderSpec = {
  features: 5,
  width: 3,
  hiddenLayers: 1,
  output: "softplus",
  inputDropout: 0,
  visible: null,
};

function fileOf(name: string): string {
  return join(folder, name);
}

/** A file with this header text, and this many zero bytes of data. */
function writeRaw(header: string | Buffer, dataBytes: number, length?: bigint): string {
  const text = Buffer.from(header);
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(length ?? BigInt(text.length));
  const file = fileOf("raw.safetensors");
  writeFileSync(file, Buffer.concat([prefix, text, Buffer.alloc(dataBytes)]));
  return file;
}

function entry(begin: number, end: number, shape: unknown = [(end - begin) / 4]): string {
  return JSON.stringify({ dtype: "F32", shape, data_offsets: [begin, end] });
}

test("weights come back as they were written, bit by bit", async () => {
  const file = fileOf("a.safetensors");
  const weights = initializeWeights(SPEC, 3);
  weights.get("inp_lin.bias")!.set([-0, 1e-45, 3.4028234663852886e38]);
  await writeWeights(file, SPEC, weights);
  const back = await readWeights(file, SPEC);
  assert.deepEqual([...back.keys()], [...weights.keys()]);
  assert.deepEqual(back, weights);
  assert.deepEqual(readdirSync(folder), ["a.safetensors"]);
});

test("the file is laid out as the format says: length, JSON padded with spaces to 8 bytes, values in order", async () => {
  const file = fileOf("b.safetensors");
  const tensors = new Map<string, Tensor>([
    ["b", { shape: [2, 1], values: Float32Array.of(1, 2) }],
    ["7", { shape: [], values: Float32Array.of(3) }],
    ["none", { shape: [0, 4], values: new Float32Array(0) }],
    ["__proto__", { shape: [1], values: Float32Array.of(4) }],
  ]);
  await writeTensors(file, tensors, { seed: "1", "ä\u2028": '"' });
  const bytes = readFileSync(file);
  const length = Number(bytes.readBigUInt64LE());
  assert.equal(length % 8, 0);
  const text = bytes.toString("utf8", 8, 8 + length);
  assert.match(text, /^\{"__metadata__":\{"seed":"1",.*\},"b":\{"dtype":"F32",.*\} *$/s);
  assert.equal(bytes.length, 8 + length + 16);
  assert.deepEqual(
    [0, 4, 8, 12].map((at) => bytes.readFloatLE(8 + length + at)),
    [1, 2, 3, 4],
  );
  const back = await readTensors(file);
  assert.deepEqual(back.tensors, tensors);
  assert.deepEqual({ ...back.metadata }, { seed: "1", "ä\u2028": '"' });
});

test("tensors may be named in the header in another order than they lie in", async () => {
  const file = writeRaw(`{"b":${entry(4, 8)},"a":${entry(0, 4)}}`, 8);
  assert.deepEqual([...(await readTensors(file)).tensors.keys()], ["a", "b"]);
});

test("a file that is not sound is refused with the reason", async () => {
  const bad: [string, () => string, RegExp][] = [
    ["too short", () => writeShort(), /expected a safetensors file, got one of 3 bytes/],
    ["longer than the file", () => writeRaw("{}", 0, 3n), /header of at most 2 bytes, got 3/],
    ["absurd", () => writeRaw("{}", 0, 2n ** 64n - 1n), /got 18446744073709551615/],
    ["not JSON", () => writeRaw('{"a":', 0), /expected a header in JSON/],
    ["not UTF-8", () => writeRaw(Buffer.from([0x7b, 0xff, 0x7d]), 0), /expected a header in JSON/],
    ["a list", () => writeRaw("[]", 0), /begins with "\{"/],
    ["begins with a space", () => writeRaw(" {}", 0), /begins with "\{"/],
    ["null entry", () => writeRaw('{"a":null}', 0), /"a" to have dtype F32, got undefined/],
    [
      "dtype",
      () => writeRaw('{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}', 4),
      /got "F16"/,
    ],
    [
      "shape",
      () => writeRaw(`{"a":${entry(0, 4, [-1])}}`, 4),
      /shape of whole numbers, got \[-1\]/,
    ],
    [
      "no shape",
      () => writeRaw(`{"a":${entry(0, 4, null)}}`, 4),
      /shape of whole numbers, got null/,
    ],
    ["size", () => writeRaw(`{"a":${entry(0, 4, [2])}}`, 4), /to take 8 bytes, got 4/],
    ["overflow", () => writeRaw(`{"a":${entry(0, 4, [2 ** 52, 2 ** 52])}}`, 4), /bytes, got 4/],
    ["backwards", () => writeRaw(`{"a":${entry(4, 0, [1])}}`, 4), /data_offsets .* got \[4,0\]/],
    ["overlap", () => writeRaw(`{"a":${entry(0, 8)},"b":${entry(4, 12)}}`, 12), /overlaps/],
    ["the same range", () => writeRaw(`{"a":${entry(0, 8)},"b":${entry(0, 8)}}`, 8), /overlaps/],
    ["gap", () => writeRaw(`{"a":${entry(0, 4)},"b":${entry(8, 12)}}`, 12), /"b" .* leaves a gap/],
    ["gap in front", () => writeRaw(`{"a":${entry(4, 8)}}`, 8), /"a" .* leaves a gap/],
    ["truncated", () => writeRaw(`{"a":${entry(0, 8)}}`, 7), /expected 8 bytes of data.* got 7/],
    ["too long", () => writeRaw(`{"a":${entry(0, 8)}}`, 9), /expected 8 bytes of data.* got 9/],
    ["twice", () => writeRaw(`{"a":${entry(0, 4)},"\\u0061":${entry(0, 4)}}`, 4), /got "a" twice/],
    ["metadata", () => writeRaw('{"__metadata__":{"a":1}}', 0), /"__metadata__" to hold text/],
  ];
  for (const [name, write, message] of bad) {
    await assert.rejects(readTensors(write()), { name: "Error", message }, name);
  }
});

test("values that are not finite are refused by name and place, in reading and in writing", async () => {
  const file = writeRaw(`{"a":${entry(0, 8)}}`, 8);
  const bytes = readFileSync(file);
  bytes.writeFloatLE(Number.NaN, bytes.length - 4);
  writeFileSync(file, bytes);
  await assert.rejects(readTensors(file), /finite values in "a", got NaN at 1/);
  const values = Float32Array.of(1, Number.NEGATIVE_INFINITY);
  const target = fileOf("never.safetensors");
  await assert.rejects(
    writeTensors(target, new Map([["a", { shape: [2], values }]])),
    /finite values in "a", got -Infinity at 1/,
  );
  await assert.rejects(
    writeTensors(target, new Map([["a", { shape: [3], values: Float32Array.of(1) }]])),
    /expected 3 values of shape \[3\] for "a", got 1/,
  );
  assert.ok(!readdirSync(folder).includes("never.safetensors"));
});

test("weights of another model are refused with the names", async () => {
  const file = fileOf("c.safetensors");
  await writeWeights(file, SPEC, initializeWeights(SPEC, 1));
  await assert.rejects(
    readWeights(file, { ...SPEC, hiddenLayers: 2 }),
    /c\.safetensors: .* 2 missing \(encoder_layers\.1\.weight, encoder_layers\.1\.bias\) and 0 unknown/,
  );
  await assert.rejects(
    readWeights(file, { ...SPEC, hiddenLayers: 0 }),
    /0 missing \(none\) and 2 unknown \(encoder_layers\.0\.weight/,
  );
  await assert.rejects(
    readWeights(file, { ...SPEC, features: 6 }),
    /"inp_lin.weight" to be \[3,6\], got \[3,5\]/,
  );
  const some = new Map(initializeWeights(SPEC, 1));
  some.delete("inp_lin.bias");
  await assert.rejects(writeWeights(file, SPEC, some), /1 missing \(inp_lin.bias\) and 0 unknown/);
});

test("a file that is not there is an error that names it", async () => {
  await assert.rejects(readTensors(fileOf("no.safetensors")), /ENOENT.*no\.safetensors/);
});

test("no header, however it is changed, is read as other than what it says, or crashes", async () => {
  const random = createRandom(11, "fuzz");
  const sound = Buffer.from(
    `{"__metadata__":{"k":"v"},"a":${entry(0, 8, [1, 2])},"b":${entry(8, 12)}}`,
  );
  const spice = '{}[]",:0123456789.-eEnul\\ \u0000\u00ff';
  let accepted = 0;
  for (let i = 0; i < 2000; i++) {
    const header = Buffer.from(sound);
    for (let k = random.integer(4); k >= 0; k--) {
      header[random.integer(header.length)] = spice.charCodeAt(random.integer(spice.length));
    }
    const cut = random.integer(4) === 0 ? random.integer(header.length + 1) : header.length;
    const length = random.integer(10) === 0 ? BigInt(random.uint32()) << 20n : undefined;
    const file = writeRaw(header.subarray(0, cut), 12, length);
    try {
      const { tensors } = await readTensors(file);
      accepted++;
      let values = 0;
      for (const tensor of tensors.values()) {
        assert.equal(
          tensor.values.length,
          tensor.shape.reduce((product, side) => product * side, 1),
        );
        values += tensor.values.length;
      }
      assert.equal(values, 3); // the 12 bytes of data, each once
    } catch (error) {
      assert.ok(error instanceof Error && !(error instanceof assert.AssertionError), String(error));
      assert.match(error.message, /raw\.safetensors: expected /);
    }
  }
  assert.ok(accepted > 0 && accepted < 1000, `${accepted} accepted`);
});

test("a replacement that fails leaves the old file and nothing beside it", async () => {
  const file = fileOf("old.txt");
  writeFileSync(file, "old");
  const failing = replaceFile(file, async (handle) => {
    await handle.writeFile("half of the n");
    assert.equal(readFileSync(file, "utf8"), "old");
    throw new Error("no more power");
  });
  await assert.rejects(failing, /no more power/);
  assert.equal(readFileSync(file, "utf8"), "old");
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.includes("old.txt")),
    ["old.txt"],
  );
});

const python = process.env.ARO_PYTHON ?? "python3";
const hasPython =
  spawnSync(python, ["-c", "import numpy, safetensors.numpy"], { stdio: "ignore" }).status === 0;

test("Python's safetensors reads what is written here, and is read here", {
  skip: hasPython
    ? false
    : `${python} cannot import safetensors and numpy (ARO_PYTHON names another)`,
}, async () => {
  const [ours, theirs] = [fileOf("ours.safetensors"), fileOf("theirs.safetensors")];
  const weights = initializeWeights(SPEC, 9);
  await writeWeights(ours, SPEC, weights, { about: "a test" });
  const script = [
    "import sys, safetensors, safetensors.numpy as st",
    "with safetensors.safe_open(sys.argv[1], 'np') as f: print(f.metadata()['about'])",
    "tensors = st.load_file(sys.argv[1])",
    "print(tensors['inp_lin.weight'].shape, tensors['inp_lin.weight'].dtype)",
    "st.save_file(tensors, sys.argv[2], {'by': 'python'})",
  ].join("\n");
  const { stdout, stderr } = spawnSync(python, ["-c", script, ours, theirs], { encoding: "utf8" });
  assert.equal(stdout, "a test\n(3, 5) float32\n", stderr);
  assert.deepEqual(await readWeights(theirs, SPEC), weights);
  assert.deepEqual({ ...(await readTensors(theirs)).metadata }, { by: "python" });
});

function writeShort(): string {
  const file = fileOf("raw.safetensors");
  writeFileSync(file, "abc");
  return file;
}
