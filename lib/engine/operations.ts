// Single TensorFlow operations through the addon: tensors are numbers, and belong to the scope that they are made in.
import type { Addon, Attribute } from "./addon.js";

/** A tensor, or the handle of a resource, in TensorFlow's memory. */
export type Id = number;

/** What products are reckoned in; all else is float32. */
export type Precision = "float32" | "bfloat16";

/** TF_BFLOAT16 of TensorFlow's C interface, which the addon does not name. */
const BFLOAT16 = 14;

/** Operations on float32 tensors. Whatever they make is freed at the end of the scope around them. */
export class Operations {
  readonly #addon: Addon;
  readonly #scopes: Id[][] = [];
  readonly #types: Readonly<Record<string, Attribute>>;

  /** With "bfloat16", products round their factors and results to it, as PyTorch's autocast does. */
  constructor(
    addon: Addon,
    readonly precision: Precision = "float32",
  ) {
    this.#addon = addon;
    const type = (name: string, value = addon.TF_FLOAT): Attribute => {
      return { name, type: addon.TF_ATTR_TYPE, value };
    };
    this.#types = {
      T: type("T"),
      dtype: type("dtype"),
      index: type("Index", addon.TF_INT32),
      axis: type("Tidx", addon.TF_INT32),
      half: type("T", BFLOAT16),
      fromHalf: type("SrcT", BFLOAT16),
      toHalf: type("DstT", BFLOAT16),
      from: type("SrcT"),
      to: type("DstT"),
      permutation: type("Tperm", addon.TF_INT32),
    };
  }

  /**
   * Runs `work`, and frees every tensor made on the way but one that it returns, which the scope around owns.
   * What is not a tensor passes through.
   */
  scope<R>(work: () => R): R {
    const made: Id[] = [];
    this.#scopes.push(made);
    let result: R | undefined;
    try {
      result = work();
      return result;
    } finally {
      this.#scopes.pop();
      for (const id of made) {
        if (id === result) this.#scopes.at(-1)?.push(id);
        else this.free(id);
      }
    }
  }

  /** Makes a tensor that no scope frees. */
  keep(work: () => Id): Id {
    const outside = this.#scopes.splice(0);
    try {
      return this.scope(work);
    } finally {
      this.#scopes.push(...outside);
    }
  }

  free(id: Id): void {
    this.#addon.deleteTensor(id);
  }

  /** May share the array's memory: it must not change while the tensor lives. */
  tensor(shape: readonly number[], values: Float32Array): Id {
    return this.#own(this.#addon.createTensor(shape, this.#addon.TF_FLOAT, values));
  }

  scalar(value: number): Id {
    return this.tensor([], Float32Array.of(value));
  }

  /** Copies a tensor's values to JavaScript. */
  read(id: Id): Float32Array {
    return this.#addon.tensorDataSync(id);
  }

  /** The matrix product `a b`, each transposed first where asked; slow on a processor where the transposed one is large. */
  product(a: Id, b: Id, { left = false, right = false } = {}): Id {
    const flags = [this.#flag("transpose_a", left), this.#flag("transpose_b", right)];
    const { T, half, from, to, fromHalf, toHalf } = this.#types;
    if (this.precision === "float32") return this.#run("MatMul", [T, ...flags], [a, b]);
    const truncate = this.#flag("Truncate", false);
    return this.scope(() => {
      const factors = [a, b].map((id) => this.#run("Cast", [from, toHalf, truncate], [id]));
      const product = this.#run("MatMul", [half, ...flags], factors);
      return this.#run("Cast", [fromHalf, to, truncate], [product]);
    });
  }

  /** An operation on tensors of one type that needs no more to be said. */
  plain(
    name:
      | "AddV2"
      | "ClipByValue"
      | "DeepCopy"
      | "L2Loss"
      | "Mul"
      | "Relu"
      | "ReluGrad"
      | "Softplus"
      | "SoftplusGrad"
      | "Sub",
    ...inputs: readonly Id[]
  ): Id {
    return this.#run(name, [this.#types.T], inputs);
  }

  /** Sums over axes, which stay with length 1 if `keep`. */
  sum(id: Id, axes: readonly number[], keep = false): Id {
    const { T, axis } = this.#types;
    return this.scope(() =>
      this.#run("Sum", [this.#flag("keep_dims", keep), T, axis], [id, this.#integers(axes)]),
    );
  }

  /** The part that begins at these indices and has this size, -1 for all that is left. */
  slice(id: Id, begin: readonly number[], size: readonly number[]): Id {
    const { T, index } = this.#types;
    return this.scope(() =>
      this.#run("Slice", [T, index], [id, this.#integers(begin), this.#integers(size)]),
    );
  }

  /** Transposes a matrix. */
  transpose(id: Id): Id {
    const { T, permutation } = this.#types;
    return this.scope(() => this.#run("Transpose", [T, permutation], [id, this.#integers([1, 0])]));
  }

  /** A variable's resource, with a value copied from an array; freed by `destroy`. */
  variable(name: string, shape: readonly number[], values: Float32Array): Id {
    const { TF_ATTR_STRING: string, TF_ATTR_SHAPE: type } = this.#addon;
    const attributes: Attribute[] = [
      this.#types.dtype,
      { name: "shape", type, value: shape },
      { name: "container", type: string, value: "" },
      { name: "shared_name", type: string, value: name },
    ];
    const handle = this.keep(() => this.#run("VarHandleOp", attributes, []));
    this.write(handle, shape, values);
    return handle;
  }

  /** Gives a variable a copy of an array's values: the array's own memory would be updated in place. */
  write(handle: Id, shape: readonly number[], values: Float32Array): void {
    this.scope(() => this.assign(handle, this.plain("DeepCopy", this.tensor(shape, values))));
  }

  /** A variable's value, without a copy; free it before the next update, which would copy otherwise. */
  value(handle: Id): Id {
    return this.#run("ReadVariableOp", [this.#types.dtype], [handle]);
  }

  assign(handle: Id, value: Id): void {
    this.#addon.executeOp("AssignVariableOp", [this.#types.dtype], [handle, value], 0);
  }

  /** TensorFlow's fused Adam, in place; the inputs as ResourceApplyAdam names them. */
  adam(handles: readonly [Id, Id, Id], settings: readonly Id[], gradient: Id): void {
    const flags = [this.#flag("use_locking", false), this.#flag("use_nesterov", false)];
    const inputs = [...handles, ...settings, gradient];
    this.#addon.executeOp("ResourceApplyAdam", [this.#types.T, ...flags], inputs, 0);
  }

  destroy(handle: Id): void {
    const flag = this.#flag("ignore_lookup_error", true);
    this.#addon.executeOp("DestroyResourceOp", [flag], [handle], 0);
    this.free(handle);
  }

  #integers(values: readonly number[]): Id {
    const { TF_INT32 } = this.#addon;
    return this.#own(this.#addon.createTensor([values.length], TF_INT32, Int32Array.from(values)));
  }

  #run(name: string, attributes: readonly Attribute[], inputs: readonly Id[]): Id {
    return this.#own(this.#addon.executeOp(name, attributes, inputs, 1)[0].id);
  }

  #own(id: Id): Id {
    this.#scopes.at(-1)?.push(id);
    return id;
  }

  #flag(name: string, value: boolean): Attribute {
    return { name, type: this.#addon.TF_ATTR_BOOL, value };
  }
}
