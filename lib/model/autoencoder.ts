// Autoencoders: models such as ARO and the VAE that encode matrices and reconstruct them.
import type { Matrix } from "../cohort/matrix.js";
import type { Columns, Engine, Tensor } from "../engine/engine.js";
import type { Layer, Pass } from "../layers/layers.js";
import { checkOptions, demandsOf, either, required } from "../options.js";
import { chunksOf, inspectMatrix } from "./batches.js";
import { type Architecture, buildModel, type Model, type Network, type Start } from "./model.js";

/** The columns of an autoencoder, and those that it sees. */
export interface Sight {
  /** Columns of the input and of the reconstruction. */
  readonly features: number;
  /** Input columns `[start, end)` that the model sees, the others being masked; null lets it see all. */
  readonly visible: Columns | null;
}

/** Kinds of the settings that autoencoders share, for `checkOptions`. */
export const SIGHT = {
  features: required("count"),
  visible: required(either("object", "null")),
  output: required(["softplus", "relu"]),
} as const;

/** @throws RangeError if the visible columns are not a range of the features. */
export function checkSight(model: string, { features, visible }: Sight): void {
  if (!visible) return;
  const { start, end } = visible;
  const isRange = start >= 0 && start < end && end <= features;
  demandsOf(model).demand("visible", isRange, `a range in [0, ${features})`, `[${start}, ${end})`);
}

/** The columns that a model sees. */
export function visibleOf({ features, visible }: Sight): Columns {
  return visible ?? { start: 0, end: features };
}

export interface EncodeOptions {
  /** False leaves out the ReLUs, as the authors' notebook computes embeddings. */
  readonly relu?: boolean;
}

/** An autoencoder on an engine. Every batch is a `Matrix` of preprocessed rows, `[rows, features]`. */
export interface AutoencoderModel<Spec> extends Model<Matrix> {
  readonly spec: Spec;
  /** The reconstruction, `[rows, features]`. */
  reconstruct(batch: Matrix): Promise<Float32Array>;
  /** The latent representation, `[rows, latent units]`. */
  encode(batch: Matrix, options?: EncodeOptions): Promise<Float32Array>;
  /**
   * Computes one unit of each row and its derivatives with respect to the row's visible columns, through the layers'
   * backward passes.
   * @throws RangeError if the model has no such unit.
   */
  slopes(batch: Matrix, unit: Unit): Promise<UnitSlopes>;
}

/** A unit of the model: a column of the reconstruction, or a latent unit. */
export interface Unit {
  readonly of: "reconstruction" | "latent";
  readonly column: number;
}

export interface UnitSlopes {
  /** `[rows]`. */
  readonly values: Float32Array;
  /** `[rows, visible columns]`. */
  readonly slopes: Float32Array;
}

/** What the page of an autoencoder defines. */
export interface AutoencoderNetwork extends Network<Matrix> {
  /** `[rows, visible columns]` to `[rows, latent units]`. */
  encoder(options: EncodeOptions): Layer;
  /** `[rows, latent units]` to `[rows, features]`. */
  readonly decoder: Layer;
}

/** Puts the columns of a batch that a model sees on the engine, `[rows, visible columns]`: all others are masked. */
export function see({ values, rows }: Matrix, spec: Sight, { engine }: Pass): Tensor {
  return engine.tensor(values, rows, visibleOf(spec));
}

/** How an autoencoder checks a batch, and cuts it into chunks. */
export function matrixBatches({ features }: Sight): Pick<AutoencoderNetwork, "inspect" | "chunks"> {
  return {
    inspect: (where, batch, engine) => inspectMatrix(engine, where, batch, features),
    chunks: chunksOf,
  };
}

/**
 * Builds an autoencoder that starts from these weights, or from weights drawn with a seed.
 * @throws RangeError if a setting makes no sense, the weights do not fit, or the model does not fit into memory.
 */
export function buildAutoencoder<Spec extends Sight>(
  engine: Engine,
  architecture: Architecture<Spec, Matrix, AutoencoderNetwork>,
  spec: Spec,
  start: Start,
): AutoencoderModel<Spec> {
  const model = buildModel(engine, architecture, spec, start);
  const { network, run } = model;

  /** Works on a batch chunk by chunk. */
  const inChunks = async <R>(
    where: string,
    batch: Matrix,
    work: (chunk: Matrix, pass: Pass) => Promise<R>,
  ) => {
    network.inspect(where, batch, engine);
    const parts: R[] = [];
    for (const chunk of chunksOf(batch)) parts.push(await run(where, (pass) => work(chunk, pass)));
    return parts;
  };
  const encode = (chunk: Matrix, options: EncodeOptions, pass: Pass) =>
    network.encoder(options).forward(see(chunk, spec, pass), pass).out;

  return Object.assign(model, {
    spec,
    reconstruct: async (batch: Matrix) =>
      joinRows(
        await inChunks("reconstruct", batch, (chunk, pass) =>
          engine.read(network.decoder.forward(encode(chunk, {}, pass), pass).out),
        ),
      ),
    async encode(batch: Matrix, options: EncodeOptions = {}) {
      checkOptions("encode", options, { relu: "boolean" });
      return joinRows(
        await inChunks("encode", batch, (chunk, pass) => engine.read(encode(chunk, options, pass))),
      );
    },
    async slopes(batch: Matrix, unit: Unit) {
      const parts = await inChunks("slopes", batch, (chunk, pass) =>
        traceBack(network, see(chunk, spec, pass), unit, pass),
      );
      return {
        values: joinRows(parts.map(({ values }) => values)),
        slopes: joinRows(parts.map(({ slopes }) => slopes)),
      };
    },
  });
}

/** Concatenates the rows of all parts. */
function joinRows(parts: readonly Float32Array[]): Float32Array {
  if (parts.length === 1) return parts[0];
  const out = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Runs forward to one unit and back to the visible columns; updates no parameters. */
async function traceBack(
  network: AutoencoderNetwork,
  seen: Tensor,
  { of, column }: Unit,
  pass: Pass,
): Promise<UnitSlopes> {
  const { engine } = pass;
  const { rows } = seen;
  const encoded = network.encoder({}).forward(seen, pass);
  const decoded = of === "latent" ? null : network.decoder.forward(encoded.out, pass);
  const { out } = decoded ?? encoded; // [rows, units]
  if (!(Number.isInteger(column) && column >= 0 && column < out.units)) {
    throw new RangeError(
      `slopes: expected a column of the ${of} in [0, ${out.units}), got ${column}`,
    );
  }
  const chosen = new Float32Array(rows * out.units);
  for (let i = 0; i < rows; i++) chosen[i * out.units + column] = 1;
  const start = engine.tensor(chosen, rows);
  const latent = decoded ? decoded.back(start, true)! : start; // [rows, latent units]
  const slopes = engine.read(encoded.back(latent, true)!); // [rows, visible columns]
  const values = await engine.read(out);
  return {
    values: Float32Array.from({ length: rows }, (_, i) => values[i * out.units + column]),
    slopes: await slopes,
  };
}
