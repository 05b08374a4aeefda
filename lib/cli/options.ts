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

/** The options that decide the profile. */
export const PROFILE_OPTIONS = {
  profile: { type: "string" },
  set: { type: "string", multiple: true },
} as const;

/** The environment that options of the profile amount to; what they leave open is as it is in this process. */
export function environmentOf({
  profile = process.env.ARO_PROFILE ?? "ucec",
  set = [process.env.ARO_SET ?? ""],
}: {
  readonly profile?: string;
  readonly set?: readonly string[];
}): Record<"ARO_PROFILE" | "ARO_SET", string> {
  return { ARO_PROFILE: profile, ARO_SET: set.join(",") };
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
      ...PROFILE_OPTIONS,
      only: { type: "string", multiple: true, default: [] },
      json: { type: "boolean", default: false },
    },
  });
  const env = environmentOf(values);
  return { profile: readProfile(env), env, only: values.only, json: values.json, positionals };
}
