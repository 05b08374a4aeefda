// Checks JSON against a JSON schema, and names every fault with its place and the nearest known name.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { didYouMean } from "../nearest.js";
import { projectRoot } from "./root.js";

/** The part of JSON Schema (draft 2020-12) that data/cohort.schema.json uses. */
interface Schema {
  readonly type?: "object" | "array" | "string";
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly minItems?: number;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: false;
  readonly description?: string;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

/** Reads the published schema of cohort files, `data/cohort.schema.json`. */
export function readSchema(): Schema {
  const file = join(projectRoot(), "data", "cohort.schema.json");
  return JSON.parse(readFileSync(file, "utf8")) as Schema;
}

/**
 * Finds every fault of a value: a sentence each, `WHERE: expected WHAT, got WHAT`.
 * @param where the name of the whole, for faults of the value itself.
 */
export function findFaults(value: unknown, root: Schema, where: string): string[] {
  const faults: string[] = [];
  check(value, root, "");
  return faults;

  function check(found: unknown, given: Schema, path: string): void {
    const schema = given.$ref ? { ...root.$defs?.[given.$ref.replace("#/$defs/", "")] } : given;
    const refuse = (expected: string) =>
      faults.push(`${path || where}: expected ${expected}, got ${show(found)}`);
    if (schema.enum) {
      if (!schema.enum.some((one) => one === found)) refuse(schema.enum.map(show).join(" or "));
    } else if (schema.type === "string") {
      if (typeof found !== "string" || found.trim() === "") refuse("a text");
      else if (!new RegExp(schema.pattern ?? "").test(found)) refuse(wording(schema));
    } else if (schema.type === "array") checkList(found, schema, path, refuse);
    else if (isObject(found)) checkObject(found, schema, path);
    else refuse("an object");
  }

  function checkList(
    found: unknown,
    { items = {}, minItems = 0 }: Schema,
    path: string,
    refuse: (expected: string) => void,
  ): void {
    if (!Array.isArray(found)) {
      refuse(items.type === "string" ? "a list of texts" : `a list of ${path}`);
      return;
    }
    if (found.length < minItems) {
      faults.push(`${path}: expected at least ${minItems} of them, got ${found.length}`);
    }
    if (items.type === "string") {
      if (found.some((item) => typeof item !== "string")) refuse("a list of texts");
      return;
    }
    for (const [i, item] of found.entries()) check(item, items, `${path}[${i}]`);
  }

  function checkObject(
    found: Readonly<Record<string, unknown>>,
    { properties = {}, required = [], additionalProperties }: Schema,
    path: string,
  ): void {
    const known = Object.keys(properties);
    for (const name of required) {
      if (!Object.hasOwn(found, name)) {
        faults.push(`${path || where}: expected "${name}", got none`);
      }
    }
    for (const [name, value] of Object.entries(found)) {
      if (Object.hasOwn(properties, name)) {
        check(value, properties[name], path ? `${path}.${name}` : name);
        continue;
      }
      if (additionalProperties !== false) continue;
      const names = known.filter((one) => !one.startsWith("$")).join(", ");
      const remedy = didYouMean(name, known);
      faults.push(`${path || where}: expected only ${names}, got "${name}"${remedy}`);
    }
  }
}

/** What a pattern asks for: the schema's description says it after its colon. */
function wording({ description = "", pattern }: Schema): string {
  const said = description.match(/: (.+)\.$/)?.[1];
  return said ?? `a text that fits ${pattern}`;
}

/** Whether a value is an object with names, not a list. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A value as JSON for a message, cut short. */
export function show(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 60) ?? "nothing";
}
