// What a run was asked to do: complete settings and a fingerprint of the data, comparable from run to run.
import { createHash } from "node:crypto";
import { type AutoencoderSpec, checkSpec } from "../model/autoencoder.js";
import { completeSettings, type TrainOptions, type TrainSettings } from "./settings.js";
import type { TrainingData } from "./train.js";

/** What a caller asks for; everything left out is the paper's. */
export interface RunRequest {
  readonly spec: AutoencoderSpec;
  /** Its seed decides the initial weights as well. */
  readonly training: TrainOptions;
  /** Whatever else tells this run from others, e.g. `{ split: "patient", splitSeed: 42 }`. */
  readonly about?: Readonly<Record<string, string | number | boolean | null>>;
}

/** The data of a run; a `PreparedCohort` is one. */
export interface RunData extends TrainingData {
  readonly name: string;
}

/** As config.json holds it. */
export interface RunConfig {
  /** Of the training's own meaning; runs of another version are other runs. */
  readonly version: number;
  readonly cohort: string;
  readonly data: {
    readonly trainRows: number;
    readonly validationRows: number;
    /** SHA-256 of ids, values and masks: of cohort, preprocessing and split at once. */
    readonly sha256: string;
  };
  readonly spec: AutoencoderSpec;
  readonly training: TrainSettings;
  readonly about: Readonly<Record<string, string | number | boolean | null>>;
  /** SHA-256 of all of the above. */
  readonly hash: string;
}

const VERSION = 1;

/**
 * Completes a request with defaults, the data's fingerprint and a hash of the whole.
 * @throws RangeError if a setting makes no sense.
 */
export function completeConfig(
  { spec, training, about = {} }: RunRequest,
  data: RunData,
): RunConfig {
  checkSpec(spec);
  const { features, width, hiddenLayers, output, visible, zeroed } = spec;
  const { inputDropout, hiddenDropout, batchNorm } = spec;
  const config = {
    version: VERSION,
    cohort: data.name,
    data: {
      trainRows: data.train.matrix.rows,
      validationRows: data.validation.matrix.rows,
      sha256: fingerprintData(data),
    },
    spec: {
      ...{ features, width, hiddenLayers, output },
      ...{ inputDropout, hiddenDropout, batchNorm, visible, zeroed },
    },
    training: completeSettings(training),
    about,
  };
  const lines = Object.entries(flatten(config)).sort(([a], [b]) => (a < b ? -1 : 1));
  return { ...config, hash: createHash("sha256").update(JSON.stringify(lines)).digest("hex") };
}

/** Lists the settings in which two configs differ, as `training.epochs: 200 there, 100 asked for`. */
export function differences(there: RunConfig, asked: RunConfig): string[] {
  const [a, b] = [flatten(there), flatten(asked)];
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return names
    .filter((name) => name !== "hash" && a[name] !== b[name])
    .map((name) =>
      name === "data.sha256"
        ? "data: other samples, values or preprocessing"
        : `${name}: ${a[name] ?? "nothing"} there, ${b[name] ?? "nothing"} asked for`,
    );
}

/** Hashes the ids, values and masks of the training and validation rows; SHA-256 in hexadecimal. */
export function fingerprintData({ train, validation }: TrainingData): string {
  const hash = createHash("sha256");
  for (const { ids, matrix } of [train, validation]) {
    const { rows, columns, values, observed } = matrix;
    hash.update(JSON.stringify([rows, columns, ids]));
    hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    hash.update(observed);
  }
  return hash.digest("hex");
}

/** Leaves by dotted path, as JSON text, so that key order does not matter. */
function flatten(value: unknown, path = ""): Record<string, string> {
  if (typeof value !== "object" || value === null) return { [path]: JSON.stringify(value) };
  const entries = Object.entries(value).map(([key, inner]) =>
    flatten(inner, path ? `${path}.${key}` : key),
  );
  return Object.assign({}, ...entries);
}
