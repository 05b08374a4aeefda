// What the documentation says by program: the results of the published tables, the ledger, the commands.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { COMMANDS } from "../../lib/cli/commands.js";
import { commandsAsMarkdown } from "../../lib/cli/help.js";
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

test("environment.md's table of commands is the commands'", () => {
  const environment = readFileSync(join(projectRoot(), "environment.md"), "utf8");
  const commands = commandsAsMarkdown(COMMANDS);
  assert.equal(replacePart(environment, "commands", commands), environment, "run `npx aro readme`");
});

test("a text without the two marks is refused", () => {
  assert.throws(
    () => replacePart("# title", "ledger", "rows"),
    /expected "<!-- ledger.*got a text without them/,
  );
});
