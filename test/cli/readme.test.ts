// The README's results: those of the published tables, and nothing typed by hand.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { replaceResults, resultsAsMarkdown } from "../../lib/cli/report.js";
import { projectRoot } from "../../lib/cohort/root.js";
import { readProfile } from "../../lib/study/profile.js";

test("the README's table is what the published reconstruction table renders to", async () => {
  const text = readFileSync(join(projectRoot(), "README.md"), "utf8");
  const results = await resultsAsMarkdown(readProfile({}));
  assert.match(results, /\| ARO masked \| RNA \|/);
  assert.equal(replaceResults(text, results), text, "run `npx aro readme`");
});

test("a README without the two marks is refused", () => {
  assert.throws(() => replaceResults("# title", "rows"), /expected "<!-- results.*README\.md/);
});
