// The known name nearest to a mistyped one, for error messages.
import { closestMatch } from "leven";

/**
 * Returns `; did you mean "NAME"?` for the known name that a given one was probably meant to be, or "" if none is near.
 * Upper and lower case count as equal; otherwise up to two letters may differ, or three in a name of nine or more.
 */
export function didYouMean(got: string, known: readonly string[]): string {
  const byLowerCase = new Map(known.map((name) => [name.toLowerCase(), name]));
  const maxDistance = got.length < 3 ? 1 : got.length < 9 ? 2 : 3;
  const nearest = closestMatch(got.toLowerCase(), [...byLowerCase.keys()], { maxDistance });
  return nearest === undefined ? "" : `; did you mean "${byLowerCase.get(nearest)}"?`;
}

/**
 * Finds an entry by name.
 * @param where the function that was given the name.
 * @throws RangeError naming those that exist.
 */
export function findNamed<T extends { readonly name: string }>(
  where: string,
  all: readonly T[],
  name: string,
): T {
  const found = all.find((entry) => entry.name === name);
  if (found) return found;
  throw unknownName(
    where,
    name,
    all.map((entry) => entry.name),
  );
}

/**
 * Returns the error for a name that is not among the known ones, with the one that was probably meant.
 * @param where the function or command that was given it.
 * @param what is expected, before the list of the known names.
 */
export function unknownName(
  where: string,
  got: string,
  known: readonly string[],
  what = "one of",
): RangeError {
  return new RangeError(
    `${where}: expected ${what} ${known.join(", ")}, got "${got}"${didYouMean(got, known)}`,
  );
}
