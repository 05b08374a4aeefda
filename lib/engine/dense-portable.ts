// Trained matrices on a backend of tfjs: products there, Adam in JavaScript.
import type * as Tf from "@tensorflow/tfjs-core";
import type { Backend } from "./backend.js";
import { type Dense, type MakeDense, type Settlement, type Table, TrainedArray } from "./dense.js";

/** Makes the trained matrices of one model. */
export function portableDense(backend: Backend): MakeDense {
  return (name, shape, weight) => new PortableDense(backend, name, shape, weight);
}

class PortableDense implements Dense {
  readonly #backend: Backend;
  readonly #shape: readonly [outputs: number, inputs: number];
  readonly #weight: TrainedArray;
  #tensor: Tf.Tensor2D;

  constructor(
    backend: Backend,
    name: string,
    shape: readonly [number, number],
    weight: Float32Array,
  ) {
    this.#backend = backend;
    this.#shape = shape;
    this.#weight = new TrainedArray(name, weight);
    this.#tensor = this.#upload();
  }

  async forward(x: Table): Promise<Table> {
    // As `(W x^T)^T`: only what has few rows is transposed, and the weight is not kept anew as a second factor.
    const values = await this.#compute((tf) =>
      tf.transpose(tf.matMul<Tf.Tensor2D>(this.#tensor, tf.transpose(tensorOf(tf, x)))),
    );
    return { rows: x.rows, columns: this.#shape[0], values };
  }

  async backward(
    x: Table,
    slope: Table,
    settlement: Settlement,
    below: boolean,
  ): Promise<Table | null> {
    const values = below
      ? await this.#compute((tf) => tf.matMul(tensorOf(tf, slope), this.#tensor))
      : null;
    if (settlement !== null) {
      // Transposed first: wasm's product with a transposed factor is ten times slower.
      const gradient = await this.#compute((tf) =>
        tf.matMul(tf.transpose(tensorOf(tf, slope)), tensorOf(tf, x)),
      );
      this.#weight.settle(gradient, settlement);
      if (!(settlement instanceof Map)) {
        this.dispose();
        // A new tensor: wasm keeps second factors in its own layout, by tensor.
        this.#tensor = this.#upload();
      }
    }
    return values && { rows: x.rows, columns: this.#shape[1], values };
  }

  async read(): Promise<Float32Array> {
    return this.#weight.values.slice();
  }

  dispose(): void {
    this.#tensor.dispose();
  }

  #upload(): Tf.Tensor2D {
    const { tf, activate } = this.#backend;
    activate();
    return tf.tidy(() => tf.keep(tf.tensor2d(this.#weight.values, [...this.#shape])));
  }

  async #compute(work: (tf: Backend["tf"]) => Tf.Tensor2D): Promise<Float32Array> {
    const { tf, activate } = this.#backend;
    activate();
    const tensor = tf.tidy(() => work(tf));
    const values = (await tensor.data<"float32">()).slice();
    tensor.dispose();
    return values;
  }
}

function tensorOf(tf: Backend["tf"], { rows, columns, values }: Table): Tf.Tensor2D {
  return tf.tensor2d(values, [rows, columns]);
}
