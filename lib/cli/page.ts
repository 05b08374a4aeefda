// The command that builds the page: trains its models, bundles the library for a browser, writes one HTML file.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { build, type Plugin } from "esbuild";
import { projectRoot } from "../cohort/root.js";
import { chooseEngine } from "../engine/choose.js";
import { nameEngine } from "../engine/engine.js";
import type { Packed } from "../page/scene.js";
import { trainScene } from "../page/training.js";

/** Builds the page into a folder, by default lib/dist/page, and says where it is. */
export async function page({ output }: { readonly output?: string }): Promise<number> {
  const folder = resolve(output ?? join(projectRoot(), "lib", "dist", "page"));
  const { engine } = await chooseEngine();
  console.log(`training two small models on engine ${nameEngine(engine)}`);
  const html = await renderPage(await trainScene(engine));
  const file = join(folder, "index.html");
  await mkdir(folder, { recursive: true });
  await writeFile(file, html);
  console.log(
    `wrote ${file}, ${(html.length / 1e6).toFixed(1)} MB: open it in a browser, or copy it to any web server`,
  );
  return 0;
}

/** Renders the page with its script, style and weights inside, so that it needs no other file. */
async function renderPage(weights: Packed): Promise<string> {
  const sources = join(projectRoot(), "lib", "page");
  const { outputFiles } = await build({
    entryPoints: [join(sources, "main.ts")],
    bundle: true,
    minify: true,
    write: false,
    platform: "browser",
    format: "iife",
    target: "es2022",
    charset: "ascii", // whatever encoding a server claims
    legalComments: "eof", // licenses travel with the code
    define: { WEIGHTS: JSON.stringify(weights), WASM: JSON.stringify(await readWasm()) },
    plugins: [forBrowser],
    logLevel: "silent", // errors are thrown
  });
  const [template, style] = await Promise.all(
    ["index.html", "style.css"].map((name) => readFile(join(sources, name), "utf8")),
  );
  const script = outputFiles[0].text.replaceAll("</script", "<\\/script");
  return template.replace("/* style.css */", () => style).replace("/* main.js */", () => script);
}

/** The wasm module of TensorFlow.js as a data URL, which a page may load from a file; the one with SIMD, in one thread. */
async function readWasm(): Promise<string> {
  const file = createRequire(import.meta.url).resolve(
    "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm",
  );
  const bytes = await readFile(file);
  return `data:application/wasm;base64,${bytes.toString("base64")}`;
}

const forBrowser: Plugin = {
  name: "for-browser",
  setup({ onResolve }) {
    // In a page, browser.ts stands for what needs Node.
    onResolve({ filter: /^\.\/platform\.js$/ }, ({ importer }) => ({
      path: join(dirname(importer), "browser.ts"),
    }));
  },
};
