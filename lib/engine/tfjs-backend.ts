// The backends of TensorFlow.js: loading one by name, and what is known of it beyond the public API.
import type * as Tf from "@tensorflow/tfjs-core";
import type { BackendName } from "./engine.js";
import { Library, type NodeBackend } from "./tfjs-library.js";
import { keepErrorHandlers, prepare } from "./tfjs-platform.js";
import { type AdamKernel, adamKernel } from "./wasm-adam.js";

export interface Backend {
  readonly name: BackendName;
  /** Of what computes. */
  readonly version: string;
  readonly tf: typeof Tf;
  /** Makes the synchronous operations that follow run here: TensorFlow.js has one active backend in a process. */
  activate(): void;
  /** A tensor's own memory, or null where JavaScript cannot see it. Valid until the next allocation. */
  view(tensor: Tf.Tensor): Float32Array | null;
  /** Adam's update on the backend's memory, where it is faster than JavaScript's. */
  readonly adam: AdamKernel | null;
  /** libtensorflow's own operations; null for the other backends. */
  readonly library: Library | null;
}

let last: Promise<unknown> = Promise.resolve();

/** Runs work after all work that was given here before: the active backend and its scopes are the process's. */
export function inTurn<R>(work: () => Promise<R>): Promise<R> {
  const turn = last.then(work);
  last = turn.catch(() => {});
  return turn;
}

/**
 * Loads a backend.
 * @throws Error with the reason if it cannot run here.
 */
export function loadBackend(name: BackendName): Promise<Backend> {
  return inTurn(async () => {
    const tf = await import("@tensorflow/tfjs-core");
    // Otherwise tfjs recommends other packages on the console.
    tf.enableProdMode();
    const before = tf.getBackend();
    const restore = keepErrorHandlers();
    let ready = false;
    try {
      const viewOf = await prepare[name]();
      ready = await tf.setBackend(name);
      if (!ready) throw new Error(`loadBackend: tfjs could not start its backend "${name}"`);
      return describe(tf, name, viewOf(tf.backend()));
    } finally {
      restore();
      if (!ready && before) await tf.setBackend(before);
    }
  });
}

function describe(tf: typeof Tf, name: BackendName, view: Backend["view"]): Backend {
  const backend = tf.backend();
  const { memory } = (backend as { wasm?: { asm?: { memory?: unknown } } }).wasm?.asm ?? {};
  const library = name === "tensorflow" ? new Library(tf, backend as NodeBackend) : null;
  const activate = () => {
    // Takes effect at once, since the backend is initialized.
    if (tf.getBackend() !== name) void tf.setBackend(name);
  };
  const version = library?.version ?? tf.version_core;
  return { name, version, tf, activate, view, adam: adamKernel(memory), library };
}
