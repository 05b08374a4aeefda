// Safetensors files of float32 tensors, read and written one tensor and at most 64 MiB at a time.
// Source: the format's description in huggingface/safetensors, README.md.
import { type FileHandle, open } from "node:fs/promises";
import { replaceFile } from "../cohort/durable-file.js";
import { isObject, show } from "../cohort/schema.js";
import { sizeOf } from "../engine/shapes.js";

/** A tensor to write; its values may be read just before they are written. */
export interface TensorSource {
  readonly shape: readonly number[];
  /** Row-major. */
  readonly values: Float32Array | (() => Float32Array | Promise<Float32Array>);
}

export interface Tensor extends TensorSource {
  readonly values: Float32Array;
}

/** Where a tensor's values lie, in bytes from the end of the header: `[begin, end)`. */
interface TensorRange {
  readonly dtype: keyof typeof BYTES;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** The header of a safetensors file. */
interface Header {
  /** By name, in file order; together they cover the data without gap or overlap. */
  readonly tensors: ReadonlyMap<string, TensorRange>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A file that `withTensors` holds open. */
export interface OpenTensors extends Header {
  /**
   * Reads the values of one of the tensors, into the beginning of `into` if given, which must be at least as long.
   * @throws Error if a value is not finite.
   */
  read(name: string, into?: Float32Array): Promise<Float32Array>;
}

/** Bytes per read or write; Node refuses 2 GiB and more. */
const CHUNK = 64 * 2 ** 20;
/** The longest header that the format allows, in bytes. */
const LONGEST_HEADER = 100_000_000;
/** Bytes per number, by type. I64 tensors are skipped: PyTorch stores counters in them, not weights. */
const BYTES = { F32: 4, I64: 8 } as const;

/**
 * Writes tensors to a safetensors file, in the map's order; the file appears whole or not at all.
 * @param onBytes receives the file's bytes, in order, before they are written.
 * @throws RangeError if a tensor's size does not match its shape, or one of its values is not finite.
 */
export async function writeTensors(
  file: string,
  tensors: ReadonlyMap<string, TensorSource>,
  metadata: Readonly<Record<string, string>> = {},
  onBytes: (bytes: Uint8Array) => void = () => {},
): Promise<void> {
  await replaceFile(file, async (handle) => {
    const write = async ({ buffer, byteOffset, byteLength }: Uint8Array | Float32Array) => {
      for (let done = 0; done < byteLength; done += CHUNK) {
        const view = new Uint8Array(buffer, byteOffset + done, Math.min(CHUNK, byteLength - done));
        onBytes(view);
        for (let at = 0; at < view.length; ) at += (await handle.write(view, at)).bytesWritten;
      }
    };
    await write(encodeHeader(tensors, metadata));
    for (const [name, { shape, values: source }] of tensors) {
      const values = typeof source === "function" ? await source() : source;
      if (values.length !== sizeOf(shape)) {
        throw new RangeError(
          `${file}: expected ${sizeOf(shape)} values of shape [${shape}] for "${name}", got ${values.length}`,
        );
      }
      requireFinite(`${file}: `, name, values);
      await write(values);
    }
  });
}

/**
 * Reads all float32 tensors of a safetensors file.
 * @throws Error naming the file and its fault.
 */
export async function readTensors(
  file: string,
): Promise<{ readonly tensors: ReadonlyMap<string, Tensor> } & Pick<Header, "metadata">> {
  return await withTensors(file, async ({ tensors: ranges, metadata, read }) => {
    const tensors = new Map<string, Tensor>();
    for (const [name, { shape }] of ranges) tensors.set(name, { shape, values: await read(name) });
    return { tensors, metadata };
  });
}

/**
 * Opens a safetensors file while `use` runs.
 * @throws Error naming the file and its fault, also if `use` throws.
 */
export async function withTensors<T>(
  file: string,
  use: (open: OpenTensors) => Promise<T>,
): Promise<T> {
  const handle = await open(file, "r");
  try {
    const { size } = await handle.stat();
    const prefix = Buffer.alloc(8);
    await readBytes(handle, prefix, 0);
    const length = Number(prefix.readBigUInt64LE());
    const start = 8 + length;
    if (length > LONGEST_HEADER || start > size) {
      throw new Error(
        `expected a header of at most ${Math.min(LONGEST_HEADER, size - 8)} bytes, got ${length}; ` +
          "it is not a safetensors file, or only the beginning of one",
      );
    }
    const bytes = Buffer.alloc(length);
    await readBytes(handle, bytes, 8);
    const header = decodeHeader(bytes, size - start);
    const read = async (name: string, into?: Float32Array) => {
      const { dtype, begin, end } = header.tensors.get(name)!;
      if (dtype !== "F32") throw notFloat32(name, dtype);
      const count = (end - begin) / BYTES.F32;
      const values = into?.subarray(0, count) ?? new Float32Array(count);
      await readBytes(handle, values, start + begin);
      requireFinite("", name, values);
      return values;
    };
    return await use({ ...header, read });
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`, { cause: error });
  } finally {
    await handle.close();
  }
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

function requireFinite(where: string, name: string, values: Float32Array): void {
  // A loop, because a callback takes seconds on 10^8 values.
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i])) continue;
    throw new RangeError(`${where}expected finite values in "${name}", got ${values[i]} at ${i}`);
  }
}

/** Lays out tensors one after another, and returns the header's bytes: its length, then the text padded to 8 bytes. */
function encodeHeader(
  tensors: ReadonlyMap<string, TensorSource>,
  metadata: Readonly<Record<string, string>>,
): Buffer {
  const entries: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) entries.push(["__metadata__", metadata]);
  let begin = 0;
  for (const [name, { shape }] of tensors) {
    const end = begin + sizeOf(shape) * BYTES.F32;
    entries.push([name, { dtype: "F32", shape, data_offsets: [begin, end] }]);
    begin = end;
  }
  // Pair by pair, because an object would move names that look like numbers to the front.
  const pairs = entries.map(([name, entry]) => `${JSON.stringify(name)}:${JSON.stringify(entry)}`);
  const text = Buffer.from(`{${pairs.join(",")}}`);
  const header = Buffer.alloc(8 + Math.ceil(text.length / 8) * 8, " ");
  header.writeBigUInt64LE(BigInt(header.length - 8), 0);
  text.copy(header, 8);
  return header;
}

/** Checks the header of a file with `dataBytes` bytes of data, before any of them are read. */
function decodeHeader(bytes: Uint8Array, dataBytes: number): Header {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new Error(`expected a header in JSON, got ${(error as Error).message}`, { cause: error });
  }
  if (!isObject(parsed)) throw new Error(`expected a header by name, got ${show(parsed)}`);
  const { __metadata__: metadata = {}, ...entries } = parsed;
  const ranges = Object.entries(entries).map(
    ([name, entry]) => [name, decodeRange(name, entry)] as const,
  );
  // Also by end, so that an empty tensor precedes the one that starts at the same byte.
  ranges.sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let position = 0;
  for (const [name, { begin, end }] of ranges) {
    if (begin !== position) {
      const what = begin < position ? "overlaps the tensor before it" : "leaves a gap before it";
      throw new Error(`expected "${name}" to begin at byte ${position}, got ${begin}: it ${what}`);
    }
    position = end;
  }
  if (position !== dataBytes) {
    throw new Error(`expected ${position} bytes of data, as the header says, got ${dataBytes}`);
  }
  return { tensors: new Map(ranges), metadata: metadata as Header["metadata"] };
}

function decodeRange(name: string, entry: unknown): TensorRange {
  const { dtype, shape, data_offsets: range } = isObject(entry) ? entry : {};
  if (dtype !== "F32" && dtype !== "I64") throw notFloat32(name, dtype);
  if (!isCounts(shape) || !isCounts(range) || range.length !== 2) {
    throw new Error(
      `expected "${name}" to have a shape and data_offsets of whole numbers, got ${show(shape)} and ${show(range)}`,
    );
  }
  const [begin, end] = range;
  const size = sizeOf(shape) * BYTES[dtype];
  if (size !== end - begin) {
    throw new Error(
      `expected "${name}" of shape ${show(shape)} to take ${size} bytes, got ${end - begin}`,
    );
  }
  return { dtype, shape, begin, end };
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((side) => Number.isSafeInteger(side) && side >= 0);
}

function notFloat32(name: string, dtype: unknown): Error {
  return new Error(
    `expected "${name}" to have dtype F32, got ${show(dtype)}; convert it to float32 first`,
  );
}
