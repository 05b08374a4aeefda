#!/usr/bin/env node
// The command `aro`: starts the compiled command line, or says how to compile it.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const main = join(dirname(fileURLToPath(import.meta.url)), "dist", "cli", "main.js");
if (!existsSync(main)) {
  console.error(
    "aro: expected the compiled library in lib/dist, got nothing; run `npm run build` first",
  );
  process.exit(1);
}
await import(main);
