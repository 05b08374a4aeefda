// AdamW: one step for a weight and its two moments. Every engine applies it where a gradient is computed.

/** One step of AdamW, or of Adam with an L2 penalty. The defaults of `adamw` are PyTorch's. */
export interface AdamW {
  readonly learningRate: number;
  /** Decoupled from the gradient. */
  readonly weightDecay: number;
  /** Added to the gradient of a weight matrix as `l2 w`; vectors are not penalized. */
  readonly l2: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Counts from 1. */
  readonly step: number;
}

/** Completes a step with PyTorch's defaults. */
export function adamw({
  learningRate,
  step,
  weightDecay = 0,
  l2 = 0,
  beta1 = 0.9,
  beta2 = 0.999,
  epsilon = 1e-8,
}: Pick<AdamW, "learningRate" | "step"> & Partial<AdamW>): AdamW {
  return { learningRate, weightDecay, l2, beta1, beta2, epsilon, step };
}

/**
 * Computes what is the same for every weight in
 * `m = b1 m + (1 - b1) g`, `v = b2 v + (1 - b2) g^2`, `w = w keep - rate m / (sqrt(v) root + eps)` with
 * `keep = 1 - lr wd`, `rate = lr / (1 - b1^t)` and `root = 1 / sqrt(1 - b2^t)`.
 * Source: torch.optim.AdamW; TensorFlow's Adam has its epsilon inside the correction by `root`.
 */
export function coefficients(rule: AdamW) {
  return {
    keep: 1 - rule.learningRate * rule.weightDecay,
    rate: rule.learningRate / (1 - rule.beta1 ** rule.step),
    root: 1 / Math.sqrt(1 - rule.beta2 ** rule.step),
  };
}
