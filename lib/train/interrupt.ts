// Interrupts: the first signal stops the work gracefully, whether it comes from Ctrl-C, Jupyter's stop button or a queue.
import { setImmediate as nextTurn } from "node:timers/promises";

/** SIGINT comes from a person; SIGTERM is what Slurm, a supervisor or `kill` sends before it kills. */
const SIGNALS = ["SIGINT", "SIGTERM"] as const;
type Signal = (typeof SIGNALS)[number];

/** Exit status of a process that was stopped and can go on: EX_TEMPFAIL of sysexits.h. */
export const STOPPED = 75;

/** Signals so soon after the first are the same one, in ms: npm and tsx pass on a Ctrl-C that the terminal has sent to all. */
const ECHO = 500;

const running = new Set<AbortController>();
const setAside = new Map<Signal, NodeJS.SignalsListener[]>();
let echoing = false;

/**
 * Runs `work` with a signal that aborts on the first SIGINT or SIGTERM, or with `outer`. Other listeners, such as those
 * of a notebook kernel that would fail the cell at once, are set aside meanwhile. Those of SIGINT return half a second
 * after the first signal, so that a later Ctrl-C means what it always means. Those of SIGTERM return when the work has
 * ended, because a queue may send it both to a group of processes and to one of them.
 */
export async function withInterrupt<T>(
  work: (signal: AbortSignal) => Promise<T>,
  outer?: AbortSignal,
): Promise<T> {
  // While the synchronous part of a cell runs, Node itself holds back the kernel's listeners, and then restores them.
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
    outer?.removeEventListener("abort", abort);
    giveBack();
  }
}

function onSignal(): void {
  if (echoing) return;
  echoing = true;
  for (const controller of running) controller.abort(new Error("interrupted"));
  // A signal that arrived while a step held the thread is delivered after the timer, and before the next turn.
  const end = () => setImmediate(endEcho);
  setTimeout(end, ECHO).unref();
}

function endEcho(): void {
  echoing = false;
  giveBack();
}

function giveBack(): void {
  if (echoing) return; // the process may have nothing else to do by now, but must not die of an echo
  if ([...running].every(({ signal }) => signal.aborted)) unlisten("SIGINT");
  if (running.size === 0) unlisten("SIGTERM");
}

// There is always a listener, because a signal without one ends the process.
function listen(signal: Signal): void {
  if (isListening(signal)) return;
  // tsx hides its own listener, which must stay: its parent process kills a child that does not answer a signal.
  const visible: readonly unknown[] = process.listeners(signal);
  const before = (process.rawListeners(signal) as (NodeJS.SignalsListener & Once)[]).filter((raw) =>
    visible.includes(raw.listener ?? raw),
  );
  setAside.set(signal, before);
  process.on(signal, onSignal);
  for (const listener of before) process.removeListener(signal, listener);
}

/** What Node wraps around a listener that was added by `once`. */
interface Once {
  readonly listener?: NodeJS.SignalsListener;
}

function unlisten(signal: Signal): void {
  if (!isListening(signal)) return;
  for (const listener of setAside.get(signal) ?? []) process.on(signal, listener);
  process.removeListener(signal, onSignal);
  setAside.delete(signal);
}

function isListening(signal: Signal): boolean {
  return process.listeners(signal).includes(onSignal);
}
