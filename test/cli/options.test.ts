// Options and words: each command takes its own and nothing else, and says what it takes instead.
import assert from "node:assert/strict";
import { test } from "node:test";
import { COMMANDS } from "../../lib/cli/commands.js";
import { commandsAsMarkdown, describeCommand, listCommands } from "../../lib/cli/help.js";
import {
  type Command,
  count,
  flag,
  flagOf,
  list,
  oneOf,
  parse,
  text,
} from "../../lib/cli/options.js";
import { profileOf } from "../../lib/cli/profile.js";

const options = {
  runs: count("how many"),
  first: count("where to begin", 0),
  method: oneOf(["bayes", "random"], "how"),
  only: list("NAME", "which"),
  partition: text("NAME", "where", /^\w+$/, "a name"),
  dryRun: flag("do nothing"),
};
const command: Command<typeof options> = {
  name: "work",
  summary: "do some work",
  options,
  example: "npx aro work here",
  words: { usage: "[PLACE]", counts: [0, 1] },
  run: async () => 0,
};
const read = (...args: string[]) => parse(command, args);

test("options are read to their types, wherever they stand, the last value of several counting", () => {
  const { given, words } = read(
    "--runs",
    "3",
    "here",
    "--first=0",
    "--method",
    "random",
    "--dry-run",
    "--only",
    "a",
    "--only=b",
    "--partition",
    "long",
    "--runs",
    "4",
  );
  assert.deepEqual(words, ["here"]);
  assert.deepEqual(given, {
    runs: 4,
    first: 0,
    method: "random",
    dryRun: true,
    only: ["a", "b"],
    partition: "long",
  });
  assert.deepEqual(read(), { given: {}, words: [] });
  assert.deepEqual(read("--", "--runs").words, ["--runs"]);
});

test("what a command does not take, or a value that does not fit, is refused by name", () => {
  const cases: [string[], RegExp][] = [
    [["--rans", "3"], /an option of --runs, .*--dry-run, got "--rans"; did you mean "--runs"\?$/],
    [["--json"], /expected an option of --runs, .* got "--json"; see npx aro help work$/],
    [["-r", "3"], /expected an option of .* got "-r"/],
    [["--runs"], /expected a value after --runs, got none/],
    [["--runs", "--dry-run"], /expected a value after --runs, got "--dry-run"/],
    [["--dry-run=yes"], /expected --dry-run without a value, got "--dry-run=yes"/],
    [["--partition="], /expected --partition to be a name, got ""/],
    [["--partition", "a b"], /expected --partition to be a name, got "a b"/],
    [["--method", "bays"], /--method to be bayes or random, got "bays"; did you mean "bayes"\?$/],
    [["--method", "grid"], /to be bayes or random, got "grid"; see npx aro help work$/],
    [["here", "there"], /^RangeError: aro work: expected \[PLACE\], got "here there"; see npx aro/],
  ];
  for (const value of ["0", "-1", "1.5", "1e3", "0x10", " 1", "", "many", "NaN", "Infinity"]) {
    cases.push([[`--runs=${value}`], /expected --runs to be a whole number of at least 1, got/]);
  }
  for (const [args, message] of cases) {
    assert.throws(() => read(...args), message, args.join(" "));
  }
});

test("every command refuses an option and a word too many", () => {
  for (const it of COMMANDS) {
    const most = Math.max(...(it.words?.counts ?? [0]));
    const [first] = Object.keys(it.options);
    const known = first === undefined ? "no options" : `an option of ${flagOf(first)}`;
    assert.throws(() => parse(it, ["--no-such"]), new RegExp(`expected ${known}`), it.name);
    const words = Array<string>(most + 1).fill("word");
    assert.throws(() => parse(it, words), new RegExp(`aro ${it.name}: expected`), it.name);
  }
});

test("every command's example is one that it takes", () => {
  for (const it of COMMANDS) {
    const [npx, aro, name, ...args] = it.example.split(" ");
    assert.deepEqual([npx, aro, name], ["npx", "aro", it.name]);
    const { given } = parse(it, args);
    if ("set" in it.options && !("cohort" in given)) profileOf(given);
  }
});

test("help names every command, and of a command its words, options and example", () => {
  const all = listCommands(COMMANDS);
  const table = commandsAsMarkdown(COMMANDS);
  for (const it of COMMANDS) {
    assert.match(all, new RegExp(`^  ${it.name} +\\S`, "m"));
    const help = describeCommand(it);
    assert.ok(help.includes(it.example), it.name);
    for (const option of Object.keys(it.options)) {
      assert.match(help, new RegExp(`^  ${flagOf(option)}( \\S+)? +\\S`, "m"));
    }
    assert.match(table, new RegExp(`^\\| \`npx aro ${it.name}[\` ]`, "m"));
  }
  assert.match(
    describeCommand(command),
    /^usage: npx aro work \[PLACE\] \[options\]\n\ndo some work/,
  );
  assert.match(describeCommand(command), /^ {2}--runs N +how many$/m);
  assert.match(describeCommand(command), /^ {2}--dry-run +do nothing$/m);
  assert.match(describeCommand({ ...command, options: {} }), /^usage: npx aro work \[PLACE\]\n/);
});

test("the profile comes from options first, then from this process's variables", () => {
  const before = { ...process.env };
  try {
    process.env.ARO_PROFILE = "course";
    process.env.ARO_SET = "training.epochs=7";
    assert.equal(profileOf({}).profile.training.epochs, 7);
    const { profile, env } = profileOf({
      profile: "gbm",
      set: ["training.epochs=8", "split.seed=1"],
    });
    assert.deepEqual([profile.name, profile.training.epochs, profile.split.seed], ["gbm", 8, 1]);
    assert.deepEqual(env, {
      ARO_COHORT: "",
      ARO_PROFILE: "gbm",
      ARO_SET: "training.epochs=8,split.seed=1",
    });
    process.env.ARO_PROFILE = "";
    assert.equal(profileOf({}).profile.name, "ucec");
  } finally {
    for (const name of ["ARO_PROFILE", "ARO_SET"]) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  }
});
