// Shows a figure: as an image in a notebook, as a line of text in a terminal.
import { createRequire } from "node:module";
import type { Figure } from "./figure.js";
import { type RenderedFigure, renderFigure } from "./render.js";

/** tslab's function that sends an output to Jupyter; null until the kernel runs its first cell. */
type WriteDisplayData = (
  output: {
    readonly data: Readonly<Record<string, string>>;
    readonly metadata: Readonly<Record<string, unknown>>;
    readonly transient: Readonly<Record<string, unknown>>;
  },
  update: boolean,
) => void;

/**
 * Shows a figure as a PNG in the output of a tslab cell, or as a line with its size anywhere else.
 * @throws as `renderFigure` does.
 */
export async function showFigure(figure: Figure | RenderedFigure): Promise<void> {
  const rendered = "png" in figure ? figure : await renderFigure(figure);
  const write = kernelDisplay();
  if (write === null) {
    console.log(inWords(rendered));
    return;
  }
  const { png, width, height } = rendered;
  // Not tslab's display.png: it sends no metadata, so the image would appear at twice its size.
  write(
    {
      data: { "image/png": png.toString("base64"), "text/plain": rendered.figure.title },
      metadata: { "image/png": { width: Math.round(width), height: Math.round(height) } },
      transient: {},
    },
    false,
  );
}

function inWords({ figure, png, width, height }: RenderedFigure): string {
  const size = `${Math.round(width)} x ${Math.round(height)} px, PNG of ${Math.round(png.length / 1024)} KB`;
  return `figure ${figure.name}: ${figure.title} (${size}; no notebook to show it in)`;
}

/** Finds the display of the running kernel, without loading tslab where there is none. */
function kernelDisplay(): WriteDisplayData | null {
  const require = createRequire(import.meta.url);
  try {
    const loaded = require.cache[require.resolve("tslab/dist/jupyter.js")];
    return (
      (loaded?.exports as { lastWriteDisplayData?: WriteDisplayData | null } | undefined)
        ?.lastWriteDisplayData ?? null
    );
  } catch {
    return null; // tslab is not installed
  }
}
