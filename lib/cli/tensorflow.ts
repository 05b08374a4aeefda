// The command that builds the native engine.
import { parseArgs } from "node:util";
import { buildTensorflow } from "../engine/build.js";

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
    const line = (error as Error).message.replace(/\s*\n\s*/g, " ");
    console.error(`${line}; until then the portable engine computes`);
    return 1;
  }
}
