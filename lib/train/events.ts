// TensorBoard's event file of a run: its losses and learning rate as scalars, appended epoch by epoch.
import { open } from "node:fs/promises";
import { join } from "node:path";
import type { Epoch } from "./train.js";

/** One file per run. TensorBoard recognizes "tfevents" in the name. */
export const EVENTS_FILE = "events.out.tfevents.aro";

/** An event file that is being written. */
export interface EventsWriter {
  /** Appends an epoch's scalars; TensorBoard shows them at once. */
  append(epoch: Epoch): Promise<void>;
  /** Flushes the file to the disk and closes it. */
  close(): Promise<void>;
}

export interface EventsOptions {
  /** Epochs from before the run was interrupted, which are written first. */
  readonly before?: readonly Epoch[];
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/**
 * Starts a new event file in a run's folder. Each epoch is one record in one write, so a kill leaves at most a truncated
 * last record, which readers ignore.
 * Source: TensorFlow's record format, and the messages Event and Summary in tensorboard/compat/proto.
 * @throws Error if the folder does not exist or is not writable.
 */
export async function openEvents(
  folder: string,
  { before = [], now = Date.now }: EventsOptions = {},
): Promise<EventsWriter> {
  const handle = await open(join(folder, EVENTS_FILE), "w");
  const write = async (...messages: readonly Buffer[]) => {
    await handle.appendFile(Buffer.concat(messages.map(encodeRecord)));
  };
  try {
    const version = field(FILE_VERSION, Buffer.from("brain.Event:2"));
    const wallTime = now() / 1000;
    const begun = before.map((epoch) => encodeEvent(wallTime, epoch));
    await write(Buffer.concat([double(WALL_TIME, wallTime), version]), ...begun);
  } catch (error) {
    await handle.close();
    throw error;
  }
  return {
    append: (epoch) => write(encodeEvent(now() / 1000, epoch)),
    close: async () => {
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    },
  };
}

// Field numbers of the messages Event, Summary and Summary.Value.
const [WALL_TIME, STEP, FILE_VERSION, SUMMARY] = [1, 2, 3, 5];
const VALUE = 1;
const [TAG, SIMPLE_VALUE] = [1, 2];

function encodeEvent(wallTime: number, epoch: Epoch): Buffer {
  const scalars: readonly (readonly [tag: string, value: number])[] = [
    ["huber/train", epoch.train.huber],
    ["huber/validation", epoch.validation.huber],
    ["mse/train", epoch.train.mse],
    ["mse/validation", epoch.validation.mse],
    ["learning_rate", epoch.learningRate],
  ];
  const values = scalars.map(([tag, value]) =>
    field(VALUE, Buffer.concat([field(TAG, Buffer.from(tag)), float(SIMPLE_VALUE, value)])),
  );
  return Buffer.concat([
    double(WALL_TIME, wallTime),
    Buffer.concat([varint((STEP << 3) | 0), varint(epoch.epoch)]),
    field(SUMMARY, Buffer.concat(values)),
  ]);
}

/** A record: the length in 8 bytes, the length's checksum, the message, the message's checksum. */
function encodeRecord(message: Buffer): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(message.length));
  return Buffer.concat([length, checksum(length), message, checksum(message)]);
}

/** The masked CRC-32C of some bytes, little-endian. */
function checksum(bytes: Buffer): Buffer {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = CASTAGNOLI[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  crc = ~crc >>> 0;
  const masked = Buffer.alloc(4);
  masked.writeUInt32LE((((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0);
  return masked;
}

/** CRC-32C by byte; zlib's CRC-32 has another polynomial. */
const CASTAGNOLI = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

/** A field of bytes: text or a message. */
function field(number: number, bytes: Buffer): Buffer {
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
}

function double(number: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([varint((number << 3) | 1), bytes]);
}

function float(number: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return Buffer.concat([varint((number << 3) | 5), bytes]);
}

/** Seven bits a byte, the lowest first; every byte but the last has its highest bit set. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}
