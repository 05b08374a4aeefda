// The settings of a training, with the paper's defaults and their checks.
import { checkOptions, demandsOf, either, required } from "../options.js";

export interface EarlyStopping {
  /** Epochs without a lower validation Huber loss after which training ends. */
  readonly patience: number;
}

/** Every setting that affects the result, except the model and the data. */
export interface TrainSettings {
  readonly epochs: number;
  /** Rows per step; the last step of an epoch takes the remaining rows. */
  readonly batchSize: number;
  readonly learningRate: number;
  /** Decoupled, as in AdamW. */
  readonly weightDecay: number;
  readonly plateau: PlateauSettings | null;
  /** Null, as in the paper, trains all epochs. */
  readonly earlyStopping: EarlyStopping | null;
  /** Omitted if the validation loss counts all columns, as in the paper. */
  readonly criterion?: "inferred";
  /** Determines the order of the rows, dropout and noise. */
  readonly seed: number;
}

export interface PlateauSettings {
  /** What the rate is multiplied by, in (0, 1). */
  readonly factor: number;
  /** Steps without improvement that are tolerated; the next lowers the rate. */
  readonly patience: number;
  /** Steps of the schedule per epoch; 1 in the paper, 2 in the authors' code. */
  readonly stepsPerEpoch: number;
}

/** The settings that a caller gives; all but the seed have defaults, the paper's. */
export interface TrainOptions
  extends Partial<Omit<TrainSettings, "plateau" | "criterion" | "seed">>,
    Pick<TrainSettings, "seed"> {
  /** Lowers the rate on a plateau of the validation Huber loss; null keeps it. */
  readonly plateau?: Partial<PlateauSettings> | null;
  /**
   * The columns whose validation loss decides schedule, early stopping and the best epoch: "all", as in the paper, or
   * those behind the first modality. By default all.
   */
  readonly criterion?: "all" | "inferred";
}

/**
 * Fills in the defaults: 200 epochs in batches of 80, AdamW at 1e-5 without decay, plateau with factor 0.1 and patience 10.
 * Source: paper appendix B.
 * @throws TypeError for an unknown setting, with the nearest known one, and for a value of a wrong kind.
 * @throws RangeError naming the first invalid setting and its allowed values.
 */
export function completeSettings(options: TrainOptions): TrainSettings {
  const {
    epochs = 200,
    batchSize = 80,
    learningRate = 1e-5,
    weightDecay = 0,
    plateau = {},
    earlyStopping = null,
    criterion = "all",
    seed,
  } = checkOptions("train", options, {
    epochs: "count",
    batchSize: "count",
    learningRate: "weight",
    weightDecay: "weight",
    plateau: either("object", "null"),
    earlyStopping: either("object", "null"),
    criterion: ["all", "inferred"],
    seed: required("whole"),
  });
  const { demand } = demandsOf("train");
  demand("learningRate", learningRate > 0, "above 0", learningRate);
  demand("seed", seed <= 0xffffffff, "a whole number in [0, 2^32)", seed);
  if (earlyStopping) {
    checkOptions("train: earlyStopping", earlyStopping, { patience: required("count") });
  }
  const schedule = plateau && { factor: 0.1, patience: 10, stepsPerEpoch: 1, ...plateau };
  if (schedule) {
    const kinds = { factor: "share", patience: "whole", stepsPerEpoch: "count" } as const;
    checkOptions("train: plateau", plateau, kinds);
    demand("plateau.factor", schedule.factor > 0, "in (0, 1)", schedule.factor);
  }
  return {
    epochs,
    batchSize,
    learningRate,
    weightDecay,
    plateau: schedule,
    earlyStopping,
    seed,
    ...(criterion === "inferred" ? { criterion } : {}),
  };
}
