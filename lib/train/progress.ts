// The progress line of a training: updated in place in a terminal or notebook, ten lines in all elsewhere.
import type { Epoch } from "./train.js";

/** Shows the progress of a training; `trainRun` calls it. */
export interface Progress {
  /** Shows an epoch of a training of `epochs` epochs. */
  update(epoch: Epoch, epochs: number): void;
  /** Prints a separate line, such as where a run resumes. */
  note(text: string): void;
  /** Leaves one reproducible line, without times; `last` is null if no epoch was trained. */
  finish(status: "finished" | "stopped" | "failed", last: Epoch | null, epochs: number): void;
}

/** An output for text, such as `process.stderr`. */
export interface TextStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** An output of a notebook cell that can be overwritten; tslab's `Display` is one. */
export interface CellDisplay {
  text(text: string): void;
}

export interface ProgressOptions {
  readonly stream?: TextStream;
  /** Makes a display in the running notebook cell; null outside a notebook. */
  readonly newDisplay?: (() => CellDisplay) | null;
  /** A monotonic clock, in ms. */
  readonly now?: () => number;
}

const INTERVAL = 100; // ms between two updates in place
const ERASE = "\r\u001b[K"; // what a terminal's line shows

/** Creates the progress line of one training, suited to this process's output. */
export function createProgress({
  stream = process.stderr,
  newDisplay = findNotebook(),
  now = () => performance.now(),
}: ProgressOptions = {}): Progress {
  let first: { readonly epoch: number; readonly at: number } | null = null;
  let shownAt = Number.NEGATIVE_INFINITY;
  let tenths = 0;
  const inPlace = newDisplay !== null || stream.isTTY === true;
  const display = newDisplay?.();
  const line = (text: string) => stream.write(`${stream.isTTY ? ERASE : ""}${text}\n`);
  const note = newDisplay ? (text: string) => newDisplay().text(text) : line;
  const close = display ? (text: string) => display.text(text) : line;
  const show = inPlace && !display ? (text: string) => overwriteLine(stream, text) : close;
  const isDue = (epoch: number, epochs: number) => {
    if (inPlace) return now() - shownAt >= INTERVAL;
    const reached = Math.floor((10 * epoch) / epochs);
    if (reached === tenths || epoch === epochs) return false;
    tenths = reached;
    return true;
  };
  return {
    update(epoch, epochs) {
      // Measured from the end of the first epoch, in which engines warm up.
      first ??= { epoch: epoch.epoch, at: now() };
      if (!isDue(epoch.epoch, epochs)) return;
      shownAt = now();
      const pace = (shownAt - first.at) / (epoch.epoch - first.epoch);
      const left = (pace * (epochs - epoch.epoch)) / 1000;
      const time = epoch.epoch > first.epoch ? ` · ${formatDuration(left)} left` : "";
      show(`epoch ${epoch.epoch}/${epochs} · ${describeEpoch(epoch)}${time}`);
    },
    note,
    finish(status, last, epochs) {
      const before = `${status} before the end of the first epoch`;
      close(last ? `${countEpochs(status, last.epoch, epochs)} · ${describeEpoch(last)}` : before);
    },
  };
}

/** Overwrites the last line of a terminal with what fits into it, because a line that wraps cannot be overwritten. */
export function overwriteLine(stream: TextStream, text: string): void {
  stream.write(`${ERASE}${text.slice(0, Math.max(20, (stream.columns || 80) - 1))}`);
}

/** Formats losses and learning rate in one line: `train 0.0612 · validation 0.0688 · lr 1e-5`. */
export function describeEpoch({ train, validation, learningRate }: Epoch): string {
  // Rounded first, because 1e-5 * 0.1 is 1.0000000000000002e-6.
  const rate = Number(learningRate.toPrecision(3)).toExponential();
  return `train ${formatLoss(train.huber)} · validation ${formatLoss(validation.huber)} · lr ${rate}`;
}

/** Formats seconds as `12 s`, `1 min 12 s` or `2 h 5 min`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function formatLoss(loss: number): string {
  return loss >= 0.001 || loss === 0 ? loss.toFixed(4) : loss.toExponential(2);
}

function countEpochs(status: string, done: number, epochs: number): string {
  if (status === "finished" && done === epochs) return `${done} epochs`;
  const what = status === "finished" ? "early stop" : status;
  return `${what} after ${done} of ${epochs} epochs`;
}

/**
 * Finds tslab's displays if this process is a tslab kernel, through the `require` of the global `__tslab__`. A second copy
 * of the module, imported by name, would not be connected to the notebook.
 */
function findNotebook(): (() => CellDisplay) | null {
  const kernel = (globalThis as { __tslab__?: { require?: unknown } }).__tslab__;
  if (typeof kernel?.require !== "function") return null;
  const { newDisplay } = kernel.require("tslab") as { newDisplay?: () => CellDisplay };
  return newDisplay ?? null;
}
