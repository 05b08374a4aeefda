// The door of a public function: what of its options is refused, how the message puts it, and what does not compile.
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkOptions, either, type Kinds, required } from "../lib/options.js";

interface Options {
  readonly splits: number;
  readonly seed?: number;
  readonly by?: "patient" | "sample";
  readonly patientOf?: ReadonlyMap<string, string>;
  readonly onTrial?: (trial: number) => void;
  readonly shuffle?: boolean;
  readonly labels?: readonly string[];
  readonly classifier?: { readonly kind: string };
  readonly noise?: number | Readonly<Record<string, number>> | null;
}

const KINDS: Kinds<Options> = {
  splits: required("number"),
  seed: "number",
  by: ["patient", "sample"],
  patientOf: Map,
  onTrial: "function",
  shuffle: "boolean",
  labels: "array",
  classifier: "object",
  noise: either("number", "object", "null"),
};

const check = (options: unknown) => checkOptions("compare", options as Options, KINDS);

const refusal = (type: typeof TypeError | typeof RangeError, message: string) => ({
  name: type.name,
  message: `compare: ${message}`,
});

test("options of the right kinds are returned as they are, and undefined ones count as not given", () => {
  const all: Options = {
    splits: 2,
    seed: 0,
    by: "sample",
    patientOf: new Map(),
    onTrial: () => {},
    shuffle: false,
    labels: [],
    classifier: { kind: "mlp" },
    noise: null,
  };
  assert.equal(check(all), all);
  check({ splits: 2, seed: undefined, noise: { RNA: 0.1 } });
});

test("an unknown name is refused with the nearest known one, if one is alike", () => {
  const names = "splits, seed, by, patientOf, onTrial, shuffle, labels, classifier, noise";
  const expected = (name: string, hint: string) =>
    refusal(TypeError, `expected only the options ${names}, got "${name}"${hint}`);
  for (const [name, near] of [
    ["sed", "seed"],
    ["patientof", "patientOf"],
    ["classifers", "classifier"],
    ["onTrials", "onTrial"],
  ]) {
    const hint = `; did you mean "${near}"?`;
    assert.throws(() => check({ splits: 2, [name]: 1 }), expected(name, hint));
  }
  assert.throws(() => check({ splits: 2, verbose: 1 }), expected("verbose", ""));
});

test("a value of a wrong kind is a TypeError that says what was expected and what was found", () => {
  for (const [options, message] of [
    [{ splits: "2" }, 'expected splits to be a number, got "2"'],
    [{}, "expected splits to be a number, got undefined"],
    [{ splits: 2, seed: null }, "expected seed to be a number, got null"],
    [{ splits: 2, by: 1 }, 'expected by to be "patient" or "sample", got 1'],
    [{ splits: 2, patientOf: {} }, "expected patientOf to be a Map, got an object"],
    [{ splits: 2, patientOf: [["a", "b"]] }, "expected patientOf to be a Map, got an array of 1"],
    [{ splits: 2, onTrial: "log" }, 'expected onTrial to be a function, got "log"'],
    [{ splits: 2, shuffle: 1 }, "expected shuffle to be true or false, got 1"],
    [{ splits: 2, labels: "tissue" }, 'expected labels to be an array, got "tissue"'],
    [{ splits: 2, classifier: "mlp" }, 'expected classifier to be an object, got "mlp"'],
    [{ splits: 2, classifier: null }, "expected classifier to be an object, got null"],
    [{ splits: 2, classifier: [] }, "expected classifier to be an object, got an array of 0"],
    [{ splits: 2, classifier: () => {} }, "expected classifier to be an object, got a function"],
    [{ splits: 2, noise: "low" }, 'expected noise to be a number, an object or null, got "low"'],
    [{ splits: new Map() }, "expected splits to be a number, got a Map"],
    [{ splits: AbortSignal.abort() }, "expected splits to be a number, got an AbortSignal"],
  ] as const) {
    assert.throws(() => check(options), refusal(TypeError, message));
  }
});

test("a text that is none of the choices is a RangeError, and so is NaN", () => {
  const message = 'expected by to be "patient" or "sample", got "patients"';
  assert.throws(() => check({ splits: 2, by: "patients" }), refusal(RangeError, message));
  const nan = refusal(RangeError, "expected splits to be a number, got NaN");
  assert.throws(() => check({ splits: Number.NaN }), nan);
});

test("a number out of its range is a RangeError", () => {
  const kinds = { layers: "count", more: "whole", dropped: "share", weight: "weight" } as const;
  for (const [name, allowed, refused, expected] of [
    ["layers", [1, 7], [0, 1.5, -1], "a whole number of at least 1"],
    ["more", [0, 7], [-1, 0.5, Number.POSITIVE_INFINITY], "a whole number of at least 0"],
    ["dropped", [0, 0.99], [1, -0.1], "in [0, 1)"],
    ["weight", [0, 40], [-0.1, Number.POSITIVE_INFINITY], "finite and at least 0"],
  ] as const) {
    const check = (value: unknown) => checkOptions("fit", { [name]: value }, kinds as never);
    for (const value of allowed) check(value);
    for (const value of refused) {
      const message = `fit: expected ${name} to be ${expected}, got ${value}`;
      assert.throws(() => check(value), { name: "RangeError", message });
    }
    const message = `fit: expected ${name} to be ${expected}, got "1"`;
    assert.throws(() => check("1"), { name: "TypeError", message });
  }
});

test("what is no options object is refused", () => {
  for (const [options, found] of [
    [null, "null"],
    [5, "5"],
    ["a".repeat(50), `"${"a".repeat(40)}…"`],
    [[1, 2], "an array of 2"],
  ] as const) {
    const message = `expected options as an object, got ${found}`;
    assert.throws(() => check(options), refusal(TypeError, message));
  }
});

test("kinds that do not follow the type do not compile", () => {
  const { seed: _, ...missing } = KINDS;
  const wrong: Kinds<Options>[] = [
    // @ts-expect-error: an option of the type without a kind
    missing,
    // @ts-expect-error: a kind without an option of the type
    { ...KINDS, sed: "number" },
    // @ts-expect-error: another kind than the type's
    { ...KINDS, seed: "string" },
    // @ts-expect-error: an option that must be given, not marked as such
    { ...KINDS, splits: "number" },
    // @ts-expect-error: an option that need not be given, marked as required
    { ...KINDS, seed: required("number") },
    // @ts-expect-error: choices that leave one out
    { ...KINDS, by: ["patient"] },
    // @ts-expect-error: choices with one too many
    { ...KINDS, by: ["patient", "sample", "site"] },
    // @ts-expect-error: one of several kinds alone
    { ...KINDS, noise: "number" },
    // @ts-expect-error: a class of other objects
    { ...KINDS, patientOf: Set },
  ];
  assert.equal(wrong.length, 9);
});
