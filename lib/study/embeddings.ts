// The embeddings of a study's samples that are compared: ARO's latent space, and principal components of the data.
import type { Rows } from "../engine/linear-algebra.js";
import { fitPca, type Pca, transformPca } from "../evaluate/pca.js";
import type { AroSpec } from "../model/aro.js";
import type { AutoencoderModel } from "../model/autoencoder.js";
import { checkOptions, required } from "../options.js";
import { applyScaler, type Scaler } from "../preprocess/scaler.js";
import type { Study } from "./study.js";

/** Embeddings of all samples of a cohort, in its order: `[samples, columns]` each. */
export interface Embeddings {
  /** The latent space, one column per latent unit. */
  readonly aro: Rows;
  /** The latent space of an encoder without its ReLUs, as the authors' code takes it. */
  readonly aroWithoutRelu: Rows;
  /** All principal components of the training rows. */
  readonly pca: Rows;
  /** The first ten of them. */
  readonly pca10: Rows;
}

/**
 * Embeds all samples of a study by a trained model and by PCA fitted to the training rows.
 * @throws RangeError if the model was trained on another number of features.
 */
export async function embedSamples(
  study: Study,
  model: AutoencoderModel<AroSpec>,
): Promise<Embeddings> {
  const { train, scaler } = study.prepared;
  const inputs = scaleSamples(study, scaler);
  const project = (pca: Pca): Rows => ({
    rows: inputs.rows,
    columns: pca.count,
    values: transformPca(pca, inputs),
  });
  return {
    aro: await encodeSamples(study, model, { relu: true, scaler }),
    aroWithoutRelu: await encodeSamples(study, model, { relu: false, scaler }),
    pca: project(fitPca(train.matrix)),
    pca10: project(fitPca(train.matrix, 10)),
  };
}

/**
 * Encodes all samples of a study, `[samples, width]`.
 * @throws TypeError for an unknown option, and for a value of a wrong kind.
 */
export async function encodeSamples(
  study: Study,
  model: AutoencoderModel<AroSpec>,
  options: { readonly relu: boolean; readonly scaler: Scaler },
): Promise<Rows> {
  const { relu, scaler } = checkOptions("encodeSamples", options, {
    relu: required("boolean"),
    scaler: required("object"),
  });
  const inputs = scaleSamples(study, scaler);
  const values = await model.encode(inputs, { relu });
  return { rows: inputs.rows, columns: model.spec.width, values };
}

function scaleSamples({ cohort }: Study, scaler: Scaler) {
  return applyScaler(
    scaler,
    cohort.matrix,
    cohort.samples.map((_, row) => row),
  );
}
