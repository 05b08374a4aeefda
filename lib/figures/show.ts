// Shows a figure: as a picture in a notebook, as a line of text in a terminal.
import { createRequire } from "node:module";
import type { Figure } from "./figure.js";
import { type RenderedFigure, renderFigure } from "./render.js";

/** How tslab sends one output to Jupyter; null until the kernel runs its first cell. */
type WriteDisplayData = (
  output: {
    readonly data: Readonly<Record<string, string>>;
    readonly metadata: Readonly<Record<string, unknown>>;
    readonly transient: Readonly<Record<string, unknown>>;
  },
  update: boolean,
) => void;

/**
 * Shows a figure: a PNG in the output of a tslab cell, elsewhere a line of text with its size.
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
  // tslab's own display.png sends no metadata, and without it the picture fills twice its size on the page.
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

/** Finds the display of the kernel that this code runs in, without loading tslab where there is none. */
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
