// The command line: what has no place in a notebook.
import { libraryVersion } from "../cohort/root.js";
import { didYouMean } from "../nearest.js";
import { COMMANDS } from "./commands.js";
import { describeCommand, listCommands } from "./help.js";
import { type Command, parse } from "./options.js";

async function main([name = "help", ...rest]: readonly string[]): Promise<number> {
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

// The stack helps only developers of lib; ARO_DEBUG shows it.
main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: Error) => {
    console.error(process.env.ARO_DEBUG ? error.stack : error.message);
    process.exitCode = 1;
  },
);
