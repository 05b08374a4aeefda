// The command that lists and fetches cohorts.
import { readManifest } from "../cohort/manifest.js";
import { fetchSource } from "../cohort/sources.js";
import { textTable } from "../jupyter/table.js";
import { choose } from "./options.js";

/** `aro data` lists what the manifest has; `aro data get NAME` fetches and verifies one. */
export async function data(args: readonly string[]): Promise<number> {
  const [action, name] = choose(args).positionals;
  if (action === "get" && name) {
    await fetchCohort(name);
    return 0;
  }
  if (action !== undefined) {
    throw new RangeError(`aro data: expected nothing or "get NAME", got "${args.join(" ")}"`);
  }
  const sources = [...(await readManifest())].map(([source, { title, license, wheel }]) => ({
    source,
    title,
    license,
    megabytes: Math.round(wheel.bytes / 1e6),
  }));
  console.log(textTable(sources));
  return 0;
}

/** Fetches a source unless it is there, with its progress in one line. */
export async function fetchCohort(name: string): Promise<void> {
  let last = "";
  const { folder, from } = await fetchSource(name, {
    onProgress: ({ source, stage, done, total }) => {
      const line = `${source}: ${stage} ${Math.round((100 * done) / total)} % of ${(total / 1e6).toFixed(0)} MB`;
      if (!process.stdout.isTTY || line === last) return;
      process.stdout.write(`\r\x1b[2K${line}`);
      last = line;
    },
  });
  if (last) process.stdout.write("\r\x1b[2K");
  console.log(`${name}: verified in ${folder} (from ${from})`);
}
