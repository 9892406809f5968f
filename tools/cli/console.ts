import type { Command } from "commander";

/** `signet console`: the output of a device. */
export function add(program: Command): void {
  program
    .command("console")
    .description("print the console of a device as sentences")
    .argument("<where>", "/dev/ttyACM0, tcp:host:port or unix:path")
    .option("--raw", "print the lines unchanged")
    .option("--until <event>", "end at this event, for example: accepted")
    .action(async (where: string, options: { raw?: boolean; until?: string }) => {
      const { watch } = await import("../flash/watch.ts");
      await watch(where, options);
    });
}
