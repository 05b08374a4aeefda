// MODIS as a predictor: what it makes of the first modality alone.
import type { ModisModel } from "../model/modis.js";
import type { PreparedCohort } from "../preprocess/prepare.js";
import { clampAtZero, type Predictor } from "./predictor.js";
import { pickColumns, placeColumns } from "./rows.js";

/**
 * Lets a trained MODIS stand in a table of predictors: the first modality is encoded by its own autoencoder, without
 * noise, and decoded by each modality's. The decoders end in a linear layer, so that what they give is clamped at 0 as
 * that of the linear controls is; no preprocessed value is negative, and the clamp can only lower an error.
 */
export function modisPredictor(
  name: string,
  model: ModisModel,
  { modalities }: Pick<PreparedCohort, "modalities">,
): Predictor {
  return {
    name,
    sees: "RNA",
    async predict({ matrix: { rows, columns, values } }) {
      const [{ start, end }] = modalities;
      const seen = pickColumns({ rows, columns, values }, { start, end });
      const source = { rows, columns: end - start, values: Float32Array.from(seen) };
      const everywhere = modalities.map((_, i) => i);
      const translated = await model.translate(source, 0, everywhere);
      const out = new Float64Array(rows * columns);
      modalities.forEach((modality, i) => {
        placeColumns({ rows, columns, values: out }, translated[i], modality.start);
      });
      return new Float32Array(clampAtZero(out));
    },
  };
}
