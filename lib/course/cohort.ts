// Exercises to notebook 1: missing is not zero, joins by sample, splits by patient, and the majority class.
import { createRandom } from "../cohort/random.js";
import {
  askFunction,
  askProperty,
  drawingFor,
  isFunction,
  isNumbers,
  measuredOf,
  withGaps,
} from "./exercise.js";

type Align = (rnaIds: string[], proteinIds: string[], protein: number[]) => number[];
type Shared = (train: string[], test: string[], patientOf: Record<string, string>) => string[];
type Rate = (labels: (string | null)[]) => number;

/** An answer to 01.3: row numbers of the two parts, from the patient of each row and a source of numbers in [0, 1). */
type Split = (patients: string[], random: () => number) => { train: number[]; test: number[] };

const recorded = (labels: readonly (string | null)[]) => labels.filter((label) => label !== null);
const largest = (labels: readonly unknown[]) =>
  Math.max(...[...new Set(labels)].map((one) => labels.filter((label) => label === one).length));

/** Twenty patients; every second one gave two samples, which are not neighbors, and one gave three. */
const PATIENTS = [
  ...Array.from({ length: 20 }, (_, i) => `P${i + 1}`),
  ...Array.from({ length: 10 }, (_, i) => `P${2 * i + 1}`),
  "P7",
];

const HELD = 0.3; // share of patients

function judgeSplit(split: Split): string | null {
  const splits = [1, 2, 3].map((seed) =>
    split([...PATIENTS], createRandom(seed, "exercise 01.3").uniform),
  );
  if (!splits.every((parts) => isNumbers(parts?.train) && isNumbers(parts.test))) {
    return "your function should return an object with train and test, two arrays of row numbers";
  }
  for (const { train, test } of splits) {
    const rows = [...train, ...test];
    if (rows.some((row) => !(Number.isInteger(row) && row >= 0 && row < PATIENTS.length))) {
      return `both parts should list row numbers, from 0 to ${PATIENTS.length - 1} here`;
    }
    if (new Set(rows).size < rows.length) return "a row is in the parts twice";
    if (test.length === 0 || train.length === 0) return "a part is empty";
    const patientsOf = (part: readonly number[]) => new Set(part.map((row) => PATIENTS[row]));
    const [learned, held] = [patientsOf(train), patientsOf(test)];
    if ([...held].some((patient) => learned.has(patient))) {
      return "a patient has samples in both parts; what are you shuffling?";
    }
    if (rows.length < PATIENTS.length)
      return "some samples are in neither part; list each row of a patient";
    const share = HELD * (held.size + learned.size);
    if (Math.abs(held.size - share) > 1) {
      return `the test part has ${held.size} of ${held.size + learned.size} patients; hold out 30 % of the patients`;
    }
  }
  const drawn = splits.map(({ test }) => [...test].sort((a, b) => a - b).join());
  if (new Set(drawn).size === 1) {
    return "the test patients are always the same ones; samples are often sorted by hospital or date, so draw them with random";
  }
  return null;
}

export const COHORT = {
  "01.1": askFunction<(values: number[]) => number>({
    cases: [
      [[0, 1.5, Number.NaN, 0, 3]],
      [withGaps(drawingFor("01.1").normals(30), 4)],
      [[Number.NaN, Number.NaN]],
    ],
    right: (values) => measuredOf(values).length / values.length,
    mistakes: [
      [
        "a measured zero is data",
        (values) => values.filter((value) => value).length / values.length,
      ],
      [
        "NaN is not equal to anything, not even to NaN; how can you test for it?",
        // biome-ignore lint/correctness/useIsNan: this is the mistake
        (values) => values.filter((value) => value !== Number.NaN).length / values.length,
      ],
      [
        "this is the share that is missing",
        (values) => values.filter((value) => Number.isNaN(value)).length / values.length,
      ],
      [
        "this is a count; divide it by the number of entries",
        (values) => measuredOf(values).length,
      ],
    ],
    otherwise: "count what was measured, zeros included",
  }),

  "01.2": askFunction<Align>({
    cases: [
      [
        ["a", "b", "c", "d"],
        ["c", "a", "e"],
        [30, 10, 50],
      ],
      [
        ["s1", "s2", "s3"],
        ["s1", "s2", "s3"],
        [1, 2, 3],
      ],
    ],
    right: (rnaIds, proteinIds, protein) =>
      rnaIds.filter((id) => proteinIds.includes(id)).map((id) => protein[proteinIds.indexOf(id)]),
    mistakes: [
      [
        "two tables rarely list their samples in the same order; go by the ids",
        (rnaIds, _, protein) => protein.slice(0, rnaIds.length),
      ],
      [
        "right values, but in the order of the proteins; row i of RNA and protein must be one sample",
        (rnaIds, proteinIds, protein) => protein.filter((_, i) => rnaIds.includes(proteinIds[i])),
      ],
      [
        "leave out the samples that were not measured in both",
        (rnaIds, proteinIds, protein) =>
          rnaIds.map((id) =>
            proteinIds.includes(id) ? protein[proteinIds.indexOf(id)] : Number.NaN,
          ),
      ],
      [
        "leave out the samples that were not measured in both",
        (rnaIds, proteinIds, protein) => rnaIds.map((id) => protein[proteinIds.indexOf(id)]),
      ],
    ],
    otherwise: "for each RNA sample, look up where the protein table has it",
  }),

  "01.3": askProperty<Split>("a function", isFunction, judgeSplit),

  "01.4": askFunction<Shared>({
    cases: [
      [
        ["A1-T", "A2-T", "A3-T", "X9", "A3-N"],
        ["A1-N", "B7", "A4-T", "X9b", "A3-N2"],
        {
          "A1-T": "A1",
          "A2-T": "A2",
          "A3-T": "A3",
          "A3-N": "A3",
          X9: "A2",
          "A1-N": "A1",
          B7: "A2",
          "A4-T": "A4",
          X9b: "A9",
          "A3-N2": "A3",
        },
      ],
      [["s1", "s2"], ["s3"], { s1: "p", s2: "q", s3: "r" }],
    ],
    right: (train, test, patientOf) => {
      const seen = new Set(train.map((id) => patientOf[id]));
      return [...new Set(test.map((id) => patientOf[id]))]
        .filter((patient) => seen.has(patient))
        .sort();
    },
    mistakes: [
      [
        "no sample is in both parts, but a patient may be, with two samples of different names",
        (train, test) => test.filter((id) => train.includes(id)),
      ],
      [
        "do not read the patient from the id; the sample sheet knows better",
        (train, test) => {
          const patient = (id: string) => id.split("-")[0];
          const seen = new Set(train.map(patient));
          return [...new Set(test.map(patient))].filter((one) => seen.has(one)).sort();
        },
      ],
      [
        "name each patient once",
        (train, test, patientOf) =>
          train
            .map((id) => patientOf[id])
            .filter((patient) => test.some((id) => patientOf[id] === patient))
            .sort(),
      ],
      [
        "these are samples; the question is which patients",
        (train, test, patientOf) => {
          const seen = new Set(train.map((id) => patientOf[id]));
          return test.filter((id) => seen.has(patientOf[id])).sort();
        },
      ],
    ],
    otherwise: "compare the patients of the two parts, and sort their names",
  }),

  "01.5": askFunction<Rate>({
    cases: [
      [["tumor", "tumor", "normal", null, "tumor"]],
      [[null, null, null, "G1", "G2", "G2", "G3"]],
    ],
    right: (labels) => largest(recorded(labels)) / recorded(labels).length,
    mistakes: [
      [
        "samples without a recorded label cannot be scored",
        (labels) => largest(recorded(labels)) / labels.length,
      ],
      ['"not recorded" is not a class', (labels) => largest(labels) / labels.length],
      [
        "classes are not equally large; always guessing the largest does better than that",
        (labels) => 1 / new Set(recorded(labels)).size,
      ],
    ],
    otherwise: "how often is the guess right that always names the most frequent class?",
  }),
};
