// The command that writes what a trained model came to for other programs.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { chooseEngine } from "../engine/choose.js";
import { EXPORTS, type Export, exportStudy } from "../study/export.js";
import { readProfile } from "../study/profile.js";
import { describeAro, openAro, openStudy } from "../study/study.js";
import { type EXPORT_OPTIONS, type Given, needed } from "./options.js";
import { profileOf } from "./profile.js";

/** `aro export WHAT` writes embeddings, predictions, scores or the scaler of the profile's ARO. */
export async function exportOne(
  { output, setting = "masked", ...given }: Given<typeof EXPORT_OPTIONS>,
  [what]: readonly string[],
): Promise<number> {
  const file = needed("export", "output", output);
  const wanted = EXPORTS.find((one): one is Export => one === what);
  if (wanted === undefined) {
    throw new RangeError(`aro export: expected one of ${EXPORTS.join(", ")}, got "${what}"`);
  }
  const { env } = profileOf(given);
  const { engine } = await chooseEngine();
  const study = await openStudy(readProfile(env, engine));
  const isOfModel = wanted === "embeddings" || wanted === "predictions";
  const { folder } = describeAro(study, setting);
  if (isOfModel && !existsSync(join(folder, "result.json"))) {
    throw new Error(
      `aro export: expected a trained ARO ${setting} of these data and settings, got none in ${folder}; ` +
        "npx aro notebooks --only 03 trains it, with the same --cohort, --profile and --set",
    );
  }
  const model = isOfModel ? await openAro(study, setting, engine) : undefined;
  try {
    await exportStudy(study, wanted, file, { model });
  } finally {
    model?.dispose();
  }
  console.log(`${file}: ${wanted} of ${study.cohort.name}`);
  return 0;
}
