import type { Command } from "commander";
import { CHOICES_HELP } from "../firmware/choices.ts";

/** `signet size`: the size of the image on each board, part by part. */
export function add(program: Command): void {
  program
    .command("size")
    .description("print flash, linear memory and stack by part, and budgets")
    .option("--board <name>", "one board (default: all)")
    .option("--image <path>", "data of another image, for example an image.ts beside a guest")
    .option("--choose <names>", `parts to leave out or to make smaller, separated by commas:\n${CHOICES_HELP}`)
    .option("--files", "flash by source file, not by folder")
    .option("--json", "one JSON object on standard output")
    .action(async (options: { board?: string; image?: string; choose?: string; files?: boolean; json?: boolean }) => {
      const { size } = await import("../firmware/report.ts");
      await size(options);
    });
}
