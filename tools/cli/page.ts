import type { Command } from "commander";
import { address } from "./address.ts";

interface Options {
  config: string;
  at?: number;
  image?: string;
  certificate?: string;
  out: string;
}

/** `signet page`: a factory page as a file. */
export function add(program: Command): void {
  program
    .command("page")
    .description("write one device's factory page as a .hex or .bin file")
    .requiredOption("--config <file>", "device.json: server, module, claim")
    .option("--at <address>", "the store's address", address)
    .option("--image <elf>", "ELF of your own program: its symbol signet_port_store gives the address")
    .option("--certificate <file>", "PEM: a certificate of an authority for the device's key on P-256, and its chain")
    .requiredOption("--out <file>", "name.hex: Intel HEX; any other name: the bytes")
    .addHelpText("after", "\nA page has a fresh seed: write each to one device only.")
    .action(async (options: Options) => {
      const { writePage } = await import("../flash/page.ts");
      const at = await writePage(options);
      process.stdout.write(`${options.out}${at === undefined ? "" : `: for address 0x${at.toString(16)}`}\n`);
    });
}
