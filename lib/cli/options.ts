// The options that commands share, checked before anything runs.
import { type ParseArgsConfig, parseArgs } from "node:util";
import { type Profile, readProfile } from "../study/profile.js";

export interface Chosen {
  readonly profile: Profile;
  /** For the kernels of notebooks, which read the profile from their environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Names, or beginnings of names, of the notebooks to run. */
  readonly only: readonly string[];
  readonly json: boolean;
  readonly positionals: readonly string[];
  /** What was given for the command's own options. */
  readonly own: Readonly<Record<string, string | undefined>>;
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
 * Reads a command's options; those in `own` are its alone, and take text.
 * @throws TypeError for an unknown option; RangeError for an unknown profile or setting.
 */
export function choose(args: readonly string[], own: readonly string[] = []): Chosen {
  const more: ParseArgsConfig["options"] = Object.fromEntries(
    own.map((name) => [name, { type: "string" }]),
  );
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ...more,
      ...PROFILE_OPTIONS,
      only: { type: "string", multiple: true, default: [] },
      json: { type: "boolean", default: false },
    },
  });
  const env = environmentOf(values as Parameters<typeof environmentOf>[0]);
  const given: Readonly<Record<string, unknown>> = values;
  const textOf = (name: string) => (typeof given[name] === "string" ? given[name] : undefined);
  return {
    profile: readProfile(env),
    env,
    only: values.only,
    json: values.json,
    positionals,
    own: Object.fromEntries(own.map((name) => [name, textOf(name)])),
  };
}
