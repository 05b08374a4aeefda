// AdamW's arithmetic with PyTorch's epsilon: in JavaScript, and as a WebAssembly SIMD function put together here.

export const BETA1 = 0.9;
export const BETA2 = 0.999;
export const EPSILON = 1e-8;

export interface AdamStep {
  readonly learningRate: number;
  /** Decoupled from the gradient. */
  readonly weightDecay: number;
  /** Counts from 1. */
  readonly step: number;
}

/** What of a step is the same for each weight. */
export interface Coefficients {
  readonly keep: number;
  readonly rate: number;
  readonly root: number;
}

/**
 * `m = b1 m + (1 - b1) g`, `v = b2 v + (1 - b2) g^2`, `w = w keep - rate m / (sqrt(v) root + eps)` with
 * `keep = 1 - lr wd`, `rate = lr / (1 - b1^t)` and `root = 1 / sqrt(1 - b2^t)`.
 * Source: torch.optim.AdamW; TensorFlow's Adam has its epsilon inside the correction by `root`.
 */
export function coefficients({ learningRate, weightDecay, step }: AdamStep): Coefficients {
  return {
    keep: 1 - learningRate * weightDecay,
    rate: learningRate / (1 - BETA1 ** step),
    root: 1 / Math.sqrt(1 - BETA2 ** step),
  };
}

/** Updates weights and moments in place, by the kernel as far as it goes. All lie in the kernel's memory. */
export function updateInPlace(
  weights: Float32Array,
  gradient: Float32Array,
  first: Float32Array,
  second: Float32Array,
  { keep, rate, root }: Coefficients,
  kernel: AdamKernel | null,
): void {
  let i = 0;
  if (kernel) {
    i = weights.length - (weights.length % 4);
    const offsets = [weights, gradient, first, second].map(({ byteOffset }) => byteOffset);
    kernel(...(offsets as [number, number, number, number]), i, keep, rate, root);
  }
  for (; i < weights.length; i++) {
    const slope = gradient[i];
    const m = BETA1 * first[i] + (1 - BETA1) * slope;
    const v = BETA2 * second[i] + (1 - BETA2) * slope * slope;
    first[i] = m;
    second[i] = v;
    weights[i] = weights[i] * keep - (rate * m) / (Math.sqrt(v) * root + EPSILON);
  }
}

/** Updates `count` float32, a multiple of 4, in place; the first four are byte offsets in the memory. */
export type AdamKernel = (
  weights: number,
  gradient: number,
  first: number,
  second: number,
  count: number,
  keep: number,
  rate: number,
  root: number,
) => void;

/** What is used of WebAssembly; TypeScript declares it with the browser's library alone. */
interface WebAssemblyApi {
  readonly Memory: new () => object;
  validate(code: Uint8Array): boolean;
  readonly Module: new (code: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: Record<string, Record<string, unknown>>,
  ) => { readonly exports: Record<string, unknown> };
}

/** Makes the kernel over a WebAssembly memory, or null if there is none or the machine has no SIMD. */
export function adamKernel(memory: unknown): AdamKernel | null {
  const { WebAssembly } = globalThis as unknown as { WebAssembly: WebAssemblyApi };
  const code = assemble();
  if (!(memory instanceof WebAssembly.Memory) || !WebAssembly.validate(code)) return null;
  const instance = new WebAssembly.Instance(new WebAssembly.Module(code), { tfjs: { memory } });
  return instance.exports.update as AdamKernel;
}

// The encodings: https://webassembly.github.io/spec/core/binary/index.html
const I32 = 0x7f;
const F32 = 0x7d;
const V128 = 0x7b;
const simd = (opcode: number) => [0xfd, ...unsigned(opcode)];
const load = [...simd(0x00), 2, 0]; // aligned to 4 bytes, offset 0
const store = [...simd(0x0b), 2, 0];
const splat = simd(0x13);
const sqrt = simd(0xe3);
const add = simd(0xe4);
const subtract = simd(0xe5);
const multiply = simd(0xe6);
const divide = simd(0xe7);
const get = (local: number) => [0x20, local];
const set = (local: number) => [0x21, local];
const tee = (local: number) => [0x22, local];
const integer = (value: number) => [0x41, value]; // below 64
const float = (value: number) => [0x43, ...new Uint8Array(Float32Array.of(value).buffer)];

function assemble(): Uint8Array<ArrayBuffer> {
  const [weights, gradient, first, second, count, keep, rate, root] = [0, 1, 2, 3, 4, 5, 6, 7];
  const end = 8;
  const [slope, m, v, keeps, rates, roots, decay1, gain1, decay2, gain2, small] = Array.from(
    { length: 11 },
    (_, i) => 9 + i,
  );
  const spread = (value: readonly number[], local: number) => [...value, ...splat, ...set(local)];
  const advance = (local: number) => [...get(local), ...integer(16), 0x6a, ...set(local)];
  const body = [
    ...[2, 1, I32, 11, V128], // locals
    ...[...get(weights), ...get(count), ...integer(2), 0x74, 0x6a, ...set(end)], // weights + 4 count
    ...spread(get(keep), keeps),
    ...spread(get(rate), rates),
    ...spread(get(root), roots),
    ...spread(float(BETA1), decay1),
    ...spread(float(1 - BETA1), gain1),
    ...spread(float(BETA2), decay2),
    ...spread(float(1 - BETA2), gain2),
    ...spread(float(EPSILON), small),
    ...[0x02, 0x40, 0x03, 0x40], // block, loop
    ...[...get(weights), ...get(end), 0x4f, 0x0d, 1], // leave the block at the end
    ...[...get(gradient), ...load, ...set(slope)],
    ...[...get(first), ...get(first), ...load, ...get(decay1), ...multiply],
    ...[...get(slope), ...get(gain1), ...multiply, ...add, ...tee(m), ...store],
    ...[...get(second), ...get(second), ...load, ...get(decay2), ...multiply],
    ...[...get(slope), ...get(slope), ...multiply, ...get(gain2), ...multiply],
    ...[...add, ...tee(v), ...store],
    ...[...get(weights), ...get(weights), ...load, ...get(keeps), ...multiply],
    ...[...get(rates), ...get(m), ...multiply],
    ...[...get(v), ...sqrt, ...get(roots), ...multiply, ...get(small), ...add],
    ...[...divide, ...subtract, ...store],
    ...[weights, gradient, first, second].flatMap(advance),
    ...[0x0c, 0, 0x0b, 0x0b, 0x0b], // again; end of loop, block and function
  ];
  const type = [0x60, 8, I32, I32, I32, I32, I32, F32, F32, F32, 0];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, ...type]),
    ...section(2, [1, ...text("tfjs"), ...text("memory"), 0x02, 0, 0]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...text("update"), 0x00, 0]),
    ...section(10, [1, ...unsigned(body.length), ...body]),
  ]);
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...unsigned(content.length), ...content];
}

function text(name: string): number[] {
  return [name.length, ...new TextEncoder().encode(name)];
}

/** LEB128. */
function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}
