// Studies of fewer features, for what takes too long at full size.
import { keepFeatures } from "../cohort/cohort.js";
import { prepareStudy, type Study } from "./study.js";

/** Returns a test for about `count` evenly spaced columns of `features`. */
export function evenlySpaced(features: number, count: number): (column: number) => boolean {
  const stride = Math.max(1, Math.round(features / count));
  return (column) => column % stride === 0;
}

/**
 * Returns the study with fewer features, a narrower model and another learning rate, as the profile says.
 * @param isKept which features stay; by default evenly spaced ones.
 */
export function reduceStudy(
  { profile, cohort, split }: Study,
  isKept = evenlySpaced(cohort.features.length, profile.experiments.features),
): Study {
  const { width, epochs, learningRate } = profile.experiments;
  const reduced = {
    ...profile,
    model: { ...profile.model, width },
    training: { ...profile.training, epochs, learningRate },
  };
  return prepareStudy(reduced, keepFeatures(cohort, isKept, "not among the evenly spaced"), split);
}

/** A study of fewer features, as many of each modality: first those that all modalities name, evenly spaced. */
export function thinStudy(study: Study): Study {
  const { cohort, profile } = study;
  const features = profile.evaluation.setFeatures;
  const { modalities } = cohort;
  const each = Math.max(1, Math.floor(features / modalities.length));
  const names = modalities.map(({ start, end }) => new Set(cohort.features.slice(start, end)));
  const shared = [...names[0]].filter((feature) => names.every((own) => own.has(feature)));
  const few = (list: readonly number[], count: number) =>
    count <= 0 ? [] : list.filter((_, i) => evenlySpaced(list.length, count)(i)).slice(0, count);
  const wanted = new Set(few([...shared.keys()], each).map((i) => shared[i]));
  const kept = new Set<number>();
  for (const { start, end } of modalities) {
    const own = Array.from({ length: end - start }, (_, j) => start + j);
    const inAll = own.filter((column) => wanted.has(cohort.features[column]));
    const others = own.filter((column) => !wanted.has(cohort.features[column]));
    for (const column of [...inAll, ...few(others, each - inAll.length)]) kept.add(column);
  }
  return reduceStudy(study, (column) => kept.has(column));
}
