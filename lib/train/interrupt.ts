// Interrupts: the first signal, from Ctrl-C, Jupyter's stop button or a queue, stops the work gracefully.
import { setImmediate as nextTurn } from "node:timers/promises";

/** SIGINT comes from a person; SIGTERM from Slurm, a supervisor or `kill`. */
const SIGNALS = ["SIGINT", "SIGTERM"] as const;
type Signal = (typeof SIGNALS)[number];

/** Exit status of a process that was stopped and can be resumed: EX_TEMPFAIL of sysexits.h. */
export const STOPPED = 75;

/** Signals within this time of the first are echoes of it, in ms: npm and tsx pass on what the terminal sends to all. */
const ECHO = 500;

const running = new Set<AbortController>();
const setAside = new Map<Signal, NodeJS.SignalsListener[]>();
let echoing = false;

/**
 * Runs `work` with a signal that aborts on the first SIGINT or SIGTERM, or with `outer`. Meanwhile it removes other
 * listeners, such as those of a notebook kernel, which would fail the cell at once. It restores those of SIGINT half a
 * second after the first signal, so that a second Ctrl-C ends the process as usual, and those of SIGTERM when the work
 * has ended, because a queue may send it both to a process and to its group.
 */
export async function withInterrupt<T>(
  work: (signal: AbortSignal) => Promise<T>,
  outer?: AbortSignal,
): Promise<T> {
  // Node suspends the kernel's listeners during the synchronous part of a cell, and then restores them.
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
  if (echoing) return; // an echo must not end the process, even if its work is done
  if ([...running].every(({ signal }) => signal.aborted)) unlisten("SIGINT");
  if (running.size === 0) unlisten("SIGTERM");
}

// Ours is added before the others are removed, because a signal without a listener ends the process.
function listen(signal: Signal): void {
  if (isListening(signal)) return;
  // tsx hides its own listener, which must stay: its parent process kills a child that does not react to a signal.
  const visible: readonly unknown[] = process.listeners(signal);
  const before = (process.rawListeners(signal) as (NodeJS.SignalsListener & Once)[]).filter((raw) =>
    visible.includes(raw.listener ?? raw),
  );
  setAside.set(signal, before);
  process.on(signal, onSignal);
  for (const listener of before) process.removeListener(signal, listener);
}

/** Node's wrapper around a listener added by `once`. */
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
