// The bench's options, checked before anything runs.
import { parseArgs } from "node:util";
import { CONTESTS, type Contest } from "./contests.js";

export interface BenchOptions {
  readonly contests: readonly Contest[];
  /** Of every contest; null leaves each its own number. */
  readonly rounds: number | null;
  /** The file that takes the rows. */
  readonly json: string | null;
  readonly withoutPython: boolean;
}

/**
 * Reads `--only NAME` (repeatable), `--rounds N`, `--json FILE` and `--without-python`.
 * @throws TypeError for an unknown option; RangeError for an unknown name, or a number of rounds that is none.
 */
export function readOptions(args: string[]): BenchOptions {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: "string", multiple: true, default: [] },
      rounds: { type: "string" },
      json: { type: "string" },
      "without-python": { type: "boolean", default: false },
    },
  });
  const names = CONTESTS.map(({ name }) => name);
  const unknown = values.only.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new RangeError(`bench: expected --only ${names.join(", ")}, got "${unknown}"`);
  }
  const rounds = values.rounds === undefined ? null : Number(values.rounds);
  if (rounds !== null && !(Number.isInteger(rounds) && rounds >= 1)) {
    throw new RangeError(`bench: expected at least 1 whole round, got "${values.rounds}"`);
  }
  return {
    contests: CONTESTS.filter(({ name }) => values.only.length === 0 || values.only.includes(name)),
    rounds,
    json: values.json ?? null,
    withoutPython: values["without-python"],
  };
}
