// Linear algebra on kernels of our own: linear-algebra.cc, compiled for this processor, on all of its cores.
import { createRequire } from "node:module";
import { type CompileOptions, compileAddon, threadCount } from "./compile.js";
import type { Algebra, Factor } from "./linear-algebra-portable.js";

type Numbers = Float32Array | Float64Array;

/** linear-algebra.cc, which says what each function does. */
interface Addon {
  setThreads(args: { readonly count: number }): void;
  multiply(args: {
    readonly a: Factor;
    readonly b: Factor;
    readonly rows: number;
    readonly columns: number;
    readonly count: number;
    readonly symmetric: number;
    readonly out: Float64Array;
  }): void;
  factorCholesky(args: { readonly matrix: Float64Array; readonly size: number }): number;
  solveCholesky(args: {
    readonly factor: Float64Array;
    readonly size: number;
    readonly right: Float64Array;
    readonly rows: number;
  }): void;
  decomposeSymmetric(args: {
    readonly matrix: Float64Array;
    readonly size: number;
    readonly wanted: number;
    readonly values: Float64Array;
    readonly vectors: Float64Array;
  }): void;
  squaredDistances(args: {
    readonly a: Numbers;
    readonly b: Numbers;
    readonly rows: number;
    readonly others: number;
    readonly columns: number;
    readonly out: Float64Array;
  }): void;
  gather(args: {
    readonly source: Float32Array;
    readonly from: number;
    readonly stride: number;
    readonly rows: Int32Array;
    readonly width: number;
    readonly out: Float32Array;
    readonly to: number;
    readonly outStride: number;
  }): void;
}

/**
 * Loads the kernels, compiling them first where that has not been done; that takes some seconds.
 * @throws Error in one line with what is missing and the remedy.
 */
export function nativeAlgebra(options: CompileOptions = {}): Algebra {
  const addon = createRequire(import.meta.url)(compileAddon("linear-algebra", options)) as Addon;
  addon.setThreads({ count: threadCount() });
  return {
    name: "native",
    multiply: (a, b, { rows, columns, count, symmetric }, out) =>
      addon.multiply({ a, b, rows, columns, count, symmetric: symmetric ? 1 : 0, out }),
    factorCholesky: (matrix, size) => addon.factorCholesky({ matrix, size }),
    solveCholesky: (factor, size, right) =>
      addon.solveCholesky({ factor, size, right, rows: right.length / size }),
    decomposeSymmetric: (matrix, size, wanted, values, vectors) =>
      addon.decomposeSymmetric({ matrix, size, wanted, values, vectors }),
    squaredDistances: (a, b, columns, out) =>
      addon.squaredDistances({
        ...{ a, b, rows: a.length / columns, others: b.length / columns, columns, out },
      }),
    gather: (source, rows, out) =>
      addon.gather({
        ...{ source: source.values, from: source.start, stride: source.stride, rows },
        ...{ width: source.width, out: out.values, to: out.start, outStride: out.stride },
      }),
  };
}
