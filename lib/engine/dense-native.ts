// Trained matrices in TensorFlow's memory, in single operations; a large one lies there in blocks of rows.
import type { AdamRule, Dense, MakeDense, Settlement, Table } from "./dense.js";
import type { Id, Operations } from "./operations.js";

/** Entries of a block: its gradient is used by Adam while a processor's cache still holds it. */
const BLOCK_ENTRIES = 1 << 22;

/** Makes the trained matrices of one model. */
export function nativeDense(operations: Operations, blockEntries = BLOCK_ENTRIES): MakeDense {
  return (name, shape, weight) => new NativeDense(operations, name, shape, weight, blockEntries);
}

/** Rows `[top, bottom)` of a weight, with Adam's moments. */
interface Block {
  readonly top: number;
  readonly bottom: number;
  readonly handles: readonly [value: Id, first: Id, second: Id];
}

let made = 0;

class NativeDense implements Dense {
  readonly #operations: Operations;
  readonly #name: string;
  readonly #outputs: number;
  readonly #inputs: number;
  readonly #blocks: readonly Block[];

  constructor(
    operations: Operations,
    name: string,
    [outputs, inputs]: readonly [number, number],
    weight: Float32Array,
    blockEntries: number,
  ) {
    this.#operations = operations;
    this.#name = name;
    this.#outputs = outputs;
    this.#inputs = inputs;
    const size = Math.max(1, Math.floor(blockEntries / inputs));
    const variable = (values: Float32Array) =>
      operations.variable(`modis-${made++}`, [values.length / inputs, inputs], values);
    this.#blocks = Array.from({ length: Math.ceil(outputs / size) }, (_, i) => {
      const [top, bottom] = [i * size, Math.min(outputs, (i + 1) * size)];
      const zeros = new Float32Array((bottom - top) * inputs);
      const values = weight.subarray(top * inputs, bottom * inputs);
      return { top, bottom, handles: [variable(values), variable(zeros), variable(zeros)] };
    });
  }

  async forward(x: Table): Promise<Table> {
    const operations = this.#operations;
    const out = emptyTable(x.rows, this.#outputs);
    operations.scope(() => {
      const input = operations.tensor([x.rows, x.columns], x.values);
      for (const { top, bottom, handles } of this.#blocks) {
        operations.scope(() => {
          const product = operations.product(input, operations.value(handles[0]), { right: true });
          writeColumns(out, top, bottom, operations.read(product));
        });
      }
    });
    return out;
  }

  async backward(
    x: Table,
    slope: Table,
    settlement: Settlement,
    below: boolean,
  ): Promise<Table | null> {
    const operations = this.#operations;
    const gradient =
      settlement instanceof Map ? new Float32Array(this.#outputs * this.#inputs) : null;
    const values = operations.scope(() => {
      const input = operations.tensor([x.rows, x.columns], x.values);
      const settings = isRule(settlement) ? adamInputs(operations, settlement) : [];
      const total = below ? operations.scope(() => this.#below(slope)) : null;
      for (const { top, bottom, handles } of settlement === null ? [] : this.#blocks) {
        operations.scope(() => {
          const part = operations.tensor([x.rows, bottom - top], readColumns(slope, top, bottom));
          const own = operations.product(part, input, { left: true });
          if (gradient) gradient.set(operations.read(own), top * this.#inputs);
          else operations.adam(handles, settings, own);
        });
      }
      return total === null ? null : operations.read(total);
    });
    if (settlement instanceof Map) settlement.set(this.#name, gradient!);
    return values && { rows: x.rows, columns: this.#inputs, values };
  }

  /** `slope W`, block by block; in the scope around. */
  #below(slope: Table): Id {
    const operations = this.#operations;
    return this.#blocks.reduce<Id | null>(
      (sum, { top, bottom, handles }) =>
        operations.scope(() => {
          const part = readColumns(slope, top, bottom);
          const uploaded = operations.tensor([slope.rows, bottom - top], part);
          const product = operations.product(uploaded, operations.value(handles[0]));
          return sum === null ? product : operations.plain("AddV2", sum, product);
        }),
      null,
    )!;
  }

  async read(): Promise<Float32Array> {
    const operations = this.#operations;
    const weight = new Float32Array(this.#outputs * this.#inputs);
    for (const { top, handles } of this.#blocks) {
      operations.scope(() =>
        weight.set(operations.read(operations.value(handles[0])), top * this.#inputs),
      );
    }
    return weight;
  }

  dispose(): void {
    for (const { handles } of this.#blocks) {
      for (const handle of handles) this.#operations.destroy(handle);
    }
  }
}

/**
 * The scalars of ResourceApplyAdam: PyTorch's epsilon stands outside the correction of the second moment, TensorFlow's
 * inside, and the corrections are part of the rate, because TensorFlow would reckon them in float32.
 */
function adamInputs(
  operations: Operations,
  { learningRate, epsilon, step, ...betas }: AdamRule,
): Id[] {
  const [beta1, beta2] = [Math.fround(betas.beta1), Math.fround(betas.beta2)];
  const root = Math.sqrt(1 - beta2 ** step);
  const rate = (learningRate * root) / (1 - beta1 ** step);
  return [0, 0, rate, beta1, beta2, epsilon * root].map((value) => operations.scalar(value));
}

function isRule(settlement: Settlement): settlement is AdamRule {
  return settlement !== null && !(settlement instanceof Map);
}

function emptyTable(rows: number, columns: number): Table {
  return { rows, columns, values: new Float32Array(rows * columns) };
}

/** The columns `[left, right)` on their own; the table's own values where they are all. */
function readColumns({ rows, columns, values }: Table, left: number, right: number): Float32Array {
  const width = right - left;
  if (width === columns) return values;
  const out = new Float32Array(rows * width);
  for (let i = 0; i < rows; i++) {
    out.set(values.subarray(i * columns + left, i * columns + right), i * width);
  }
  return out;
}

function writeColumns(into: Table, left: number, right: number, part: Float32Array): void {
  const width = right - left;
  for (let i = 0; i < into.rows; i++) {
    into.values.set(part.subarray(i * width, (i + 1) * width), i * into.columns + left);
  }
}
