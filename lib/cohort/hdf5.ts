// HDF5 files, read and written through h5wasm, which is loaded on first use.
import type { Group } from "h5wasm/node";
import { requireKind } from "./textfile.js";

/**
 * Opens an HDF5 file.
 * @returns a function that opens the file, acts on its root, and closes it.
 * @throws Error if it cannot be read, or is no HDF5 file or a damaged one.
 */
export async function openHdf5(file: string): Promise<<T>(act: (root: Group) => T) => T> {
  requireKind(file, "an HDF5 file", "\x89HDF", [0, 512, 1024, 2048]); // MuData has a user block
  const { File } = await loadHdf5();
  return (act) => {
    const root = attempt(file, () => new File(file, "r"));
    try {
      return attempt(file, () => act(root));
    } finally {
      root.close();
    }
  };
}

/** Loads h5wasm; its errors are thrown, which it otherwise prints before it goes on with wrong ids. */
export async function loadHdf5(): Promise<Pick<typeof import("h5wasm/node"), "File">> {
  const { File, ready } = await import("h5wasm/node");
  (await ready).activate_throwing_error_handler();
  return { File };
}

/** Adds the file's name to errors of HDF5; RangeErrors about the file already have it. */
function attempt<T>(file: string, act: () => T): T {
  try {
    return act();
  } catch (cause) {
    if (cause instanceof RangeError && cause.message.startsWith(file)) throw cause;
    const [reason] = (cause as Error).message.split("\n").flatMap(reasonIn).slice(-1);
    throw new Error(
      `${file}: expected a whole HDF5 file, got a damaged one (${reason ?? (cause as Error).message}); write it again`,
      { cause },
    );
  }
}

/** HDF5 lists the functions that failed, the innermost last: `#006: H5Fsuper.c line 577 in NAME(): REASON`. */
function reasonIn(line: string): string[] {
  const [, reason] = /\(\): (.*)/.exec(line) ?? [];
  return reason === undefined ? [] : [reason];
}
