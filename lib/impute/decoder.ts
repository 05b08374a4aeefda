// A fitted shared decoder: all that it takes to infer the other modalities of new samples from their first.
import type { Modality } from "../cohort/cohort.js";
import type { Matrix } from "../cohort/matrix.js";
import type { Weights } from "../model/model.js";
import type { SharedDecoderSpec } from "../model/shared-decoder.js";
import type { Paths } from "./paths.js";

/** The methods that predict by the paths: trained gates, or fixed ones. */
export type Method = "shared decoder" | keyof typeof CONTROLS;

/** The gates of each control, one a path. */
export const CONTROLS = {
  mean: [0, 0, 0, 0, 0, 0, 0],
  ridge: [0, 1, 0, 0, 0, 0, 0],
  "ridge + cis + offset": [0, 1, 1, 0, 0, 1, 0],
} as const;

export const METHODS = ["shared decoder", "mean", "ridge", "ridge + cis + offset"] as const;

/**
 * A fitted decoder, plain arrays throughout. It infers the features of every modality behind the first, in the order of
 * the cohort's columns; "inferred features" below are those.
 */
export interface SharedDecoder {
  /** Of the training cohort; the first is what new samples must have. */
  readonly modalities: readonly Modality[];
  /** One identifier per column of the training cohort. */
  readonly features: readonly string[];
  /** The ids of the training samples. */
  readonly trainedOn: readonly string[];
  /** Scales and closed-form paths, fitted on all training samples. */
  readonly paths: Paths;
  /** Shape and objective of the networks. */
  readonly spec: SharedDecoderSpec;
  /** One set of weights a network; their answers are averaged. */
  readonly networks: readonly Weights[];
  /** Predictions of the training samples by networks and paths that did not see their patients. */
  readonly outOfFold: Inference;
}

/** What was inferred of samples; every array is row-major `[samples, inferred features]`. */
export interface Inference {
  /**
   * Means in measured units. The mask marks what was inferred: a feature that too few training samples measured is
   * not, nor is, out of fold, one that too few of the other folds measured.
   */
  readonly mean: Matrix;
  /** Standard deviations in measured units, the model's own: an interval takes a calibrated multiple of them. */
  readonly deviation: Float32Array;
  /** Means in the paper's space, `E[log1p(max(0, z))]`; where nothing was inferred, the mean of observed training entries. */
  readonly preprocessed: Float32Array;
}
