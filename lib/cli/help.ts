// Help texts, rendered from the table of commands.
import { markdownTable } from "../figures/table.js";
import { type Command, flagOf } from "./options.js";

/** Renders the list of commands. */
export function listCommands(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    "usage: npx aro COMMAND [options]\n",
    ...commands.map(({ name, summary }) => listItem(name, summary, width)),
    "\nnpx aro help COMMAND explains a command and its options; npx aro --version prints the version",
  ].join("\n");
}

/** Renders the usage, options and example of one command. */
export function describeCommand(command: Command): string {
  const { name, words, summary, options, example, notes = [] } = command;
  const usage = ["usage: npx aro", name, words?.usage, Object.keys(options)[0] && "[options]"];
  const rows = rowsOf(command);
  const lengths = rows.map(({ option }) => option.length).filter((length) => length <= LONG);
  const width = Math.max(0, ...lengths);
  return [
    `${usage.filter(Boolean).join(" ")}\n\n${summary}`,
    rows.map(({ option, about }) => listItem(option, about, width)).join("\n"),
    [`example: ${example}`, ...notes.map((note) => wrap(note))].join("\n"),
  ]
    .filter(Boolean)
    .join("\n\n");
}

const LINE = 100; // characters
const LONG = 30; // an option with more stands on a line of its own

function listItem(name: string, about: string, width: number): string {
  const indent = " ".repeat(width + 4);
  const head = name.length > width ? `  ${name}\n${indent}` : `  ${name.padEnd(width)}  `;
  return `${head}${wrap(about, indent)}`;
}

/** Breaks text between words into lines; all but the first start with the indent, which counts for the first too. */
function wrap(text: string, indent = ""): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines[lines.length - 1];
    if (line === "") lines[lines.length - 1] = word;
    else if (indent.length + line.length + 1 + word.length > LINE) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines.join(`\n${indent}`);
}

/** Renders the commands with their options as a Markdown table. */
export function commandsAsMarkdown(commands: readonly Command[]): string {
  const rows = commands.map((command) => ({
    command: `\`npx aro ${[command.name, command.words?.usage].filter(Boolean).join(" ")}\``,
    does: command.summary,
    options: rowsOf(command)
      .map(({ option }) => `\`${option}\``)
      .join(", "),
  }));
  return markdownTable(rows);
}

function rowsOf({ options }: Command): { readonly option: string; readonly about: string }[] {
  return Object.entries(options).map(([name, { value, about }]) => ({
    option: value === undefined ? flagOf(name) : `${flagOf(name)} ${value}`,
    about,
  }));
}
