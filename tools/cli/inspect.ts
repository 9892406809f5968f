import type { Command } from "commander";

/** `signet inspect`: the kind of some bytes, and their contents. */
export function add(program: Command): void {
  program
    .command("inspect")
    .description("decode a message, store dump, factory page, claim or epitaph")
    .argument("<what>", "a file, hexadecimal, or - for standard input")
    .option("--key <key>", "check signatures with this public key: hexadecimal, or a file")
    .option("--image <elf>", "your own program: the file is a dump of its flash, from the program's beginning")
    .addHelpText("after", "\nSecrets (keys, seeds, claims, network passwords) are named but not printed.")
    .action(async (what: string, { key, image }: { key?: string; image?: string }) => {
      const { run } = await import("../flash/inspect.ts");
      if (image === undefined) return run(what, key);
      const { storeIn } = await import("../flash/dump.ts");
      run(what, key, await storeIn(image));
    });
}
