import type { Command } from "commander";

/** `signet inspect`: the kind of some bytes, and their contents. */
export function add(program: Command): void {
  program
    .command("inspect")
    .description("decode a message, store dump, factory page, claim or epitaph")
    .argument("<what>", "a file, hexadecimal, or - for standard input")
    .option("--key <key>", "check signatures with this public key: hexadecimal, or a file")
    .option("--image <elf>", "ELF of your own program: the file is a dump of its flash, from the start of the program")
    .option("--board <name>", "the file is a dump of this board's store, from its flash")
    .addHelpText("after", "\nSecrets (keys, seeds, claims, network passwords) are named but not printed.")
    .action(async (what: string, { key, image, board }: { key?: string; image?: string; board?: string }) => {
      const { run } = await import("../flash/inspect.ts");
      const { storeIn, storeOn } = await import("../flash/dump.ts");
      if (image !== undefined) run(what, key, await storeIn(image));
      else run(what, key, board === undefined ? undefined : await storeOn(board));
    });
}
