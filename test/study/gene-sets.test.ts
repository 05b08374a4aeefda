// The gene sets of a study come from the user's file, from the simulation's factors, or from gene symbols.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openGeneSets } from "../../lib/study/gene-sets.js";
import { readProfile } from "../../lib/study/profile.js";
import { openStudy } from "../../lib/study/study.js";
import { scratchFolder } from "../scratch.js";

test("a file that is named comes first, then what the cohort says of its genes", async () => {
  const study = await openStudy(readProfile({ ARO_PROFILE: "course" }));
  const simulated = openGeneSets(study, {});
  assert.equal(simulated.sets.length, 6);
  const genes = new Set(study.prepared.features.slice(0, study.prepared.modalities[0].end));
  for (const set of simulated.sets) {
    assert.ok(set.genes.length >= 5 && set.genes.length < 100, set.name);
    assert.ok(set.genes.every((gene) => genes.has(gene)));
  }
  const families = openGeneSets({ ...study, profile: readProfile({}) }, {});
  assert.deepEqual(families.sets, []); // simulated genes have no symbols
  const file = join(scratchFolder(), "own.gmt");
  writeFileSync(file, "own\tmine\tG0001\tG0002\n");
  const own = openGeneSets(study, { ARO_GENE_SETS: file });
  assert.deepEqual(own.sets, [{ name: "own", genes: ["G0001", "G0002"] }]);
  assert.match(own.about, /own\.gmt/);
});
