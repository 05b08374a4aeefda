// Safetensors files: read back as written, and refused with the reason where they are not whole.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { replaceFile } from "../../lib/cohort/durable-file.js";
import { venvPython } from "../../lib/cohort/python.js";
import { createRandom } from "../../lib/cohort/random.js";
import { ARO, type AroSpec, PAPER_MODEL } from "../../lib/model/aro.js";
import { initializeWeights } from "../../lib/model/model.js";
import { readTensors, type Tensor, writeTensors } from "../../lib/model/safetensors.js";
import { readWeights, writeWeights } from "../../lib/model/weights.js";
import { scratchFolder } from "../scratch.js";

const folder = scratchFolder();

const SPEC: AroSpec = {
  ...PAPER_MODEL,
  features: 5,
  width: 3,
  hiddenLayers: 1,
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
  const weights = initializeWeights(ARO, SPEC, 3);
  weights.get("inp_lin.bias")!.set([-0, 1e-45, 3.4028234663852886e38]);
  await writeWeights(file, ARO.network(SPEC).tensors, weights);
  const back = await readWeights(file, ARO.network(SPEC).tensors);
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
    ["longer than the file", () => writeRaw("{}", 0, 3n), /header of at most 2 bytes, got 3/],
    ["absurd", () => writeRaw("{}", 0, 2n ** 64n - 1n), /got 18446744073709552000/],
    ["not JSON", () => writeRaw('{"a":', 0), /expected a header in JSON/],
    ["not UTF-8", () => writeRaw(Buffer.from([0x7b, 0xff, 0x7d]), 0), /expected a header in JSON/],
    ["a list", () => writeRaw("[]", 0), /expected a header by name, got \[\]/],
    ["null entry", () => writeRaw('{"a":null}', 0), /"a" to have dtype F32, got nothing/],
    ["dtype", () => writeRaw(`{"a":${entry(0, 4).replace("F32", "F16")}}`, 4), /got "F16"/],
    ["shape", () => writeRaw(`{"a":${entry(0, 4, [-1])}}`, 4), /whole numbers, got \[-1\] and/],
    ["size", () => writeRaw(`{"a":${entry(0, 4, [2])}}`, 4), /to take 8 bytes, got 4/],
    ["overflow", () => writeRaw(`{"a":${entry(0, 4, [2 ** 52, 2 ** 52])}}`, 4), /bytes, got 4/],
    ["backwards", () => writeRaw(`{"a":${entry(4, 0, [1])}}`, 4), /to take 4 bytes, got -4/],
    ["overlap", () => writeRaw(`{"a":${entry(0, 8)},"b":${entry(4, 12)}}`, 12), /overlaps/],
    ["gap", () => writeRaw(`{"a":${entry(0, 4)},"b":${entry(8, 12)}}`, 12), /"b" .* leaves a gap/],
    ["truncated", () => writeRaw(`{"a":${entry(0, 8)}}`, 7), /expected 8 bytes of data.* got 7/],
    ["too long", () => writeRaw(`{"a":${entry(0, 8)}}`, 9), /expected 8 bytes of data.* got 9/],
    ["twice", () => writeRaw(`{"a":${entry(0, 4)},"a":${entry(4, 8)}}`, 8), /leaves a gap/],
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
  await writeWeights(file, ARO.network(SPEC).tensors, initializeWeights(ARO, SPEC, 1));
  await assert.rejects(
    readWeights(file, ARO.network({ ...SPEC, hiddenLayers: 2 }).tensors),
    /c\.safetensors: .* 2 missing \("encoder_layers\.1\.weight", "encoder_layers\.1\.bias"\) and 0 unknown/,
  );
  await assert.rejects(
    readWeights(file, ARO.network({ ...SPEC, hiddenLayers: 0 }).tensors),
    /0 missing \(none\) and 2 unknown \("encoder_layers\.0\.weight"/,
  );
  await assert.rejects(
    readWeights(file, ARO.network({ ...SPEC, features: 6 }).tensors),
    /"inp_lin.weight" to be \[3,6\], got \[3,5\]/,
  );
  const some = new Map(initializeWeights(ARO, SPEC, 1));
  some.delete("inp_lin.bias");
  await assert.rejects(
    writeWeights(file, ARO.network(SPEC).tensors, some),
    /1 missing \("inp_lin.bias"\) and 0 unknown/,
  );
});

test("a file that is not there is an error that names it", async () => {
  await assert.rejects(readTensors(fileOf("no.safetensors")), /ENOENT.*no\.safetensors/);
});

test("none of 1,000 changed headers is read as other than what it says", async () => {
  const random = createRandom(11, "fuzz");
  const sound = `{"__metadata__":{"k":"v"},"a":${entry(0, 8, [1, 2])},"b":${entry(8, 12)}}`;
  const spice = '{}[]",:0123456789.-eEnul\\ \u0000\u00ff';
  let accepted = 0;
  for (let i = 0; i < 1000; i++) {
    const header = Buffer.from(sound);
    for (let k = random.integer(4); k >= 0; k--) {
      header[random.integer(header.length)] = spice.charCodeAt(random.integer(spice.length));
    }
    const read = await readTensors(writeRaw(header, 12)).catch((error: Error) => error.message);
    if (typeof read === "string") {
      assert.match(read, /raw\.safetensors: expected /);
      continue;
    }
    accepted++;
    const sizes = [...read.tensors.values()].map(({ values }) => values.length);
    assert.equal(
      sizes.reduce((sum, size) => sum + size, 0),
      3, // the 12 bytes of data, each once
    );
  }
  assert.ok(accepted > 5, `${accepted} accepted`);
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

const candidates = process.env.ARO_PYTHON ? [process.env.ARO_PYTHON] : [venvPython(), "python3"];
// Looked for, not imported, which takes seconds.
const find = `import sys, importlib.util as u
sys.exit(not all(map(u.find_spec, ["torch", "safetensors"])))`;
const python = candidates.find((one) => spawnSync(one, ["-c", find]).status === 0);
const noTorch =
  python === undefined &&
  `none of ${candidates.join(", ")} has torch and safetensors (ARO_PYTHON names another)`;

/** Loads ours into the model as PyTorch has it, and saves one that was trained a step, whole and in half precision. */
const TORCH = `
import json, sys, torch, safetensors, safetensors.torch as st
ours, theirs, half = sys.argv[1:]
class Aro(torch.nn.Module):
    def __init__(self, features, width, hidden):
        super().__init__()
        self.batch_norm = torch.nn.BatchNorm1d(features)
        self.inp_lin = torch.nn.Linear(features, width)
        self.encoder_layers = torch.nn.ModuleList(torch.nn.Linear(width, width) for _ in range(hidden))
        self.out_lin = torch.nn.Linear(width, features)
def bits(model):
    return {name: t.view(torch.int32).flatten().tolist() for name, t in model.state_dict().items() if t.is_floating_point()}
loaded, made = Aro(5, 3, 1), Aro(5, 3, 1)
loaded.load_state_dict(st.load_file(ours), strict=True)
with safetensors.safe_open(ours, "pt") as opened: about = opened.metadata()["about"]
made.batch_norm(torch.rand(4, 5))
st.save_file(made.state_dict(), theirs, {"by": "torch"})
print(json.dumps({"loaded": bits(loaded), "made": bits(made), "about": about}))
st.save_file(made.half().state_dict(), half)
`;

test("PyTorch loads what is written here bit by bit, and what it saves is read here, but not in half precision", {
  skip: noTorch,
}, async () => {
  const files = ["ours", "theirs", "half"].map((name) => fileOf(`${name}.safetensors`));
  const [ours, theirs, half] = files;
  const tensors = ARO.network({ ...SPEC, batchNorm: true }).tensors;
  const weights = initializeWeights(ARO, { ...SPEC, batchNorm: true }, 9);
  weights.get("inp_lin.bias")!.set([-0, 1e-45, 3.4028234663852886e38]);
  await writeWeights(ours, tensors, weights, { about: "a test" });
  const { stdout, stderr } = spawnSync(python!, ["-c", TORCH, ...files], { encoding: "utf8" });
  const said = JSON.parse(stdout || "null");
  assert.ok(said, stderr);
  assert.deepEqual(said.loaded, bitsOf(weights));
  assert.equal(said.about, "a test");
  // But for the count of batches, which PyTorch keeps as int64 and does not need.
  assert.deepEqual(bitsOf(await readWeights(theirs, tensors)), said.made);
  await assert.rejects(readTensors(theirs), /"batch_norm.num_batches_tracked".*got "I64"/);
  await assert.rejects(readWeights(theirs, ARO.network(SPEC).tensors), /4 unknown/);
  await assert.rejects(readWeights(half, tensors), /dtype F32, got "F16"; convert it to float32/);
});

function bitsOf(weights: ReadonlyMap<string, Float32Array>): Record<string, number[]> {
  return Object.fromEntries(
    [...weights].map(([name, values]) => [name, [...new Int32Array(values.buffer)]]),
  );
}
