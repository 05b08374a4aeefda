// Linear algebra on kernels of our own: linear-algebra.cc, compiled for this processor, on all of its cores.
import { createRequire } from "node:module";
import { type CompileOptions, compileAddon, threadCount } from "./compile.js";
import type { Algebra, Factor } from "./linear-algebra-portable.js";

type Numbers = Float32Array | Float64Array;
type Strided = [values: Numbers, row: number, inner: number, center: Float64Array | null];

/** linear-algebra.cc */
interface Addon extends Pick<Algebra, "factorCholesky" | "decomposeSymmetric"> {
  setThreads(count: number): void;
  multiply(
    ...args: [
      ...[...a: Strided, ...b: Strided],
      ...[rows: number, columns: number, count: number, symmetric: number, out: Float64Array],
    ]
  ): void;
  solveCholesky(factor: Float64Array, size: number, right: Float64Array, rows: number): void;
  squaredDistances(
    ...args: [
      ...[a: Numbers, b: Numbers, rows: number, others: number, columns: number],
      ...[out: Float64Array],
    ]
  ): void;
}

/**
 * Loads the kernels, compiling them first where that has not been done; that takes some seconds.
 * @throws Error in one line with what is missing and the remedy.
 */
export function nativeAlgebra(options: CompileOptions = {}): Algebra {
  const addon = createRequire(import.meta.url)(compileAddon("linear-algebra", options)) as Addon;
  addon.setThreads(threadCount());
  const strided = ({ values, row, inner, center }: Factor): Strided => {
    return [values, row, inner, center ?? null];
  };
  return {
    name: "native",
    multiply: (a, b, { rows, columns, count, symmetric }, out) =>
      addon.multiply(
        ...([...strided(a), ...strided(b)] as const),
        ...([rows, columns, count, symmetric ? 1 : 0, out] as const),
      ),
    factorCholesky: addon.factorCholesky,
    solveCholesky: (factor, size, right) =>
      addon.solveCholesky(factor, size, right, right.length / size),
    decomposeSymmetric: addon.decomposeSymmetric,
    squaredDistances: (a, b, columns, out) =>
      addon.squaredDistances(a, b, a.length / columns, b.length / columns, columns, out),
  };
}
