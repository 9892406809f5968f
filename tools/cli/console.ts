import type { Command } from "commander";

/** `signet console`: what a device says. */
export function add(program: Command): void {
  program
    .command("console")
    .description("show what a device says, in words")
    .argument("<where>", "/dev/ttyACM0, tcp:host:port or unix:path")
    .option("--raw", "the lines as they are")
    .option("--until <event>", "end when the device says this, for example: accepted")
    .action(async (where: string, options: { raw?: boolean; until?: string }) => {
      const { watch } = await import("../flash/watch.ts");
      await watch(where, options);
    });
}
