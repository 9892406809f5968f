import type { Command } from "commander";
import { CHOICES_HELP } from "../firmware/choices.ts";

/** `signet build`: the product's image for one board or all. */
export function add(program: Command): void {
  program
    .command("build")
    .description("build the firmware: ELF, HEX, BIN, map and size")
    .option("--board <name>", "one board (default: all)")
    .option("--image <path>", "data of another image, for example an image.ts beside a guest")
    .option("--choose <names>", `parts to leave out or to make smaller, separated by commas:\n${CHOICES_HELP}`)
    .action(async (options: { board?: string; image?: string; choose?: string }) => {
      const { build } = await import("../firmware/report.ts");
      await build(options);
    });
}
