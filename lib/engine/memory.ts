// What memory there is for a model here.
import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import type { MemoryLimits } from "./engine.js";

const GIB = 2 ** 30;
/** The limits here: wasm32 addresses 4 GiB, of which fragmentation takes its share. */
export function memoryLimits(backend: string): MemoryLimits {
  const heap = backend === "wasm" ? 3.75 * GIB : Number.POSITIVE_INFINITY;
  // Node says 0 or a huge number where no container limits it.
  const constrained = process.constrainedMemory?.() || Number.POSITIVE_INFINITY;
  const total = Math.min(constrained, totalmem());
  return { heap, total, available: Math.min(total, availableMemory(constrained)) };
}

/**
 * Bytes that are available without swapping, with cached files counted as free. Known on Linux alone; elsewhere it is
 * Infinity, since what those systems call free leaves out most of what they would give.
 */
function availableMemory(constrained: number): number {
  const field = (file: string, pattern: RegExp) => {
    try {
      return Number(readFileSync(file, "utf8").match(pattern)?.[1] ?? Number.NaN);
    } catch {
      return Number.NaN;
    }
  };
  const machine = 1024 * field("/proc/meminfo", /^MemAvailable:\s+(\d+) kB/m);
  const used = field("/sys/fs/cgroup/memory.current", /(\d+)/);
  const files = field("/sys/fs/cgroup/memory.stat", /^inactive_file (\d+)/m);
  const known = [machine, constrained - (used - files)].filter((bytes) => !Number.isNaN(bytes));
  return Math.max(0, Math.min(Number.POSITIVE_INFINITY, ...known));
}
