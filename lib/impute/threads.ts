// Independent parts of a computation, on several threads of this process.
import { parentPort, Worker, workerData } from "node:worker_threads";

/** How parts are worked on. */
export interface Threads {
  /** With 1, everything happens on the thread that asks. */
  readonly threads: number;
  /** Told each finished part, in whatever order they finish. */
  readonly onPart?: (part: number) => void;
}

/** What a thread is started with. */
interface Start<Shared> {
  readonly script: string;
  readonly shared: Shared;
}

interface Message<T> {
  readonly part: number;
  readonly value: T;
}

/**
 * Makes a function of one part a function of many, which run side by side.
 * @param script `import.meta.url` of the module that calls this at its top; a thread loads it anew.
 * @param work computes a part from what all share. On threads, both must be plain data, and so must its result.
 * @returns a function that gives one result a part, in their order; it fails with the first part that fails.
 */
export function inParallel<Shared, Part, Result>(
  script: string,
  work: (shared: Shared, part: Part) => Result | Promise<Result>,
) {
  const start = workerData as Start<Shared> | null;
  if (start?.script === script) {
    parentPort!.on("message", async ({ part, value }: Message<Part>) => {
      parentPort!.postMessage({ part, value: await work(start.shared, value) });
    });
  }
  return async (
    shared: Shared,
    parts: readonly Part[],
    { threads, onPart = () => {} }: Threads,
  ): Promise<Result[]> => {
    const results: Result[] = [];
    if (threads === 1) {
      for (const [i, part] of parts.entries()) {
        results.push(await work(shared, part));
        onPart(i);
      }
      return results;
    }
    const data: Start<Shared> = { script, shared: inSharedMemory(shared) };
    const workers = Array.from({ length: Math.min(threads, parts.length) }, () => open(data));
    let next = 0;
    try {
      await Promise.all(
        workers.map(
          (worker) =>
            new Promise<void>((resolve, reject) => {
              const hand = () => {
                if (next === parts.length) return resolve();
                worker.postMessage({ part: next, value: parts[next++] });
              };
              worker.on("message", ({ part, value }: Message<Result>) => {
                results[part] = value;
                onPart(part);
                hand();
              });
              worker.once("error", reject);
              hand();
            }),
        ),
      );
    } finally {
      await Promise.all(workers.map((worker) => worker.terminate()));
    }
    return results;
  };
}

/** Starts a thread; one that is run from source needs tsx, as this thread does. */
function open(data: Start<unknown>): Worker {
  const load = `import(${JSON.stringify(data.script)})`;
  const code = data.script.endsWith(".ts")
    ? `import("tsx/esm/api").then(({ register }) => { register(); return ${load}; })`
    : load;
  return new Worker(code, { eval: true, workerData: data });
}

/** Copies the numbers of plain data to memory that threads share, so that each thread does not get its own. */
function inSharedMemory<T>(value: T): T {
  if (ArrayBuffer.isView(value)) {
    const numbers = value as unknown as Float32Array;
    const Numbers = Object.getPrototypeOf(numbers).constructor as Float32ArrayConstructor;
    const copy = new Numbers(new SharedArrayBuffer(numbers.byteLength));
    copy.set(numbers);
    return copy as T;
  }
  if (Array.isArray(value)) return value.map(inSharedMemory) as T;
  if (value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(
    Object.entries(value as object).map(([name, part]) => [name, inSharedMemory(part)]),
  ) as T;
}
