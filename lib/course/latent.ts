// Exercises to notebook 5: active units, silhouettes, the adjusted Rand index, and neighbors that a map keeps.
import { adjustedRandIndex } from "../evaluate/cluster.js";
import { askFunction, drawingFor, meanOf, sumOf } from "./exercise.js";

type Points = number[][];
type Silhouette = (points: Points, labels: string[]) => number;
type Agreement = (clusters: string[], labels: string[]) => number;
type Kept = (latent: Points, map: Points, k: number) => number;

const { normals, random } = drawingFor("05");

const distance = (a: readonly number[], b: readonly number[]) =>
  Math.hypot(...a.map((x, j) => x - b[j]));

/** The mean over points of `(b - a) / max(a, b)`, by default the silhouette; the options make mistakes. */
function silhouetteBy(
  points: Points,
  labels: readonly string[],
  { own = meanOf, far = distance, nearest = true, ratio = true },
): number {
  const kinds = [...new Set(labels)];
  return meanOf(
    points.map((point, i) => {
      const to = (kind: string) =>
        points.flatMap((other, j) => (j !== i && labels[j] === kind ? [far(point, other)] : []));
      const a = own(to(labels[i]));
      const others = kinds.filter((kind) => kind !== labels[i]).map(to);
      const b = nearest ? Math.min(...others.map(meanOf)) : meanOf(others.flat());
      return ratio ? (b - a) / Math.max(a, b) : b - a;
    }),
  );
}

/** Three groups of unequal size, the third far from the others. */
const GROUPS = [
  ...Array.from({ length: 6 }, () => ["a", normals(2)] as const),
  ...Array.from({ length: 4 }, () => ["b", normals(2, 1, 2)] as const),
  ...Array.from({ length: 5 }, () => ["c", normals(2, 1, 9)] as const),
];

const unitsOf = (latent: Points) => latent[0].map((_, unit) => latent.map((row) => row[unit]));

type Pair = readonly [number, number];

const pairs = (count: number) =>
  Array.from({ length: count }, (_, i) =>
    Array.from({ length: i }, (_, j) => [i, j] as const),
  ).flat();
const together = (names: readonly string[], [i, j]: Pair) => names[i] === names[j];

/** Names drawn at random, the first twice as often. */
const drawNames = (names: readonly string[], count: number) =>
  Array.from({ length: count }, () => [names[0], ...names][random.integer(names.length + 1)]);

/** The `k` nearest other points of point `i`; the point itself is its own nearest neighbor if it may be. */
function neighborsOf(points: Points, i: number, k: number, itself = false): number[] {
  return [...points.keys()]
    .filter((j) => itself || j !== i)
    .sort((a, b) => distance(points[i], points[a]) - distance(points[i], points[b]))
    .slice(0, k);
}

/** How many of each point's nearest neighbors are the same in both spaces. */
const sharedNeighbors = (latent: Points, map: Points, k: number, itself = false) =>
  latent.map((_, i) => {
    const onMap = neighborsOf(map, i, k, itself);
    return neighborsOf(latent, i, k, itself).filter((one) => onMap.includes(one)).length;
  });

const kept = (latent: Points, map: Points, k: number, itself = false) =>
  meanOf(sharedNeighbors(latent, map, k, itself)) / k;

const LATENT_POINTS = Array.from({ length: 14 }, () => normals(5));

export const LATENT = {
  "05.1": askFunction<(latent: Points) => number>({
    cases: [
      [
        [
          [0, 0.2, 0, 1.5],
          [0, 0, 0, 0.7],
          [0, 0.9, 0.1, 2],
        ],
      ],
      [[[0, 3]]],
      [Array.from({ length: 5 }, () => normals(40, 1, -1).map((value) => Math.max(value, 0)))],
    ],
    right: (latent) => unitsOf(latent).filter((unit) => unit.some((value) => value > 0)).length,
    mistakes: [
      [
        "one sample is enough to make a unit active",
        (latent) => unitsOf(latent).filter((unit) => unit.every((value) => value > 0)).length,
      ],
      [
        "these are entries; count units, which are columns",
        (latent) => latent.flat().filter((value) => value > 0).length,
      ],
      [
        "these are samples; count units, which are columns",
        (latent) => latent.filter((row) => row.some((value) => value > 0)).length,
      ],
      [
        "this is the number of units that are off",
        (latent) => unitsOf(latent).filter((unit) => unit.every((value) => value === 0)).length,
      ],
    ],
    otherwise: "a unit counts if any sample switches it on",
  }),

  "05.2": askFunction<Silhouette>({
    cases: [
      [GROUPS.map(([, point]) => point), GROUPS.map(([label]) => label)],
      [
        [[0], [1], [4], [5]],
        ["x", "x", "y", "y"],
      ],
    ],
    right: (points, labels) => silhouetteBy(points, labels, {}),
    mistakes: [
      [
        "a point is not a neighbor of itself: over how many distances is a the mean?",
        (points, labels) =>
          silhouetteBy(points, labels, { own: (own) => sumOf(own) / (own.length + 1) }),
      ],
      [
        "b belongs to the nearest other group, not to all other points together",
        (points, labels) => silhouetteBy(points, labels, { nearest: false }),
      ],
      [
        "take distances, not their squares",
        (points, labels) => silhouetteBy(points, labels, { far: (a, b) => distance(a, b) ** 2 }),
      ],
      [
        "divide by the larger of a and b; a silhouette lies between -1 and 1",
        (points, labels) => silhouetteBy(points, labels, { ratio: false }),
      ],
      [
        "the sign is wrong: well separated groups have a positive silhouette",
        (points, labels) => -silhouetteBy(points, labels, {}),
      ],
    ],
    otherwise: "compute a and b of a single point by hand, then (b - a) / max(a, b)",
  }),

  "05.3": askFunction<Agreement>({
    cases: [
      [
        ["1", "1", "2", "2", "2", "1"],
        ["T", "T", "N", "N", "T", "T"],
      ],
      [drawNames(["1", "2", "3"], 40), drawNames(["T", "N"], 40)],
      [
        ["2", "2", "1", "1"],
        ["a", "a", "b", "b"],
      ],
    ],
    right: (clusters, labels) => adjustedRandIndex(clusters, labels),
    mistakes: [
      [
        "this is the Rand index without the adjustment: what does it give for random clusters?",
        (clusters, labels) => {
          const isSame = (pair: Pair) => together(clusters, pair) === together(labels, pair);
          return meanOf(pairs(clusters.length).map((pair) => Number(isSame(pair))));
        },
      ],
      [
        "the names of clusters mean nothing, so compare pairs of samples, not names",
        (clusters, labels) => meanOf(clusters.map((one, i) => Number(one === labels[i]))),
      ],
      [
        "an index that is 1 for full agreement divides by (largest - expected)",
        (clusters, labels) => {
          const all = pairs(clusters.length);
          const count = (inside: (pair: Pair) => boolean) => all.filter(inside).length;
          const both = count((pair) => together(clusters, pair) && together(labels, pair));
          const expected =
            (count((p) => together(clusters, p)) * count((p) => together(labels, p))) / all.length;
          return (both - expected) / all.length;
        },
      ],
    ],
    otherwise:
      "count pairs of samples: together in both, together in the clusters, together in the labels, and all",
  }),

  "05.4": askFunction<Kept>({
    cases: [
      [LATENT_POINTS, LATENT_POINTS.map((point) => point.slice(0, 2)), 3],
      [[[0], [1], [3], [7]], [[0], [1], [3], [7]], 2],
    ],
    right: kept,
    mistakes: [
      [
        "every point is its own nearest neighbor on every map; leave it out",
        (latent, map, k) => kept(latent, map, k, true),
      ],
      [
        "every point is its own nearest neighbor on every map; leave it out",
        (latent, map, k) => kept(latent, map, k + 1, true),
      ],
      [
        "each point has k neighbors on the map; which share of these k is kept?",
        (latent, map, k) =>
          meanOf(sharedNeighbors(latent, map, k).map((both) => both / (2 * k - both))),
      ],
      ["this is a count; divide it by k", (latent, map, k) => k * kept(latent, map, k)],
    ],
    otherwise:
      "for one point, list the k nearest others in each space, and count how many are in both lists",
  }),
};
