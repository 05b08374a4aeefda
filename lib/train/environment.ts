// The environment of a run: engine, versions and machine.
import { availableParallelism, cpus, totalmem } from "node:os";
import { isDeepStrictEqual } from "node:util";
import { libraryVersion } from "../cohort/root.js";
import type { Engine } from "../engine/engine.js";

export interface RunEnvironment {
  readonly engine: Pick<Engine, "name" | "backend" | "version"> & {
    /** Only where it is not float32. */
    readonly precision?: Engine["precision"];
  };
  /** The version of this library. */
  readonly version: string;
  readonly node: string;
  /** E.g. "linux-x64". */
  readonly platform: string;
  readonly cpu: string;
  /** Cores that this process may use; the engine uses as many threads unless `threadLimits` sets fewer. */
  readonly cores: number;
  /** The environment variables that limit an engine's threads, if set. */
  readonly threadLimits: Readonly<Record<string, string>>;
  readonly memoryGiB: number;
  /** The earlier environments of a resumed run, where they differ. */
  readonly earlier?: readonly RunEnvironment[];
}

const THREAD_LIMITS = [
  "OMP_NUM_THREADS",
  "TF_NUM_INTRAOP_THREADS",
  "TF_NUM_INTEROP_THREADS",
  "CUDA_VISIBLE_DEVICES",
];

/** Merges the environment of a resumed run, `now`, with the one recorded `before`. */
export function addEnvironment(
  { earlier = [], ...before }: RunEnvironment,
  now: RunEnvironment,
): RunEnvironment {
  const others = [...earlier, before].filter((one) => !isDeepStrictEqual(one, now));
  return others.length > 0 ? { ...now, earlier: others } : now;
}

/** Describes this process and the engine it trains with. */
export async function describeEnvironment(engine: Engine): Promise<RunEnvironment> {
  const limits = THREAD_LIMITS.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    engine: {
      name: engine.name,
      backend: engine.backend,
      version: engine.version,
      ...(engine.precision !== "float32" && { precision: engine.precision }),
    },
    version: libraryVersion(),
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    threadLimits: Object.fromEntries(limits),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
  };
}
