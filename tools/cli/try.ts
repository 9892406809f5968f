import { InvalidArgumentError, Option, type Command } from "commander";
import { ROADS, type RoadName } from "../firmware/choices.ts";
import { LINKS } from "../wire/factory.ts";
import { address } from "./address.ts";

interface Options {
  machine: string;
  link: (typeof LINKS)[number];
  road: RoadName;
  moduleUart: number;
  consoleUart: number;
  store?: number;
  interval: number;
  within: number;
  plain: boolean;
  attacks: boolean;
  stay: boolean;
}

/** `signet try`: a program of one's own, to its first verified report. */
export function add(program: Command): void {
  program
    .command("try")
    .description("run your own program in QEMU to its first verified report")
    .argument("<elf>", "your program, with the folder of `signet export` linked in")
    .requiredOption("--machine <name>", "QEMU's name of the machine, for example mps2-an385")
    .addOption(new Option("--link <kind>", "the family of the module").choices(LINKS).default("esp-at"))
    .addOption(
      new Option("--road <road>", "the transport that your program was exported for").choices(ROADS).default("tcp"),
    )
    .option("--module-uart <n>", "QEMU's serial port of the module", number, 0)
    .option("--console-uart <n>", "QEMU's serial port of the console", number, 1)
    .option("--store <address>", "the store's address, without the symbol signet_port_store", address)
    .option("--interval <ms>", "the report interval in the factory page", number, 1000)
    .option("--within <s>", "time for the first report", number, 120)
    .option("--plain", "without TLS", false)
    .option("--attacks", "attack it after the first report", false)
    .option("--stay", "keep it running, with the operator's page", false)
    .action(async (elf: string, { moduleUart, consoleUart, interval, within, ...options }: Options) => {
      const { existsSync } = await import("node:fs");
      const { resolve } = await import("node:path");
      const { Trouble } = await import("../trouble.ts");
      if (!existsSync(elf)) throw new Trouble(`${elf} does not exist`, "build your program first");
      const { tryProgram } = await import("../demo/try.ts");
      const serials = { module: moduleUart, console: consoleUart };
      await tryProgram({
        ...options,
        elf: resolve(elf),
        serials,
        intervalMs: interval,
        withinMs: within * 1000,
        port: 0,
      });
      process.exit(0);
    });
}

function number(text: string): number {
  if (!/^\d{1,7}$/.test(text)) throw new InvalidArgumentError("It must be a number.");
  return Number(text);
}
