import { type Command, InvalidArgumentError, Option } from "commander";
import { QUIRKS, type Quirk, isQuirk } from "../modem/quirks.ts";
import { place } from "./address.ts";

interface Options {
  listen: ReturnType<typeof place>;
  baud: number;
  quirk: Quirk[];
  rate: number;
  seed: number;
  sniff?: true;
  uart?: true;
}

/** `signet modem`: the emulated ESP-AT module. */
export function add(program: Command): void {
  const quirks = Object.entries(QUIRKS).map(([name, what]) => `  ${name.padEnd(14)} ${what}`);
  program
    .command("modem")
    .description("an emulated ESP-AT module, for any AT driver")
    .requiredOption("--listen <where>", "where its UART is: host:port or unix:path", place)
    .option("--baud <rate>", "its baud rate; 0 is as fast as can be", Number, 115_200)
    .addOption(
      new Option("--quirk <name>", "misbehave, see below; may be repeated").argParser(collect).default([], "none"),
    )
    .option("--rate <share>", "how often a quirk strikes, 0 to 1", Number, 0.2)
    .option("--seed <number>", "what makes the mischief repeatable", Number, 1)
    .option("--sniff", "show what it carries")
    .option("--uart", "show what passes on the UART")
    .addHelpText("after", `\nQuirks:\n${quirks.join("\n")}`)
    .action(async (options: Options) => {
      const { startModem } = await import("../modem/modem.ts");
      const { dump } = await import("../modem/sniffer.ts");
      const show = (direction: "up" | "down", bytes: Uint8Array): void => console.log(dump(direction, bytes));
      const modem = await startModem({
        listen: options.listen,
        baud: options.baud,
        quirks: options.quirk,
        rate: options.rate,
        seed: options.seed,
        ...(options.sniff && { onTraffic: show }),
        ...(options.uart && { onUart: show }),
      });
      const where = "unix" in modem.address ? modem.address.unix : `${modem.address.host}:${modem.address.port}`;
      console.log(`esp-at module at ${where}`);
    });
}

function collect(name: string, before: Quirk[]): Quirk[] {
  if (!isQuirk(name)) throw new InvalidArgumentError(`There is ${Object.keys(QUIRKS).join(", ")}.`);
  return [...before, name];
}
