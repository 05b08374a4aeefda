// The size of MODIS, the paper's comparator, by arithmetic: one variational autoencoder a modality and a discriminator.

export interface ModisShape {
  /** Features of each modality. */
  readonly features: readonly number[];
  /** Widths of an encoder's layers as shares of the modality's features; the decoder mirrors them. */
  readonly ratios: readonly number[];
  readonly latent: number;
  /** Classes that the discriminator tells apart, beside the modality. */
  readonly classes: number;
}

/** The ratios that MODIS takes if none are given. Source: VILLOUTREIXLab/MODIS, modis/nn.py. */
export const MODIS_RATIOS = [1.2, 1, 0.75, 0.5, 0.25] as const;

/**
 * Counts the trainable parameters of MODIS.
 * Source: VILLOUTREIXLab/MODIS, modis/nn.py: layers of `int(p * ratio)` units, batch normalization after each but the
 * encoder's last, two heads, a mirrored decoder, a discriminator of 1,024, 512 and 256 units with two heads.
 */
export function countModisParameters({ features, ratios, latent, classes }: ModisShape): number {
  const autoencoders = features.map((p) => {
    const widths = ratios.map((ratio) => Math.trunc(p * ratio));
    const last = widths[widths.length - 1];
    const normalized = widths.slice(0, -1).reduce((sum, width) => sum + width, 0);
    const encoder = linear([p, ...widths]) + 2 * normalized + 2 * linear([last, latent]);
    const mirrored = [...widths].reverse();
    const decoder = linear([latent, ...mirrored, p]) + 2 * (normalized + last);
    return encoder + decoder;
  });
  const discriminator =
    linear([latent, 1024, 512, 256]) + linear([256, features.length]) + linear([256, classes]);
  return autoencoders.reduce((sum, size) => sum + size, discriminator);
}

/** Weights and biases of linear layers between these widths. */
function linear(widths: readonly number[]): number {
  return widths.slice(1).reduce((sum, out, i) => sum + out * (widths[i] + 1), 0);
}
