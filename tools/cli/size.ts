import type { Command } from "commander";

/** `signet size`: what the image takes of each board, part by part. */
export function add(program: Command): void {
  program
    .command("size")
    .description("flash, linear memory and stack of the firmware, part by part, and budgets")
    .option("--board <name>", "one board; all without it")
    .option("--image <path>", "another image's data, for example the image.ts beside a guest")
    .option("--json", "one JSON object on standard output")
    .action(async (options: { board?: string; image?: string; json?: boolean }) => {
      const { size } = await import("../firmware/report.ts");
      await size(options);
    });
}
