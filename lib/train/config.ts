// The configuration of a run: complete settings and a fingerprint of the data.
import { createHash } from "node:crypto";
import type { Cohort } from "../cohort/cohort.js";
import type { Matrix } from "../cohort/matrix.js";
import type { AroSpec } from "../model/aro.js";
import type { RunData } from "../model/batches.js";
import type { Trainable } from "../model/model.js";
import { checkOptions, required } from "../options.js";
import { completeSettings, type TrainOptions, type TrainSettings } from "./settings.js";

/** The settings that a caller gives; the defaults are the paper's. */
export interface RunRequest<Spec = AroSpec> {
  /** `ARO`, `VAE`, `MODIS`, or a model of your own. */
  readonly model: Trainable<Spec>;
  readonly spec: NoInfer<Spec>;
  /** Its seed also decides the initial weights. */
  readonly training: TrainOptions;
  /** What else distinguishes this run from others, such as `{ split: "patient", splitSeed: 42 }`. */
  readonly about?: Readonly<Record<string, string | number | boolean | null>>;
}

/** As config.json holds it. */
export interface RunConfig<Spec = AroSpec> {
  /** The model's name; omitted for ARO. */
  readonly model?: string;
  /** Version of the training's semantics; runs of different versions differ. */
  readonly version: number;
  readonly cohort: string;
  readonly data: {
    readonly trainRows: number;
    readonly validationRows: number;
    /** SHA-256 of ids, values and masks, and of what else the model reads; depends on cohort, preprocessing and split. */
    readonly sha256: string;
  };
  readonly spec: Spec;
  readonly training: TrainSettings;
  readonly about: Readonly<Record<string, string | number | boolean | null>>;
  /** SHA-256 of all of the above. */
  readonly hash: string;
}

const VERSION = 1;

/**
 * Completes a request with defaults, the data's fingerprint and a hash of the whole.
 * @throws TypeError for an unknown setting, with the nearest known one, and for a value of a wrong kind.
 * @throws RangeError if a setting makes no sense.
 */
export function completeConfig<Spec>(request: RunRequest<Spec>, data: RunData): RunConfig<Spec> {
  checkOptions("trainRun: config", request as RunRequest<object>, {
    model: required("object"),
    spec: required("object"),
    training: required("object"),
    about: "object",
  });
  const { model, spec, training, about = {} } = request;
  model.check(spec);
  const { train, validation } = data;
  const rows = hashRows([train, validation]);
  const besides = model.besides?.(data);
  const config = {
    ...(model.name === "ARO" ? {} : { model: model.name }),
    version: VERSION,
    cohort: data.name,
    data: {
      trainRows: train.matrix.rows,
      validationRows: validation.matrix.rows,
      sha256: besides === undefined ? rows : sha256(rows + sha256(JSON.stringify(besides))),
    },
    spec,
    training: completeSettings(training),
    about,
  };
  const lines = Object.entries(flatten(config)).sort(([a], [b]) => (a < b ? -1 : 1));
  return { ...config, hash: sha256(JSON.stringify(lines)) };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Lists the settings in which two configs differ, as `training.epochs: 200 there, 100 asked for`. */
export function differences(there: object, asked: object): string[] {
  const [a, b] = [flatten(there), flatten(asked)];
  const names = Object.keys({ ...a, ...b }).filter((name) => !/\bhash$/.test(name));
  return names
    .filter((name) => a[name] !== b[name])
    .map((name) =>
      /\bsha256$/.test(name)
        ? "data: other samples, values or preprocessing"
        : `${name}: ${a[name] ?? "nothing"} there, ${b[name] ?? "nothing"} asked for`,
    );
}

/** Hashes the sample ids, values and mask of a cohort; SHA-256 in hexadecimal. */
export function hashCohort({ samples, matrix }: Cohort): string {
  return hashRows([{ ids: samples.map(({ id }) => id), matrix }]);
}

/** Hashes ids, values and masks of rows; SHA-256 in hexadecimal. */
function hashRows(
  parts: readonly { readonly ids: readonly string[]; readonly matrix: Matrix }[],
): string {
  const hash = createHash("sha256");
  for (const { ids, matrix } of parts) {
    const { rows, columns, values, observed } = matrix;
    hash.update(JSON.stringify([rows, columns, ids]));
    hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    hash.update(observed);
  }
  return hash.digest("hex");
}

/** Maps the dotted path of each leaf to its JSON text, so that key order does not matter. */
function flatten(value: unknown, path = ""): Record<string, string> {
  if (typeof value !== "object" || value === null) return { [path]: JSON.stringify(value) };
  const entries = Object.entries(value).map(([key, inner]) =>
    flatten(inner, path ? `${path}.${key}` : key),
  );
  return Object.assign({}, ...entries);
}
