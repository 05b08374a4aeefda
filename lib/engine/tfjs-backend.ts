// The backends of TensorFlow.js: loading them, features beyond the public API, and operations of libtensorflow for which
// TensorFlow.js has no functions: variables that are updated in place, plain products, and products in bfloat16.
import type * as Tf from "@tensorflow/tfjs-core";
import { type AdamW, coefficients } from "./adamw.js";
import type { BackendName, Kept } from "./engine.js";
import { keepErrorHandlers, prepare } from "./platform.js";
import type { Addon, Attribute } from "./tensorflow.js";

export interface Backend {
  readonly name: BackendName;
  /** The version of TensorFlow.js or of libtensorflow. */
  readonly version: string;
  readonly tf: typeof Tf;
  /** Makes the synchronous operations that follow run here; TensorFlow.js has one active backend per process. */
  activate(): void;
  /** Returns a tensor's memory, or null where JavaScript cannot see it. Valid until the next allocation. */
  view(tensor: Tf.Tensor): Float32Array | null;
  /** libtensorflow's operations; null for the other backends. */
  readonly library: Library | null;
}

let last: Promise<unknown> = Promise.resolve();

/** Runs pieces of work one after another: the process has only one active backend and one stack of scopes. */
export function inTurn<R>(work: () => Promise<R>): Promise<R> {
  const turn = last.then(work);
  last = turn.catch(() => {});
  return turn;
}

/**
 * Loads a backend.
 * @throws Error with the reason if it cannot run here.
 */
export function loadBackend(name: BackendName): Promise<Backend> {
  return inTurn(async () => {
    const tf = await import("@tensorflow/tfjs-core");
    // Otherwise tfjs recommends other packages on the console.
    tf.enableProdMode();
    const before = tf.getBackend();
    const restore = keepErrorHandlers();
    let ready = false;
    try {
      await prepare[name]();
      ready = await tf.setBackend(name);
      if (!ready) throw new Error(`loadBackend: tfjs could not start its backend "${name}"`);
      const backend = tf.backend() as NodeBackend & WasmBackend;
      const library = name === "tensorflow" ? new Library(tf, backend) : null;
      const activate = () => {
        // Takes effect at once, since the backend is initialized.
        if (tf.getBackend() !== name) void tf.setBackend(name);
      };
      const version = library?.version ?? tf.version_core;
      const views: Partial<Record<BackendName, Backend["view"]>> = {
        wasm: (tensor) => backend.typedArrayFromHeap(tensor),
        cpu: ({ dataId }) => backend.readSync(dataId) as Float32Array,
      };
      return { name, version, tf, activate, view: views[name] ?? (() => null), library };
    } finally {
      restore();
      if (!ready && before) await tf.setBackend(before);
    }
  });
}

interface Output {
  readonly id: number;
}

/** The part of wasm's backend used here. */
interface WasmBackend {
  typedArrayFromHeap(tensor: Tf.Tensor): Float32Array;
}

/** The part of the backend of @tensorflow/tfjs-node-gpu used here. */
interface NodeBackend extends Tf.KernelBackend {
  readonly binding: Addon;
  readonly isUsingGpuDevice: boolean;
  executeSingleOutput(
    name: string,
    attributes: readonly Attribute[],
    inputs: readonly Tf.Tensor[],
  ): Tf.Tensor;
  executeMultipleOutputs(
    name: string,
    attributes: readonly Attribute[],
    inputs: readonly Tf.Tensor[],
    outputs: number,
  ): Tf.Tensor[];
  // Private in its declaration, but needed for tensors of a type that tfjs lacks.
  getInputTensorIds(inputs: readonly Tf.Tensor[]): number[];
  createOutputTensor(output: Output): Tf.Tensor;
}

/** TF_BFLOAT16 of TensorFlow's C interface, for which the addon has no name. */
const BFLOAT16 = 14;

let made = 0;

/**
 * A part of a parameter with Adam's moments. Owns memory of its backend until `dispose`; all methods require the backend to
 * be active.
 */
export interface Variable {
  /** Applies a gradient of the same shape; the caller must dispose it. */
  update(gradient: Tf.Tensor2D, rule: AdamW): void;
  /**
   * Returns the value or a moment, which the next update changes; libtensorflow copies one that is not disposed before.
   * In wasm, it must not be the second factor of a product: wasm caches those by tensor and would miss an update in place.
   */
  get(kept: Kept): Tf.Tensor2D;
  /** Replaces the value or a moment by a copy of `values`, of the same length. */
  set(kept: Kept, values: Float32Array): void;
  /** Replaces the value. Takes ownership of the tensor. */
  replace(value: Tf.Tensor2D): void;
  dispose(): void;
}

/** Operations of libtensorflow; the backend "tensorflow" must be active. */
export class Library {
  readonly #tf: typeof Tf;
  readonly #backend: NodeBackend;

  constructor(tf: typeof Tf, backend: NodeBackend) {
    this.#tf = tf;
    this.#backend = backend;
  }

  get version(): string {
    return this.#backend.binding.TF_Version;
  }

  get isOnGpu(): boolean {
    return this.#backend.isUsingGpuDevice;
  }

  /** Copies values `[rows, columns]` into a variable that is updated in place, with zero moments. */
  variable(values: Float32Array, shape: readonly [number, number]): Variable {
    const tf = this.#tf;
    const dtype = [this.#type("dtype")];
    const handles = {
      value: this.#handle(shape),
      first: this.#handle(shape),
      second: this.#handle(shape),
    };
    const get = (kept: Kept) => this.#make("ReadVariableOp", dtype, [handles[kept]]);
    // The variable shares the tensor's memory until its next update.
    const assign = (kept: Kept, value: Tf.Tensor) =>
      this.#execute("AssignVariableOp", dtype, [handles[kept], value]);
    const set = (kept: Kept, values: Float32Array) =>
      tf.tidy(() => {
        // A tensor may share the memory of the array that it was made from, which updates would change.
        const shared = tf.tensor2d(values, [...shape]);
        assign(kept, this.#make("DeepCopy", [this.#type("T")], [shared]));
      });
    set("value", values);
    for (const kept of ["first", "second"] as const) {
      tf.tidy(() => assign(kept, tf.zerosLike(get("value"))));
    }
    return {
      get,
      set,
      replace: (value) => assign("value", value),
      update: (gradient, rule) => {
        const { keep } = coefficients(rule);
        if (keep !== 1) tf.tidy(() => assign("value", tf.mul(get("value"), keep)));
        this.#adam(Object.values(handles), gradient, rule);
      },
      dispose: () => {
        for (const handle of Object.values(handles)) {
          this.#execute("DestroyResourceOp", [this.#flag("ignore_lookup_error", true)], [handle]);
          handle.dispose();
        }
      },
    };
  }

  /**
   * Applies TensorFlow's fused Adam in place. TensorFlow adds epsilon inside the correction of the second moment, PyTorch
   * outside, so epsilon is passed as `eps sqrt(1 - b2^t)`. The corrections are part of the rate, computed in float64 from
   * the betas as TensorFlow rounds them; its own, in float32, would lose half the digits in the first steps.
   */
  #adam(variables: readonly Tf.Tensor[], gradient: Tf.Tensor, rule: AdamW): void {
    const [beta1, beta2] = [Math.fround(rule.beta1), Math.fround(rule.beta2)];
    const root = Math.sqrt(1 - beta2 ** rule.step);
    const rate = (rule.learningRate * root) / (1 - beta1 ** rule.step);
    const settings = [0, 0, rate, beta1, beta2, rule.epsilon * root]; // the powers of the betas first
    const scalars = settings.map((value) => this.#tf.scalar(value));
    const flags = [this.#flag("use_locking"), this.#flag("use_nesterov")];
    const inputs = [...variables, ...scalars, gradient];
    this.#execute("ResourceApplyAdam", [this.#type("T"), ...flags], inputs);
    this.#tf.dispose(scalars);
  }

  /**
   * The product `a b`, a tenth faster than tf.matMul, which takes TensorFlow's product of batches. With "bfloat16"
   * factors and result are rounded to it.
   */
  product(a: Tf.Tensor2D, b: Tf.Tensor2D, precision: "float32" | "bfloat16"): Tf.Tensor2D {
    const { binding } = this.#backend;
    const flags = [this.#flag("transpose_a"), this.#flag("transpose_b")];
    if (precision === "float32") {
      const attributes = [this.#type("T"), ...flags];
      return this.#make("MatMul", attributes, [a, b]);
    }
    const temporary: number[] = [];
    const run = (name: string, attributes: readonly Attribute[], inputs: readonly number[]) => {
      const [output] = binding.executeOp(name, attributes, inputs, 1);
      temporary.push(output.id);
      return output;
    };
    const cast = (id: number, from: number, to: number) =>
      run("Cast", [this.#type("SrcT", from), this.#type("DstT", to), this.#flag("Truncate")], [id]);
    try {
      const factors = this.#backend
        .getInputTensorIds([a, b])
        .map((id) => cast(id, binding.TF_FLOAT, BFLOAT16).id);
      const product = run("MatMul", [this.#type("T", BFLOAT16), ...flags], factors);
      const out = cast(product.id, BFLOAT16, binding.TF_FLOAT);
      temporary.pop();
      return this.#backend.createOutputTensor(out) as Tf.Tensor2D;
    } finally {
      for (const id of temporary) binding.deleteTensor(id);
    }
  }

  #handle(shape: readonly number[]): Tf.Tensor {
    const { TF_ATTR_STRING: string, TF_ATTR_SHAPE } = this.#backend.binding;
    const attributes = [
      this.#type("dtype"),
      { name: "shape", type: TF_ATTR_SHAPE, value: shape },
      { name: "container", type: string, value: "" },
      { name: "shared_name", type: string, value: `aro-${made++}` },
    ];
    return this.#tf.keep(this.#make("VarHandleOp", attributes, []));
  }

  #make(name: string, attributes: readonly Attribute[], inputs: readonly Tf.Tensor[]): Tf.Tensor2D {
    return this.#backend.executeSingleOutput(name, attributes, inputs) as Tf.Tensor2D;
  }

  #execute(name: string, attributes: readonly Attribute[], inputs: readonly Tf.Tensor[]): void {
    this.#backend.executeMultipleOutputs(name, attributes, inputs, 0);
  }

  #type(name: string, value = this.#backend.binding.TF_FLOAT): Attribute {
    return { name, type: this.#backend.binding.TF_ATTR_TYPE, value };
  }

  #flag(name: string, value = false): Attribute {
    return { name, type: this.#backend.binding.TF_ATTR_BOOL, value };
  }
}
