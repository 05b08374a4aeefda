// Interrupts: the first one ends the work in good order, whether it comes from Ctrl-C, Jupyter's stop button or a queue.
import { setImmediate as nextTurn } from "node:timers/promises";

/** SIGINT is a person's; SIGTERM is what Slurm, a supervisor or `kill` sends before it kills. */
const SIGNALS = ["SIGINT", "SIGTERM"] as const;
type Signal = (typeof SIGNALS)[number];

const running = new Set<AbortController>();
const setAside = new Map<Signal, NodeJS.SignalsListener[]>();

/**
 * Runs `work` with a signal that the first SIGINT or SIGTERM aborts, or `outer` does. Until then these have no other
 * effect: listeners that were there, such as a notebook kernel's, which would fail the cell at once, are set aside. Those
 * of SIGINT are back as soon as the first signal has been heard or the work has ended, so that a second one means what
 * it always means. Those of SIGTERM are back when the work has ended: a queue may send it to a group of processes and to
 * one of them as well, and what it wants, an end with all that is needed to go on, is under way.
 */
export async function withInterrupt<T>(
  work: (signal: AbortSignal) => Promise<T>,
  outer?: AbortSignal,
): Promise<T> {
  // While the synchronous part of a cell runs, Node itself holds the kernel's listeners back, and then restores them.
  await nextTurn();
  const controller = new AbortController();
  const abort = () => controller.abort(outer?.reason);
  if (outer?.aborted) abort();
  outer?.addEventListener("abort", abort);
  for (const signal of SIGNALS) listen(signal);
  running.add(controller);
  try {
    return await work(controller.signal);
  } finally {
    running.delete(controller);
    if (running.size === 0) for (const signal of SIGNALS) unlisten(signal);
    outer?.removeEventListener("abort", abort);
  }
}

function onSignal(): void {
  for (const controller of running) controller.abort(new Error("interrupted"));
  // Signals that came while a step held the thread are delivered together: they count as one.
  setImmediate(() => {
    if ([...running].every(({ signal }) => signal.aborted)) unlisten("SIGINT");
  });
}

// At every moment somebody listens, because a signal that nobody hears ends the process.
function listen(signal: Signal): void {
  if (isListening(signal)) return;
  const before = process.rawListeners(signal) as NodeJS.SignalsListener[];
  setAside.set(signal, before);
  process.on(signal, onSignal);
  for (const listener of before) process.removeListener(signal, listener);
}

function unlisten(signal: Signal): void {
  if (!isListening(signal)) return; // the first signal has done it
  for (const listener of setAside.get(signal) ?? []) process.on(signal, listener);
  process.removeListener(signal, onSignal);
  setAside.delete(signal);
}

function isListening(signal: Signal): boolean {
  return process.listeners(signal).includes(onSignal);
}
