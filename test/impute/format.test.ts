// The forward pass in lib/model/FORMAT.md, run as it stands there, imputes what the library does.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { sliceColumns } from "../../lib/cohort/matrix.js";
import { findPython, runCommand } from "../../lib/cohort/python.js";
import { projectRoot } from "../../lib/cohort/root.js";
import { simulateCohort } from "../../lib/cohort/simulate.js";
import { factorOf, LEVEL } from "../../lib/impute/calibration.js";
import { fitImputer } from "../../lib/impute/imputer.js";
import { inferModalities } from "../../lib/impute/infer.js";
import { scratchFolder } from "../scratch.js";

const TOLERANCE = 1e-5; // of a feature's deviation
const folder = scratchFolder();

const text = readFileSync(join(projectRoot(), "lib/model/FORMAT.md"), "utf8");
const blocks = [...text.matchAll(/```python\n([\s\S]*?)```/g)].map(([, code]) => code);
const { cohort } = simulateCohort({
  seed: 3,
  patients: 40,
  features: { RNA: 50, protein: 30, metabolite: 12 },
});
const seen = sliceColumns(cohort.matrix, 0, cohort.modalities[0].end);
const rows = cohort.samples.flatMap((_, row) => (row % 4 === 0 ? [] : [row]));

const SCRIPT = `
x = np.array(json.load(open("x.json")), dtype=float)
value, deviation = impute(x)
names = [m["name"] for m in model["modalities"][1:]]
json.dump([value.tolist(), deviation.tolist(), [factor(name) for name in names]], open("out.json", "w"))
`;

let python: string | undefined;
before(async () => {
  python = await findPython().catch(() => undefined);
  if (python && (await runCommand(python, ["-c", "import numpy"])).code !== 0) python = undefined;
});

for (const method of ["shared-decoder", "ridge-cis"] as const) {
  test(`NumPy imputes as the library does: ${method}`, async (t) => {
    if (python === undefined) return t.skip("no Python with NumPy");
    const bundle = join(folder, method);
    const imputer = await fitImputer(cohort, { rows, method, output: bundle });
    const { mean, deviation } = await inferModalities(imputer.decoder, seen);
    const x = Array.from({ length: seen.rows }, (_, i) =>
      Array.from({ length: seen.columns }, (_, g) => {
        const at = i * seen.columns + g;
        return seen.observed[at] ? seen.values[at] : null;
      }),
    );
    writeFileSync(join(bundle, "x.json"), JSON.stringify(x));
    writeFileSync(join(bundle, "impute.py"), [...blocks, SCRIPT].join("\n"));
    const { code, output } = await runCommand(python, ["impute.py"], { cwd: bundle });
    assert.equal(code, 0, output);
    const [values, deviations, factors] = JSON.parse(
      readFileSync(join(bundle, "out.json"), "utf8"),
    ) as [number[][], number[][], number[]];
    const { scale } = imputer.decoder.paths.standard;
    let worst = 0;
    for (let i = 0; i < mean.rows; i++) {
      for (let j = 0; j < mean.columns; j++) {
        if (scale[j] === 0) continue;
        const at = i * mean.columns + j;
        worst = Math.max(worst, Math.abs(values[i][j] - mean.values[at]) / scale[j]);
        worst = Math.max(worst, Math.abs(deviations[i][j] - deviation[at]) / scale[j]);
      }
    }
    assert.ok(worst <= TOLERANCE, `expected at most ${TOLERANCE} deviations apart, got ${worst}`);
    imputer.decoder.modalities.slice(1).forEach(({ name }, m) => {
      assert.equal(factors[m], factorOf(imputer.factors, name, LEVEL));
    });
  });
}
