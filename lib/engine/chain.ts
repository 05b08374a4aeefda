// Layers in a row: linear, batch normalization, leaky ReLU; each pass hands back the way to its own gradients.
import type { Weights } from "../model/autoencoder.js";
import type { ChainLayer } from "../model/modis.js";
import { type RunningStatistics, trackColumns } from "./batch-norm.js";
import {
  type Dense,
  type MakeDense,
  type Settlement,
  sumRows,
  type Table,
  TrainedArray,
} from "./dense.js";

/** Takes the slope with respect to what came out, settles gradients, and gives the slope with respect to what went in. */
export type Back = (slope: Table, settlement: Settlement) => Promise<Table>;

export interface Passed {
  readonly out: Table;
  readonly back: Back;
}

/** Layers that a table goes through, owned until `dispose`. */
export interface Chain {
  /** With `training`, normalization is by the table's own rows, and its running statistics move. */
  forward(x: Table, training: boolean): Promise<Passed>;
  /** Copies parameters and statistics, by name. */
  read(): Promise<Map<string, Float32Array>>;
  dispose(): void;
}

/** Source: modis/nn.py@1e2ebee, where 0.8 stands in the place of BatchNorm1d's epsilon. */
const NORM_EPSILON = 0.8;
const LEAK = 0.2;

/**
 * Builds layers from the weights of their names.
 * @param isFirst the chain reads data, with respect to which nobody asks for a slope: `back` gives an empty table.
 */
export function makeChain(
  layers: readonly ChainLayer[],
  weights: Weights,
  make: MakeDense,
  { isFirst = false } = {},
): Chain {
  const built = layers.map((layer) => {
    const { name, outputs, inputs } = layer;
    return {
      layer,
      dense: make(`${name}.weight`, [outputs, inputs], weights.get(`${name}.weight`)!),
      bias: new TrainedArray(`${name}.bias`, weights.get(`${name}.bias`)!.slice()),
      norm: layer.norm === null ? null : new Norm(layer.norm, weights),
    };
  });
  return {
    async forward(x, training) {
      const backs: Back[] = [];
      let out = x;
      const enter = (passed: Passed) => {
        out = passed.out;
        backs.push(passed.back);
      };
      for (const [i, { layer, dense, bias, norm }] of built.entries()) {
        enter(await multiply(dense, out, !(isFirst && i === 0)));
        enter(addBias(bias, out, norm !== null && training));
        if (norm) enter(norm.forward(out, training));
        if (!layer.plain) enter(leakyRelu(out));
      }
      const back: Back = async (slope, settlement) => {
        for (const step of backs.toReversed()) slope = await step(slope, settlement);
        return slope;
      };
      return { out, back };
    },
    async read() {
      const out = new Map<string, Float32Array>();
      for (const { layer, dense, bias, norm } of built) {
        out.set(`${layer.name}.weight`, await dense.read());
        out.set(`${layer.name}.bias`, bias.values.slice());
        norm?.read(out);
      }
      return out;
    },
    dispose() {
      for (const { dense } of built) dense.dispose();
    },
  };
}

async function multiply(dense: Dense, x: Table, below: boolean): Promise<Passed> {
  return {
    out: await dense.forward(x),
    back: async (slope, settlement) =>
      (await dense.backward(x, slope, settlement, below)) ?? {
        rows: x.rows,
        columns: 0,
        values: new Float32Array(0),
      },
  };
}

/**
 * A bias ahead of a normalization by the same rows changes nothing: its gradient is 0. What rounding leaves of it would
 * drive Adam, which knows no scale, so it is set to 0 there.
 */
function addBias(bias: TrainedArray, x: Table, isTakenOff: boolean): Passed {
  const { rows, columns } = x;
  const values = new Float32Array(x.values.length);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      values[i * columns + j] = x.values[i * columns + j] + bias.values[j];
    }
  }
  return {
    out: { rows, columns, values },
    back: async (slope, settlement) => {
      bias.settle(isTakenOff ? new Float64Array(columns) : sumRows(slope), settlement);
      return slope;
    },
  };
}

function leakyRelu(x: Table): Passed {
  const apply = (table: Table) => {
    const values = new Float32Array(table.values.length);
    for (let i = 0; i < values.length; i++) {
      values[i] = x.values[i] > 0 ? table.values[i] : LEAK * table.values[i];
    }
    return { ...table, values };
  };
  return { out: apply(x), back: async (slope) => apply(slope) };
}

/** `scale (x - mean) / sqrt(variance + 0.8) + shift`, column by column, as torch.nn.BatchNorm1d(n, 0.8). */
class Norm {
  readonly #name: string;
  readonly #scale: TrainedArray;
  readonly #shift: TrainedArray;
  readonly #running: RunningStatistics;

  constructor(name: string, weights: Weights) {
    const copy = (kind: string) => weights.get(`${name}.${kind}`)!.slice();
    this.#name = name;
    this.#scale = new TrainedArray(`${name}.weight`, copy("weight"));
    this.#shift = new TrainedArray(`${name}.bias`, copy("bias"));
    this.#running = { mean: copy("running_mean"), variance: copy("running_var") };
  }

  forward(x: Table, training: boolean): Passed {
    const { rows, columns } = x;
    const { mean, variance } = training ? trackColumns(x, this.#running) : this.#running;
    const inverse = Float64Array.from(variance, (value) => 1 / Math.sqrt(value + NORM_EPSILON));
    const [scale, shift] = [this.#scale, this.#shift];
    const standard = new Float64Array(x.values.length);
    const values = new Float32Array(x.values.length);
    for (let i = 0; i < values.length; i++) {
      const j = i % columns;
      standard[i] = (x.values[i] - mean[j]) * inverse[j];
      values[i] = standard[i] * scale.values[j] + shift.values[j];
    }
    const back: Back = async (slope, settlement) => {
      const alongShift = sumRows(slope);
      const alongScale = new Float64Array(columns);
      for (let i = 0; i < values.length; i++) {
        alongScale[i % columns] += slope.values[i] * standard[i];
      }
      const below = new Float32Array(values.length);
      for (let i = 0; i < values.length; i++) {
        const j = i % columns;
        const moved = training ? (alongShift[j] + standard[i] * alongScale[j]) / rows : 0;
        below[i] = scale.values[j] * inverse[j] * (slope.values[i] - moved);
      }
      scale.settle(alongScale, settlement);
      shift.settle(alongShift, settlement);
      return { rows, columns, values: below };
    };
    return { out: { rows, columns, values }, back };
  }

  read(into: Map<string, Float32Array>): void {
    into
      .set(`${this.#name}.weight`, this.#scale.values.slice())
      .set(`${this.#name}.bias`, this.#shift.values.slice())
      .set(`${this.#name}.running_mean`, this.#running.mean.slice())
      .set(`${this.#name}.running_var`, this.#running.variance.slice());
  }
}
