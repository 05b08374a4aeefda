// The page's controls, tables and pictures: what a visitor changes, and what the scene answers.
import { tfjsEngine } from "../engine/tfjs.js";
import { drawLatent, drawReconstruction } from "./draw.js";
import { type Edit, MODELS, type ModelName, openScene, type Packed, type Scene } from "./scene.js";

/** Put in by the builder. */
declare const WEIGHTS: Packed;

const find = <T extends Element>(id: string) => document.getElementById(id) as unknown as T;

const controls = {
  sample: find<HTMLSelectElement>("sample"),
  feature: find<HTMLSelectElement>("feature"),
  value: find<HTMLInputElement>("value"),
  shown: find<HTMLOutputElement>("shown"),
};

const text = (value: number, digits = 3) => value.toFixed(digits);

function option(label: string, value: string): HTMLOptionElement {
  const made = document.createElement("option");
  made.value = value;
  made.textContent = label;
  return made;
}

/** A box to check, or a button of a group, with its label. */
function choice(
  type: "checkbox" | "radio",
  name: string,
  value: string,
  checked: boolean,
): Element {
  const label = document.createElement("label");
  const input = document.createElement("input");
  Object.assign(input, { type, name, value, checked });
  label.append(input, ` ${value}`);
  return label;
}

function cell(text: string, scope?: "row" | "col"): HTMLElement {
  const made = document.createElement(scope ? "th" : "td");
  if (scope) made.setAttribute("scope", scope);
  made.textContent = text;
  return made;
}

function row([head, ...cells]: readonly string[]): HTMLTableRowElement {
  const made = document.createElement("tr");
  made.append(cell(head, "row"), ...cells.map((text) => cell(text)));
  return made;
}

const checked = (name: string) =>
  [...document.querySelectorAll<HTMLInputElement>(`input[name="${name}"]:checked`)].map(
    ({ value }) => value,
  );

/** The measured value of the chosen feature in the chosen sample. */
function measuredValue({ measured }: Scene): number {
  const { sample, feature } = controls;
  return measured.values[Number(sample.value) * measured.columns + Number(feature.value)];
}

function fillControls(scene: Scene): void {
  find("count").textContent = String(scene.samples.length);
  controls.sample.append(
    ...scene.samples.map(({ id, labels }, i) => option(`${id} (${labels.tissue})`, String(i))),
  );
  for (const { name, start, end } of scene.modalities) {
    const group = document.createElement("optgroup");
    group.label = name;
    for (let j = start; j < end; j++) group.append(option(scene.features[j], String(j)));
    controls.feature.append(group);
  }
  find("modalities").append(
    ...scene.modalities.map(({ name }) => choice("checkbox", "sees", name, true)),
  );
  find("models").append(...MODELS.map((name, i) => choice("radio", "model", name, i === 0)));
  find("head").replaceChildren(
    ...["Predictor", ...scene.modalities.map(({ name }) => name)].map((name) => cell(name, "col")),
  );
}

/** The sample as it was measured, and as the controls have it. */
function readControls(scene: Scene): { before: Edit; now: Edit } {
  const sample = Number(controls.sample.value);
  const before: Edit = { sample, hidden: [], feature: null, value: 0 };
  const sees = checked("sees");
  const hidden = scene.modalities.map(({ name }) => name).filter((name) => !sees.includes(name));
  const value = Number(controls.value.value);
  const isPulled = Math.abs(value - measuredValue(scene)) > 0.005; // half a step of the slider
  const feature = isPulled ? Number(controls.feature.value) : null;
  return { before, now: { sample, hidden, feature, value } };
}

async function show(scene: Scene): Promise<void> {
  const { before, now } = readControls(scene);
  const [was, is] = [await scene.read(before), await scene.read(now)];
  const [model] = checked("model") as ModelName[];
  const at = is.readings.findIndex(({ predictor }) => predictor === model);
  const { modalities, features, measured } = scene;
  controls.shown.textContent = `${text(now.value, 2)} (measured: ${text(measuredValue(scene), 2)})`;

  const modalityOf = (j: number) =>
    modalities.find(({ start, end }) => j >= start && j < end)!.name;
  const edits = now.hidden.map((name) => `${name} is masked`);
  if (now.feature !== null) {
    const feature = `${features[now.feature]} (${modalityOf(now.feature)})`;
    edits.unshift(`${feature} is pulled to ${text(now.value, 2)}`);
  }
  const change = (error: number | null, from: number | null) => {
    if (error === null || from === null) return "not measured";
    if (edits.length === 0) return text(error);
    const gap = text(Math.abs(error - from));
    const sign = Number(gap) === 0 ? "±" : error < from ? "−" : "+";
    return `${text(error)} (${sign}${gap})`;
  };
  find("errors").replaceChildren(
    ...is.readings.map(({ predictor, errors }, i) =>
      row([predictor, ...errors.map((error, m) => change(error, was.readings[i].errors[m]))]),
    ),
  );

  const from = was.readings[at].values;
  const to = is.readings[at].values;
  const moved = Array.from(to, (value, j) => ({ j, by: Math.abs(value - from[j]) }))
    .filter(({ by }) => by > 5e-4)
    .sort((a, b) => b.by - a.by);
  const measuredText = (j: number) => {
    const entry = now.sample * measured.columns + j;
    return measured.observed[entry] ? text(measured.values[entry]) : "not measured";
  };
  const cells = ({ j }: { j: number }) =>
    row([features[j], modalityOf(j), measuredText(j), text(from[j]), text(to[j])]);
  find("moved").replaceChildren(...moved.slice(0, 8).map(cells));
  find("moved-text").textContent =
    moved.length === 0
      ? `No prediction of ${model} has moved.`
      : `${moved.length} of ${features.length} predictions of ${model} have moved; these moved most.`;

  drawReconstruction(find("reconstruction"), scene, now.sample, to);
  const { id } = scene.samples[now.sample];
  find("reconstruction-text").textContent =
    `What ${model} reconstructs of ${id}, against what was measured. Points on the line agree.`;
  drawLatent(find("latent"), scene, now.sample, scene.maps[model], is.places[model]);
  find("latent-text").textContent =
    `The ${scene.samples.length} samples in the latent space of ${model}, by its first two principal components. The circle marks ${id} with your changes; the line leads back to where it was.`;

  const changes = is.readings[at].errors.map((error, m) =>
    change(error, was.readings[at].errors[m]),
  );
  const inferred = modalities.map(({ name }, m) => `${changes[m]} on ${name}`).slice(1);
  find("said").textContent =
    `${edits.length === 0 ? `${id} is as it was measured` : `For ${id}, ${edits.join(" and ")}`}. ` +
    `The error of ${model} is ${inferred.join(" and ")}.`;
}

async function start(): Promise<void> {
  // wasm needs SIMD; a browser without it computes in plain JavaScript.
  const backend = await tfjsEngine({ backend: "wasm" }).catch(() => null);
  const engine = backend ?? (await tfjsEngine({ backend: "cpu" }));
  find("engine").textContent = backend ? "WebAssembly" : "plain JavaScript";
  const scene = await openScene(engine, WEIGHTS);
  fillControls(scene);
  const resetValue = () => {
    controls.value.value = String(measuredValue(scene));
  };
  // One answer at a time; of changes that come meanwhile, the last one counts.
  let running = false;
  let waiting = false;
  const update = async () => {
    waiting = running;
    if (running) return;
    running = true;
    do {
      waiting = false;
      await show(scene);
    } while (waiting);
    running = false;
    document.body.dataset.ready = "true";
  };
  const controlForm = find<HTMLFormElement>("controls");
  controlForm.addEventListener("submit", (event) => event.preventDefault());
  controlForm.addEventListener("input", ({ target }) => {
    if (target === controls.sample || target === controls.feature) resetValue();
    void update();
  });
  find<HTMLButtonElement>("reset").addEventListener("click", () => {
    for (const box of document.querySelectorAll<HTMLInputElement>('input[name="sees"]')) {
      box.checked = true;
    }
    resetValue();
    void update();
  });
  resetValue();
  await update();
}

void start();
