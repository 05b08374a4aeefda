// A model bundle: a folder with all that it takes to impute new samples on another machine.
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Modality } from "../cohort/cohort.js";
import { createFolder } from "../cohort/durable-file.js";
import { hashFile } from "../cohort/sources.js";
import type { Reading } from "../cohort/tables.js";
import { ARO, type AroSpec } from "../model/aro.js";
import type { Weights } from "../model/model.js";
import { readTensors, type Tensor, writeTensors } from "../model/safetensors.js";
import { SHARED_DECODER, type SharedDecoderSpec } from "../model/shared-decoder.js";
import type { CrossCoverage, SpreadFactor } from "./calibration.js";
import type { ClampedModel } from "./clamped.js";
import type { Method, ModalityChoice, SharedDecoder } from "./decoder.js";
import { type Paths, toPaperScale } from "./paths.js";
import type { FeatureQuality } from "./quality.js";

/** Raised with every change that an older reader would misread. */
export const FORMAT = 3;

/** A model that imputes: what `fitImputer` makes and a bundle keeps. */
export interface Imputer {
  readonly name: string;
  readonly method: Method;
  readonly seed: number;
  /** How the training tables were read, by modality, where they were files; new tables are read alike. */
  readonly readings?: Readonly<Record<string, Reading>>;
  /** Of the library that fitted it. */
  readonly version: string;
  /** Engine, Node and platform that it was fitted on. */
  readonly madeOn: string;
  readonly decoder: Omit<SharedDecoder, "outOfFold">;
  /** Present for ARO alone, which then imputes; of the decoder, scales and likeness count. */
  readonly aro?: ClampedModel;
  /** By how much deviations are multiplied for intervals, per modality and level. */
  readonly factors: readonly SpreadFactor[];
  /** Of its 90 % intervals, on patients whose errors had no part in the factors. */
  readonly coverage: readonly CrossCoverage[];
  /** One entry per inferred feature, in order. */
  readonly quality: readonly FeatureQuality[];
  /** Patients and samples that it was trained on. */
  readonly patients: number;
  /** The 95th percentile of the training samples' novelty, each beside the others. */
  readonly noveltyLimit: number;
}

/** A bundle that was opened. */
export interface OpenedImputer extends Imputer {
  /** Path of its own map of names, if it has one. */
  readonly names?: string;
}

/** The content of model.json. */
interface Manifest extends Omit<Imputer, "decoder" | "aro"> {
  readonly aro?: AroSpec;
  readonly format: number;
  readonly modalities: readonly Modality[];
  readonly features: readonly string[];
  readonly trainedOn: readonly string[];
  readonly spec: SharedDecoderSpec;
  readonly choices: readonly ModalityChoice[];
  readonly networks: number;
  /** SHA-256 of the other files that are read. */
  readonly checksums: Readonly<Record<string, string>>;
}

const MANIFEST = "model.json";
const WEIGHTS = "weights.safetensors";
/** A bundle has one if the first modality's features were renamed by a map: two columns, as the map has them. */
export const NAMES = "names.tsv";

/**
 * Writes a bundle: model.json, weights.safetensors, and texts such as README.md by their names. The folder appears
 * whole or not at all.
 * @throws Error if the folder exists.
 */
export async function saveImputer(
  imputer: Imputer,
  folder: string,
  texts: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { decoder, aro, ...rest } = imputer;
  await createFolder(folder, async (aside) => {
    const { modalities, features, trainedOn, spec, choices } = decoder;
    const tensors = tensorsOf(decoder);
    if (aro) {
      tensors.set("aro.spread", { shape: [aro.spread.length], values: aro.spread });
      for (const [name, values] of aro.weights) {
        tensors.set(`aro.${name}`, { shape: [values.length], values });
      }
    }
    await writeTensors(join(aside, WEIGHTS), tensors);
    const manifest: Manifest = {
      format: FORMAT,
      ...rest,
      modalities,
      features,
      trainedOn,
      spec,
      choices,
      ...(aro && { aro: aro.spec }),
      networks: decoder.networks.length,
      checksums: {
        [WEIGHTS]: await hashFile(join(aside, WEIGHTS)),
        ...(NAMES in texts && { [NAMES]: sha256(texts[NAMES]) }),
      },
    };
    const text = `${JSON.stringify(manifest)}\n`;
    await writeFile(join(aside, MANIFEST), text);
    await writeFile(join(aside, `${MANIFEST}.sha256`), `${sha256(text)}\n`);
    for (const [name, content] of Object.entries(texts)) {
      await writeFile(join(aside, name), content);
    }
  });
}

/**
 * Opens a bundle.
 * @throws Error if it is none, damaged, or written by a newer version.
 */
export async function openImputer(folder: string): Promise<OpenedImputer> {
  let text: string;
  let sum: string;
  try {
    text = await readFile(join(folder, MANIFEST), "utf8");
    sum = (await readFile(join(folder, `${MANIFEST}.sha256`), "utf8")).trim();
  } catch (cause) {
    throw new Error(
      `${folder}: expected a model bundle, got ${(cause as Error).message}; npx aro fit writes one`,
      { cause },
    );
  }
  requireSum(join(folder, MANIFEST), sha256(text), sum);
  const { format, checksums, networks, aro, ...manifest } = JSON.parse(text) as Manifest;
  const { modalities, features, trainedOn, spec, choices, ...rest } = manifest;
  if (format !== FORMAT) {
    throw new Error(
      `${folder}: expected a bundle of format ${FORMAT}, got ${format}; ` +
        (format > FORMAT ? "update this library" : "fit it again"),
    );
  }
  const file = join(folder, WEIGHTS);
  for (const [name, sum] of Object.entries(checksums)) {
    requireSum(join(folder, name), await hashFile(join(folder, name)), sum);
  }
  const { tensors } = await readTensors(file);
  const values = (name: string) => {
    const found = tensors.get(name);
    if (!found) throw new Error(`${file}: expected a tensor "${name}", got none`);
    return found;
  };
  const weightsOf = (prefix: string, all: readonly { readonly name: string }[]): Weights =>
    new Map(all.map(({ name }) => [name, values(`${prefix}.${name}`).values]));
  const ofAro = (spec: AroSpec): ClampedModel => ({
    spec,
    weights: weightsOf("aro", ARO.network(spec).tensors),
    spread: values("aro.spread").values,
  });
  return {
    ...rest,
    ...(NAMES in checksums && { names: join(folder, NAMES) }),
    ...(aro && { aro: ofAro(aro) }),
    decoder: {
      modalities,
      features,
      trainedOn,
      spec,
      choices,
      ...decoderOf(values, trainedOn),
      networks: Array.from({ length: networks }, (_, k) =>
        weightsOf(`network.${k}`, SHARED_DECODER.network(spec).tensors),
      ),
    },
  };
}

const SCALER = ["median", "low", "high", "mean", "std"] as const;
const STANDARD = ["center", "scale", "count"] as const;
const LIKENESS = ["median", "low", "high", "center", "by"] as const;
const DUALS = ["light", "strong", "kernel"] as const;
const TABLES = ["statistics", "intercept", "slope"] as const;

/** Every array of the decoder by name; FORMAT.md describes those that imputing takes. Numbers are float32. */
function tensorsOf({
  paths,
  gates,
  networks,
}: Pick<SharedDecoder, "paths" | "gates" | "networks">): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  const features = paths.unit.length;
  const { inputs, inverse } = paths.likeness;
  const add = (name: string, values: ArrayLike<number>, rows?: number) => {
    const shape = rows === undefined ? [values.length] : [rows, values.length / rows];
    tensors.set(name, { shape, values: Float32Array.from(values) });
  };
  for (const name of LIKENESS) add(`input.${name}`, paths.likeness[name]);
  add("inputs", inputs.values, inputs.rows);
  add("inverse", inverse, inputs.rows);
  for (const name of DUALS) add(`dual.${name}`, paths[name], features);
  for (const name of TABLES) add(name, paths[name], features);
  add("gene", paths.gene, features);
  add("unit", paths.unit);
  for (const name of STANDARD) add(`output.${name}`, paths.standard[name]);
  add("trained", gates.trained);
  add("fixed", gates.fixed, features);
  networks.forEach((weights, k) => {
    for (const [name, values] of weights) {
      const bias = weights.get(name.replace(/weight$/, "bias"))!;
      add(`network.${k}.${name}`, values, name.endsWith("weight") ? bias.length : undefined);
    }
  });
  for (const name of SCALER) add(`scaler.${name}`, paths.scaler[name]);
  add("level", paths.level);
  return tensors;
}

function decoderOf(
  values: (name: string) => Tensor,
  trainedOn: readonly string[],
): Pick<SharedDecoder, "paths" | "gates"> {
  const floats = <N extends string>(prefix: string, names: readonly N[]) =>
    recordOf(names, (name) => values(`${prefix}${name}`).values);
  const doubles = <N extends string>(prefix: string, names: readonly N[]) =>
    recordOf(names, (name) => Float64Array.from(values(`${prefix}${name}`).values));
  const inputs = values("inputs");
  const scaler = { ...doubles("scaler.", SCALER), trainedOn };
  const standard = doubles("output.", STANDARD);
  const paths: Paths = {
    scaler,
    standard,
    ...toPaperScale(scaler, standard),
    likeness: {
      ...doubles("input.", LIKENESS),
      inputs: { rows: inputs.shape[0], columns: inputs.shape[1], values: inputs.values },
      ...doubles("", ["inverse"]),
    },
    ...floats("dual.", DUALS),
    ...floats("", TABLES),
    gene: Int32Array.from(values("gene").values),
    ...doubles("", ["unit", "level"]),
  };
  const gates = {
    trained: Uint8Array.from(values("trained").values),
    fixed: values("fixed").values,
  };
  return { paths, gates };
}

function recordOf<N extends string, T>(names: readonly N[], of: (name: N) => T): Record<N, T> {
  return Object.fromEntries(names.map((name) => [name, of(name)])) as Record<N, T>;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function requireSum(file: string, got: string, expected: string): void {
  if (got === expected) return;
  throw new Error(
    `${file}: expected the SHA-256 ${expected}, got ${got}; the file is damaged: copy the bundle again`,
  );
}
