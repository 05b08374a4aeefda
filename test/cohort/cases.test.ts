// Files as people have them, by kind of habit: each is read with the right values, or refused with place and remedy.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readTables, type TableOptions, type TablesOptions } from "../../lib/cohort/tables.js";
import { writeTemp } from "./tempfile.js";

/** The files of a case, the first of them a table; with `samples.csv` there is a sample sheet. */
type Files = Readonly<Record<string, string>>;

interface CaseOptions {
  readonly table?: Partial<TableOptions>;
  readonly sheet?: Partial<NonNullable<TablesOptions["sampleSheet"]>>;
}

/** What came of a case: the notes and drops as one text, or the message of the error. */
interface Outcome {
  readonly refused: boolean;
  readonly text: string;
  /** Sample -> its patient, labels and values, null where nothing was measured. */
  readonly samples: Readonly<Record<string, { patient: string; labels: object; values: object }>>;
  readonly features: readonly string[];
}

const SAMPLES = "sample,patient\nS1,P1\nS2,P2\nS3,P3\nS4,P4\n";

/** Tries a case, with the usual sample sheet unless it has its own. */
async function tryCase(
  files: Files & { readonly "samples.csv"?: string },
  options: CaseOptions & { readonly withoutSheet?: boolean } = {},
): Promise<Outcome> {
  const folder = `${writeTemp("case", "")}-files`;
  mkdirSync(folder);
  const all = options.withoutSheet ? files : { "samples.csv": SAMPLES, ...files };
  for (const [name, text] of Object.entries(all)) writeFileSync(join(folder, name), text);
  const [table] = Object.keys(files).filter((name) => name !== "samples.csv");
  const sampleSheet = { file: join(folder, "samples.csv"), ...options.sheet };
  try {
    const cohort = await readTables({
      name: "m",
      tables: [{ name: "RNA", file: join(folder, table), ...options.table }],
      ...(!options.withoutSheet && { sampleSheet }),
    });
    const { matrix, features, notes, drops } = cohort;
    const values = (row: number) =>
      features.map((_, j) => {
        const at = row * matrix.columns + j;
        return matrix.observed[at] ? matrix.values[at] : null;
      });
    const lost = drops.map((one) => `${one.from}: ${one.count} ${one.what} ${one.reason}`);
    const samples = cohort.samples.map(({ id, patient, labels }, row) => [
      id,
      { patient, labels, values: values(row) },
    ]);
    return {
      refused: false,
      text: [...notes, ...lost].join("\n"),
      features,
      samples: Object.fromEntries(samples),
    };
  } catch (error) {
    assert.ok(error instanceof Error, String(error));
    return { refused: true, text: error.message, samples: {}, features: [] };
  }
}

/** The case is read. */
async function reads(...given: Parameters<typeof tryCase>): Promise<Outcome> {
  const outcome = await tryCase(...given);
  assert.ok(!outcome.refused, outcome.text);
  return outcome;
}

/** The case is refused with a message that matches each pattern. */
async function refuses(
  files: Files,
  patterns: readonly RegExp[],
  options: Parameters<typeof tryCase>[1] = {},
): Promise<void> {
  const outcome = await tryCase(files, options);
  assert.ok(outcome.refused, `read:\n${outcome.text}`);
  for (const pattern of patterns) assert.match(outcome.text, pattern);
}

const values = ({ samples }: Outcome) =>
  Object.fromEntries(Object.entries(samples).map(([id, sample]) => [id, sample.values]));
const labels = ({ samples }: Outcome, name: string) =>
  Object.values(samples).map((sample) => (sample.labels as Record<string, unknown>)[name]);
const patients = ({ samples }: Outcome) => Object.values(samples).map(({ patient }) => patient);

const RNA = "gene,S1,S2,S3,S4\nTP53,1,2,3,4\n";
const RNA_VALUES = { S1: [1], S2: [2], S3: [3], S4: [4] };

test("numbers stated as missing are missing, by their value, in tables and sheets, and counted", async () => {
  const table = "gene\tS1\tS2\tS3\tS4\nTP53\t0\t1200\t0.0\t900\nEGFR\t-999\t300\t310\t-9.99e2\n";
  const outcome = await reads({ "p.tsv": table }, { table: { missing: ["0", "-999", "-9"] } });
  assert.deepEqual(values(outcome), {
    S1: [null, null],
    S2: [1200, 300],
    S3: [null, 310],
    S4: [900, null],
  });
  assert.match(
    outcome.text,
    /read as not measured: "0" in 2 cells, "-999" in 2 cells, "-9" in no cell \(check its spelling\)/,
  );
  const sheet = "sample,patient,age\nS1,P1,-9\nS2,P2,-9.0\nS3,P3,50\nS4,P4,61\n";
  const noted = await reads({ "r.csv": RNA, "samples.csv": sheet }, { sheet: { missing: ["-9"] } });
  assert.deepEqual(labels(noted, "age"), [null, null, 50, 61]);
  assert.match(noted.text, /read as not recorded: "-9" in 2 cells/);
});

test("a stray quote that would merge rows is refused, with both lines", async () => {
  const header = "gene\tdescription\tS1\tS2\tS3\tS4\n";
  const stray =
    'TP53\t"tumor protein, 3 prime\t1\t2\t3\t4\nEGFR\treceptor 5"\t50\t60\t70\t80\nKRAS\tras\t9\t9\t9\t9\n';
  await refuses({ "r.tsv": header + stray }, [
    /line 2: expected a closing quote at the end of the quoted cell "tumor protein, 3 prime", got it on line 3/,
  ]);
  const lines = `${header + stray}`.replaceAll(",", " ").replaceAll("\t", ",");
  await refuses({ "r.csv": lines }, [/line 2: expected a closing quote .* got it on line 3/]);
  await refuses({ "r.tsv": `${header}TP53\t"a\tb"\t1\t2\t3\t4\n` }, [
    /line 2: .* got it in a later cell/,
  ]);
  const quoted = await reads({
    "r.tsv": 'gene\tS1\tS2\tS3\tS4\n"TP53"\t"1"\t2\t3\t4\nMT-"x"\t5\t6\t7\t8\n',
  });
  assert.deepEqual(quoted.features, ["TP53", 'MT-"x"']);
  assert.deepEqual(values(quoted).S1, [1, 5]);
});

test("a header that is one name short is R's only if its first name could be a sample", async () => {
  await refuses({ "r.csv": "gene,S1,S2,S3,S4\nTP53,1,2,3,4,2.5\nEGFR,5,6,7,8,6.5\n" }, [
    /expected a name for each of the 6 columns on line 1, got 5; the last column, "2.5" on line 2, has none: name it/,
  ]);
  await refuses({ "r.csv": RNA, "samples.csv": "sample,patient\nS1,P1,x\nS2,P2,y\n" }, [
    /samples.csv: expected a name for each of the 3 columns on line 1, got 2/,
  ]);
  const r = await reads({ "r.tsv": "S1\tS2\tS3\tS4\nTP53\t1\t2\t3\t4\n" });
  assert.deepEqual(values(r), RNA_VALUES);
  assert.match(r.text, /names one column less/);
});

test("delimiters at the ends of lines with nothing behind them are dropped and noted", async () => {
  const ends = [
    ["gene\tS1\tS2\tS3\tS4\t\nTP53\t1\t2\t3\t4\n", /at the end of the header, line 1, ignored/],
    ["gene\tS1\tS2\tS3\tS4\nTP53\t1\t2\t3\t4\t\n", /delimiters at the end of 1 row ignored/],
    ["gene\tS1\tS2\tS3\tS4\t\t\nTP53\t1\t2\t3\t4\t\t\n", /2 columns without name and values left/],
  ] as const;
  for (const [text, note] of ends) {
    const outcome = await reads({ "r.tsv": text });
    assert.deepEqual(values(outcome), RNA_VALUES);
    assert.match(outcome.text, note);
  }
});

test("a row index in place of ids is refused, and left out once the id column is named", async () => {
  const indexed = (name: string, from: number) =>
    `${name},sample,TP53,EGFR\n${[4, 3, 2, 1].map((id, i) => `${i + from},10${id},${id},${2 * id}\n`).join("")}`;
  const sheet = "sample,patient\n101,P1\n102,P2\n103,P3\n104,P4\n";
  for (const [name, from] of [
    ["", 0],
    ["Unnamed: 0", 0],
    ["index", 0],
    ["row", 1],
    ['""', 1],
  ] as const) {
    const files = { "p.csv": indexed(name, from), "samples.csv": sheet };
    await refuses(files, [
      /p.csv: .*\n- line 1: expected ids in the first column, got .*, which counts the rows; name the id column, as in id: "sample"/,
    ]);
    const named = await reads(files, { table: { id: "sample" } });
    assert.deepEqual(values(named), { 104: [4, 8], 103: [3, 6], 102: [2, 4], 101: [1, 2] });
    assert.match(named.text, /counts the rows; left out/);
  }
  const own = { "r.csv": RNA, "samples.csv": ",sample,patient\n0,S1,P1\n1,S2,P1\n" };
  await refuses(own, [
    /samples.csv: .*\n- line 1: expected ids in the first column, got "", which counts/,
  ]);
  const asked = await reads(own, { sheet: { id: "sample" } });
  assert.deepEqual(patients(asked), ["P1", "P1"]);
  const counted = {
    "r.csv": ",TP53,EGFR\n1,0.5,1.5\n2,0.25,2.5\n",
    "samples.csv": "id,patient\n1,A\n2,B\n",
  };
  assert.deepEqual(values(await reads(counted)), { 1: [0.5, 1.5], 2: [0.25, 2.5] });
});

test("the patient column is known by its usual names", async () => {
  const names = [
    "patient_id",
    "PatientID",
    "Patient ID",
    "subject",
    "SubjectID",
    "donor",
    "individual_id",
    "case",
    "case_submitter_id",
    "bcr_patient_barcode",
    "submitter_donor_id",
    "participant",
    "Proteomics_Participant_ID",
    "patient barcode",
    "CASE_ID",
    "pt_id",
    "PatID",
    "MRN",
    "USUBJID",
    "Patientennummer",
    "ID_patient",
    "cases.submitter_id",
    "case_uuid",
    "mouse_id",
  ];
  for (const name of names) {
    const sheet = `sample,${name}\nS1,P1\nS2,P1\nS3,P2\nS4,P2\n`;
    const outcome = await reads({ "r.csv": RNA, "samples.csv": sheet });
    assert.deepEqual(patients(outcome), ["P1", "P1", "P2", "P2"], name);
    assert.doesNotMatch(outcome.text, /no column names the patients/);
  }
});

test("without a patient column it is noted that a split may separate patients; two that compete are refused", async () => {
  const none =
    /no column names the patients, so each sample counts as a patient of its own, and a split may separate/;
  for (const name of ["patient_age", "case_control", "age", "inpatient", "Case_excluded"]) {
    const outcome = await reads({
      "r.csv": RNA,
      "samples.csv": `sample,${name}\nS1,1\nS2,1\nS3,2\nS4,2\n`,
    });
    assert.deepEqual(patients(outcome), ["S1", "S2", "S3", "S4"], name);
    assert.match(outcome.text, none);
  }
  const status = await reads({
    "r.csv": RNA,
    "samples.csv": "sample,case\nS1,1\nS2,0\nS3,1\nS4,0\n",
  });
  assert.deepEqual(labels(status, "case"), [1, 0, 1, 0]);
  const table = { orientation: "features-in-rows" } as const;
  assert.match((await reads({ "r.csv": RNA }, { withoutSheet: true, table })).text, none);
  const two = "sample,case_id,subject_id\nS1,A,X\nS2,A,Y\nS3,B,Y\nS4,B,X\n";
  await refuses({ "r.csv": RNA, "samples.csv": two }, [
    /expected one column that names the patients, got "case_id", "subject_id".*choose: patient: "..."/,
  ]);
  const chosen = await reads(
    { "r.csv": RNA, "samples.csv": two },
    { sheet: { patient: "case_id" } },
  );
  assert.deepEqual(patients(chosen), ["A", "A", "B", "B"]);
  const same = "sample,case_id,case_submitter_id\nS1,A,1\nS2,A,1\nS3,B,2\nS4,B,2\n";
  assert.deepEqual(patients(await reads({ "r.csv": RNA, "samples.csv": same })), [
    "A",
    "A",
    "B",
    "B",
  ]);
});

test("a label among the features is refused, and a gene that shares a label's name is not", async () => {
  const upright =
    "sample,TP53,EGFR,Stage,age\nS1,1,2,1,50\nS2,3,4,2,60\nS3,5,6,1,55\nS4,7,8,2,70\n";
  const sheet = "sample,patient,stage,age\nS1,P1,1,50\nS2,P2,2,60\nS3,P3,1,55\nS4,P4,2,70\n";
  await refuses({ "r.csv": upright, "samples.csv": sheet }, [/pass ignore: \["Stage", "age"\]/]);
  const ignoring = { table: { ignore: ["Stage", "age"] } };
  assert.deepEqual((await reads({ "r.csv": upright, "samples.csv": sheet }, ignoring)).features, [
    "TP53",
    "EGFR",
  ]);
  for (const name of ["age", "x1"]) {
    await refuses({ "r.csv": `${RNA}${name},50,60,55,70\n`, "samples.csv": sheet }, [
      new RegExp(`expected features, got "${name}" with the values of the label "age"`),
    ]);
  }
  // Small counts agree by chance in four samples; the next test has many.
  const read = await reads({ "r.csv": `${RNA}x1,1,2,1,2\n`, "samples.csv": sheet });
  assert.deepEqual(read.features, ["TP53", "x1"]);
  const mutated = "sample,patient,TP53\nS1,P1,0\nS2,P2,1\nS3,P3,1\nS4,P4,0\n";
  assert.deepEqual((await reads({ "r.csv": RNA, "samples.csv": mutated })).features, ["TP53"]);
});

test("a minus stays a label where a plus or a word like it stands, and is missing and noted elsewhere", async () => {
  for (const [plus, minus] of [
    ["+", "-"],
    ["pos", "-"],
    ["1+", "-"],
    ["Positive", "-"],
  ]) {
    const sheet = `sample,patient,ER\nS1,P1,${plus}\nS2,P2,${minus}\nS3,P3,${plus}\nS4,P4,NA\n`;
    const outcome = await reads({ "r.csv": RNA, "samples.csv": sheet });
    assert.deepEqual(labels(outcome, "ER"), [plus, "-", plus, null]);
    assert.match(outcome.text, /read as not recorded: "NA" in 1 cell$/m);
  }
  const sheet = "sample,patient,site\nS1,P1,lung\nS2,P2,-\nS3,P3,skin\nS4,P4,-\n";
  const dashes = await reads({ "r.csv": RNA, "samples.csv": sheet });
  assert.deepEqual(labels(dashes, "site"), ["lung", null, "skin", null]);
  assert.match(dashes.text, /read as not recorded: "-" in 2 cells/);
  const stated = "sample,patient,ER\nS1,P1,+\nS2,P2,-\nS3,P3,+\nS4,P4,+\n";
  const told = await reads({ "r.csv": RNA, "samples.csv": stated }, { sheet: { missing: ["-"] } });
  assert.deepEqual(labels(told, "ER"), ["+", null, "+", "+"]);
});

test("points that may be thousands separators are refused unless one of them cannot be", async () => {
  const sheet = "sample;patient\nS1;P1\nS2;P2\nS3;P3\nS4;P4\n";
  const table = "gene;S1;S2;S3;S4\nTP53;950;1.234;12.345;880\nEGFR;7.120;640;112.300;1.001\n";
  await refuses({ "p.csv": table, "samples.csv": sheet }, [
    /as in "1.234": thousands or decimals\?/,
  ]);
  for (const decimal of ["0.123", "1.5", "1234.567"]) {
    const read = await reads({ "p.csv": table.replace("950", decimal), "samples.csv": sheet });
    assert.equal((values(read).S2 as number[])[0], Math.fround(1.234));
  }
  await refuses({ "p.csv": table.replace("950", "1.234.567"), "samples.csv": sheet }, [
    /got "1.234.567", with points as thousands separators/,
  ]);
  const label = "sample;patient;cells\nS1;P1;1.234\nS2;P2;950\nS3;P3;2.000\nS4;P4;1\n";
  const noted = await reads({ "r.csv": RNA, "samples.csv": label });
  assert.deepEqual(labels(noted, "cells"), ["1.234", "950", "2.000", "1"]);
  assert.match(
    noted.text,
    /"cells" is kept as text because the points may be thousands separators/,
  );
});

test("labels that only look like numbers stay text, with a note", async () => {
  const column = (cells: readonly string[]) =>
    reads({
      "r.csv": RNA,
      "samples.csv": `sample,patient,x\n${cells.map((cell, i) => `S${i + 1},P${i + 1},"${cell}"\n`).join("")}`,
    });
  const codes = [
    ["1E2", "100", "2E3", "2000"],
    ["007", "7", "07", "8"],
    ["1.10", "1.1", "1.2", "1.20"],
    ["00501", "501", "00502", "00503"],
    ["1234567890123456", "1234567890123457", "3", "4"],
  ];
  for (const cells of codes) {
    const outcome = await column(cells);
    assert.deepEqual(labels(outcome, "x"), cells);
    assert.match(outcome.text, /column "x" is kept as text because "/);
  }
  const commas = await column(["59,5", "60", "61,25", "70,1"]);
  assert.deepEqual(labels(commas, "x"), ["59,5", "60", "61,25", "70,1"]);
  assert.match(commas.text, /because of its decimal commas, as in "59,5"; write decimal points/);
  const numbers = await column(["59.5", "-1", "1.5e-3", "0.123456789012345678"]);
  assert.deepEqual(labels(numbers, "x"), [59.5, -1, 0.0015, 0.12345678901234568]);
  assert.doesNotMatch(numbers.text, /kept as text/);
});

test("an orientation by accident is refused, and so is a first row taken for the header", async () => {
  const entrez = "entrez,X1,X2,X9,X10\n1,5,6,7,8\n2,1,2,3,4\n9,1,1,1,1\n10,2,2,2,2\n12,3,3,3,3\n";
  const sheet = "sample,patient\n1,A\n2,B\n9,C\n10,D\n";
  await refuses({ "r.csv": entrez, "samples.csv": sheet }, [/4 in rows and 4 in columns.*R's "X"/]);
  const told = { table: { orientation: "features-in-rows" } } as const;
  await refuses(
    { "r.csv": entrez, "samples.csv": sheet },
    [/"X1" here, "1" in the sample sheet \(R's X/],
    told,
  );
  const headless = "TP53,1,2,9,10\nEGFR,5,6,7,8\nKRAS,9,9,9,9\n";
  await refuses({ "r.csv": headless, "samples.csv": sheet }, [
    /line 1: expected a header, got "TP53" beside numbers; add a line/,
  ]);
  const named = await reads({ "r.csv": `Gene${headless.slice(4)}`, "samples.csv": sheet });
  assert.deepEqual(values(named), { 1: [5, 9], 2: [6, 9], 9: [7, 9], 10: [8, 9] });
});

test("ids that almost match are told apart, in whole and in part", async () => {
  const table = (...ids: string[]) =>
    `gene,${ids.join(",")}\nTP53,${ids.map((_, i) => i).join(",")}\n`;
  const sheet = (...ids: string[]) =>
    `sample,patient\n${ids.map((id) => `${id},p${id}\n`).join("")}`;
  const pairs: [here: string[], there: string[], what: RegExp][] = [
    [["001", "002", "010"], ["1", "2", "10"], /"001" here, "1" in .*\(leading zeros; 2 more\)/],
    [["S 1", "S 2"], ["S\u00a01", "S\u00a02"], /"S 1" here, "S<U\+00A0>1" .*invisible/],
    [["S1\u200b", "S2\u200b"], ["S1", "S2"], /"S1<U\+200B>" here, "S1" .*invisible/],
    [
      ["e\u0301a", "e\u0301b"],
      ["éa", "éb"],
      /"e<U\+0301>a" here, "éa" .*the Unicode form .*; 1 more/,
    ],
    [["TCGA.01.A", "TCGA.02.A"], ["TCGA-01-A", "TCGA-02-A"], /\(punctuation; 1 more\)/],
    [["s1", "s2"], ["S1", "S2"], /\(upper and lower case; 1 more\)/],
    [["1.0", "2.0", "10.0"], ["1", "2", "10"], /"1.0" here, "1" in .*\(a ".0" at the end; 2 more/],
    [["X101.a", "X102.a"], ["101-a", "102-a"], /\(R's X before a digit; 1 more\)/],
    [["D:\\data\\run_S1.raw", "D:\\data\\run_S2.raw"], ["S1", "S2"], /run_S1.raw" here, "S1" in/],
    [
      ["Peptides S1", "LFQ intensity S1", "LFQ intensity S2"],
      ["S1", "S2"],
      /"LFQ intensity S1" here/,
    ],
    [["TCGA-01", "TCGA-02"], ["TCGA-01-11A", "TCGA-02-11A"], /"TCGA-01" here, "TCGA-01-11A"/],
    [["T-1-01A-11R", "T-2-01A"], ["T-1-01", "T-2-01"], /"T-1-01" in .* \(a longer name; 1 more/],
    [["\u04051"], ["S1"], /"S1" in .* \(letters of another alphabet that look alike\)/],
  ];
  for (const [here, there, what] of pairs) {
    await refuses({ "r.csv": await table(...here), "samples.csv": sheet(...there) }, [
      /write the ids alike/,
      what,
    ]);
  }
  const outcome = await tryCase({
    "r.csv": await table("1.0", "2.0"),
    "samples.csv": sheet("10", "20"),
  });
  assert.doesNotMatch(outcome.text, /write the ids alike/, "1.0 is not 10");
  const part = await reads({
    "r.csv": await table("A.1", "A.2", "B1", "B2"),
    "samples.csv": sheet("A-1", "A-2", "B1", "B2"),
  });
  assert.deepEqual(values(part), { B1: [2], B2: [3] });
  assert.match(
    part.text,
    /samples left out .*"A.1" here, "A-1" in the sample sheet \(punctuation; 1/,
  );
});

test("the first # line as wide as the rows is the header, and the others are named", async () => {
  const text = "#NAME,S1,S2,S3,S4\n#CLASS:group,1,2,1,2\nTP53,1,2,3,4\n";
  const outcome = await reads({ "r.csv": text });
  assert.deepEqual(outcome.features, ["TP53"]);
  assert.deepEqual(values(outcome), RNA_VALUES);
  assert.match(
    outcome.text,
    /1 leading # line skipped, "#CLASS:group" below the header among them/,
  );
  const comments = await reads({ "r.csv": `# made by hand\n#a,b,c,d,e\n${RNA}` });
  assert.deepEqual(values(comments), RNA_VALUES);
});

test("a first line sep= sets the delimiter", async () => {
  for (const [line, delimiter] of [
    ["sep=;", ";"],
    ["sep=,", ","],
    ['"sep=;"', ";"],
    ["sep=\t", "\t"],
  ]) {
    const text = `${line}\n${RNA.replaceAll(",", delimiter)}`;
    assert.deepEqual(values(await reads({ "r.csv": text })), RNA_VALUES);
  }
});

test("GCT 1.2 and 1.3 are read, without annotations, and refused if their counts are wrong", async () => {
  const two =
    "#1.2\n2\t4\nName\tDescription\tS1\tS2\tS3\tS4\nTP53\tp53\t1\t2\t3\t4\nEGFR\t7\t5\t6\t7\t8\n";
  const both = { S1: [1, 5], S2: [2, 6], S3: [3, 7], S4: [4, 8] };
  assert.deepEqual(values(await reads({ "r.gct": two })), both);
  assert.deepEqual(values(await reads({ "r.gct": two }, { withoutSheet: true })), both);
  const three =
    "#1.3\n2\t4\t2\t1\nid\tsymbol\tchr\tS1\tS2\tS3\tS4\nbatch\tna\tna\t1\t1\t2\t2\n" +
    "A_at\tTP53\t17\t1\t2\t3\t4\nB_at\tEGFR\t7\t5\t6\t7\t8\n";
  const read = await reads({ "r.gct": three }, { withoutSheet: true });
  assert.deepEqual(read.features, ["A_at", "B_at"]);
  assert.deepEqual(values(read), both);
  const cut = three.slice(0, three.indexOf("B_at"));
  await refuses({ "r.gct": cut }, [
    /expected 2 rows, as its second line says, got 1; download it again/,
  ]);
  await refuses({ "r.gct": two.replace("2\t4", "2\t5") }, [
    /expected 7 columns on line 3, as the counts on line 2 say, got 6/,
  ]);
});

test("a title and a second header line are named as such", async () => {
  const title = "Supplementary Table 2. Protein levels";
  const first = new RegExp(
    `expected the header on line 1, got "${title}" alone, as in a title; remove line 1`,
  );
  await refuses({ "r.csv": `${title},,,,\n${RNA}` }, [first]);
  await refuses({ "r.csv": `${title}\n${RNA}` }, [first]);
  await refuses({ "r.csv": `${title}\nn = 4\n${RNA}` }, [/remove lines 1 to 2/]);
  await refuses({ "r.csv": RNA, "samples.csv": `Table S1. Clinical data,,\n${SAMPLES}` }, [
    /as in a title/,
  ]);
  const groups = "BIOCHEMICAL,S1,S2,S3,S4\n,CTRL,CTRL,CASE,CASE\nglucose,1,2,3,4\n";
  await refuses({ "m.csv": groups }, [
    /line 2: expected numbers, got "CTRL", "CTRL", "CASE" and 1 more, as in a second header; remove this line/,
  ]);
  const index =
    "Name,A1BG,A1CF\nDatabase_ID,NP_570602.2,NP_620310.1\nPatient_ID,,\nS1,1,2\nS2,3,4\n";
  await refuses({ "p.csv": index }, [/as in a second header; remove lines 2 to 3/]);
});

test("columns and rows that are no samples of the sheet are left out unread, and counted", async () => {
  const groups =
    "Protein IDs\tGene names\tPeptides\tS1\tS2\tS3\tS4\tReverse\n" +
    "P04637\tTP53\t5\t100\t200\t300\t400\t\nCON__P02768\tALB\t9\t1\t0\t2\t3\t\nREV__Q1\t\t1\t0\t0\t0\t3\t+\n";
  const outcome = await reads({ "proteinGroups.txt": groups });
  assert.deepEqual(values(outcome).S1, [100, 1, 0]);
  assert.match(outcome.text, /RNA: 3 samples not in the sample sheet/);
  assert.match(outcome.text, /include MaxQuant's contaminants \(1\): "CON__P02768"/);
  assert.match(outcome.text, /include MaxQuant's reversed sequences \(1\): "REV__Q1"/);
  const upright = "sample,TP53\nS1,1\nS2,2\nblank,none\nS3,3\nS4,4\n";
  const rows = await reads({ "r.csv": upright });
  assert.deepEqual(values(rows), RNA_VALUES);
  assert.match(rows.text, /RNA: 1 samples not in the sample sheet/);
  const counts = await reads({ "c.csv": `${RNA}__no_feature,1,2,3,4\nN_unmapped,1,1,1,1\n` });
  assert.match(counts.text, /include counts of reads .*\(2\): "__no_feature", "N_unmapped"/);
});

test("the delimiter is the one that gives header and rows one width", async () => {
  const groups = "sample,P04637;Q9Y261;A0A024;H0Y,P00533;B7Z\nS1,1.5,2.5\nS2,3.5,4.5\n";
  const outcome = await reads({ "p.csv": groups });
  assert.deepEqual(outcome.features, ["P04637;Q9Y261;A0A024;H0Y", "P00533;B7Z"]);
  assert.deepEqual(values(outcome), { S1: [1.5, 2.5], S2: [3.5, 4.5] });
  const lipids = "gene\tS1\tS2\tS3\tS4\nPC(16:0,18:1);x\t1\t2\t3\t4\n1,2,3-triol\t1\t2\t3\t4\n";
  assert.equal((await reads({ "m.csv": lipids })).features.length, 2);
});

test("blanks between cells are named as such, and a fault of many rows is told once", async () => {
  const blanks = '"S1" "S2" "S3" "S4"\n"TP53" 1 2 3 4\n"EGFR" 5 6 7 8\n';
  await refuses({ "r.txt": blanks }, [
    /expected tabs, commas or semicolons between the cells, got blanks/,
  ]);
  const ragged = `${RNA}${"EGFR,1,2,3\n".repeat(30)}`;
  await refuses({ "r.csv": ragged }, [/line 3 and 29 more lines: expected 5 fields/]);
});

test("columns without header and values are dropped and noted, like blank rows", async () => {
  const outcome = await reads({
    "r.csv": ",gene,S1,S2,,S3,S4,,\n,TP53,1,2,,3,4,,\n,,,,,,,,\n",
    "samples.csv": SAMPLES.replaceAll("\n", ",,\n"),
  });
  assert.deepEqual(values(outcome), RNA_VALUES);
  assert.match(outcome.text, /samples.csv: 2 columns without name and values left out/);
  assert.match(outcome.text, /r.csv: 4 columns without name and values left out/);
  assert.match(outcome.text, /r.csv: 1 blank row skipped/);
  await refuses({ "r.csv": "gene,S1,S2,S3,S4,\nTP53,1,2,3,4,5\n" }, [
    /the id of a sample in column 6, got none/,
  ]);
});

test("ids that mean nothing name nothing", async () => {
  for (const id of ["NA", "nan", "---", "", "null", "#N/A"]) {
    await refuses({ "r.csv": `${RNA}${id},5,6,7,8\n` }, [
      /line 3: expected the id of a feature, got (none|")/,
    ]);
  }
  await refuses({ "r.csv": RNA, "samples.csv": `${SAMPLES}NA,P5\n` }, [
    /line 6: expected the id of a sample, got "NA"/,
  ]);
});

test("dates in other languages and rounded numbers are no features", async () => {
  const dates = [
    "01-Sept",
    "1. Mrz",
    "01.09.2021",
    "02-mar",
    "2.31E+13",
    "1-sept.",
    "1-Dez",
    "Sep 1",
    "1. September",
    "March 1",
    "3/1/21",
    "9月1日",
    "1-März",
  ];
  const outcome = await reads({
    "r.csv": `${RNA}${dates.map((date) => `${date},1,2,3,4\n`).join("")}44440,1,2,3,4\n`,
  });
  assert.deepEqual(outcome.features, ["TP53", "44440"]);
  assert.match(outcome.text, /RNA: 13 features changed by Excel, not a name/);
  assert.match(outcome.text, /dates that Excel saved as day numbers: "44440"/);
});

test("a word among numbers is refused with the option that reads it as missing", async () => {
  const table = "met,S1,S2,S3,S4\nglucose,<LOD,1,2,3\nlactate,ND,1,BDL,1 234\n";
  await refuses({ "m.csv": table }, [
    /line 2, column "S1": .* missing: \["<LOD", "ND"\] if they mean "not measured"/,
    /line 3, column "S3": .* missing: \["BDL"\] if it means "not measured"/,
    /line 3, column "S4": .* with blanks as thousands separators/,
  ]);
  const told = { table: { missing: ["<lod", "ND", "BDL", "1 234"] } };
  assert.deepEqual(values(await reads({ "m.csv": table }, told)).S1, [null, null]);
});

test("a long table is recognized, and told how to pivot", async () => {
  const rows = "S1,TP53,1\nS1,EGFR,2\nS2,TP53,3\nS2,EGFR,4\n";
  await refuses({ "long.csv": `sample,feature,value\n${rows}` }, [
    /got a long table on line 1, with a row for each "sample" and "feature"/,
    /df.pivot\(index="sample", columns="feature", values="value"\)/,
  ]);
  await refuses(
    { "long.csv": `sample,feature,unit,value\n${rows.replaceAll(/,(\d)/g, ",mM,$1")}` },
    [/a row for each "sample" and "feature"/],
  );
});

test("faults of a GCT file's first lines are told by line", async () => {
  const two = "#1.2\n1\t4\nName\tDescription\tS1\tS2\tS3\tS4\nTP53\tp53\t1\t2\t3\t4\n";
  for (const [wrong, message] of [
    [two.replace("#1.2", "#1.1"), /expected GCT 1.2 or 1.3, got "#1.1" on line 1/],
    [two.replace("1\t4", "x\ty"), /expected 2 counts on line 2, as in GCT 1.2, got "x", "y"/],
    [two.replace("1\t4\n", ""), /expected 2 counts on line 2, .* got "Name", "Description"/],
    [two.replace("1\t4", "-1\t4"), /expected 2 counts on line 2, .* got "-1", "4"/],
  ] as const) {
    await refuses({ "r.gct": wrong }, [message]);
  }
});

test("points that may be thousands separators are refused between tabs and commas, too, beside whole numbers", async () => {
  const table = (cells: string) => `gene\tS1\tS2\tS3\tS4\nTP53\t${cells}\n`;
  await refuses({ "r.tsv": table("950\t1.234\t12.345\t880") }, [
    /line 1: .* as in "1.234": thousands or decimals\?/,
  ]);
  await refuses({ "r.csv": table('950\t"1.234"\t12.345\t880').replaceAll("\t", ",") }, [
    /as in "(?:1.234|12.345)": thousands/,
  ]);
  for (const cells of [
    "950\t1.23\t12.345\t880",
    "9.500\t1.234\t12.345\t8.800",
    "0.950\t1.234\t3\t4",
    "950\t1.234\t12\t880",
    "950\t1.234 \t12\t880", // a trailing blank is counted once
  ]) {
    const row = values(await reads({ "r.tsv": table(cells) }));
    assert.deepEqual(
      Object.values(row).flat(),
      cells.split("\t").map((cell) => Math.fround(Number(cell))),
    );
  }
  const sheet = "sample\tpatient\tcells\nS1\tP1\t1.234\nS2\tP2\t950\nS3\tP3\t2.000\nS4\tP4\t1\n";
  const commas = sheet.replace("1.234", "1,234").replace("2.000", "2,000");
  assert.match(
    (await reads({ "r.csv": RNA, "samples.csv": commas })).text,
    /its commas may be decimal or thousands separators, as in "1,234"/,
  );
});

test("totals and means are refused where they are, and noted where only the name says so", async () => {
  await refuses({ "r.csv": `${RNA}EGFR,5,6,7,8\nTotal,6,8,10,12\n` }, [
    /line 4: expected features, got "Total", the sum of the others; remove the row/,
  ]);
  await refuses({ "r.csv": `${RNA}EGFR,5,6,7,8\nMean,3,4,5,6\n` }, [
    /got "Mean", the mean of the others/,
  ]);
  const upright = "sample,TP53,EGFR,Sum\nS1,1,5,6\nS2,2,6,8\n";
  await refuses({ "r.csv": upright }, [/column "Sum": expected features.* pass ignore: \["Sum"\]/]);
  const total = `${upright}Total,3,11,14\n`;
  const told = {
    table: { orientation: "samples-in-rows", ignore: ["Sum"] },
    withoutSheet: true,
  } as const;
  await refuses(
    { "r.csv": total },
    [/line 4: expected samples, got "Total", the sum of the others; remove the row/],
    told,
  );
  // A rounded total differs by less than a thousandth.
  const rounded = `gene,S1,S2,S3,S4\nTP53,1000,2000,3000,4000\nEGFR,50,60,70,80\n`;
  await refuses({ "r.csv": `${rounded}Total,1051,2061,3071,4081\n` }, [/the sum of the others/]);
  const named = await reads({ "r.csv": `${RNA}EGFR,5,6,7,8\nTotal,6,8,10,12.5\n` });
  assert.match(named.text, /the features include what may be totals: "Total"/);
});

test("marks of spreadsheets, remarks below a table and repeated names are noted", async () => {
  const marked = await reads({
    "r.csv": `${RNA}'EGFR,5,6,7,8\n="KRAS",1,2,3,4\nTP53.1,4,3,2,1\nSource: our lab,,,,\n`,
  });
  assert.match(
    marked.text,
    /2 features whose names begin with a quote or a spreadsheet's text mark.*"'EGFR"/,
  );
  assert.match(marked.text, /because the name repeats \(1\): "TP53.1"/);
  assert.match(marked.text, /1 feature without a value in any sample: "Source: our lab"/);
  const again = await reads({ "r.csv": "gene,S1,S1.1,S2\nTP53,1,2,3\n" });
  assert.deepEqual(values(again), { S1: [1], S2: [3] });
  assert.match(again.text, /samples that R or pandas may have renamed .* \(1\): "S1.1"/);
  await refuses({ "r.csv": `gene,S1,S2\nTP53,'1,TRUE\nEGFR, "3",2\nKRAS,1,2\n` }, [
    /got "'1", with an apostrophe, which marks text in a spreadsheet; remove it/,
    /with a blank before its quotes; remove the blank/,
    /got "TRUE", a truth value; write 1 or 0/,
  ]);
});

test("a quote that merges two rows of two columns is refused, a line end in a name becomes a blank", async () => {
  await refuses({ "r.csv": 'gene,S1\nTP53,1\n"EG,2\nKRAS",3\nX,4\n' }, [
    /line 3: expected a closing quote .* line 4/,
  ]);
  const read = await reads({ "r.csv": 'gene,S1\n"TP53, long\nname",1\n' });
  assert.deepEqual(read.features, ["TP53, long name"]);
});

test("patients and classes that differ by spelling alone are noted, for a split would separate them", async () => {
  const sheet = (rows: string) => `sample,patient,smoker\n${rows}`;
  const told = async (rows: string) =>
    (await reads({ "r.csv": RNA, "samples.csv": sheet(rows) })).text;
  assert.match(
    await told("S1,P1,yes\nS2,p1,Yes\nS3,P-3,no\nS4,P3,NO\n"),
    /"patient" has patients that may be the same: "P1", "p1" \(upper and lower case\), "P-3", "P3" \(punctuation\)/,
  );
  assert.match(
    await told("S1,1,yes\nS2,1.0,Yes\nS3,2,no\nS4,3,x\n"),
    /"1", "1.0" \(a ".0" at the end\)/,
  );
  assert.match(
    await told("S1,1,yes\nS2,2,Yes\nS3,3,no\nS4,4,NO\n"),
    /"smoker" has values that may be the same: "yes", "Yes" \(upper and lower case; 1 more\)/,
  );
  assert.doesNotMatch(await told("S1,1.0,+\nS2,10,-\nS3,a-1,+\nS4,a-2,-\n"), /may be the same/);
  const upright = "sample\tsubject\tTP53\nS1\tA\t1\nS2\tA\t2\nS3\tB\t3\nS4\tC\t4\n";
  assert.match(
    (await reads({ "r.tsv": upright })).text,
    /samples "S1" and "S2" are of patients "P1" and "P2", but a table says "A" of both/,
  );
  const together = "sample,patient\nS1,P1\nS2,P1\nS3,P1\nS4,P4\n";
  assert.doesNotMatch((await reads({ "r.tsv": upright, "samples.csv": together })).text, /of both/);
});

test("words and numbers that may mean nothing was recorded are noted", async () => {
  const sheet =
    "sample,patient,grade,age,purity\nS1,P1,unknown,61,61%\nS2,P2,--,999,50.5%\nS3,P3,G2,999,5 %\nS4,P4,Not Reported,70,9%\n";
  const noted = await reads({ "r.csv": RNA, "samples.csv": sheet });
  assert.match(
    noted.text,
    /"grade" has "unknown", "--", "Not Reported" among its values; .* pass missing: \["unknown", "--", "Not Reported"\]/,
  );
  assert.match(
    noted.text,
    /"age" has 999 in 2 cells, far from all other values; .* pass missing: \["999"\]/,
  );
  assert.match(noted.text, /"purity" is kept as text because of its percent signs, as in "61%"/);
  const table = (cells: string) => ({
    "r.tsv": `gene\tS1\tS2\tS3\tS4\nTP53\t${cells}\nEGFR\t-2\t3\t0\t1\n`,
  });
  assert.match(
    (await reads(table("-999\t2.5\t-9999\t1"))).text,
    /-999 in 1 cell, -9999 in 1 cell, far from .* "not measured"/,
  );
  assert.doesNotMatch((await reads(table("-999\t2.5\t-300\t1"))).text, /far from/);
  assert.doesNotMatch((await reads(table("0\t999\t1000\t1"))).text, /far from/);
});

test("classes by codes among the features are noted, and refused in enough samples", async () => {
  const files = (count: number, code: (i: number) => string) => {
    const rows = Array.from({ length: count }, (_, i) => i);
    return {
      "r.tsv": `sample\tflag\tTP53\n${rows.map((i) => `S${i}\t${code(i)}\t${(i * 7.3) % 5}\n`).join("")}`,
      "samples.csv": `sample,patient,kind\n${rows.map((i) => `S${i},P${i},${"abc"[i % 3]}\n`).join("")}`,
    };
  };
  const dummy = (i: number) => (i % 3 === 1 ? "1" : "0");
  const codes = (i: number) => String(2 - (i % 3));
  for (const code of [dummy, codes]) {
    await refuses(files(60, code), [
      /got "flag" with one value for each class of the label "kind"/,
    ]);
    assert.match(
      (await reads(files(18, code))).text,
      /"flag" has one value for each class of the label "kind"/,
    );
    assert.doesNotMatch((await reads(files(6, code))).text, /each class/);
  }
  const counted = files(60, (i) => String((i * 7) % 3));
  const grades = counted["samples.csv"].replace(/[abc]$/gm, (kind) =>
    String(("abc".indexOf(kind) * 7) % 3),
  );
  await refuses({ ...counted, "samples.csv": grades }, [/got "flag" with the values of the label/]);
  const other = (i: number) => (i === 30 ? "0.5" : dummy(i));
  assert.doesNotMatch((await reads(files(60, other))).text, /each class/);
});

test("rows and columns of a table that are no features or samples are noted by their names", async () => {
  const rows = "gene\tS1\tS2\tS3\tS4\nbatch\t1\t1\t2\t2\nAge (y)\t1\t2\t3\t4\nTP53\t1\t2\t3\t4\n";
  assert.match(
    (await reads({ "r.tsv": rows })).text,
    /may be labels of the samples \(1\): "batch"/,
  );
  const columns = "gene\tS1\tS2\tpvalue\tlog2FoldChange\tlength\nTP53\t1\t2\t0.1\t1\t30\n";
  const noted = await reads(
    { "r.tsv": columns },
    {
      withoutSheet: true,
      table: { orientation: "features-in-rows" },
    },
  );
  assert.match(
    noted.text,
    /statistics or annotations of the features: "pvalue", "log2FoldChange", "length"/,
  );
  await refuses(
    { "r.csv": 'sample,TP53\n"S\n1",1\nS2,2\n' },
    [/expected the id of a sample in one line/],
    {
      withoutSheet: true,
      table: { orientation: "samples-in-rows" },
    },
  );
});

test("an index with gaps does not name the rows beside a column of words", async () => {
  const table = "Unnamed: 0,gene,S1,S2\n0,TP53,1,2\n3,EGFR,3,4\n7,KRAS,5,6\n";
  await refuses({ "r.csv": table }, [/got "Unnamed: 0", which counts the rows; .*id: "gene"/]);
  for (const [name, first, second] of [
    ["ID", "1", "2"],
    ["n", "0", "1"],
  ]) {
    const counted = `${name},gene,S1,S2\n${first},TP53,1,2\n${second},EGFR,3,4\n`;
    await refuses({ "r.csv": counted }, [/counts the rows; .*id: "gene"/]);
  }
  const named = await reads({ "r.csv": table }, { table: { id: "gene" } });
  assert.deepEqual(values(named), { S1: [1, 3, 5], S2: [2, 4, 6] });
  const entrez = await reads({ "r.csv": ",S1,S2\n672,1,4\n675,2,5\n7157,3,6\n" });
  assert.deepEqual(entrez.features, ["672", "675", "7157"]);
});

test("a sheet whose first column does not hold the samples' ids is told which does", async () => {
  await refuses({ "r.csv": RNA, "samples.csv": "patient,sample\nP1,S1\nP1,S2\nP2,S3\n" }, [
    /samples.csv: .*\n- line 1: expected sample ids in the first column, got "patient" there and "sample" in column 2; .*id: "sample"/,
  ]);
  await refuses({ "r.csv": RNA, "samples.csv": "number,sample\n11,S1\n12,S2\n13,S3\n" }, [
    /the sample sheet's column "sample" has them: pass id: "sample" there/,
  ]);
  await refuses({ "r.csv": "group,sample,TP53\na,S1,1\nb,S2,2\nc,S3,3\n" }, [
    /column 2 has such ids: pass id: "sample"/,
  ]);
});

test("a column that may name the patients is named in the note", async () => {
  const maybe = "sample,public_id\nS1,M1\nS2,M1\nS3,M2\nS4,M3\n";
  const noted = await reads({ "r.csv": RNA, "samples.csv": maybe });
  assert.deepEqual(patients(noted), ["S1", "S2", "S3", "S4"]);
  assert.match(noted.text, /or pass patient: "public_id" if that column names them/);
  for (const name of ["cases", "pt", "grade"]) {
    const sheet = `sample,${name}\nS1,1\nS2,1\nS3,2\nS4,2\n`;
    const read = await reads({ "r.csv": RNA, "samples.csv": sheet });
    assert.deepEqual(patients(read), ["S1", "S2", "S3", "S4"], name);
    assert.doesNotMatch(read.text, /pass patient/);
  }
});

test("a header with other delimiters than the rows, and a comment of a few cells above it, are told", async () => {
  await refuses({ "r.csv": "gene,S1,S2\nTP53\t1\t2\nEGFR\t3\t4\n" }, [
    /got commas in the header, line 1, and another in the rows/,
  ]);
  await refuses({ "r.csv": `%made,by X\n${RNA}EGFR,5,6,7,8\n` }, [
    /expected the header on line 1, got "%made", "by X" above what looks like a header; remove line 1/,
  ]);
});

test("raw counts and values without a logarithm are remarked on", async () => {
  const table = async (cells: string) =>
    (await reads({ "r.csv": `gene,S1,S2,S3,S4\nTP53,${cells}\n` })).text;
  assert.match(await table("0,1200,7,12"), /look like raw counts: whole numbers from 0 up to 1200/);
  assert.match(
    await table("0.5,1200.25,7,12"),
    /as if no logarithm was taken: numbers from 0 up to 1200.25/,
  );
  for (const cells of ["1,12,3,4", "-1,1200,3,4", "0.5,12.25,7,12"]) {
    assert.doesNotMatch(await table(cells), /raw counts|logarithm/);
  }
});

test("marks that are no strings are refused with what to write", async () => {
  const options = { table: { missing: [0] as unknown as string[] } };
  await refuses({ "r.csv": RNA }, [/missing: expected strings, got 0; write "0"/], options);
});

test("errors of a spreadsheet name nothing, and decoys and spike-ins are noted", async () => {
  await refuses({ "r.csv": `${RNA}#REF!,5,6,7,8\n#NAME?,5,6,7,8\n` }, [
    /line 3: expected the id of a feature, got "#REF!"/,
    /line 4: expected the id of a feature, got "#NAME\?"/,
  ]);
  const { text } = await reads({
    "r.csv": `${RNA}rev_P1,1,2,3,4\nDECOY_P2,1,2,3,4\nERCC-00002,1,2,3,4\n`,
  });
  assert.match(text, /include decoy sequences \(2\): "rev_P1", "DECOY_P2"/);
  assert.match(text, /include spiked-in ERCC controls \(1\): "ERCC-00002"/);
});

test("a numeric second header is named: by its numbers, as an annotation, or as patients", async () => {
  const options = { withoutSheet: true, table: { orientation: "samples-in-rows" } } as const;
  const below = "S1,1.5,2.25,0\nS2,2.5,3.75,4.5\nS3,3.5,4.25,0.5\n";
  const entrez = await reads(
    { "r.csv": `sample,TP53,A1BG,KRAS\nx,7157,1,3845\n${below}` },
    options,
  );
  assert.match(entrez.text, /line 2, "x", has whole numbers, the samples after it have others/);
  const counts = "S1,15,225,0\nS2,25,375,45\nS3,35,425,5\n";
  const named = `sample,TP53,A1BG,KRAS\nEntrez_Gene_ID,7157,1,3845\n${counts}`;
  const annotated = await reads({ "r.csv": named }, options);
  assert.match(
    annotated.text,
    /may be statistics or annotations of the features: "Entrez_Gene_ID"/,
  );
  const turned = "gene,S1,S2,S3,S4\nplex,1,1,2,2\nTP53,1.5,2.5,0,2.5\nKRAS,1.25,0.5,3.5,2.75\n";
  assert.match((await reads({ "r.csv": turned })).text, /line 2, "plex", has whole numbers/);
  const column = "gene,code,S1,S2\nTP53,12,1.5,2.5\nKRAS,7,1.25,0.5\nEGFR,9,2.5,3.25\n";
  const told = await reads(
    { "r.csv": column },
    { withoutSheet: true, table: { orientation: "features-in-rows" } },
  );
  assert.match(told.text, /column 2, "code", has whole numbers, the samples after it have others/);
  await refuses({ "r.csv": "gene,S1,S2,S3,S4\npatient_id,1,1,2,2\nTP53,1.5,2.5,0,2.5\n" }, [
    /line 2: expected a feature, got "patient_id", which names the patients/,
  ]);
});

test("a first line of zeros, or of whole numbers among others, is no second header", async () => {
  const zeros = "gene,S1,S2,S3,S4\nA1BG,0,0,0,0\nTP53,1.5,2.5,0,2.5\nKRAS,1.25,0.5,3.5,2.75\n";
  const whole = "gene,S1,S2,S3,S4\nA1BG,1,2,3,4\nTP53,1,2.5,3,2.5\nKRAS,1.25,5,3.5,2\n";
  for (const table of [zeros, whole]) {
    assert.doesNotMatch((await reads({ "r.csv": table })).text, /whole numbers/);
  }
});

test("symbols with Entrez ids are read as symbols, unless several share one", async () => {
  const table = (names: readonly string[]) =>
    `gene,S1,S2,S3,S4\n${names.map((name) => `${name},1,2,3,4\n`).join("")}`;
  const pipes = ["TP53|7157", "SLC35E2|9906", "SLC35E2|728661", "?|100130426", "HLA-A|3105"];
  const tcga = await reads({ "r.csv": table(pipes) });
  assert.deepEqual(tcga.features, ["TP53", ...pipes.slice(1, 4), "HLA-A"]);
  assert.match(tcga.text, /Entrez ids were taken off 2 features.*"SLC35E2" kept them/);
  const depMap = await reads({ "r.csv": table(["TSPAN6 (7105)", "TNMD (64102)"]) });
  assert.deepEqual(depMap.features, ["TSPAN6", "TNMD"]);
  const isomers = ["glucose", "hexose (2)", "PC (34:1)"];
  assert.deepEqual((await reads({ "r.csv": table(isomers) })).features, isomers);
  const others = await reads({ "r.csv": table(["ENSG00000141510|TP53", "ENSG00000133703|KRAS"]) });
  assert.match(others.text, /2 features combine identifiers.*rename them with map/);
});

test("controls and contaminants are noted", async () => {
  const noted = await reads(
    { "r.csv": "gene,S1,QC1,Blank_2\ncontam_P02768,1,2,0\nTP53,1,2,3\n" },
    { withoutSheet: true, table: { orientation: "features-in-rows" } },
  );
  assert.match(noted.text, /may be controls of the measurement: "QC1", "Blank_2"/);
  assert.match(noted.text, /include FragPipe's contaminants \(1\): "contam_P02768"/);
});
