// AdamW's update as a WebAssembly SIMD function, assembled here because tfjs's wasm backend has no such operation.

/**
 * Updates `count` numbers in float32, a multiple of 4, in place. The first four arguments are byte offsets in the memory,
 * the last eight the numbers of adamw.ts: `keep`, `rate`, `root`, `beta1`, `1 - beta1`, `beta2`, `1 - beta2` and `epsilon`.
 */
export type AdamKernel = (
  ...operands: [
    ...[weights: number, gradient: number, first: number, second: number, count: number],
    ...[keep: number, rate: number, root: number],
    ...[beta1: number, gain1: number, beta2: number, gain2: number, epsilon: number],
  ]
) => void;

/** The part of WebAssembly used here; TypeScript declares it only with the browser's library. */
interface WebAssemblyApi {
  readonly Memory: new () => object;
  validate(code: Uint8Array): boolean;
  readonly Module: new (code: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: Record<string, Record<string, unknown>>,
  ) => { readonly exports: Record<string, unknown> };
}

/** Makes the kernel for a WebAssembly memory; null without a memory or without SIMD. */
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

function assemble(): Uint8Array<ArrayBuffer> {
  // Parameters, then locals: the end of the weights, three working vectors, and a vector for each float parameter.
  const [weights, gradient, first, second, count] = [0, 1, 2, 3, 4];
  const floats = Array.from({ length: 8 }, (_, i) => 5 + i);
  const [end, slope, m, v] = [13, 14, 15, 16];
  const vectors = floats.map((_, i) => 17 + i);
  const [keep, rate, root, beta1, gain1, beta2, gain2, epsilon] = vectors;
  const advance = (local: number) => [...get(local), ...integer(16), 0x6a, ...set(local)];
  const body = [
    ...[2, 1, I32, 11, V128], // locals
    ...[...get(weights), ...get(count), ...integer(2), 0x74, 0x6a, ...set(end)], // weights + 4 count
    ...floats.flatMap((float, i) => [...get(float), ...splat, ...set(vectors[i])]),
    ...[0x02, 0x40, 0x03, 0x40], // block, loop
    ...[...get(weights), ...get(end), 0x4f, 0x0d, 1], // leave the block at the end
    ...[...get(gradient), ...load, ...set(slope)],
    ...[...get(first), ...get(first), ...load, ...get(beta1), ...multiply],
    ...[...get(slope), ...get(gain1), ...multiply, ...add, ...tee(m), ...store],
    ...[...get(second), ...get(second), ...load, ...get(beta2), ...multiply],
    ...[...get(slope), ...get(slope), ...multiply, ...get(gain2), ...multiply],
    ...[...add, ...tee(v), ...store],
    ...[...get(weights), ...get(weights), ...load, ...get(keep), ...multiply],
    ...[...get(rate), ...get(m), ...multiply],
    ...[...get(v), ...sqrt, ...get(root), ...multiply, ...get(epsilon), ...add],
    ...[...divide, ...subtract, ...store],
    ...[weights, gradient, first, second].flatMap(advance),
    ...[0x0c, 0, 0x0b, 0x0b, 0x0b], // again; end of loop, block and function
  ];
  const type = [0x60, 13, ...Array(5).fill(I32), ...Array(8).fill(F32), 0];
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
