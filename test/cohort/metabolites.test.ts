// Metabolite names: a mapping file in MetaboAnalyst's format, the curated table, and names that differ in spelling.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import {
  curatedNames,
  findCompound,
  foldName,
  readCompounds,
} from "../../lib/cohort/metabolites.js";
import { messageOf, writeTemp } from "./tempfile.js";

const HEADER = "Query,Match,HMDB,PubChem,ChEBI,KEGG,METLIN,SMILES,Comment";

test("readCompounds reads MetaboAnalyst's columns, and NA as none", () => {
  const file = writeTemp(
    "map.csv",
    `${HEADER}\n"D-Glucose","D-Glucose","HMDB0000122",5793,4167,"C00031",133,"OC[C@H]1O","1"\n` +
      `mystery,NA,NA,NA,NA,NA,NA,NA,0\nd glucose,x,x,x,x,C99999,x,x,1\n`,
  );
  const names = readCompounds(file);
  assert.deepEqual(
    [...names],
    [
      ["dglucose", "C00031"],
      ["mystery", null],
    ],
  );
});

test("readCompounds names a column that is missing, and an id that is none", async () => {
  const headless = writeTemp("map.csv", "Name,KEGG\nx,C00031\n");
  assert.match(
    await messageOf(() => readCompounds(headless), headless),
    /expected a column "Query"/,
  );
  const wrong = writeTemp("map.csv", `${HEADER}\nx,,,,,HMDB1,,,\n`);
  const message = await messageOf(() => readCompounds(wrong), wrong);
  assert.match(
    message,
    /line 2, column "KEGG": expected a KEGG compound such as C00031, got "HMDB1"/,
  );
});

test("foldName lets spellings of one name meet, and keeps names apart that differ", () => {
  assert.equal(foldName("aminomalonic acid (spectralmatch)"), foldName("Aminomalonic Acid"));
  assert.equal(foldName("DL-3-aminoisobutyric acid  (spectral match)"), "dl3aminoisobutyricacid");
  assert.equal(foldName("citricacid"), foldName("citric acid"));
  assert.equal(foldName("α-tocopherol"), "αtocopherol");
  assert.notEqual(foldName("D-glucose"), foldName("D-glucose-6-phosphate"));
});

test("findCompound finds a name in any spelling, and says where none is known", () => {
  const names = new Map([...curatedNames(), ["uracil", null] as const]);
  assert.deepEqual(findCompound("Glycine ", names), { ids: ["C00037"] });
  const none = { ids: [], reason: "no KEGG compound known for the name" };
  assert.deepEqual(findCompound("uracil", names), none);
  assert.deepEqual(findCompound("Unknown 001", names), none);
});

test("the curated table has a KEGG compound for each name, and each folded name once", () => {
  const [, ...lines] = readFileSync("data/metabolites.csv", "utf8").trim().split("\n");
  const curated = curatedNames();
  assert.equal(curated.size, lines.length);
  assert.ok([...curated.values()].every((id) => id !== null));
});

const data = process.env.ARO_TEST_DATA ?? "../shared/data";
const needs = (file: string) =>
  existsSync(join(data, file)) ? {} : { skip: `no real data in ${join(data, file)}` };

test(
  "the curated table knows all but six of the 83 named metabolites of GBM",
  needs("gbm87/metabolite_log2_134.tsv.gz"),
  () => {
    const text = gunzipSync(readFileSync(join(data, "gbm87", "metabolite_log2_134.tsv.gz")));
    const names = text.toString().split("\n")[0].split("\t").slice(1);
    const named = names.filter((name) => !name.startsWith("Unknown"));
    const curated = curatedNames();
    const lost = named.filter((name) => findCompound(name, curated).ids.length === 0);
    assert.deepEqual(lost, [
      "heptadecanoic acid",
      "N-formylglycine",
      "N-methylalanine",
      "palatinitol  (spectral match)",
      "porphine",
      "timonacic",
    ]);
    assert.equal(named.length, 83);
  },
);

test(
  "the curated table agrees with identifiers merged by rule, but for forms and stereoisomers",
  needs("identifiers/metabolite_ids.tsv"),
  () => {
    const lines = readFileSync(join(data, "identifiers", "metabolite_ids.tsv"), "utf8").split("\n");
    const others = new Map(
      lines.map((line) => {
        const [name, , kegg = ""] = line.split("\t");
        return [name, kegg.split("|").filter(Boolean)];
      }),
    );
    let agreed = 0;
    const different: string[] = [];
    for (const [name, id] of curatedNames()) {
      const bare = name.replace(/icacid$/, "ate").replace(/^(?:dl|d|l)(?=[^l])/, "");
      const known = [name, name.replace(/icacid$/, "ate"), bare].flatMap(
        (n) => others.get(n) ?? [],
      );
      if (known.length === 0) continue;
      if (known.includes(id ?? "")) agreed++;
      else different.push(`${name} ${id} ${known[0]}`);
    }
    // There by a name without the form: another entry of the acid, any galactose, the beta anomer, the L acid.
    assert.deepEqual(different, [
      "3phosphoglycerate C00197 C00597",
      "dgalactose C00124 C01582",
      "dfructose6phosphate C00085 C05345",
      "dmalicacid C00497 C00149",
    ]);
    assert.ok(agreed >= 50, `${agreed} agree`);
  },
);
