// The command that builds the native engine, and the step of npm start that sees to it.
import { parseArgs } from "node:util";
import { buildTensorflow } from "../engine/build.js";
import { type Profile, profitsFromNative } from "../study/profile.js";

/** `aro tensorflow` fetches libtensorflow and builds the addon against it; `--cuda` takes NVIDIA's. */
export async function tensorflow(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { cuda: { type: "boolean", default: false } },
  });
  try {
    const { version, gpu, built } = await buildTensorflow({ ...values, onProgress: console.log });
    const where = gpu ? "a graphics processor" : "the processor";
    console.log(
      `native engine: TensorFlow ${version} on ${where}, ${built ? "built" : "was built already"}`,
    );
    return 0;
  } catch (error) {
    console.error(`${oneLine(error)}; until then the portable engine computes`);
    return 1;
  }
}

/**
 * Builds the native engine, if it is not there, for a profile whose models are wider on it. Where it cannot be had, one
 * line says why, and the portable engine goes on. Asking for another engine in ARO_ENGINE means no build.
 * @throws Error if ARO_ENGINE asks for the native engine and it cannot be had.
 */
export async function prepareNative(profile: Profile): Promise<void> {
  const asked = process.env.ARO_ENGINE || "tensorflow";
  if (!profitsFromNative(profile) || asked !== "tensorflow") return;
  try {
    const { version, built } = await buildTensorflow({ onProgress: console.log });
    if (built) console.log(`native engine: TensorFlow ${version}, built`);
  } catch (error) {
    if (process.env.ARO_ENGINE) throw new Error(oneLine(error));
    console.log(`${oneLine(error)}; until then the portable engine trains a narrower model`);
  }
}

function oneLine(error: unknown): string {
  return (error as Error).message.replace(/\s*\n\s*/g, " ");
}
