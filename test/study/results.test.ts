// Published tables: read back as written, refused where they would hide something.
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { foldersOf, readProfile } from "../../lib/study/profile.js";
import { publishTable, readResults } from "../../lib/study/results.js";

const profile = readProfile({ ARO_PROFILE: "course" });
const name = `test-${process.pid}`;
after(() => rm(join(foldersOf(profile).figures, "tables", `${name}.json`), { force: true }));

test("a table is read back as it was published", async () => {
  const rows = [{ predictor: "zero", mse: 0.25, r: null }];
  await publishTable(profile, name, "test", rows);
  assert.deepEqual(await readResults(profile, name, "test"), rows);
});

test("a table that was not made names the notebook that makes it", async () => {
  await assert.rejects(
    readResults(profile, "no-such-table", "03-train"),
    /no-such-table.*run notebook 03-train/s,
  );
});

test("NaN and empty tables are refused", async () => {
  await assert.rejects(
    publishTable(profile, name, "test", [{ mse: Number.NaN }]),
    /NaN.*row 0, column mse/,
  );
  await assert.rejects(publishTable(profile, name, "test", []), /got none/);
});
