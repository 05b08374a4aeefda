// Whether WebGPU runs here. Tests that need it are skipped with the reason where it does not.
import { provideWebGpu } from "../../lib/engine/platform.js";

/** Why WebGPU does not run here; false if it does. */
export const noWebGpu: string | false = await provideWebGpu().then(
  () => false,
  ({ message }: Error) => message,
);
