// Safetensors files of float32 tensors, read and written one tensor and at most 64 MiB at a time.
import { type FileHandle, open } from "node:fs/promises";
import { endianness } from "node:os";
import { replaceFile } from "../cohort/durable-file.js";
import { isObject, show } from "../cohort/schema.js";
import { sizeOf } from "../layers/layers.js";

export interface Tensor {
  readonly shape: readonly number[];
  /** Row-major. */
  readonly values: Float32Array;
}

export interface TensorFile {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Bytes per read or write; Node refuses 2 GiB and more. */
const CHUNK = 64 * 2 ** 20;

/** A tensor whose values are read just before they are written. */
export interface TensorSource {
  readonly name: string;
  readonly shape: readonly number[];
  read(): Float32Array | Promise<Float32Array>;
}

/** A file that `withTensors` holds open. */
export interface OpenTensors {
  /** By name, in file order. */
  readonly tensors: ReadonlyMap<string, TensorRange>;
  readonly metadata: Readonly<Record<string, string>>;
  /**
   * Reads a tensor's values, into the beginning of `into` if given, which must be at least as long.
   * @throws Error if there is no such tensor, or it has a value that is not finite.
   */
  read(name: string, into?: Float32Array): Promise<Float32Array>;
}

/**
 * Writes named tensors to a safetensors file, in the map's order.
 * @throws RangeError if a tensor's size does not match its shape, or one of its values is not finite.
 */
export async function writeTensors(
  file: string,
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const sources = [...tensors].map(([name, { shape, values }]) => ({
    ...{ name, shape },
    read: () => values,
  }));
  await streamTensors(file, sources, metadata);
}

/**
 * Writes tensors to a safetensors file, reading each just before; the file appears whole or not at all.
 * @param onBytes receives the file's bytes, in order, before they are written.
 * @throws RangeError if a tensor's size does not match its shape, or one of its values is not finite.
 */
export async function streamTensors(
  file: string,
  tensors: readonly TensorSource[],
  metadata: Readonly<Record<string, string>> = {},
  onBytes: (bytes: Uint8Array) => void = () => {},
): Promise<void> {
  requireLittleEndian();
  await replaceFile(file, async (handle) => {
    await writeBytes(handle, encodeHeader(tensors, metadata), onBytes);
    for (const { name, shape, read } of tensors) {
      const values = await read();
      requireValues(name, shape, values);
      await writeBytes(handle, values, onBytes);
    }
  });
}

/**
 * Reads all float32 tensors of a safetensors file, one by one; memory never exceeds the file's size.
 * @throws Error naming the file and its fault.
 */
export async function readTensors(file: string): Promise<TensorFile> {
  return await withTensors(file, async ({ tensors: ranges, metadata, read }) => {
    const tensors = new Map<string, Tensor>();
    for (const { name, shape } of ranges.values()) {
      tensors.set(name, { shape, values: await read(name) });
    }
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
  requireLittleEndian();
  const handle = await open(file, "r");
  try {
    const { header, dataStart } = await readHeader(handle);
    const tensors = new Map(header.tensors.map((range) => [range.name, range]));
    return await use({
      tensors,
      metadata: header.metadata,
      read: async (name, into) => {
        const range = tensors.get(name);
        if (!range) throw new Error(`expected a tensor named "${name}", got none`);
        return await readValues(handle, dataStart, range, into);
      },
    });
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
  { name, dtype, begin, end }: TensorRange,
  into?: Float32Array,
): Promise<Float32Array> {
  if (dtype !== "F32") {
    throw new Error(
      `expected "${name}" to have dtype F32, got "${dtype}"; convert it to float32 first`,
    );
  }
  const size = (end - begin) / Float32Array.BYTES_PER_ELEMENT;
  const values = into?.subarray(0, size) ?? new Float32Array(size);
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

async function writeBytes(
  handle: FileHandle,
  from: Uint8Array | Float32Array,
  onBytes: (bytes: Uint8Array) => void,
) {
  const { buffer, byteOffset, byteLength } = from;
  for (let done = 0; done < byteLength; done += CHUNK) {
    const view = new Uint8Array(buffer, byteOffset + done, Math.min(CHUNK, byteLength - done));
    onBytes(view);
    for (let at = 0; at < view.length; ) at += (await handle.write(view, at)).bytesWritten;
  }
}

function requireValues(name: string, shape: readonly number[], values: Float32Array): void {
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

/** The first index of NaN or an infinity, or -1; a loop, because a callback takes seconds on 10^8 values. */
function findNotFinite(values: Float32Array): number {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return i;
  return -1;
}

function requireLittleEndian(): void {
  if (endianness() !== "LE") {
    throw new Error("safetensors: expected a little-endian machine, got a big-endian one");
  }
}

// The header: the position of each tensor, checked before any data is read.

/** Where a tensor's values lie, in bytes from the end of the header: `[begin, end)`. */
export interface TensorRange {
  readonly name: string;
  readonly dtype: keyof typeof BYTES;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

interface SafetensorsHeader {
  /** In file order; together they cover the data without gap or overlap. */
  readonly tensors: readonly TensorRange[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** The longest header that the format allows, in bytes. */
const LONGEST_HEADER = 100_000_000;

/** Bytes per number, by type. I64 tensors are skipped: PyTorch stores counters in them, not weights. */
const BYTES = { F32: 4, I64: 8 } as const;

/**
 * Lays out tensors one after another, and returns the header's bytes: its length, then the text padded to 8 bytes.
 * Source: the format's description in huggingface/safetensors, README.md.
 * @throws RangeError if the format reserves a name, or the header would be too long.
 */
function encodeHeader(
  tensors: readonly { readonly name: string; readonly shape: readonly number[] }[],
  metadata: Readonly<Record<string, string>>,
): Buffer {
  const entries: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) entries.push(["__metadata__", metadata]);
  let begin = 0;
  for (const { name, shape } of tensors) {
    if (name === "__metadata__") {
      throw new RangeError(
        `encodeHeader: expected a name other than "${name}", which the format reserves`,
      );
    }
    const end = begin + sizeOf(shape) * BYTES.F32;
    entries.push([name, { dtype: "F32", shape, data_offsets: [begin, end] }]);
    begin = end;
  }
  // Pair by pair, because an object would move names that look like numbers to the front.
  const pairs = entries.map(([name, entry]) => `${JSON.stringify(name)}:${JSON.stringify(entry)}`);
  const text = Buffer.from(`{${pairs.join(",")}}`);
  const length = Math.ceil(text.length / 8) * 8;
  if (length > LONGEST_HEADER) {
    throw new RangeError(
      `encodeHeader: expected at most ${LONGEST_HEADER} bytes of header, got ${length}`,
    );
  }
  const header = Buffer.alloc(8 + length, " ");
  header.writeBigUInt64LE(BigInt(length), 0);
  text.copy(header, 8);
  return header;
}

/**
 * Parses the header of a file with `dataBytes` bytes of data.
 * @throws Error naming the first fault: not JSON, a duplicate name, a type other than F32 and I64, a shape that does not
 *   match its range, ranges that overlap, leave a gap or do not end with the data.
 */
export function decodeHeader(bytes: Uint8Array, dataBytes: number): SafetensorsHeader {
  const fields = parseObject(bytes);
  let metadata: Record<string, string> = {};
  const tensors: TensorRange[] = [];
  for (const [name, entry] of fields) {
    if (name === "__metadata__") metadata = checkMetadata(entry);
    else tensors.push(checkTensor(name, entry));
  }
  // Also by end, so that an empty tensor precedes the one that starts at the same byte.
  tensors.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let position = 0;
  for (const { name, begin, end } of tensors) {
    if (begin !== position) {
      const what = begin < position ? "overlaps the tensor before it" : "leaves a gap before it";
      throw new Error(`expected "${name}" to begin at byte ${position}, got ${begin}: it ${what}`);
    }
    position = end;
  }
  if (position !== dataBytes) {
    throw new Error(`expected ${position} bytes of data, as the header says, got ${dataBytes}`);
  }
  return { tensors, metadata };
}

function parseObject(bytes: Uint8Array): [string, unknown][] {
  let text: string;
  let parsed: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    parsed = JSON.parse(text);
  } catch (error) {
    throw new Error(`expected a header in JSON, got ${(error as Error).message}`, { cause: error });
  }
  if (!text.startsWith("{")) throw new Error('expected a header that begins with "{"');
  refuseRepeatedKeys(text);
  return Object.entries(parsed as object);
}

/** Finds duplicate keys in valid JSON, of which JSON.parse silently keeps the last. */
function refuseRepeatedKeys(text: string): void {
  const open: Set<string>[] = [];
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "{") open.push(new Set());
    else if (text[at] === "}") open.pop();
    else if (text[at] === '"') {
      const start = at;
      for (at++; text[at] !== '"'; at++) if (text[at] === "\\") at++;
      let next = at + 1;
      while (/\s/.test(text[next])) next++;
      if (text[next] !== ":") continue;
      const key = JSON.parse(text.slice(start, at + 1)) as string;
      const keys = open[open.length - 1];
      if (keys.has(key))
        throw new Error(`expected each name once in the header, got "${key}" twice`);
      keys.add(key);
    }
  }
}

function checkMetadata(entry: unknown): Record<string, string> {
  const isText = isObject(entry) && Object.values(entry).every((text) => typeof text === "string");
  if (!isText) throw new Error(`expected "__metadata__" to hold text by name, got something else`);
  return entry as Record<string, string>;
}

function checkTensor(name: string, entry: unknown): TensorRange {
  const { dtype, shape, data_offsets: range } = isObject(entry) ? entry : {};
  if (dtype !== "F32" && dtype !== "I64") {
    throw new Error(
      `expected "${name}" to have dtype F32, got ${JSON.stringify(dtype)}; convert it to float32 first`,
    );
  }
  if (!isCounts(shape)) {
    throw new Error(`expected "${name}" to have a shape of whole numbers, got ${show(shape)}`);
  }
  if (!isCounts(range) || range.length !== 2 || range[0] > range[1]) {
    throw new Error(`expected "${name}" to have data_offsets [begin, end], got ${show(range)}`);
  }
  const [begin, end] = range;
  const bytes = sizeOf(shape) * BYTES[dtype];
  if (bytes !== end - begin) {
    throw new Error(
      `expected "${name}" of shape ${show(shape)} to take ${bytes} bytes, got ${end - begin}`,
    );
  }
  return { name, dtype, shape, begin, end };
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((side) => Number.isSafeInteger(side) && side >= 0);
}
