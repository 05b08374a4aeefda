// Encodes a PNG with a palette of at most 256 colors, which takes a third of the bytes of full color.
import { crc32, deflateSync } from "node:zlib";

/** Red, green, blue and alpha of each pixel, row by row; alpha is assumed to be 255. */
export interface Pixels {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/**
 * Encodes opaque pixels as a PNG with a palette. With more than 256 colors, colors with the same upper 5 bits in each
 * channel become the most frequent of them; those beyond 256 become the nearest of the 256 most frequent.
 * @throws RangeError if the data are not 4 bytes per pixel.
 */
export function encodePng({ data, width, height }: Pixels): Buffer {
  if (data.length !== 4 * width * height) {
    throw new RangeError(`encodePng: expected ${4 * width * height} bytes, got ${data.length}`);
  }
  const palette = paletteOf(data);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8; // bits per sample
  header[9] = 3; // indexed
  const lines = Buffer.alloc(height * (1 + width)); // each line starts with filter type 0
  for (let y = 0, from = 0; y < height; y++) {
    for (let x = 0; x < width; x++, from += 4) {
      lines[y * (1 + width) + 1 + x] = palette.indexOf.get(colorAt(data, from))!;
    }
  }
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", header),
    chunk("PLTE", palette.colors),
    chunk("IDAT", deflateSync(lines, { level: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

interface Palette {
  /** Red, green and blue of each entry. */
  readonly colors: Buffer;
  /** The palette's entry for each exact color. */
  readonly indexOf: ReadonlyMap<number, number>;
}

function paletteOf(data: Uint8Array): Palette {
  const frequency = new Map<number, number>();
  for (let from = 0; from < data.length; from += 4) {
    const color = colorAt(data, from);
    frequency.set(color, (frequency.get(color) ?? 0) + 1);
  }
  // By frequency, then by color, so that the same picture always gives the same palette.
  const colors = [...frequency.keys()].sort(
    (a, b) => frequency.get(b)! - frequency.get(a)! || a - b,
  );
  const mask = colors.length <= 256 ? 0xffffff : 0xf8f8f8;
  const places = new Map<number, number>();
  const kept: number[] = [];
  for (const color of colors) {
    const place = places.get(color & mask);
    if (place !== undefined) continue;
    if (kept.length < 256) kept.push(color);
    places.set(color & mask, kept.at(-1) === color ? kept.length - 1 : nearest(kept, color));
  }
  return {
    colors: Buffer.from(kept.flatMap(channels)),
    indexOf: new Map(colors.map((color) => [color, places.get(color & mask)!])),
  };
}

function nearest(palette: readonly number[], color: number): number {
  const distances = palette.map((other) => {
    const [a, b] = [channels(other), channels(color)];
    return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
  });
  return distances.indexOf(Math.min(...distances));
}

function channels(color: number): [number, number, number] {
  return [color >> 16, (color >> 8) & 255, color & 255];
}

function colorAt(data: Uint8Array, from: number): number {
  return (data[from] << 16) | (data[from + 1] << 8) | data[from + 2];
}

function chunk(type: string, content: Buffer): Buffer {
  const typed = Buffer.concat([Buffer.from(type, "latin1"), content]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(content.length, 0);
  frame.writeUInt32BE(crc32(typed), 4);
  return Buffer.concat([frame.subarray(0, 4), typed, frame.subarray(4)]);
}
