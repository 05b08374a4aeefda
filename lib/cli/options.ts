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
