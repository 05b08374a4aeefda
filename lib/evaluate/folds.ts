// Folds for cross-validation: no patient is split between folds, and each fold has its share of every class.
import { groupBy } from "../cohort/group.js";
import { createRandom, shuffle } from "../cohort/random.js";

/** Sample indexes: a classifier learns from `train` and predicts `test`. */
export interface Fold {
  readonly train: readonly number[];
  readonly test: readonly number[];
}

export interface FoldOptions {
  /** At least 2. By default 5. */
  readonly folds?: number;
  /** By default 42. */
  readonly seed?: number;
}

type Name = string | number;

/**
 * Deals groups (patients) into folds so that class shares stay as even as whole groups allow.
 * The most uneven groups are dealt first, each to the fold where the class counts then vary least among folds.
 *
 * Source: sklearn.model_selection.StratifiedGroupKFold, with this library's random order.
 * @throws RangeError if a class occurs in fewer groups than there are folds, or the lists differ in length.
 */
export function stratifiedGroupFolds(
  labels: readonly Name[],
  groups: readonly Name[],
  { folds = 5, seed = 42 }: FoldOptions = {},
): Fold[] {
  if (labels.length !== groups.length) {
    throw new RangeError(
      `stratifiedGroupFolds: expected one group a label, got ${labels.length} labels and ${groups.length} groups`,
    );
  }
  if (!Number.isInteger(folds) || folds < 2) {
    throw new RangeError(
      `stratifiedGroupFolds: expected a whole number of folds, at least 2, got ${folds}`,
    );
  }
  const classes = [...new Set(labels)];
  const members = new Map<Name, { rows: number[]; counts: Float64Array }>();
  labels.forEach((label, row) => {
    const group = members.get(groups[row]) ?? {
      rows: [],
      counts: new Float64Array(classes.length),
    };
    group.rows.push(row);
    group.counts[classes.indexOf(label)]++;
    members.set(groups[row], group);
  });
  const units = [...members.values()];
  classes.forEach((name, c) => {
    const having = units.filter(({ counts }) => counts[c] > 0).length;
    if (having < folds) {
      throw new RangeError(
        `stratifiedGroupFolds: expected each class in at least ${folds} groups, got class "${name}" in ${having}; ` +
          `${having >= 2 ? `ask for at most ${having} folds, or leave` : "leave"} the class out or merge it with another`,
      );
    }
  });
  const totals = classes.map((_, c) => units.reduce((sum, { counts }) => sum + counts[c], 0));
  // Sorting is stable, so the shuffle decides among groups that are equally uneven.
  const dealt = shuffle(units, createRandom(seed, "folds")).sort(
    (a, b) => deviation(b.counts) - deviation(a.counts),
  );
  const held = Array.from({ length: folds }, () => ({
    rows: [] as number[],
    counts: new Float64Array(classes.length),
  }));
  for (const unit of dealt) {
    let best = 0;
    let least = Number.POSITIVE_INFINITY;
    let fewest = Number.POSITIVE_INFINITY;
    for (let f = 0; f < folds; f++) {
      const spread = spreadWith(f, unit.counts);
      const size = held[f].rows.length;
      // Rounding must not decide what the size of the fold should.
      if (spread < least - 1e-12 || (spread < least + 1e-12 && size < fewest)) {
        best = f;
        least = Math.min(spread, least);
        fewest = size;
      }
    }
    held[best].rows.push(...unit.rows);
    unit.counts.forEach((count, c) => {
      held[best].counts[c] += count;
    });
  }
  return held.map(({ rows }) => foldOf(rows, labels.length));

  /** Mean over classes of the deviation among folds of each fold's share of the class, had fold `f` the unit. */
  function spreadWith(f: number, counts: Float64Array): number {
    const shares = new Float64Array(folds);
    let sum = 0;
    for (let c = 0; c < classes.length; c++) {
      for (let i = 0; i < folds; i++) {
        shares[i] = (held[i].counts[c] + (i === f ? counts[c] : 0)) / totals[c];
      }
      sum += deviation(shares);
    }
    return sum / classes.length;
  }
}

/**
 * Deals groups (patients) into folds of even size, and into fewer where there are fewer groups.
 * @throws RangeError if there are fewer than two groups, or an option makes no sense.
 */
export function groupFolds(
  groups: readonly Name[],
  { folds = 5, seed = 42 }: FoldOptions = {},
): Fold[] {
  const count = new Set(groups).size;
  if (count < 2) {
    throw new RangeError(`groupFolds: expected at least 2 groups, got ${count}; add patients`);
  }
  const labels = new Array<number>(groups.length).fill(0);
  return stratifiedGroupFolds(labels, groups, { folds: Math.min(folds, count), seed });
}

/**
 * Holds out a stratified quarter of the samples once, drawn sample by sample, so that a patient's samples may be split:
 * the paper's downstream protocol, a quarter of 115 (29). Class counts are the shares rounded by largest remainder.
 *
 * Source: sklearn.model_selection.train_test_split(stratify=labels) in the authors' notebook; the draw is this library's.
 * @throws RangeError if a class has fewer than two samples,
 * or either part would have fewer samples than there are classes.
 */
export function stratifiedHoldout(labels: readonly Name[], seed = 42): Fold {
  const rowsOf = groupBy(labels.keys(), (row) => labels[row]);
  for (const [name, rows] of rowsOf) {
    if (rows.length < 2) {
      throw new RangeError(
        `stratifiedHoldout: expected at least 2 samples a class, got ${rows.length} of "${name}"; leave the class out`,
      );
    }
  }
  const size = Math.ceil(labels.length / 4);
  if (size < rowsOf.size || labels.length - size < rowsOf.size) {
    throw new RangeError(
      `stratifiedHoldout: expected at least ${rowsOf.size} samples (one a class) in either part, ` +
        `got ${size} held and ${labels.length - size} kept`,
    );
  }
  const random = createRandom(seed, "holdout");
  const exact = shuffle([...rowsOf.values()], random).map((rows) => ({
    rows,
    quota: (rows.length * size) / labels.length,
  }));
  const remainder = ({ quota }: { quota: number }) => quota - Math.floor(quota);
  let left = size - exact.reduce((sum, { quota }) => sum + Math.floor(quota), 0);
  const test = exact
    .sort((a, b) => remainder(b) - remainder(a))
    .flatMap(({ rows, quota }) => {
      const count = Math.floor(quota) + (left > 0 ? 1 : 0);
      if (left > 0) left--;
      return shuffle(rows, random).slice(0, count);
    });
  return foldOf(test, labels.length);
}

function foldOf(test: readonly number[], count: number): Fold {
  const held = new Set(test);
  return {
    train: Array.from({ length: count }, (_, row) => row).filter((row) => !held.has(row)),
    test: [...test].sort((a, b) => a - b),
  };
}

/** Population standard deviation. */
function deviation(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
