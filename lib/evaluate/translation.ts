// MODIS as a predictor: what it makes of the first modality alone.
import { selectColumns } from "../cohort/matrix.js";
import type { ModisModel } from "../model/modis.js";
import type { PreparedCohort } from "../preprocess/prepare.js";
import { clampTo, type Predictor } from "./predictor.js";
import { placeColumns } from "./rows.js";

/**
 * Lets a trained MODIS stand in a table of predictors: the first modality is encoded by its own autoencoder, without
 * noise, and decoded by each modality's. The decoders end in a linear layer, so their output is clamped at 0, like that of
 * the linear controls; no preprocessed value is negative, and the clamp can only lower an error.
 */
export function modisPredictor(
  name: string,
  model: ModisModel,
  { modalities, space }: Pick<PreparedCohort, "modalities" | "space">,
): Predictor {
  return {
    name,
    sees: "RNA",
    async predict({ matrix }) {
      const { rows, columns } = matrix;
      const [{ start, end }] = modalities;
      const indexes = Array.from({ length: end - start }, (_, j) => start + j);
      const everywhere = modalities.map((_, i) => i);
      const translated = await model.translate(selectColumns(matrix, indexes), 0, everywhere);
      const out = new Float64Array(rows * columns);
      modalities.forEach(({ start, end }, i) => {
        const part = { rows, columns: end - start, values: translated[i] };
        placeColumns({ rows, columns, values: out }, part, start);
      });
      return new Float32Array(clampTo(space, out));
    },
  };
}
