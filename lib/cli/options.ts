// The options that commands share, checked before anything runs.
import { parseArgs } from "node:util";
import { type Profile, readProfile } from "../study/profile.js";

export interface Chosen {
  readonly profile: Profile;
  /** For the kernels of notebooks, which read the profile from their environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Names, or beginnings of names, of the notebooks to run. */
  readonly only: readonly string[];
  readonly json: boolean;
  readonly positionals: readonly string[];
}

/**
 * Reads a command's options.
 * @throws TypeError for an unknown option; RangeError for an unknown profile or setting.
 */
export function choose(args: readonly string[]): Chosen {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      profile: { type: "string" },
      set: { type: "string", multiple: true },
      only: { type: "string", multiple: true, default: [] },
      json: { type: "boolean", default: false },
    },
  });
  const env = {
    ARO_PROFILE: values.profile ?? process.env.ARO_PROFILE ?? "ucec",
    ARO_SET: values.set?.join(",") ?? process.env.ARO_SET ?? "",
  };
  return { profile: readProfile(env), env, only: values.only, json: values.json, positionals };
}
