// What a training costs before it starts: arithmetic, and room on the disk for the run's folder.
import { existsSync } from "node:fs";
import { readdir, stat, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type AutoencoderSpec, buffersOf, countParameters, sizeOf } from "../model/autoencoder.js";

/**
 * Counts the floating-point operations of one training step: `2 rows (2 F W + 3 L W² + 3 W F)`. Each layer is multiplied
 * forward, for its weights' gradient and for its input's; the input layer needs no gradient of its input but for batch
 * normalization: `3 F W` then.
 * Adam and the element-wise functions are left out, and so is what an engine saves on columns that a masked model
 * does not see.
 */
export function flopsPerStep(
  { features, width, hiddenLayers, batchNorm }: AutoencoderSpec,
  rows: number,
) {
  const products = (batchNorm ? 6 : 5) * features * width + 3 * hiddenLayers * width * width;
  return 2 * rows * products;
}

/** Bytes that a run's folder takes at its peak: the weights, and two checkpoints of weights and Adam's moments. */
export function estimateDisk(spec: AutoencoderSpec): number {
  const buffers = buffersOf(spec).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const parameters = countParameters(spec);
  return 4 * (parameters + buffers + 2 * (3 * parameters + buffers));
}

/** Bytes that a run's folder may take, whether it exists or not: what is free there, and what is in it already. */
export async function availableDisk(folder: string): Promise<number> {
  if (!existsSync(folder)) return await availableDisk(dirname(folder));
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/**
 * Refuses a training whose folder would fill the disk. What the folder holds counts as room: the run replaces it.
 * @throws RangeError with the bytes needed and those there are.
 */
export async function requireDisk(spec: AutoencoderSpec, folder: string): Promise<void> {
  const needed = estimateDisk(spec);
  const room = (await availableDisk(folder)) + (await bytesIn(folder));
  if (room >= needed) return;
  const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(2)} GiB`;
  throw new RangeError(
    `train: expected ${gib(needed)} on the disk for the run's weights and checkpoints, got ${gib(room)}; ` +
      "free some room, or train a narrower model",
  );
}

async function bytesIn(folder: string): Promise<number> {
  if (!existsSync(folder)) return 0;
  const sizes = (await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
