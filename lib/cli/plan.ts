// The command that says what a training will cost before it starts, and whether it fits this machine.
import { PAPER_SHAPE } from "../claims/paper.js";
import { dropEmptyFeatures } from "../cohort/cohort.js";
import { chooseEngine } from "../engine/choose.js";
import { describeEngine, type Engine, isPortable } from "../engine/engine.js";
import { memoryLimits } from "../engine/platform.js";
import { textTable } from "../figures/table.js";
import { ARO, type AroSpec } from "../model/aro.js";
import {
  availableDisk,
  estimateDisk,
  flopsPerStep,
  measureStep,
  requireDisk,
} from "../model/cost.js";
import { estimateMemory, requireMemory } from "../model/memory.js";
import { countParameters } from "../model/model.js";
import { splitSamples } from "../preprocess/split.js";
import { foldersOf, type Profile, readProfile } from "../study/profile.js";
import { openCohort } from "../study/study.js";
import { formatDuration } from "../train/progress.js";
import { completeSettings } from "../train/settings.js";
import type { Given, PLAN_OPTIONS } from "./options.js";
import { profileOf } from "./profile.js";

type PlanChoice = Given<typeof PLAN_OPTIONS>;

/** `aro plan` computes and measures; exit status 1 if the training does not fit. */
export async function plan(given: PlanChoice): Promise<number> {
  const { profile, env } = profileOf(given);
  const { engine } = await chooseEngine();
  const { runs } = foldersOf(profile);
  const request = await readRequest(given, readProfile(env, engine));
  const planned = await planTraining(engine, runs, request, !given.noMeasure);
  console.log(given.json ? JSON.stringify(planned, null, 2) : describe(planned));
  return planned.fits ? 0 : 1;
}

/** As `aro plan --json` prints it. */
type Plan = Awaited<ReturnType<typeof planTraining>>;

/** Estimates what a training costs in a run's folder, and measures the time of a step if asked to. */
async function planTraining(
  engine: Engine,
  folder: string,
  { spec, batchSize, steps }: Awaited<ReturnType<typeof readRequest>>,
  isMeasured: boolean,
) {
  ARO.check(spec);
  const remedies = [
    await memoryRemedy(spec, engine),
    await reasonOf(() => requireDisk(ARO, spec, folder)),
  ];
  const time = isMeasured ? await measureStep(engine, spec, batchSize) : null;
  return {
    engine: describeEngine(engine),
    features: spec.features,
    width: spec.width,
    hiddenLayers: spec.hiddenLayers,
    batchSize,
    steps,
    parameters: countParameters(ARO, spec),
    weightsBytes: 4 * countParameters(ARO, spec),
    /** Of memory, at the peak of training. */
    trainingBytes: estimateMemory(ARO, spec, engine.backend).total,
    /** Of memory, now. */
    availableBytes: engine.memoryLimits().available,
    /** Of the run's folder, at its peak. */
    diskBytes: estimateDisk(ARO, spec),
    availableDiskBytes: await availableDisk(folder),
    flopsPerStep: flopsPerStep(spec, batchSize),
    /** Null if not measured, as are the next two. */
    secondsPerStep: time?.secondsPerStep ?? null,
    /** Of all steps, without reading the cohort, validation and writing. */
    seconds: time && time.secondsPerStep * steps,
    /** Features of the model whose steps were timed. */
    measuredAt: time?.measuredAt ?? null,
    fits: remedies.every((remedy) => remedy === null),
    /** What does not fit, and what would. */
    remedy: remedies.filter((remedy) => remedy !== null).join("; ") || null,
  };
}

/** The paper's shape with --paper, else the profile's, each changed by the options that are given. */
async function readRequest(given: PlanChoice, profile: Profile) {
  const { epochs, batchSize } = given.paper ? completeSettings({ seed: 0 }) : profile.training;
  const batch = given.batch ?? batchSize;
  // All training rows in one batch, as the paper's are, unless a cohort says otherwise.
  let [features, rows] = [PAPER_SHAPE.features as number, batch];
  if (!given.paper && given.features === undefined) {
    const cohort = dropEmptyFeatures(await openCohort(profile));
    features = cohort.features.length;
    rows = splitSamples(cohort.samples, profile.split).train.length;
  }
  const model = given.paper ? PAPER_SHAPE : profile.model;
  const spec = {
    ...model,
    features: given.features ?? features,
    width: given.width ?? model.width,
    hiddenLayers: given.hiddenLayers ?? model.hiddenLayers,
    visible: null,
  };
  return { spec, batchSize: batch, steps: given.steps ?? epochs * Math.ceil(rows / batch) };
}

async function memoryRemedy(spec: AroSpec, engine: Engine): Promise<string | null> {
  const against = (backend: string) =>
    reasonOf(() =>
      requireMemory(ARO, spec, { backend, memoryLimits: () => memoryLimits(backend) }),
    );
  const reason = await against(engine.backend);
  if (reason === null || !isPortable(engine)) return reason;
  const native = await against("native");
  return native === null
    ? `${reason}; the native engine holds it: it takes a C++ compiler`
    : reason;
}

/** Why a check refuses; null if it does not. */
async function reasonOf(check: () => void | Promise<void>): Promise<string | null> {
  try {
    await check();
    return null;
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
}

function describe(plan: Plan): string {
  const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(2)} GiB`;
  const there = (bytes: number) => (Number.isFinite(bytes) ? `, ${gib(bytes)} available` : "");
  const { secondsPerStep: step, seconds } = plan;
  const grouped = (value: number | null) => value?.toLocaleString("en-US");
  const time =
    step === null || seconds === null
      ? "not measured"
      : `${step.toFixed(3)} s a step, ${formatDuration(seconds)} for ${plan.steps} steps (timed at ` +
        `${grouped(plan.measuredAt)} features, as busy as the machine is now)`;
  const rows = {
    engine: plan.engine,
    model: `${grouped(plan.features)} features, ${grouped(plan.width)} units wide, ${plan.hiddenLayers} hidden layers`,
    parameters: grouped(plan.parameters),
    weights: gib(plan.weightsBytes),
    memory: `${gib(plan.trainingBytes)} to train${there(plan.availableBytes)}`,
    disk: `${gib(plan.diskBytes)} with two checkpoints${there(plan.availableDiskBytes)}`,
    "a step": `${(plan.flopsPerStep / 1e9).toFixed(1)} GFLOP for ${plan.batchSize} rows`,
    time,
    fits: plan.fits ? "yes" : `no: ${plan.remedy}`,
  };
  return textTable(Object.entries(rows).map(([what, value]) => ({ what, value })));
}
