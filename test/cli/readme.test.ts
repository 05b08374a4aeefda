// The README's results: those of the published tables, and nothing typed by hand.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ledgerAsMarkdown, replacePart, resultsAsMarkdown } from "../../lib/cli/report.js";
import { projectRoot } from "../../lib/cohort/root.js";
import { readProfile } from "../../lib/study/profile.js";

const text = readFileSync(join(projectRoot(), "README.md"), "utf8");

test("the README's table is what the published reconstruction table renders to", async () => {
  const results = await resultsAsMarkdown(readProfile({}));
  assert.match(results, /\| ARO masked \| RNA \|/);
  assert.equal(replacePart(text, "results", results), text, "run `npx aro readme`");
});

test("the README's ledger is what the published tables are judged to be", async () => {
  const ledger = await ledgerAsMarkdown(readProfile({}));
  assert.match(ledger, /\| Abstract \| MSE on test \| 0\.168 \|/);
  assert.match(ledger, /\| not reproduced \(ucec\) \|/);
  assert.equal(replacePart(text, "ledger", ledger), text, "run `npx aro readme`");
});

test("a README without the two marks is refused", () => {
  assert.throws(
    () => replacePart("# title", "ledger", "rows"),
    /expected "<!-- ledger.*README\.md/,
  );
});
