// The header of a safetensors file: the position of each tensor, checked before any data is read.
import { isObject, show } from "../cohort/schema.js";
import { sizeOf } from "../layers/layers.js";

/** Where a tensor's values lie, in bytes from the end of the header: `[begin, end)`. */
export interface TensorRange {
  readonly name: string;
  readonly dtype: keyof typeof BYTES;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  /** In file order; together they cover the data without gap or overlap. */
  readonly tensors: readonly TensorRange[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** The longest header that the format allows, in bytes. */
export const LONGEST_HEADER = 100_000_000;

/** Bytes per number, by type. I64 tensors are skipped: PyTorch stores counters in them, not weights. */
const BYTES = { F32: 4, I64: 8 } as const;

/**
 * Lays out tensors one after another, and returns the header's bytes: its length, then the text padded to 8 bytes.
 * Source: the format's description in huggingface/safetensors, README.md.
 * @throws RangeError if the format reserves a name, or the header would be too long.
 */
export function encodeHeader(
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
