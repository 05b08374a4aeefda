// A number of ours beside one that the paper prints of its own cohorts.
import { type Profile, replicatesPaper } from "../study/profile.js";
import { roundsTo } from "./claim.js";

/**
 * Says what a number is beside a printed one: of another cohort, or of the paper's own and then the same to the digits
 * printed or not.
 */
export function besidePaper(
  profile: Profile,
  ours: number,
  printed: string,
): "another cohort" | "the same" | "different" {
  if (!replicatesPaper(profile)) return "another cohort";
  return roundsTo(ours, printed) ? "the same" : "different";
}
