// Weights on disk: safetensors files of float32 tensors, which PyTorch reads and writes as well.
import { type FileHandle, open } from "node:fs/promises";
import { endianness } from "node:os";
import { replaceFile } from "../cohort/durable-file.js";
import { type AutoencoderSpec, parametersOf, sizeOf, type Weights } from "./autoencoder.js";
import {
  decodeHeader,
  encodeHeader,
  LONGEST_HEADER,
  type SafetensorsHeader,
  type TensorRange,
} from "./safetensors-header.js";

export interface Tensor {
  readonly shape: readonly number[];
  /** Row-major. */
  readonly values: Float32Array;
}

export interface TensorFile {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Bytes moved by one call; Node refuses 2 GiB and more. */
const CHUNK = 64 * 2 ** 20;

/**
 * Writes the model's parameters in the order of the paper's Table 3, with PyTorch's names and `[out, in]` layout.
 * The file appears whole or not at all.
 * @throws RangeError if a parameter is missing, unknown, of another size, or not finite.
 */
export async function writeWeights(
  file: string,
  spec: AutoencoderSpec,
  weights: Weights,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const parameters = parametersOf(spec);
  refuseOtherNames("writeWeights", parameters, weights.keys());
  const tensors = parameters.map(
    ({ name, shape }) => [name, { shape, values: weights.get(name)! }] as const,
  );
  await writeTensors(file, new Map(tensors), { format: "pt", ...metadata });
}

/**
 * Reads the parameters of a model of this spec.
 * @throws Error if the file is not a sound safetensors file, or holds the parameters of another model.
 */
export async function readWeights(
  file: string,
  spec: AutoencoderSpec,
): Promise<Map<string, Float32Array>> {
  const parameters = parametersOf(spec);
  return await withFile(file, async (handle) => {
    const { header, dataStart } = await readHeader(handle);
    refuseOtherNames(
      "the parameters of this model",
      parameters,
      header.tensors.map(({ name }) => name),
    );
    const ranges = new Map(header.tensors.map((range) => [range.name, range]));
    const weights = new Map<string, Float32Array>();
    for (const { name, shape } of parameters) {
      const range = ranges.get(name)!;
      if (range.shape.join() !== shape.join()) {
        throw new Error(`expected "${name}" to be [${shape}], got [${range.shape}]`);
      }
    }
    for (const { name } of parameters) {
      weights.set(name, await readValues(handle, dataStart, ranges.get(name)!));
    }
    return weights;
  });
}

/**
 * Writes named tensors to a safetensors file, in the map's order, at most 64 MiB at a time.
 * @throws RangeError if a tensor's size is not its shape's, or one of its values is not finite.
 */
export async function writeTensors(
  file: string,
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  requireLittleEndian();
  for (const [name, { shape, values }] of tensors) {
    if (values.length !== sizeOf(shape)) {
      throw new RangeError(
        `writeTensors: expected ${sizeOf(shape)} values of shape [${shape}] for "${name}", got ${values.length}`,
      );
    }
    const bad = findNotFinite(values);
    if (bad >= 0) {
      throw new RangeError(
        `writeTensors: expected finite values in "${name}", got ${values[bad]} at ${bad}`,
      );
    }
  }
  const layout = [...tensors].map(([name, { shape }]) => ({ name, shape }));
  await replaceFile(file, async (handle) => {
    await writeBytes(handle, encodeHeader(layout, metadata));
    for (const { values } of tensors.values()) await writeBytes(handle, values);
  });
}

/**
 * Reads every tensor of a safetensors file, one by one; never holds more than the file's own size.
 * @throws Error naming the file and what is wrong with it; only float32 is read.
 */
export async function readTensors(file: string): Promise<TensorFile> {
  return await withFile(file, async (handle) => {
    const { header, dataStart } = await readHeader(handle);
    const tensors = new Map<string, Tensor>();
    for (const range of header.tensors) {
      const values = await readValues(handle, dataStart, range);
      tensors.set(range.name, { shape: range.shape, values });
    }
    return { tensors, metadata: header.metadata };
  });
}

async function withFile<T>(file: string, read: (handle: FileHandle) => Promise<T>): Promise<T> {
  requireLittleEndian();
  const handle = await open(file, "r");
  try {
    return await read(handle);
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`, { cause: error });
  } finally {
    await handle.close();
  }
}

async function readHeader(
  handle: FileHandle,
): Promise<{ header: SafetensorsHeader; dataStart: number }> {
  const { size } = await handle.stat();
  if (size < 8) throw new Error(`expected a safetensors file, got one of ${size} bytes`);
  const prefix = Buffer.alloc(8);
  await readBytes(handle, prefix, 0);
  const length = prefix.readBigUInt64LE();
  if (length > LONGEST_HEADER || Number(length) > size - 8) {
    throw new Error(
      `expected a header of at most ${Math.min(LONGEST_HEADER, size - 8)} bytes, got ${length}; ` +
        "it is not a safetensors file, or only the beginning of one",
    );
  }
  const bytes = Buffer.alloc(Number(length));
  await readBytes(handle, bytes, 8);
  const dataStart = 8 + bytes.length;
  return { header: decodeHeader(bytes, size - dataStart), dataStart };
}

async function readValues(
  handle: FileHandle,
  dataStart: number,
  { name, begin, end }: TensorRange,
): Promise<Float32Array> {
  const values = new Float32Array((end - begin) / Float32Array.BYTES_PER_ELEMENT);
  await readBytes(handle, values, dataStart + begin);
  const bad = findNotFinite(values);
  if (bad >= 0)
    throw new Error(`expected finite values in "${name}", got ${values[bad]} at ${bad}`);
  return values;
}

async function readBytes(handle: FileHandle, into: Uint8Array | Float32Array, position: number) {
  const { buffer, byteOffset, byteLength } = into;
  for (let done = 0; done < byteLength; ) {
    const view = new Uint8Array(buffer, byteOffset + done, Math.min(CHUNK, byteLength - done));
    const { bytesRead } = await handle.read(view, 0, view.length, position + done);
    if (bytesRead === 0) throw new Error(`expected ${byteLength - done} more bytes, got none`);
    done += bytesRead;
  }
}

async function writeBytes(handle: FileHandle, from: Uint8Array | Float32Array) {
  const { buffer, byteOffset, byteLength } = from;
  for (let done = 0; done < byteLength; ) {
    const view = new Uint8Array(buffer, byteOffset + done, Math.min(CHUNK, byteLength - done));
    done += (await handle.write(view)).bytesWritten;
  }
}

/** The first index of NaN or an infinity, or -1; a loop, because a callback takes seconds on 10^8 values. */
function findNotFinite(values: Float32Array): number {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return i;
  return -1;
}

function refuseOtherNames(
  what: string,
  parameters: readonly { readonly name: string }[],
  names: Iterable<string>,
): void {
  const given = new Set(names);
  const missing = parameters.map(({ name }) => name).filter((name) => !given.delete(name));
  if (missing.length + given.size === 0) return;
  const some = (list: readonly string[]) =>
    list.length === 0 ? "none" : list.slice(0, 5).join(", ") + (list.length > 5 ? ", ..." : "");
  throw new RangeError(
    `${what}: expected ${parameters.length} names, got ${missing.length} missing (${some(missing)}) ` +
      `and ${given.size} unknown (${some([...given])}); was it another width or number of hidden layers?`,
  );
}

function requireLittleEndian(): void {
  if (endianness() !== "LE") {
    throw new Error("safetensors: expected a little-endian machine, got a big-endian one");
  }
}
