// The command line: what has no place in a notebook.
import { libraryVersion } from "../cohort/root.js";
import { didYouMean } from "../nearest.js";
import { COMMANDS } from "./commands.js";
import { describeCommand, listCommands } from "./help.js";
import { type Command, parse } from "./options.js";

/**
 * Runs the command that the words of a command line name.
 * @returns the exit status.
 * @throws Error in one line for a user, if the command is unknown or fails.
 */
export async function main([name = "help", ...rest]: readonly string[]): Promise<number> {
  if (name === "--version") {
    console.log(libraryVersion());
    return 0;
  }
  if (["help", "--help", "-h"].includes(name)) {
    console.log(rest.length === 0 ? listCommands(COMMANDS) : describeCommand(find(rest[0])));
    return 0;
  }
  const command = find(name);
  if (rest.includes("--help") || rest.includes("-h")) {
    console.log(describeCommand(command));
    return 0;
  }
  const { given, words } = parse(command, rest);
  return await command.run(given, words);
}

function find(name: string): Command {
  const found = COMMANDS.find((command) => command.name === name);
  if (found) return found;
  const names = COMMANDS.map((command) => command.name);
  const remedy = didYouMean(name, names) || "; see npx aro help";
  throw new RangeError(`aro: expected a command of ${names.join(", ")}, got "${name}"${remedy}`);
}
