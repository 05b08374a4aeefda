#!/usr/bin/env node
// The command `aro`: starts the compiled command line, or says how to compile it.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const file = join(dirname(fileURLToPath(import.meta.url)), "dist", "cli", "main.js");
if (!existsSync(file)) {
  console.error(
    "aro: expected the compiled library in lib/dist, got nothing; run `npm run build` first",
  );
  process.exit(1);
}
const { main } = await import(file);
main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    // The stack helps only developers of lib; ARO_DEBUG shows it.
    console.error(process.env.ARO_DEBUG ? error.stack : error.message);
    process.exitCode = 1;
  },
);
