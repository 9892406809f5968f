import type { Command } from "commander";

/** `signet inspect`: the kind of some bytes, and their contents. */
export function add(program: Command): void {
  program
    .command("inspect")
    .description("decode a message, store dump, factory page, claim or epitaph")
    .argument("<what>", "a file, hexadecimal, or - for standard input")
    .option("--key <key>", "check signatures with this public key: hexadecimal, or a file")
    .addHelpText("after", "\nSecrets (keys, seeds, claims, network passwords) are named but not printed.")
    .action(async (what: string, { key }: { key?: string }) => {
      const { run } = await import("../flash/inspect.ts");
      run(what, key);
    });
}
