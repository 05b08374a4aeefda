// Renders a figure: Vega-Lite to Vega to SVG to PNG, with fonts from an npm package.

import { createRequire } from "node:module";
import { escapeMarkup } from "../markup.js";
import { checkFigure, type Figure } from "./figure.js";
import { encodePng } from "./png.js";

/** A figure's images; the same figure always gives the same bytes. */
export interface RenderedFigure {
  readonly figure: Figure;
  readonly svg: string;
  readonly png: Buffer;
  /** Width of the drawing at 100 %, in pixels; the PNG is `scale` times as wide. */
  readonly width: number;
  readonly height: number;
  readonly scale: number;
}

/** The largest PNG, in bytes, for a notebook in git. */
export const pngLimit = 200 * 1024;

const require = createRequire(import.meta.url);

/** The font files, by weight, as @expo-google-fonts/inter ships them. */
export function fontFiles(): string[] {
  return ["400Regular", "500Medium", "600SemiBold"].map((weight) =>
    require.resolve(`@expo-google-fonts/inter/${weight}/Inter_${weight}.ttf`),
  );
}

/**
 * Renders a figure to SVG and PNG.
 * @throws RangeError if the figure's data or fields are wrong, or the PNG is too large at every scale.
 * @throws Error if Vega-Lite or Vega reports an error or a warning.
 */
export async function renderFigure(figure: Figure, maxBytes = pngLimit): Promise<RenderedFigure> {
  checkFigure(figure);
  const svg = await drawSvg(figure);
  const { Resvg } = await import("@resvg/resvg-js");
  const font = {
    loadSystemFonts: false,
    fontFiles: fontFiles(),
    defaultFontFamily: "Inter",
    sansSerifFamily: "Inter",
  };
  for (const zoom of [2, 1.75, 1.5, 1.25, 1]) {
    const image = new Resvg(svg, { font, fitTo: { mode: "zoom", value: zoom } });
    const drawn = image.render();
    const png = encodePng({ data: drawn.pixels, width: drawn.width, height: drawn.height });
    if (png.length <= maxBytes) {
      return { figure, svg, png, width: image.width, height: image.height, scale: zoom };
    }
  }
  throw new RangeError(
    `figure ${figure.name}: expected a PNG of at most ${maxBytes} bytes, got more even at its own ` +
      "size; draw fewer marks (bin or sample the data first)",
  );
}

async function drawSvg({ name, title, spec }: Figure): Promise<string> {
  await registerFonts();
  // Imported here, because a CommonJS kernel cannot load vega, whose modules use top-level await.
  const vegaLite = await import("vega-lite");
  const vega = await import("vega");
  const refuse = (...messages: readonly unknown[]): never => {
    throw new Error(`figure ${name}: Vega refuses the spec: ${messages.map(String).join(" ")}`);
  };
  const logger = {
    level: () => logger,
    error: refuse,
    warn: refuse,
    info: () => logger,
    debug: () => logger,
  };
  let compiled: ReturnType<typeof vegaLite.compile>["spec"];
  try {
    compiled = vegaLite.compile(spec, { logger: logger as never }).spec;
  } catch (cause) {
    if (cause instanceof Error && cause.message.startsWith("figure ")) throw cause;
    throw new Error(
      `figure ${name}: Vega-Lite refuses the spec: ${messageOf(cause)}; look for a misspelled mark or channel`,
      { cause },
    );
  }
  const view = new vega.View(vega.parse(compiled, undefined), {
    renderer: "none",
    logger: logger as never,
  });
  try {
    return tidySvg(await view.toSVG(), title);
  } finally {
    view.finalize();
  }
}

let fontsRegistered: Promise<void> | null = null;

/** Registers the PNG's fonts, so that Vega measures text with them. */
function registerFonts(): Promise<void> {
  fontsRegistered ??= import("canvas").then(({ GlobalFonts }) => {
    for (const file of fontFiles()) {
      if (!GlobalFonts.registerFromPath(file, "Inter")) {
        throw new Error(`figures: expected a font in ${file}, got none; run npm ci again`);
      }
    }
  });
  return fontsRegistered;
}

/**
 * Rounds coordinates to 3 decimals, which is invisible, numbers ids from 1 (Vega continues from the previous figure),
 * and adds the alternative text.
 */
function tidySvg(svg: string, title: string): string {
  const ids = new Map<string, string>();
  return svg
    .replace(/<[^>]+>/g, (tag) =>
      tag
        .replace(/-?\d+\.\d{4,}(e-\d+)?/g, (digits) => String(Number(Number(digits).toFixed(3))))
        .replace(/(id="|url\(#)([a-z_]+)(\d+)/g, (_, before, kind, number) => {
          const id = `${kind}${number}`;
          if (!ids.has(id)) ids.set(id, `${kind}${ids.size + 1}`);
          return `${before}${ids.get(id)}`;
        }),
    )
    .replace("<svg ", () => `<svg role="img" aria-label="${escapeMarkup(title)}" `);
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
