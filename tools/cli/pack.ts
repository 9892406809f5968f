import type { Command } from "commander";

/** `signet pack`: the npm package as a file. */
export function add(program: Command): void {
  program
    .command("pack")
    .description("make the npm package: compiled tools and the firmware's sources")
    .option("--out <folder>", "output folder", "build/package")
    .action(async ({ out }: { out: string }) => {
      const { resolve } = await import("node:path");
      const { pack } = await import("../package/pack.ts");
      const { file, bytes, files } = await pack(resolve(out));
      process.stdout.write(`${file}: ${files} files, ${bytes} bytes\n`);
    });
}
