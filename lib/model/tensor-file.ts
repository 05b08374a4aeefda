// Safetensors files of float32 tensors, read and written one tensor and at most 64 MiB at a time.
import { type FileHandle, open } from "node:fs/promises";
import { endianness } from "node:os";
import { replaceFile } from "../cohort/durable-file.js";
import { sizeOf } from "../layers/layers.js";
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
