// The page's two pictures, as SVG: reconstruction against measurement, and a map of the latent space.
import type { Point, Scene } from "./scene.js";

const WIDTH = 360;
const HEIGHT = 340;
const MARGIN = { left: 46, right: 10, top: 28, bottom: 42 };
const MOST = 1.61; // log1p of 4 standard deviations, as the slider has it

/** Colors that differ in lightness as well, each with a shape of its own. */
const MARKS = [
  { color: "#0b5394", shape: "circle" },
  { color: "#c24e00", shape: "square" },
  { color: "#1a1a1a", shape: "triangle" },
] as const;

type Mark = (typeof MARKS)[number];

function element(
  name: string,
  attributes: Record<string, string | number>,
  label = "",
): SVGElement {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.textContent = label;
  return made;
}

function drawMark({ color, shape }: Mark, x: number, y: number, size = 3.5): SVGElement {
  const paint = { fill: color, "fill-opacity": 0.75 };
  if (shape === "circle") return element("circle", { cx: x, cy: y, r: size, ...paint });
  if (shape === "square") {
    const corner = { x: x - size, y: y - size };
    return element("rect", { ...corner, width: 2 * size, height: 2 * size, ...paint });
  }
  const points = `${x},${y - size * 1.3} ${x - size * 1.2},${y + size} ${x + size * 1.2},${y + size}`;
  return element("polygon", { points, ...paint });
}

function drawText(x: number, y: number, label: string, anchor: string, more = {}): SVGElement {
  return element("text", { x, y, "text-anchor": anchor, ...more }, label);
}

function drawLine([x1, y1]: Point, [x2, y2]: Point, paint: object): SVGElement {
  return element("line", { x1, y1, x2, y2, ...paint });
}

/** A range with some room, as pixels. */
function scaleOf(values: readonly number[], from: number, to: number): (value: number) => number {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = 0.05 * (high - low || 1);
  return (value) => from + ((value - low + room) / (high - low + 2 * room)) * (to - from);
}

function frame(svg: Element, xTitle: string, yTitle: string): void {
  const { left, right, top, bottom } = MARGIN;
  const middle = (top + HEIGHT - bottom) / 2;
  svg.replaceChildren(
    element("rect", {
      x: left,
      y: top,
      width: WIDTH - left - right,
      height: HEIGHT - top - bottom,
      fill: "none",
      stroke: "#767676",
    }),
    drawText((left + WIDTH - right) / 2, HEIGHT - 6, xTitle, "middle"),
    drawText(12, middle, yTitle, "middle", { transform: `rotate(-90 12 ${middle})` }),
  );
}

function drawLegend(svg: Element, entries: readonly { mark: Mark; label: string }[]): void {
  let x = MARGIN.left;
  for (const { mark, label } of entries) {
    svg.append(drawMark(mark, x + 6, 13), element("text", { x: x + 16, y: 17 }, label));
    x += 32 + 7 * label.length;
  }
}

/** Draws the inferred features of a sample: measured to the right, reconstructed upward, over observed entries. */
export function drawReconstruction(
  svg: Element,
  scene: Scene,
  sample: number,
  values: Float32Array,
): void {
  const { modalities, measured } = scene;
  frame(svg, "measured", "reconstructed");
  const { left, right, top, bottom } = MARGIN;
  const range = [0, MOST];
  const x = scaleOf(range, left, WIDTH - right);
  const y = scaleOf(range, HEIGHT - bottom, top);
  for (const tick of [0, 0.5, 1, 1.5]) {
    svg.append(
      drawText(x(tick), HEIGHT - bottom + 15, `${tick}`, "middle"),
      drawText(left - 4, y(tick) + 4, `${tick}`, "end"),
    );
  }
  const dashed = { stroke: "#767676", "stroke-dasharray": "4 3" };
  svg.append(drawLine([x(0), y(0)], [x(MOST), y(MOST)], dashed));
  const inferred = modalities.slice(1);
  inferred.forEach(({ start, end }, m) => {
    for (let j = start; j < end; j++) {
      const at = sample * measured.columns + j;
      if (!measured.observed[at]) continue;
      svg.append(drawMark(MARKS[m], x(measured.values[at]), y(Math.min(values[j], MOST))));
    }
  });
  drawLegend(
    svg,
    inferred.map(({ name }, m) => ({ mark: MARKS[m], label: name })),
  );
  const label = `Scatter plot of reconstructed against measured values of ${scene.samples[sample].id}`;
  svg.setAttribute("aria-label", `${label}; the errors are in the table above.`);
}

/** Draws a map of all samples by tissue, with a line from the chosen sample's place to the place of its edit. */
export function drawLatent(
  svg: Element,
  scene: Scene,
  sample: number,
  points: readonly Point[],
  place: Point,
): void {
  const { left, right, top, bottom } = MARGIN;
  const all = [...points, place];
  frame(svg, "first principal component", "second principal component");
  const xOf = scaleOf(
    all.map(([x]) => x),
    left,
    WIDTH - right,
  );
  const yOf = scaleOf(
    all.map(([, y]) => y),
    HEIGHT - bottom,
    top,
  );
  const tissues = [...new Set(scene.samples.map(({ labels }) => String(labels.tissue)))];
  points.forEach(([x, y], i) => {
    const mark = MARKS[tissues.indexOf(String(scene.samples[i].labels.tissue))];
    svg.append(drawMark(mark, xOf(x), yOf(y)));
  });
  const [from, to] = [points[sample], place].map(([x, y]): Point => [xOf(x), yOf(y)]);
  const ring = { r: 8, fill: "none", stroke: "#1a1a1a", "stroke-width": 2.5 };
  svg.append(
    drawLine(from, to, { stroke: "#1a1a1a", "stroke-width": 2 }),
    element("circle", { cx: to[0], cy: to[1], ...ring }),
  );
  drawLegend(
    svg,
    tissues.map((label, i) => ({ mark: MARKS[i], label })),
  );
  const distance = Math.hypot(place[0] - points[sample][0], place[1] - points[sample][1]);
  svg.setAttribute(
    "aria-label",
    `Map of the latent space; ${scene.samples[sample].id}, circled, lies ${distance.toFixed(2)} from where it was measured.`,
  );
}
