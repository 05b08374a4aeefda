// The instructor's timetables: they have no holes, give each notebook the time that it takes, and add up.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { projectRoot } from "../../lib/cohort/root.js";

const folder = join(projectRoot(), "notebooks");
const notes = readFileSync(join(folder, "exercises", "README.md"), "utf8");

/** The minutes that each notebook's opening asks for, by its number. */
const minutes = new Map(
  readdirSync(folder)
    .filter((name) => name.endsWith(".ipynb"))
    .map((name) => {
      const { cells } = JSON.parse(readFileSync(join(folder, name), "utf8"));
      const [, asked] =
        /^> .* Reading: (\d+) minutes\. Running: /m.exec(cells[0].source.join("")) ?? [];
      return [name.slice(0, 2), Number(asked)] as const;
    }),
);

const total = (numbers: readonly string[]) =>
  numbers.reduce((sum, number) => sum + minutes.get(number)!, 0);

test("every notebook says in its opening how long reading and running take", () => {
  assert.ok(minutes.size >= 14);
  for (const [number, asked] of minutes) assert.ok(asked > 0, `notebook ${number}: ${asked}`);
});

test("the list of exercises repeats the minutes", () => {
  const rows = [...notes.matchAll(/^\| \[[^\]]*\]\((\d\d)-[^)]*\) \| (\d+) \|/gm)];
  assert.ok(rows.length >= 12);
  for (const [, number, asked] of rows) assert.equal(Number(asked), minutes.get(number), number);
});

test("the minutes of all notebooks add up to what the notes say", () => {
  const [, first, all] =
    /0 to 9 take (\d+) minutes and all of 0 to 13 take (\d+)/.exec(notes) ?? [];
  const numbers = [...minutes.keys()];
  assert.equal(Number(first), total(numbers.filter((number) => number < "10")));
  assert.equal(Number(all), total(numbers));
});

for (const [title, length] of [
  ["90 minutes", 90],
  ["Half a day", 240],
] as const) {
  test(`the timetable of ${title} has no hole, and time for its notebooks`, () => {
    const [, section] = notes.split(`\n## ${title}\n`);
    const rows = [...section.split("\n## ")[0].matchAll(/^\| (\d+)–(\d+) \| ([^|]*)/gm)];
    let now = 0;
    for (const [, from, to, what] of rows) {
      assert.equal(Number(from), now, what);
      now = Number(to);
      const read = [...what.matchAll(/\]\(\.\.\/(\d\d)-/g)].map(([, number]) => number);
      const time = Number(to) - Number(from);
      assert.ok(time >= total(read), `${what}: ${time} minutes, reading takes ${total(read)}`);
    }
    assert.equal(now, length);
  });
}
