// The process that a test kills: tunes in a folder and dies at the n-th file that is moved into place, before or after.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const [folder, moment, side] = process.argv.slice(2);
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
const { tinyStudy } = await import("./tiny-study.js");
const { fakeEngine } = await import("./fake-model.js");
const engine = fakeEngine();
await tune(
  tinyStudy(folder, {
    onTrial: ({ number }) => fs.appendFileSync(`${folder}.ended`, `${number}\n`),
    engine: {
      ...engine,
      build: (...args) => {
        fs.appendFileSync(`${folder}.built`, `${process.pid}\n`);
        return engine.build(...args);
      },
    },
  }),
);
