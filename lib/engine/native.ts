// The native engine: the primitives on this library's kernels, with one pass over weights and moments per step.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Matrix } from "../cohort/matrix.js";
import type { Random } from "../cohort/random.js";
import { type AdamW, coefficients } from "./adamw.js";
import type {
  Columns,
  Engine,
  Head,
  HeadOptions,
  Kept,
  Parameter,
  ParameterOptions,
  Settlement,
  Tensor,
} from "./engine.js";
import {
  ACTIVATION,
  type Kernels,
  kernelVersion,
  LOSS,
  loadKernels,
  OPERATION,
  type Trained,
  type WeightPlace,
} from "./kernels.js";
import { memoryLimits } from "./platform.js";
import { checkShapes } from "./shapes.js";

/**
 * Starts the native engine. The first time, it compiles the kernels, which takes some seconds.
 * @throws Error with the reason if there is no compiler for them.
 */
export async function nativeEngine(): Promise<Engine> {
  return checkShapes(new NativeEngine(await loadKernels(), await kernelVersion()));
}

/** Row-major `[rows, units]`. */
interface NativeTensor extends Tensor {
  readonly values: Float32Array;
}

interface NativeParameter extends Parameter, Trained {}

const native = (x: Tensor) => (x as NativeTensor).values;
const arrays = (parameter: Parameter) => parameter as NativeParameter;

/** Runs after which unused memory is freed; an epoch has only a few kinds of passes. */
const RUNS_KEPT = 16;

/** Once this many bytes of weights were copied, garbage is collected before the next run. */
const LARGE = 2 ** 28;

/** Coefficients that tell kernels to copy gradients instead of applying them. */
const NO_UPDATE = new Float64Array(9);

/**
 * Collects garbage at once. A large model's moments get their memory in its first step; without this, the weights that it
 * was built from would still occupy as much as one of them.
 */
function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
}

class NativeEngine implements Engine {
  readonly name = "native";
  readonly precision = "float32";
  readonly backend: string;
  readonly version: string;
  readonly #kernels: Kernels;
  /** Arrays for reuse, by length, least recently used first. New ones would pile up faster than they are collected. */
  readonly #free = new Map<number, { readonly arrays: Float32Array[]; run: number }>();
  /** Arrays that the current run uses. */
  #taken: Float32Array[] = [];
  #runs = 0;
  /** Bytes of weights that parameters were copied from since the last garbage collection. */
  #copied = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(kernels: Kernels, version: string) {
    this.#kernels = kernels;
    this.backend = `${32 * kernels.vector}-bit vectors, ${kernels.threads} threads`;
    this.version = version;
  }

  memoryLimits() {
    return memoryLimits("native");
  }

  run<R>(work: () => Promise<R>): Promise<R> {
    if (this.#copied > LARGE) {
      this.#copied = 0;
      collectGarbage();
    }
    const result = this.#last.then(work).finally(() => this.#recycle());
    this.#last = result.catch(() => {});
    return result;
  }

  // ------------------------------------------------------------ memory

  parameter(
    name: string,
    shape: readonly number[],
    values: Float32Array,
    { columns, isTrained = true }: ParameterOptions = {},
  ): Parameter {
    const last = shape[shape.length - 1];
    const make = () => this.#kernels.allocate({ length: values.length });
    const value = make();
    value.set(values);
    this.#copied += values.byteLength;
    const [first, second] = isTrained ? [make(), make()] : [null, null];
    const made: NativeParameter = {
      name,
      shape,
      columns: columns ?? { start: 0, end: last },
      isTrained,
      value,
      first,
      second,
    };
    return made;
  }

  async readParameter(parameter: Parameter, kept: Kept): Promise<Float32Array> {
    return arrays(parameter)[kept]!.slice();
  }

  writeParameter(parameter: Parameter, kept: Kept, values: Float32Array): void {
    arrays(parameter)[kept]!.set(values);
  }

  /** The parameter's arrays are freed with the last reference to them; arrays of past passes are no longer needed. */
  dispose(): void {
    this.#free.clear();
  }

  tensor(values: Float32Array, rows: number, columns?: Columns): Tensor {
    const stride = values.length / rows;
    const { start, end } = columns ?? { start: 0, end: stride };
    const units = end - start;
    if (units === stride) return tensorOf(rows, values);
    const out = this.#take(rows * units);
    for (let row = 0; row < rows; row++) {
      out.set(values.subarray(row * stride + start, row * stride + end), row * units);
    }
    return tensorOf(rows, out);
  }

  async read(x: Tensor): Promise<Float32Array> {
    return native(x).slice();
  }

  vector(parameter: Parameter): Tensor {
    const { start, end } = parameter.columns;
    const out = this.#take(end - start);
    out.set(arrays(parameter).value.subarray(start, end));
    return tensorOf(1, out);
  }

  inspect(values: Float32Array, marks: Uint8Array) {
    const out = new Float64Array(2);
    this.#kernels.inspect({ values, marks, out });
    return { finite: out[0] === 1, marked: out[1] };
  }

  // ------------------------------------------------------------ products

  linear(weight: Parameter, bias: Parameter, x: Tensor): Tensor {
    const place = placeOf(weight);
    const out = this.#take(x.rows * place.outputs);
    this.#kernels.forward({
      ...place,
      weight: arrays(weight).value,
      bias: arrays(bias).value,
      x: native(x),
      rows: x.rows,
      out,
    });
    return tensorOf(x.rows, out);
  }

  linearBack(weight: Parameter, slope: Tensor): Tensor {
    const place = placeOf(weight);
    const { rows } = slope;
    const out = this.#take(rows * place.inputs);
    this.#kernels.backward({
      ...place,
      weight: arrays(weight).value,
      slope: native(slope),
      rows,
      out,
    });
    return tensorOf(rows, out);
  }

  settleWeight(weight: Parameter, slope: Tensor, x: Tensor, settlement: Settlement): void {
    this.#kernels.update({
      ...placeOf(weight),
      weight: targetOf(weight, settlement),
      slope: native(slope),
      x: native(x),
      rows: x.rows,
      adam: numbersOf(settlement),
    });
    decayUnused(weight, settlement);
  }

  settleVector(vector: Parameter, gradient: Tensor | null, settlement: Settlement): void {
    const { start, end } = vector.columns;
    const along = gradient ? native(gradient) : new Float32Array(end - start);
    const target = targetOf(vector, settlement);
    if (settlement instanceof Map) target.value.set(along, start);
    else {
      const adam = numbersOf(settlement);
      this.#kernels.settle({ parameter: target, start, gradient: along, adam });
    }
    decayUnused(vector, settlement);
  }

  blend(buffer: Parameter, x: Tensor, share: number): void {
    const { start, end } = buffer.columns;
    const held = arrays(buffer).value.subarray(start, end);
    const values = native(x);
    for (let i = 0; i < held.length; i++) held[i] += share * (values[i] - held[i]);
  }

  head(
    weight: Parameter,
    bias: Parameter,
    x: Tensor,
    { values, observed: marks }: Matrix,
    { activation, loss, observed, settlement }: HeadOptions,
  ): Head {
    const slope = settlement && this.#take(x.rows * x.units);
    const isCopied = settlement instanceof Map;
    const sums = new Float64Array(2);
    this.#kernels.head({
      ...placeOf(weight),
      weight: arrays(weight),
      bias: arrays(bias),
      x: native(x),
      rows: x.rows,
      values,
      observed: marks,
      activation: ACTIVATION[activation],
      loss: LOSS[loss],
      scale: observed > 0 ? 1 / observed : 0,
      slope,
      sums,
      adam: settlement ? numbersOf(settlement) : NO_UPDATE,
      gradient: isCopied ? targetOf(weight, settlement).value : null,
      biasGradient: isCopied ? targetOf(bias, settlement).value : null,
    });
    if (settlement) decayUnused(weight, settlement);
    const [huber, squared] = sums;
    return { sums: Promise.resolve({ huber, squared }), slope: slope && tensorOf(x.rows, slope) };
  }

  // ------------------------------------------------------------ element by element

  add = (a: Tensor, b: Tensor) => this.#map("add", a, b);
  sub = (a: Tensor, b: Tensor) => this.#map("subtract", a, b);
  mul = (a: Tensor, b: Tensor) => this.#map("multiply", a, b);
  scale = (a: Tensor, by: number, plus = 0) => this.#map("scale", a, null, by, plus);
  exp = (a: Tensor) => this.#map("exp", a);
  rsqrt = (a: Tensor, epsilon: number) => this.#map("rsqrt", a, null, epsilon);
  relu = (a: Tensor, leak: number) => this.#map("leaky", a, null, leak);
  softplus = (a: Tensor) => this.#map("softplus", a);
  sigmoid = (a: Tensor) => this.#map("sigmoid", a);
  clip = (a: Tensor, low: number, high: number) => this.#map("clip", a, null, low, high);
  gate = (slope: Tensor, out: Tensor, leak: number) => this.#map("gate", slope, out, leak);

  mask(rows: number, units: number, share: number, random: Random): Tensor {
    const out = this.#take(rows * units);
    const state = Uint32Array.from(random.state());
    const [threshold, scale] = [share * 0x100000000, 1 / (1 - share)];
    this.#kernels.mask({ threshold, scale, state, out });
    const [a, b, c, counter] = state;
    random.moveTo([a, b, c, counter]);
    return tensorOf(rows, out);
  }

  // ------------------------------------------------------------ across rows

  sumRows(a: Tensor): Tensor {
    const out = this.#take(a.units);
    this.#kernels.sumRows({ a: native(a), rows: a.rows, out });
    return tensorOf(1, out);
  }

  addVector = (a: Tensor, vector: Tensor) => this.#mapRows("add", a, vector);
  mulVector = (a: Tensor, vector: Tensor) => this.#mapRows("multiply", a, vector);

  sliceRows({ units, ...rest }: Tensor, start: number, end: number): Tensor {
    const { values } = rest as NativeTensor;
    return tensorOf(end - start, values.subarray(start * units, end * units));
  }

  stackRows(parts: readonly Tensor[]): Tensor {
    const rows = parts.reduce((sum, part) => sum + part.rows, 0);
    const out = this.#take(rows * parts[0].units);
    let at = 0;
    for (const part of parts) {
      out.set(native(part), at);
      at += native(part).length;
    }
    return tensorOf(rows, out);
  }

  #map(
    operation: keyof typeof OPERATION,
    a: Tensor,
    b: Tensor | null = null,
    x = 0,
    y = 0,
  ): NativeTensor {
    const out = this.#take(native(a).length);
    this.#kernels.map({
      operation: OPERATION[operation],
      a: native(a),
      b: b && native(b),
      x,
      y,
      out,
    });
    return tensorOf(a.rows, out);
  }

  #mapRows(operation: "add" | "multiply", a: Tensor, vector: Tensor): NativeTensor {
    const out = this.#take(native(a).length);
    this.#kernels.mapRows({
      operation: OPERATION[operation],
      a: native(a),
      vector: native(vector),
      out,
    });
    return tensorOf(a.rows, out);
  }

  /** Takes an array for a tensor of the current run; its contents are arbitrary. */
  #take(length: number): Float32Array {
    const array = this.#free.get(length)?.arrays.pop() ?? this.#kernels.allocate({ length });
    this.#taken.push(array);
    return array;
  }

  /** Frees the tensors of a run, and arrays of lengths that the last runs did not use. */
  #recycle(): void {
    this.#runs++;
    for (const array of this.#taken) {
      const list = this.#free.get(array.length) ?? { arrays: [], run: 0 };
      this.#free.delete(array.length);
      this.#free.set(array.length, list);
      list.arrays.push(array);
      list.run = this.#runs;
    }
    this.#taken = [];
    for (const [length, { run }] of this.#free) {
      if (this.#runs - run < RUNS_KEPT) break;
      this.#free.delete(length);
    }
  }
}

function tensorOf(rows: number, values: Float32Array): NativeTensor {
  return { rows, units: values.length / rows, values };
}

function placeOf({ shape, columns: { start, end } }: Parameter): WeightPlace {
  const [outputs, stride] = shape;
  return { start, stride, outputs, inputs: end - start };
}

/** Where a gradient goes: to the parameter and its moments, or to an array of its size. */
function targetOf(parameter: Parameter, settlement: Settlement): Trained {
  if (!(settlement instanceof Map)) return arrays(parameter);
  const value = new Float32Array(arrays(parameter).value.length);
  settlement.set(parameter.name, Promise.resolve(value));
  return { value, first: null, second: null };
}

function numbersOf(settlement: Settlement): Float64Array {
  if (settlement instanceof Map) return NO_UPDATE;
  const { keep, rate, root } = coefficients(settlement);
  const { beta1, beta2, epsilon, l2 } = settlement;
  return Float64Array.of(keep, rate, root, beta1, 1 - beta1, beta2, 1 - beta2, epsilon, l2);
}

/** Applies AdamW's decay outside of a parameter's columns, where nothing else happens. */
function decayUnused(parameter: Parameter, settlement: AdamW | Settlement): void {
  if (settlement instanceof Map) return;
  const { keep } = coefficients(settlement);
  const { columns, shape } = parameter;
  const stride = shape[shape.length - 1];
  if (keep === 1 || columns.end - columns.start === stride) return;
  const { value } = arrays(parameter);
  for (let from = 0; from < value.length; from += stride) {
    for (let i = from; i < from + columns.start; i++) value[i] *= keep;
    for (let i = from + columns.end; i < from + stride; i++) value[i] *= keep;
  }
}
