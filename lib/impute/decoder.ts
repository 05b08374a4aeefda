// A fitted shared decoder: all that it takes to infer the other modalities of new samples from their first.
import type { Modality } from "../cohort/cohort.js";
import type { Matrix } from "../cohort/matrix.js";
import type { Estimate } from "../evaluate/bootstrap.js";
import type { Weights } from "../model/model.js";
import type { SharedDecoderSpec } from "../model/shared-decoder.js";
import type { Paths } from "./paths.js";

/** The gates of each control, one a path; "ridge-cis" adds the cis prediction of the residual and its offset. */
export const CONTROLS = {
  mean: [0, 0, 0, 0, 0, 0, 0],
  ridge: [0, 1, 0, 0, 0, 0, 0],
  "ridge-cis": [0, 1, 1, 0, 0, 1, 0],
} as const;

/** The methods that predict by the paths: trained gates, or the fixed ones of a control. */
export type PathMethod = "shared-decoder" | keyof typeof CONTROLS;

export const PATH_METHODS = ["shared-decoder", "ridge", "ridge-cis", "mean"] as const;

/** Every method of an imputer: "aro" is the paper's model, which predicts values clamped at the mean. */
export type Method = PathMethod | "aro";

export const METHODS = [...PATH_METHODS, "aro"] as const;

/** What infers a modality, and the out-of-fold errors that it was chosen by. */
export interface ModalityChoice {
  readonly modality: string;
  readonly method: Method;
  /**
   * Mean squared error in z-scores, in the paper's space for ARO, with its 95 % interval, patients drawn again; over the
   * same entries for all.
   */
  readonly errors: Readonly<Partial<Record<Method, Estimate>>>;
}

/** Which gates a feature's pairs get: `trained network + fixed`. */
export interface Gates {
  /** 1 where the networks decide, else 0, `[features]`. */
  readonly trained: Uint8Array;
  /** Gates, bias and log deviation that are added, 0 where the networks decide, `[features, gates]`. */
  readonly fixed: Float32Array;
}

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
  /** One set of weights a network; their answers are averaged. A control has one, of zeros. */
  readonly networks: readonly Weights[];
  /** One entry per inferred modality. */
  readonly choices: readonly ModalityChoice[];
  readonly gates: Gates;
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
