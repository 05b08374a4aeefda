// The process that a test kills: tunes in a folder and dies at the n-th file that is moved into place, before or after.
// With "shared" it is one of several workers, takes its time over each trial, and does nothing before a file says go.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { setTimeout } from "node:timers/promises";

const [folder, moment, side, shared] = process.argv.slice(2);
const { rename } = fs.promises;
const die = () => process.kill(process.pid, "SIGKILL");
let moves = 0;
fs.promises.rename = async (from, to) => {
  moves++;
  if (moves === Number(moment) && side === "before") die();
  await rename(from, to);
  if (moves === Number(moment) && side === "after") die();
};
syncBuiltinESMExports();

// Imported only now, so that they move files through the function above.
const { tune } = await import("../../lib/train/tune.js");
const { EPOCHS, tinyStudy } = await import("./tiny-study.js");
const { fakeEngine } = await import("./fake-model.js");
const fake = fakeEngine();
const changes = shared ? ({ shared: true, method: "random" } as const) : {};
if (shared) fs.appendFileSync(`${folder}.ready`, ".");
while (shared && !fs.existsSync(`${folder}.go`)) await setTimeout(10);
const engine: typeof fake.engine = {
  ...fake.engine,
  parameter(name, ...rest) {
    if (name === "inp_lin.weight") fs.appendFileSync(`${folder}.built`, `${process.pid}\n`);
    return fake.engine.parameter(name, ...rest);
  },
};
const model: typeof fake.model = {
  ...fake.model,
  network(spec) {
    const network = fake.model.network(spec);
    return {
      ...network,
      async pass(batch, observed, pass) {
        if (shared && pass.settlement === null) await setTimeout(100 / EPOCHS);
        return await network.pass(batch, observed, pass);
      },
    };
  },
};
const onTrial = ({ number }: { readonly number: number }) =>
  fs.appendFileSync(`${folder}.ended`, `${number} ${process.pid}\n`);
await tune(tinyStudy(folder, { ...changes, onTrial }, { engine, model }));
