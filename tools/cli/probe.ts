import { InvalidArgumentError, Option, type Command } from "commander";
import { choice, type Choice } from "../flash/probes.ts";

/** The options of every verb that touches a board's chip. */
export interface ProbeOptions {
  probe: Choice;
  adapter?: string;
}

/** `--probe` and `--adapter`. */
export function addProbe(command: Command): Command {
  return command
    .addOption(
      new Option("--probe <which>", "auto, openocd, pyocd or gdb://host:port").argParser(readChoice).default("auto"),
    )
    .option("--adapter <script>", "OpenOCD's script of an adapter that it does not detect");
}

/** One `--probe`. */
export function readChoice(text: string): Choice {
  const chosen = choice(text);
  if (chosen === undefined) throw new InvalidArgumentError("It must be auto, openocd, pyocd or gdb://host:port.");
  return chosen;
}
