import type { Command } from "commander";

/** `signet new`: a project of one's own. */
export function add(program: Command): void {
  program
    .command("new")
    .description("write a project of your own: readings, fields, board, test")
    .argument("<folder>", "a new folder; its name is the device's")
    .option("--like <board>", "the board whose data is copied", "nucleo-l476rg")
    .action(async (folder: string, options: { like: string }) => {
      const { create } = await import("../project/create.ts");
      await create({ folder, ...options }, (line) => process.stdout.write(`${line}\n`));
    });
}
