// The primitives on TensorFlow.js's public API, the same code for libtensorflow, WebGPU, wasm and plain JavaScript.
//
// Tensors are `[rows, units]`, weights `[outputs, inputs]` as in PyTorch, and no product has a transpose flag:
// libtensorflow copies a transposed factor slowly, wasm multiplies it ten times slower. Activations, which are small, are
// transposed instead; only wasm and WebGPU transpose a weight, for `slope W`. wasm packs the second factor of a product
// and caches it for the tensor's life, so a weight, which is updated in place, is always the first factor there.
import type * as Tf from "@tensorflow/tfjs-core";
import type { Random } from "../cohort/random.js";
import type {
  Activation,
  BackendName,
  Engine,
  Head,
  Parameter,
  Settlement,
  Tensor,
} from "./engine.js";
import { memoryLimits } from "./platform.js";
import { checkShapes } from "./shapes.js";
import { type Backend, inTurn, loadBackend } from "./tfjs-backend.js";
import { type Block, type Part, readBlock, TfjsParameter } from "./tfjs-parameter.js";

export interface TfjsOptions {
  readonly backend: BackendName;
  /** Entries of a weight to work on at a time; the default depends on the backend. */
  readonly blockEntries?: number;
  /** By default bfloat16 where libtensorflow, which alone knows it, runs on a graphics processor that has it. */
  readonly precision?: Engine["precision"];
}

type T = Tf.Tensor2D;

interface TfjsTensor extends Tensor {
  readonly values: T;
}

function tensorOf(values: T): TfjsTensor {
  const [rows, units] = values.shape;
  return { rows, units, values };
}

const valuesOf = (x: Tensor): T => (x as TfjsTensor).values;
const partsOf = (parameter: Parameter): TfjsParameter => parameter as TfjsParameter;

/** The engine that is running a pass. */
let running: Engine | null = null;

/**
 * Makes the engine.
 * @throws Error with the reason if the backend cannot run here.
 */
export async function tfjsEngine({
  backend: name,
  blockEntries,
  precision,
}: TfjsOptions): Promise<Engine> {
  const backend = await loadBackend(name);
  const { tf } = backend;
  const chosen = precision ?? choosePrecision(backend);
  const entries = blockEntries ?? entriesFor(backend);
  const multiply = (a: T, b: T): T =>
    backend.library ? backend.library.product(a, b, chosen) : tf.matMul<T>(a, b);

  const enter = () => {
    if (running !== engine) throw new Error("tfjs: expected a call within this engine's run");
    backend.activate();
  };
  const operation = (make: () => T): Tensor => {
    enter();
    return tensorOf(tf.tidy(make));
  };

  /** Unfinished copies, which a run waits for. */
  const copies: Promise<void>[] = [];
  const copy = (make: () => T): Promise<Float32Array> => {
    const values = copyOut(backend, make);
    const done = () => {};
    if (running === engine) copies.push(values.then(done, done));
    return values;
  };

  /** `W x^T` for a group of parts, `[outputs of the group, rows]`, of `x^T`, `[inputs, rows]`. */
  const forward = (group: readonly Part[], byUnit: T): T =>
    addUp(
      tf,
      group.map((part) => () => {
        const { left: top, right: bottom } = inputsOf(part, group);
        const inputs = slice(backend, byUnit, { top, bottom, left: 0, right: byUnit.shape[1] });
        return multiply(part.variable.get("value"), inputs);
      }),
    );
  /** `slope W` for a group of parts, `[rows, inputs]`, of `slope`, `[rows, outputs of the group]`. */
  const back = (group: readonly Part[], slope: T, byUnit?: T): T =>
    tf.tidy(() => {
      const parts = group.map(({ variable }) =>
        tf.tidy(() => {
          const weight = variable.get("value");
          if (backend.library) return multiply(slope, weight);
          return tf.transpose(multiply(tf.transpose(weight), byUnit ?? tf.transpose(slope)));
        }),
      );
      return tf.concat(parts, 1);
    });

  /** Settles a parameter's gradients part by part; `end` completes the settlement. */
  const settling = (parameter: TfjsParameter, settlement: Settlement) => {
    const taken = new Map<Part, Promise<Float32Array>>();
    const isMatrix = parameter.shape.length > 1;
    return {
      take(part: Part, gradient: () => T): void {
        if (settlement instanceof Map) {
          taken.set(part, copy(gradient));
          return;
        }
        const l2 = isMatrix ? settlement.l2 : 0;
        const penalized = () =>
          l2 === 0 ? gradient() : tf.add<T>(gradient(), tf.mul(part.variable.get("value"), l2));
        tf.tidy(() => part.variable.update(tf.tidy(penalized), settlement));
      },
      end(): void {
        if (settlement instanceof Map) {
          const values = parameter.assemble("gradient", (part) => taken.get(part)!);
          settlement.set(parameter.name, values);
        } else parameter.decayUnused(settlement);
      },
    };
  };
  /** Settles a group's gradients, given its slope, `[outputs of the group, rows]`, and `x`, `[rows, inputs]`. */
  const settleGroup = (
    { take }: ReturnType<typeof settling>,
    group: readonly Part[],
    byUnit: T,
    x: T,
  ): void => {
    for (const part of group) {
      const block = { top: 0, bottom: x.shape[0], ...inputsOf(part, group) };
      take(part, () => multiply(byUnit, slice(backend, x, block)));
    }
  };
  const settleVector = (vector: TfjsParameter, gradient: () => T, settlement: Settlement): void => {
    const { take, end } = settling(vector, settlement);
    take(vector.parts[0], gradient);
    end();
  };

  const head: Engine["head"] = (weight, bias, x, target, options): Head => {
    enter();
    const { activation, loss, observed, settlement } = options;
    const { rows, columns } = target;
    const { apply, derive } = ACTIVATIONS[activation];
    const [ofWeight, ofBias] = [partsOf(weight), partsOf(bias)];
    const scale = observed === 0 ? 0 : (loss === "squared" ? 2 : 1) / observed;
    // Only over the rows: a float32 sum over millions of entries would lose digits.
    const sumRows = (x: T) => tf.sum<T>(x, 0, true);
    const { slope, losses } = tf.tidy(() => {
      const byUnit = tf.transpose(valuesOf(x)); // [inputs, rows]
      const scaled = tf.mul<T>(valuesOf(x), scale); // instead of the slopes, which are larger
      const settler = settlement && settling(ofWeight, settlement);
      let slope: T | undefined;
      const sums = ofWeight.groups.map((group) => {
        const done = tf.tidy(() => {
          const [{ top: left, bottom: right }] = group;
          const block = { top: 0, bottom: rows, left, right };
          const upload = (values: Float32Array | Uint8Array) =>
            tf.tensor2d(readBlock(values, columns, block), [rows, right - left]);
          const biases = ofBias.parts[0].variable.get("value");
          const shift = slice(backend, biases, { ...block, bottom: 1 });
          const linear = tf.add<T>(tf.transpose(forward(group, byUnit)), shift);
          const error = tf.sub(apply(tf, linear), upload(target.values));
          const difference = tf.mul<T>(error, upload(target.observed));
          // clip(d) (d - clip(d) / 2) is d^2 / 2 up to 1 and |d| - 1/2 from there on: Huber's loss with delta 1.
          const clipped = tf.clipByValue<T>(difference, -1, 1);
          const huber = tf.mul<T>(clipped, tf.sub(difference, tf.mul(clipped, 0.5)));
          const losses = [sumRows(huber), sumRows(tf.square(difference))];
          if (!settler) return { sums: losses };
          const outer = derive(tf, loss === "huber" ? clipped : difference, linear); // [rows, outputs of the group]
          const outerByUnit = tf.transpose(outer);
          const inner = back(group, outer, outerByUnit);
          settleGroup(settler, group, outerByUnit, scaled);
          const sum = slope ? tf.add<T>(slope, inner) : inner;
          return { sums: [...losses, sumRows(outer)], slope: sum };
        });
        slope?.dispose();
        slope = done.slope;
        return done.sums;
      });
      settler?.end();
      const join = (i: number) => tf.concat<T>([...sums.map((of) => of[i])], 1); // [1, outputs]
      if (settlement) settleVector(ofBias, () => tf.mul<T>(join(2), scale), settlement);
      const scaledSlope = slope ? tf.mul<T>(slope, scale) : undefined;
      return { slope: scaledSlope, losses: tf.concat([join(0), join(1)]) };
    });
    const sums = copy(() => losses).then((values) => {
      const sumOf = (part: Float32Array) => part.reduce((sum, value) => sum + value, 0);
      const outputs = values.length / 2;
      return {
        huber: sumOf(values.subarray(0, outputs)),
        squared: sumOf(values.subarray(outputs)),
      };
    });
    return { slope: slope ? tensorOf(slope) : null, sums };
  };

  const engine: Engine = {
    name: "tfjs",
    backend: name,
    version: backend.version,
    precision: chosen,
    memoryLimits: () => memoryLimits(name),

    run: (work) =>
      inTurn(async () => {
        running = engine;
        backend.activate();
        tf.engine().startScope();
        try {
          return await work();
        } finally {
          await Promise.all(copies.splice(0));
          tf.engine().endScope();
          running = null;
        }
      }),

    parameter(name, shape, values, options = {}) {
      backend.activate();
      return new TfjsParameter(backend, entries, name, shape, values, options);
    },
    readParameter: (parameter, kept) =>
      partsOf(parameter).assemble(kept, ({ variable }) => copy(() => variable.get(kept))),
    writeParameter(parameter, kept, values) {
      backend.activate();
      partsOf(parameter).write(kept, values);
    },
    dispose(parameter) {
      backend.activate();
      partsOf(parameter).dispose();
    },
    tensor: (values, rows, columns) =>
      operation(() => {
        const stride = values.length / rows;
        const { start: left, end: right } = columns ?? { start: 0, end: stride };
        if (right - left === stride) return tf.tensor2d(values, [rows, stride]);
        const part = readBlock(values, stride, { top: 0, bottom: rows, left, right });
        return tf.tensor2d(part, [rows, right - left]);
      }),
    read(x) {
      enter();
      return copy(() => valuesOf(x));
    },
    // A copy, which later settlements do not change.
    vector: (parameter) =>
      operation(() => tf.mul<T>(partsOf(parameter).parts[0].variable.get("value"), 1)),
    inspect(values, marks) {
      let finite = true;
      // A difference with itself is NaN for NaN and both infinities.
      for (let i = 0; i < values.length; i++) finite &&= values[i] - values[i] === 0;
      let marked = 0;
      for (let i = 0; i < marks.length; i++) marked += marks[i];
      return { finite, marked };
    },

    linear: (weight, bias, x) =>
      operation(() => {
        const byUnit = tf.transpose(valuesOf(x));
        const outputs = partsOf(weight).groups.map((group) => forward(group, byUnit));
        const added = partsOf(bias).parts[0].variable.get("value");
        return tf.add<T>(tf.transpose(tf.concat(outputs)), added);
      }),
    linearBack: (weight, slope) =>
      operation(() =>
        addUp(
          tf,
          partsOf(weight).groups.map((group) => () => {
            const [{ top: left, bottom: right }] = group;
            const block = { top: 0, bottom: slope.rows, left, right };
            return back(group, slice(backend, valuesOf(slope), block));
          }),
        ),
      ),
    settleWeight(weight, slope, x, settlement) {
      enter();
      tf.tidy(() => {
        const byUnit = tf.transpose(valuesOf(slope));
        const settler = settling(partsOf(weight), settlement);
        for (const group of partsOf(weight).groups) {
          const [{ top, bottom }] = group;
          const block = { top, bottom, left: 0, right: slope.rows };
          tf.tidy(() => settleGroup(settler, group, slice(backend, byUnit, block), valuesOf(x)));
        }
        settler.end();
      });
    },
    settleVector(vector, gradient, settlement) {
      enter();
      const { variable } = partsOf(vector).parts[0];
      const slope = () => (gradient ? valuesOf(gradient) : tf.zerosLike(variable.get("value")));
      settleVector(partsOf(vector), slope, settlement);
    },
    blend(buffer, x, share) {
      enter();
      const { variable } = partsOf(buffer).parts[0];
      tf.tidy(() => {
        const old = variable.get("value");
        variable.replace(tf.add<T>(old, tf.mul(tf.sub(valuesOf(x), old), share)));
      });
    },
    head,

    add: (a, b) => operation(() => tf.add(valuesOf(a), valuesOf(b))),
    sub: (a, b) => operation(() => tf.sub(valuesOf(a), valuesOf(b))),
    mul: (a, b) => operation(() => tf.mul(valuesOf(a), valuesOf(b))),
    scale: (a, by, plus = 0) =>
      operation(() => {
        const scaled = tf.mul<T>(valuesOf(a), by);
        return plus === 0 ? scaled : tf.add<T>(scaled, plus);
      }),
    exp: (a) => operation(() => tf.exp(valuesOf(a))),
    rsqrt: (a, epsilon) => operation(() => tf.rsqrt(tf.add<T>(valuesOf(a), epsilon))),
    relu: (a, leak) =>
      operation(() => (leak === 0 ? tf.relu(valuesOf(a)) : tf.leakyRelu(valuesOf(a), leak))),
    softplus: (a) => operation(() => tf.softplus(valuesOf(a))),
    sigmoid: (a) => operation(() => tf.sigmoid(valuesOf(a))),
    clip: (a, low, high) => operation(() => tf.clipByValue(valuesOf(a), low, high)),
    gate: (slope, out, leak) =>
      operation(() => tf.mul<T>(valuesOf(slope), tf.step(valuesOf(out), leak))),
    mask: (rows, units, share, random) =>
      operation(() => tf.tensor2d(drawMask(rows * units, share, random), [rows, units])),

    sumRows: (a) => operation(() => tf.sum<T>(valuesOf(a), 0, true)),
    addVector: (a, vector) => operation(() => tf.add(valuesOf(a), valuesOf(vector))),
    mulVector: (a, vector) => operation(() => tf.mul(valuesOf(a), valuesOf(vector))),
    sliceRows: (a, start, end) =>
      operation(() =>
        slice(backend, valuesOf(a), { top: start, bottom: end, left: 0, right: a.units }),
      ),
    stackRows: (parts) => operation(() => tf.concat(parts.map(valuesOf))),
  };
  return checkShapes(engine);
}

interface ActivationRule {
  apply(tf: Backend["tf"], x: T): T;
  /** The slope with respect to `x` of the slope with respect to `apply(x)`. */
  derive(tf: Backend["tf"], slope: T, x: T): T;
}

const ACTIVATIONS: Readonly<Record<Activation, ActivationRule>> = {
  linear: { apply: (_, x) => x, derive: (_, slope) => slope },
  relu: {
    apply: (tf, x) => tf.relu(x),
    derive: (tf, slope, x) => tf.mul<T>(slope, tf.step(x)),
  },
  softplus: {
    apply: (tf, x) => tf.softplus(x),
    derive: (tf, slope, x) => tf.mul<T>(slope, tf.sigmoid(x)),
  },
};

/** Tries a small product: a graphics processor without bfloat16 refuses it. */
function choosePrecision({ library, tf }: Backend): Engine["precision"] {
  if (!library?.isOnGpu) return "float32";
  try {
    const [product] = tf.tidy(() => {
      const one = tf.tensor2d([[1]]);
      return library.product(one, one, "bfloat16").dataSync();
    });
    return product === 1 ? "bfloat16" : "float32";
  } catch {
    return "float32";
  }
}

/**
 * On a processor, as much as its caches hold: 1 MiB for one thread, 16 MiB for libtensorflow's threads. On a graphics
 * processor, all at once with libtensorflow, and 16 MiB with WebGPU, which limits the size of buffers.
 */
function entriesFor({ name, library }: Backend): number {
  if (library?.isOnGpu) return Number.POSITIVE_INFINITY;
  return library || name === "webgpu" ? 1 << 22 : 1 << 18;
}

/** The inputs of a part, as columns of the group's. */
function inputsOf({ left, right }: Part, [first]: readonly Part[]): Pick<Block, "left" | "right"> {
  return { left: left - first.left, right: right - first.left };
}

/** A block of a tensor. */
function slice({ tf, view }: Backend, x: T, block: Block): T {
  const { top, bottom, left, right } = block;
  const [rows, columns] = x.shape;
  if (bottom - top === rows && right - left === columns) return x;
  const seen = view(x);
  if (!seen) return tf.slice2d(x, [top, left], [bottom - top, right - left]);
  // tfjs's own slice copies the whole tensor out of wasm's heap first.
  return tf.tensor2d(readBlock(seen, columns, block), [bottom - top, right - left]);
}

/** Makes tensors one at a time, and adds them up. */
function addUp(tf: Backend["tf"], terms: readonly (() => T)[]): T {
  return terms.reduce<T | null>((sum, make) => {
    const next = tf.tidy(() => (sum ? tf.add<T>(sum, make()) : make()));
    sum?.dispose();
    return next;
  }, null)!;
}

async function copyOut({ activate, tf }: Backend, make: () => T): Promise<Float32Array> {
  activate();
  // Outside of all scopes, because the tensor may be freed or replaced before a graphics processor answers.
  const held = tf.keep(tf.tidy(() => tf.clone(make())));
  try {
    return (await held.data<"float32">()).slice();
  } finally {
    held.dispose();
  }
}

/** Draws the mask of `Engine.mask`, row-major. */
function drawMask(entries: number, share: number, random: Random): Float32Array {
  const mask = new Float32Array(entries);
  for (let i = 0; i < entries; i++) {
    mask[i] = random.uint32() < share * 0x100000000 ? 0 : 1 / (1 - share);
  }
  return mask;
}
