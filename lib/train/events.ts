// TensorBoard's event file of a run: its losses and learning rate as scalars, a record an epoch. A kill leaves at most a
// truncated last record, which readers ignore.
// Source: TensorFlow's record format, and the messages Event and Summary in tensorboard/compat/proto.
import type { Epoch } from "./train.js";

/** One file per run. TensorBoard recognizes "tfevents" in the name. */
export const EVENTS_FILE = "events.out.tfevents.aro";

// Field numbers of the messages Event, Summary and Summary.Value.
const [WALL_TIME, STEP, FILE_VERSION, SUMMARY] = [1, 2, 3, 5];
const VALUE = 1;
const [TAG, SIMPLE_VALUE] = [1, 2];

/** Encodes the beginning of an event file. @param time in seconds since 1970. */
export function encodeVersion(time = Date.now() / 1000): Buffer {
  const version = field(FILE_VERSION, Buffer.from("brain.Event:2"));
  return encodeRecord(Buffer.concat([double(WALL_TIME, time), version]));
}

/** Encodes the scalars of an epoch. @param time in seconds since 1970. */
export function encodeEpoch(
  { epoch, train, validation, learningRate }: Epoch,
  time = Date.now() / 1000,
): Buffer {
  const scalars = {
    "huber/train": train.huber,
    "huber/validation": validation.huber,
    "mse/train": train.mse,
    "mse/validation": validation.mse,
    learning_rate: learningRate,
  };
  const values = Object.entries(scalars).map(([tag, value]) =>
    field(VALUE, Buffer.concat([field(TAG, Buffer.from(tag)), float(SIMPLE_VALUE, value)])),
  );
  const step = Buffer.concat([varint((STEP << 3) | 0), varint(epoch)]);
  const summary = field(SUMMARY, Buffer.concat(values));
  return encodeRecord(Buffer.concat([double(WALL_TIME, time), step, summary]));
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
