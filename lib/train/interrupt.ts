// Interrupts: the first one ends the work in good order, whether it comes from Ctrl-C or from Jupyter's stop button.

const running = new Set<AbortController>();
let setAside: NodeJS.SignalsListener[] = [];

/**
 * Runs `work` with a signal that the first SIGINT aborts, or `outer` does. Until then SIGINT has no other effect:
 * listeners that were there, such as a notebook kernel's, which would fail the cell at once, are set aside. They are
 * back as soon as the first SIGINT has come or the work has ended, so that a second one means what it always means.
 */
export async function withInterrupt<T>(
  work: (signal: AbortSignal) => Promise<T>,
  outer?: AbortSignal,
): Promise<T> {
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
  unlisten();
  for (const controller of running) controller.abort(new Error("interrupted"));
}

function listen(): void {
  setAside = process.rawListeners("SIGINT") as NodeJS.SignalsListener[];
  for (const listener of setAside) process.removeListener("SIGINT", listener);
  process.on("SIGINT", onInterrupt);
}

function unlisten(): void {
  if (!isListening()) return; // the first SIGINT has done it
  process.removeListener("SIGINT", onInterrupt);
  for (const listener of setAside) process.on("SIGINT", listener);
  setAside = [];
}

function isListening(): boolean {
  return process.listeners("SIGINT").includes(onInterrupt);
}
