import type { Command } from "commander";
import { addProbe, type ProbeOptions } from "./probe.ts";

interface Options extends ProbeOptions {
  board: string;
  image?: string;
  config?: string;
  certificate?: string;
  console?: string;
  erase?: boolean;
}

/** `signet flash`: firmware and factory page onto a board. */
export function add(program: Command): void {
  const command = program
    .command("flash")
    .description("build, write, verify, reset a board, and print the device's id")
    .requiredOption("--board <name>", "the board: a folder of boards/");
  addProbe(command)
    .option("--image <path>", "your own program as ELF, or the data of an image (default: the product)")
    .option("--config <file>", "device.json: server, module, claim (default: keep the factory page)")
    .option("--certificate <file>", "PEM: a certificate of an authority for the device's key on P-256, and its chain")
    .option("--console <where>", "the board's console: /dev/ttyACM0, tcp:host:port or unix:path")
    .option("--erase", "erase its key and the head of its chain: a new device")
    .addHelpText("after", "\ntools/flash/README.md has every step from a bare board to the first verified report.")
    .action(async ({ probe, adapter, console: where, ...rest }: Options) => {
      const { flash } = await import("../flash/flash.ts");
      const { onTerminal } = await import("../flash/listener.ts");
      const bench = { probe, adapter, console: where };
      const listener = onTerminal();
      const id = await flash({ ...rest, bench }, listener).finally(listener.done);
      const unheard = "the board runs; its id is not known: give --console, or a probe that carries the console";
      process.stdout.write(id === undefined ? `${unheard}\n` : `id ${id}\n`);
    });
}
