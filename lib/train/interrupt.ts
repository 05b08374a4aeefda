// Interrupts: the first one ends the work in good order, whether it comes from Ctrl-C or from Jupyter's stop button.
import { setImmediate as nextTurn } from "node:timers/promises";

const running = new Set<AbortController>();
let setAside: NodeJS.SignalsListener[] = [];

/**
 * Runs `work` with a signal that the first SIGINT aborts, or `outer` does. Until then SIGINT has no other effect:
 * listeners that were there, such as a notebook kernel's, which would fail the cell at once, are set aside. They are
 * back as soon as the first SIGINT has been heard or the work has ended, so that a second one means what it always
 * means.
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
  if (!isListening()) listen();
  running.add(controller);
  try {
    return await work(controller.signal);
  } finally {
    running.delete(controller);
    if (running.size === 0) unlisten();
    outer?.removeEventListener("abort", abort);
  }
}

function onInterrupt(): void {
  for (const controller of running) controller.abort(new Error("interrupted"));
  // Signals that came while a step held the thread are delivered together: they count as one.
  setImmediate(() => {
    if ([...running].every(({ signal }) => signal.aborted)) unlisten();
  });
}

// At every moment somebody listens, because a SIGINT that nobody hears ends the process.
function listen(): void {
  setAside = process.rawListeners("SIGINT") as NodeJS.SignalsListener[];
  process.on("SIGINT", onInterrupt);
  for (const listener of setAside) process.removeListener("SIGINT", listener);
}

function unlisten(): void {
  if (!isListening()) return; // the first SIGINT has done it
  for (const listener of setAside) process.on("SIGINT", listener);
  process.removeListener("SIGINT", onInterrupt);
  setAside = [];
}

function isListening(): boolean {
  return process.listeners("SIGINT").includes(onInterrupt);
}
