// A small real training that a test kills: run as a program, it dies of SIGKILL at the moment that it is told.

import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { basename } from "node:path";
import { pathToFileURL } from "node:url";
import { matrixFrom } from "../../lib/cohort/matrix.js";
import { createRandom } from "../../lib/cohort/random.js";
import type { Engine } from "../../lib/engine/engine.js";
import { nativeEngine } from "../../lib/engine/native.js";
import { tfjsEngine } from "../../lib/engine/tfjs.js";
import { ARO, type AroSpec, PAPER_MODEL } from "../../lib/model/aro.js";
import type { TrainingRows } from "../../lib/model/batches.js";
import type { Trainable } from "../../lib/model/model.js";
import { MODIS } from "../../lib/model/modis.js";
import type { ModisSpec } from "../../lib/model/modis-networks.js";
import { VAE, type VaeSpec } from "../../lib/model/vae.js";
import type { Part } from "../../lib/preprocess/prepare.js";
import type { RunRequest } from "../../lib/train/config.js";
import { trainRun } from "../../lib/train/run.js";

/** What the program dies at, the `count`th time that it is about to happen; a write is done by half. */
export interface Fate {
  readonly moment: Moment;
  readonly count: number;
}

export type Moment = (typeof MOMENTS)[number];

export const MOMENTS = [
  "step",
  "epoch written to metrics.jsonl",
  "open checkpoint",
  "write checkpoint",
  "sync checkpoint",
  "rename checkpoint",
  "sync folder",
  "rm checkpoint",
  "link lock",
] as const;

export const FEATURES = 12;

const TRAINING = {
  epochs: 45,
  batchSize: 10,
  learningRate: 0.02,
  weightDecay: 0.01,
  seed: 3,
  plateau: { factor: 0.7, patience: 1 },
  earlyStopping: { patience: 45 },
};
const MODALITIES = [
  { name: "RNA", start: 0, end: 7 },
  { name: "protein", start: 7, end: FEATURES },
];

/**
 * With all that a checkpoint may have to hold: best weights, a rate that falls, dropout, noise, running statistics, decay
 * of unseen columns, several orders of rows.
 */
export const CONFIGS: {
  readonly ARO: RunRequest<AroSpec>;
  readonly VAE: RunRequest<VaeSpec>;
  readonly MODIS: RunRequest<ModisSpec>;
} = {
  ARO: {
    model: ARO,
    spec: {
      ...PAPER_MODEL,
      features: FEATURES,
      width: 8,
      hiddenLayers: 1,
      visible: { start: 2, end: 10 },
      hiddenDropout: 0.2,
      batchNorm: true,
      zeroed: [4],
    },
    training: TRAINING,
  },
  VAE: {
    model: VAE,
    spec: {
      features: FEATURES,
      width: 8,
      latent: 3,
      encoderLayers: 1,
      decoderLayers: 1,
      output: "softplus",
      hiddenDropout: 0.1,
      visible: { start: 2, end: 10 },
      klWeight: 0.5,
      warmUpEpochs: 20,
    },
    training: TRAINING,
  },
  MODIS: {
    model: MODIS,
    spec: {
      modalities: MODALITIES.map(({ name, start, end }) => ({
        name,
        features: end - start,
        ratios: [0.6],
      })),
      latent: 3,
      classes: 2,
      klWeight: 5e-4,
    },
    training: { ...TRAINING, learningRate: 2e-3 },
  },
};

/** One factor behind every feature, some noise, and every tenth entry not measured. */
export function rowsOf<P extends Part>(part: P, rows: number, noise = 0.3): TrainingRows<P> {
  const random = createRandom(1, part);
  const numbers = Array.from({ length: rows }, () => random.uniform()).flatMap((factor) =>
    Array.from({ length: FEATURES }, (_, j) =>
      random.uniform() < 0.1 ? Number.NaN : factor * (j % 3) + noise * random.uniform(),
    ),
  );
  return {
    part,
    rows: Array.from({ length: rows }, (_, i) => i),
    ids: Array.from({ length: rows }, (_, i) => `${part}-${i}`),
    matrix: matrixFrom(rows, FEATURES, numbers),
  };
}

export const DATA = {
  name: "mortal",
  modalities: MODALITIES,
  classes: Array.from({ length: 24 }, (_, i) => i % 2),
  train: rowsOf("train", 24),
  validation: rowsOf("validation", 8),
};

/** Starts an engine by the name that tests know it by. */
export async function startEngine(name: string): Promise<Engine> {
  return name === "native"
    ? await nativeEngine()
    : await tfjsEngine({ backend: name as "cpu" | "wasm" });
}

function dieAt({ moment, count }: Fate): (happening: Moment) => boolean {
  let left = count;
  return (happening) => happening === moment && --left === 0;
}

function die(what: string): never {
  fs.writeSync(1, what);
  process.kill(process.pid, "SIGKILL");
  throw new Error("it lives");
}

/** Puts the fate in the way of each call that a checkpoint is made of. */
async function bewitch(isNow: (happening: Moment) => boolean): Promise<void> {
  const { promises } = fs;
  const { link, open, rename, rm } = promises;
  const names = new WeakMap<object, string>();
  const probe = await open(process.execPath, "r");
  const handle = Object.getPrototypeOf(probe) as typeof probe;
  await probe.close();
  const { write, sync, appendFile } = handle;
  const isCheckpoint = (path: unknown) => /^\.?checkpoint-/.test(basename(String(path)));
  const at = (moment: Moment, what: unknown) => {
    if (isNow(moment)) die(`${moment} ${basename(String(what))}`);
  };
  promises.open = async (path, ...rest) => {
    const name = basename(String(path));
    if (name.startsWith(".checkpoint-")) at("open checkpoint", path);
    const opened = await open(path, ...rest);
    names.set(opened, name);
    return opened;
  };
  handle.write = async function (this: typeof probe, bytes: Uint8Array, ...rest: never[]) {
    if (isCheckpoint(names.get(this)) && isNow("write checkpoint")) {
      await write.call(this, bytes.subarray(0, bytes.length >> 1) as never);
      die(`write checkpoint ${names.get(this)}`);
    }
    return await write.call(this, bytes as never, ...rest);
  } as typeof write;
  handle.appendFile = async function (this: typeof probe, text: string) {
    if (isNow("epoch written to metrics.jsonl")) {
      await appendFile.call(this, text.slice(0, 20));
      die("epoch written to metrics.jsonl");
    }
    await appendFile.call(this, text);
  } as typeof appendFile;
  handle.sync = async function (this: typeof probe) {
    const name = names.get(this) ?? "";
    if (isCheckpoint(name)) at("sync checkpoint", name);
    else if (!name.includes(".")) at("sync folder", name);
    await sync.call(this);
  };
  promises.rename = async (from, to) => {
    if (isCheckpoint(to)) at("rename checkpoint", to);
    await rename(from, to);
  };
  promises.rm = async (path, options) => {
    if (isCheckpoint(path)) at("rm checkpoint", path);
    await rm(path, options);
  };
  promises.link = async (from, to) => {
    if (/^(lock|\.lock\.)/.test(basename(String(to)))) at("link lock", to); // or its successor
    await link(from, to);
  };
  syncBuiltinESMExports();
}

/** A model that dies instead of taking a step when it is time. */
function mortal<Spec>(
  model: Trainable<Spec>,
  isNow: (happening: Moment) => boolean,
): Trainable<Spec> {
  return {
    ...model,
    network(spec) {
      const network = model.network(spec);
      return {
        ...network,
        pass(batch, observed, pass) {
          if (pass.settlement && isNow("step")) die("step");
          return network.pass(batch, observed, pass);
        },
      };
    },
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [folder, name, kind, fate] = process.argv.slice(2) as [
    string,
    string,
    keyof typeof CONFIGS,
    string,
  ];
  const isNow = dieAt(JSON.parse(fate) as Fate);
  await bewitch(isNow);
  const engine = await startEngine(name);
  const asked = CONFIGS[kind] as RunRequest<unknown>;
  const config = { ...asked, model: mortal(asked.model, isNow) };
  await trainRun({ folder, config, data: DATA, engine, checkpointSeconds: 0 });
}
