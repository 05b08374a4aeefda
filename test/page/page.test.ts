// The page in a real browser, from a file: what a visitor changes moves, by keyboard too, without a network or an error.
import assert from "node:assert/strict";
import { existsSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { page as buildPage } from "../../lib/cli/page.js";
import { scratchFolder } from "../scratch.js";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

const browserFile = (process.env.PATH ?? "")
  .split(delimiter)
  .flatMap((folder) => NAMES.map((name) => join(folder, name)))
  .find((file) => existsSync(file));
const skip = browserFile ? false : `no browser on the path: ${NAMES.join(", ")}`;

const folder = scratchFolder();
const file = join(folder, "index.html");
let browser: Browser;
let page: Page;
const complaints: string[] = [];
const requests: string[] = [];

before(async () => {
  if (skip) return;
  const log = console.log;
  console.log = () => {};
  await buildPage({ output: folder }).finally(() => {
    console.log = log;
  });
  // A sandbox of its own is refused to the root user of a container.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  browser = await chromium.launch({ executablePath: browserFile, args });
  page = await browser.newPage({ viewport: { width: 900, height: 1300 } });
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", ({ message }) => complaints.push(message));
  page.on("request", (request) => requests.push(request.url()));
  await page.goto(pathToFileURL(file).href);
  await page.locator("body[data-ready]").waitFor();
});

after(() => browser?.close());

const said = () => page.locator("#said").textContent();
const errorsOf = (predictor: string) =>
  page
    .locator("#errors tr", { has: page.getByRole("rowheader", { name: predictor, exact: true }) })
    .locator("td")
    .allTextContents();

/** Waits until the sentence is another one, which is written last. */
async function changes(work: () => Promise<unknown>): Promise<string> {
  const earlier = await said();
  await work();
  await page
    .locator("#said")
    .filter({ hasNotText: earlier ?? "" })
    .waitFor();
  return (await said())!;
}

test("the page is one file of less than 3 MB that asks for nothing else", { skip }, async () => {
  assert.ok(statSync(file).size < 3e6, `${statSync(file).size} bytes`);
  assert.deepEqual(requests, [pathToFileURL(file).href]);
  assert.equal(await page.locator("#sample option").count(), 40);
  assert.equal(await page.locator("#engine").textContent(), "WebAssembly");
  assert.match(
    (await said())!,
    /is as it was measured\. The error of ARO masked is 0\.\d{3} on protein and 0\.\d{3} on metabolite\./,
  );
});

test("masking the RNA costs ridge and ARO masked, and leaves the constant as it was", {
  skip,
}, async () => {
  const constant = await errorsOf("constant");
  const text = await changes(() => page.getByLabel("RNA", { exact: true }).uncheck());
  assert.match(
    text,
    /RNA is masked\. The error of ARO masked is 0\.\d{3} \([+−±]0\.\d{3}\) on protein/,
  );
  assert.match((await errorsOf("ridge"))[1], /\(\+0\.\d{3}\)$/);
  assert.doesNotMatch((await errorsOf("ridge"))[1], /0\.000\)$/);
  const numbers = (cells: readonly string[]) => cells.map((cell) => cell.slice(0, 5));
  assert.deepEqual(numbers(await errorsOf("constant")), numbers(constant));
  assert.match((await errorsOf("constant"))[1], /\(±0\.000\)$/);
  assert.match((await page.locator("#moved-text").textContent())!, /^\d+ of 200 predictions/);
  const undone = await changes(() =>
    page.getByRole("button", { name: "Undo all changes" }).click(),
  );
  assert.match(undone, /is as it was measured/);
});

test("every control can be reached and used with the keyboard alone", { skip }, async () => {
  await page.locator("body").click({ position: { x: 1, y: 1 } });
  const reached: string[] = [];
  for (let i = 0; i < 8; i++) {
    await page.keyboard.press("Tab");
    const focused = page.locator(":focus");
    reached.push((await focused.getAttribute("id")) ?? (await focused.getAttribute("value")) ?? "");
  }
  assert.deepEqual(reached, [
    "sample",
    "RNA",
    "protein",
    "metabolite",
    "feature",
    "value",
    "ARO masked",
    "reset",
  ]);
  await page.locator("#value").focus();
  const pulled = await changes(() => page.keyboard.press("End"));
  assert.match(pulled, /G\d+ \(RNA\) is pulled to 1\.61/);
  assert.ok((await page.locator("#moved tr").count()) > 0);
  await page.locator('input[value="ARO masked"]').focus();
  const other = await changes(() => page.keyboard.press("ArrowRight"));
  assert.match(other, /The error of ARO unmasked is/);
  await page.locator('input[value="protein"]').focus();
  assert.match(await changes(() => page.keyboard.press("Space")), /and protein is masked/);
  await page.locator("#sample").focus();
  await changes(() => page.keyboard.press("ArrowDown"));
  await page.locator("#reset").focus();
  assert.match(await changes(() => page.keyboard.press("Enter")), /is as it was measured/);
});

test("nothing is cut off on a screen of 320 pixels", { skip }, async () => {
  await page.setViewportSize({ width: 320, height: 640 });
  await changes(() => page.getByLabel("RNA", { exact: true }).uncheck()); // fills both tables
  assert.equal(await page.evaluate("document.documentElement.scrollWidth"), 320);
  await changes(() => page.getByRole("button", { name: "Undo all changes" }).click());
});

test("axe finds no barrier: labels, roles, contrast", { skip }, async () => {
  await page.addScriptTag({ path: createRequire(import.meta.url).resolve("axe-core/axe.min.js") });
  const found = await page.evaluate(
    "axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')))",
  );
  assert.deepEqual(found, []);
});

test("nothing was written to the console, and no error was thrown", { skip }, async () => {
  assert.deepEqual(complaints, []);
});
