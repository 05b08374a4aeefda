// The profile that a command's options ask for; apart from the options, since it loads the readers of every format.
import { resolve } from "node:path";
import { type Profile, readProfile } from "../study/profile.js";
import type { ProfileChoice } from "./options.js";

/**
 * Reads the profile that options ask for, with the variables that hand it to other processes; what the options leave
 * open comes from this process's own.
 * @throws RangeError for an unknown profile or setting; TypeError for a value of the wrong kind.
 */
export function profileOf({ cohort, profile, set = [process.env.ARO_SET ?? ""] }: ProfileChoice): {
  readonly profile: Profile;
  readonly env: Readonly<Record<"ARO_COHORT" | "ARO_PROFILE" | "ARO_SET", string>>;
} {
  if (cohort !== undefined && profile !== undefined) {
    throw new RangeError(
      `aro: expected --cohort or --profile, got both: "${cohort}" and "${profile}"`,
    );
  }
  const file = cohort ?? (profile === undefined ? process.env.ARO_COHORT : undefined);
  const env = {
    ARO_COHORT: file ? resolve(file) : "", // notebooks run in another folder
    ARO_PROFILE: profile ?? (process.env.ARO_PROFILE || "ucec"),
    ARO_SET: set.join(","),
  };
  return { profile: readProfile(env), env };
}
