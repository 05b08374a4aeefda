// Help texts, rendered from the table of commands.
import { markdownTable } from "../figures/table.js";
import { type Command, flagOf } from "./options.js";

/** Renders the list of commands. */
export function listCommands(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    "usage: npx aro COMMAND [options]\n",
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    "\nnpx aro help COMMAND explains a command and its options; npx aro --version prints the version",
  ].join("\n");
}

/** Renders the usage, options and example of one command. */
export function describeCommand(command: Command): string {
  const { name, words, summary, options, example, notes = [] } = command;
  const usage = ["usage: npx aro", name, words?.usage, Object.keys(options)[0] && "[options]"];
  const rows = rowsOf(command);
  const width = Math.max(0, ...rows.map(({ option }) => option.length));
  return [
    `${usage.filter(Boolean).join(" ")}\n\n${summary}`,
    rows.map(({ option, about }) => `  ${option.padEnd(width)}  ${about}`).join("\n"),
    [`example: ${example}`, ...notes].join("\n"),
  ]
    .filter(Boolean)
    .join("\n\n");
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
