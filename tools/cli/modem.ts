import { type Command, InvalidArgumentError, Option } from "commander";
import { ATTACKS, type AttackName, isAttack } from "../modem/attacks.ts";
import { QUIRKS, type Quirk, isQuirk } from "../modem/quirks.ts";
import { FAMILIES, type FamilyName } from "../modem/families.ts";
import { place, target } from "./address.ts";

interface Options {
  family: FamilyName;
  listen: ReturnType<typeof place>;
  baud: number;
  quirk: Quirk[];
  attack: AttackName[];
  redirect?: ReturnType<typeof target>;
  rate: number;
  seed: number;
  sniff?: true;
  uart?: true;
}

/** `signet modem`: an emulated module. */
export function add(program: Command): void {
  const quirks = Object.entries(QUIRKS).map(([name, { says, source }]) => `  ${name.padEnd(14)} ${says} (${source})`);
  program
    .command("modem")
    .description("run an emulated module, for any AT driver")
    .addOption(
      new Option("--family <name>", "the kind of module")
        .choices(Object.keys(FAMILIES))
        .default("esp-at" satisfies FamilyName),
    )
    .requiredOption("--listen <where>", "address of its UART: host:port or unix:path", place)
    .option("--baud <rate>", "its baud rate; 0 is unlimited", Number, 115_200)
    .addOption(
      new Option("--quirk <name>", "a fault of the module: see below").argParser(collectQuirk).default([], "none"),
    )
    .addOption(
      new Option("--attack <name>", "an attack on the carried bytes: see below")
        .argParser(collectAttack)
        .default([], "none"),
    )
    .option("--redirect <host:port>", "for the attack false-server: address of that server", target)
    .option("--rate <share>", "probability of each quirk and attack, 0 to 1", Number, 0.2)
    .option("--seed <number>", "seed of the random choices", Number, 1)
    .option("--sniff", "print the carried bytes")
    .option("--uart", "print the bytes on the UART")
    .addHelpText(
      "after",
      `\nQuirks:\n${quirks.join("\n")}\n\nAttacks: ${Object.keys(ATTACKS).join(", ")}.\nBoth options may be repeated.`,
    )
    .action(async (options: Options) => {
      const { startModem } = await import("../modem/modem.ts");
      const { attacker } = await import("../modem/attacks.ts");
      const { seeded } = await import("../line/random.ts");
      const { dump } = await import("../line/sniffer.ts");
      const show = (direction: "up" | "down", bytes: Uint8Array): void => console.log(dump(direction, bytes));
      const modem = await startModem({
        family: options.family,
        listen: options.listen,
        baud: options.baud,
        quirks: options.quirk,
        rate: options.rate,
        seed: options.seed,
        tap: attacker(options.attack, seeded(options.seed), options.rate, options.redirect).tap,
        ...(options.sniff && { onTraffic: show }),
        ...(options.uart && { onUart: show }),
      });
      const where = "unix" in modem.address ? modem.address.unix : `${modem.address.host}:${modem.address.port}`;
      console.log(`${options.family} module at ${where}`);
    });
}

function collectAttack(name: string, before: AttackName[]): AttackName[] {
  if (!isAttack(name)) throw new InvalidArgumentError(`There is ${Object.keys(ATTACKS).join(", ")}.`);
  return [...before, name];
}

function collectQuirk(name: string, before: Quirk[]): Quirk[] {
  if (!isQuirk(name)) throw new InvalidArgumentError(`There is ${Object.keys(QUIRKS).join(", ")}.`);
  return [...before, name];
}
