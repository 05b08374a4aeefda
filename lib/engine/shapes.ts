// The shapes that an engine's primitives take: what does not fit is refused before a kernel reads or writes past an array.
import type { Columns, Engine, Parameter, Tensor } from "./engine.js";

type Shape = readonly number[];

/** The check of a primitive's arguments, by the primitive's name. */
type Checks = {
  readonly [K in keyof Engine]?: Engine[K] extends (...args: infer Args) => unknown
    ? (...args: Args) => void
    : never;
};

/**
 * Makes the primitives of an engine check their arguments.
 * @returns the same engine, whose primitives throw a RangeError with both shapes if their arguments do not fit.
 */
export function checkShapes<E extends Engine>(engine: E): E {
  const primitives = engine as unknown as Record<string, (...args: unknown[]) => unknown>;
  for (const [name, check] of Object.entries(CHECKS) as [string, (...args: unknown[]) => void][]) {
    const compute = primitives[name].bind(engine);
    primitives[name] = (...args) => {
      check(...args);
      return compute(...args);
    };
  }
  return engine;
}

const CHECKS: Checks = {
  parameter(name, shape, values, { columns } = {}) {
    requireLength(`parameter ${name}`, values, shape);
    requireRange(`parameter ${name}`, columns, shape[shape.length - 1]);
  },
  writeParameter: ({ name, shape }, _, values) =>
    requireLength(`writeParameter ${name}`, values, shape),
  tensor(values, rows, columns) {
    const units = Math.floor(values.length / rows);
    requireLength("tensor", values, [rows, units]);
    requireRange("tensor", columns, units);
  },
  linear(weight, bias, x) {
    const [outputs, inputs] = sidesOf("linear", weight);
    requireShape(`linear ${weight.name}`, shapeOf(x), [x.rows, inputs]);
    requireShape(`linear ${bias.name}`, bias.shape, [outputs]);
  },
  linearBack(weight, slope) {
    const [outputs] = sidesOf("linearBack", weight);
    requireShape(`linearBack ${weight.name}`, shapeOf(slope), [slope.rows, outputs]);
  },
  settleWeight(weight, slope, x) {
    const [outputs, inputs] = sidesOf("settleWeight", weight);
    requireShape(`settleWeight ${weight.name}`, shapeOf(slope), [slope.rows, outputs]);
    requireShape(`settleWeight ${weight.name}`, shapeOf(x), [slope.rows, inputs]);
  },
  settleVector(vector, gradient) {
    const units = unitsOf("settleVector", vector);
    if (gradient) requireShape(`settleVector ${vector.name}`, shapeOf(gradient), [1, units]);
  },
  vector(parameter) {
    unitsOf("vector", parameter);
  },
  blend: (buffer, x) =>
    requireShape(`blend ${buffer.name}`, shapeOf(x), [1, unitsOf("blend", buffer)]),
  head(weight, bias, x, { rows, columns, values, observed }) {
    const [outputs, inputs] = sidesOf("head", weight);
    requireShape(`head ${weight.name}`, shapeOf(x), [x.rows, inputs]);
    requireShape(`head ${bias.name}`, bias.shape, [outputs]);
    requireShape(`head ${weight.name}: target`, [rows, columns], [x.rows, outputs]);
    requireLength(`head ${weight.name}: target`, values, [rows, columns]);
    requireLength(`head ${weight.name}: marks`, observed, [rows, columns]);
  },
  add: (a, b) => requireShape("add", shapeOf(b), shapeOf(a)),
  sub: (a, b) => requireShape("sub", shapeOf(b), shapeOf(a)),
  mul: (a, b) => requireShape("mul", shapeOf(b), shapeOf(a)),
  gate: (slope, out) => requireShape("gate", shapeOf(out), shapeOf(slope)),
  addVector: (a, vector) => requireShape("addVector", shapeOf(vector), [1, a.units]),
  mulVector: (a, vector) => requireShape("mulVector", shapeOf(vector), [1, a.units]),
  sliceRows: (a, start, end) => requireRange("sliceRows", { start, end }, a.rows),
  stackRows(parts) {
    for (const part of parts) {
      requireShape("stackRows", shapeOf(part), [part.rows, parts[0].units]);
    }
  },
};

/** Multiplies the sides of a shape. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, side) => product * side, 1);
}

function shapeOf({ rows, units }: Tensor): Shape {
  return [rows, units];
}

/** The outputs of a weight, and those of its inputs that are used. */
function sidesOf(where: string, { name, shape, columns }: Parameter): Shape {
  if (shape.length === 2) return [shape[0], columns.end - columns.start];
  throw new RangeError(`${where} ${name}: expected a weight [outputs, inputs], got [${shape}]`);
}

/** Those units of a vector that are used. */
function unitsOf(where: string, { name, shape, columns }: Parameter): number {
  if (shape.length === 1) return columns.end - columns.start;
  throw new RangeError(`${where} ${name}: expected a vector [units], got [${shape.join(", ")}]`);
}

function requireShape(where: string, got: Shape, expected: Shape): void {
  if (got.length === expected.length && got.every((side, i) => side === expected[i])) return;
  throw new RangeError(
    `${where}: expected shape [${expected.join(", ")}], got [${got.join(", ")}]`,
  );
}

function requireLength(where: string, { length }: ArrayLike<number>, shape: Shape): void {
  const size = sizeOf(shape);
  if (length === size) return;
  throw new RangeError(
    `${where}: expected ${size} numbers for [${shape.join(", ")}], got ${length}`,
  );
}

function requireRange(where: string, range: Columns | undefined, size: number): void {
  const { start, end } = range ?? { start: 0, end: size };
  if (start >= 0 && start <= end && end <= size) return;
  throw new RangeError(`${where}: expected a range within [0, ${size}), got [${start}, ${end})`);
}
