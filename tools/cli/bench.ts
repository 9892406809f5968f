import type { Command } from "commander";

/** `signet bench`: what each operation costs on each board that can run here, beside other libraries. */
export function add(program: Command): void {
  program
    .command("bench")
    .description("measure each operation on the real image in QEMU, beside other libraries")
    .option("--board <name...>", "only these boards")
    .option("--json", "one JSON object on standard output")
    .action(async (options: { board?: string[]; json?: boolean }) => {
      const { asTable, bench } = await import("../../tests/bench/bench.ts");
      const report = await bench(options.board);
      process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : asTable(report));
    });
}
