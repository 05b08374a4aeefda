// Independent parts of a computation, on several threads of this process.
import { parentPort, Worker } from "node:worker_threads";

/** How parts are worked on. */
export interface Threads {
  /** With 1, everything happens on the thread that asks. */
  readonly threads: number;
  /** Told each finished part, in whatever order they finish. */
  readonly onPart?: (part: number) => void;
}

type Work = (shared: unknown, part: unknown) => unknown;

/** What a thread is told: what to do with the parts that come, then the parts, then that there are no more. */
type Message =
  | { readonly script: string; readonly shared: unknown }
  | { readonly part: number; readonly value: unknown }
  | "done";

/** Threads without work, which are kept for a while: their code has been compiled by then. */
const idle: Worker[] = [];
const KEPT = 60_000; // milliseconds

/** The works of the modules that were loaded, by their address. */
const works = new Map<string, Work>();

/**
 * Makes a function of one part a function of many, which run side by side.
 * @param script `import.meta.url` of the module that calls this, once, at its top; a thread loads it anew.
 * @param work computes a part from what all share. On threads, both must be plain data, and so must its result.
 * @returns a function that gives one result a part, in their order; it fails with the first part that fails.
 */
export function inParallel<Shared, Part, Result>(
  script: string,
  work: (shared: Shared, part: Part) => Result | Promise<Result>,
) {
  works.set(script, work as Work);
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
    const start = { script, shared: inSharedMemory(shared) };
    const workers = Array.from({ length: Math.min(threads, parts.length) }, takeThread);
    let next = 0;
    const finished = workers.map(
      (worker) =>
        new Promise<void>((resolve, reject) => {
          const hand = () => {
            if (next === parts.length) return resolve();
            worker.postMessage({ part: next, value: parts[next++] });
          };
          worker.on("message", ({ part, value }: { part: number; value: Result }) => {
            results[part] = value;
            onPart(part);
            hand();
          });
          worker.once("error", reject);
          worker.postMessage(start);
          hand();
        }),
    );
    try {
      await Promise.all(finished);
      workers.forEach(giveBack);
    } catch (error) {
      await Promise.all(workers.map((worker) => worker.terminate()));
      throw error;
    }
    return results;
  };
}

/** A thread that waits for work, or a new one; one that is run from source needs tsx, as this thread does. */
function takeThread(): Worker {
  const kept = idle.pop();
  kept?.ref();
  if (kept) return kept;
  const load = `import(${JSON.stringify(import.meta.url)}).then(({ serve }) => serve())`;
  return new Worker(
    import.meta.url.endsWith(".ts")
      ? `import("tsx/esm/api").then(({ register }) => { register(); return ${load}; })`
      : load,
    { eval: true },
  );
}

/** Keeps a thread for the next computation, but not for long, and not the process for its sake. */
function giveBack(worker: Worker): void {
  worker.postMessage("done");
  worker.removeAllListeners("message").removeAllListeners("error");
  worker.unref();
  idle.push(worker);
  setTimeout(() => {
    const at = idle.indexOf(worker);
    if (at < 0) return;
    idle.splice(at, 1);
    void worker.terminate();
  }, KEPT).unref();
}

/** Answers what this thread is told. */
export function serve(): void {
  let ready: Promise<unknown> = Promise.resolve();
  let work: Work | undefined;
  let shared: unknown;
  parentPort!.on("message", async (message: Message) => {
    if (message === "done") shared = undefined;
    else if ("script" in message) {
      shared = message.shared;
      ready = import(message.script).then(() => {
        work = works.get(message.script);
      });
    } else {
      await ready;
      const value = await work!(shared, message.value);
      parentPort!.postMessage({ part: message.part, value });
    }
  });
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
