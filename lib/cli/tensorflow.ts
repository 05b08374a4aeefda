// The command that builds TensorFlow's engine, and the step of npm start that sees to the native one.

import { compileAddon } from "../engine/compile.js";
import { buildTensorflow } from "../engine/tensorflow.js";
import { type Profile, profitsFromNative } from "../study/profile.js";

/** `aro tensorflow` fetches libtensorflow and builds the addon against it; `--cuda` takes NVIDIA's. */
export async function tensorflow({ cuda }: { readonly cuda?: true }): Promise<number> {
  try {
    const { version, gpu, built } = await buildTensorflow({
      cuda: cuda === true,
      onProgress: console.log,
    });
    const where = gpu ? "a graphics processor" : "the processor";
    console.log(
      `engine tensorflow: libtensorflow ${version} on ${where}, ${built ? "built" : "was built already"}`,
    );
    return 0;
  } catch (error) {
    console.error(`${oneLine(error)}; the other engines go on`);
    return 1;
  }
}

/**
 * Compiles our addons unless that has been done. Where it cannot be, one line gives the reason, and TensorFlow.js on wasm
 * is used. Asking for another engine in ARO_ENGINE means no build.
 * @throws Error if ARO_ENGINE asks for the native engine and its kernels do not compile.
 */
export function prepareNative(profile: Profile): void {
  const asked = process.env.ARO_ENGINE || "native";
  if (asked !== "native") return;
  try {
    compileAddon("kernels", { onProgress: console.log });
    compileAddon("linear-algebra", { onProgress: console.log });
  } catch (error) {
    if (process.env.ARO_ENGINE) throw new Error(oneLine(error));
    const narrower = profitsFromNative(profile) ? " and trains a narrower model" : "";
    console.log(`${oneLine(error)}; until then TensorFlow.js on wasm runs${narrower}`);
  }
}

function oneLine(error: unknown): string {
  return (error as Error).message.replace(/\s*\n\s*/g, " ");
}
