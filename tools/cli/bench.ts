import { Argument, type Command } from "commander";

/** `signet bench`: the cost of each operation on each emulated board, beside other libraries. */
export function add(program: Command): void {
  program
    .command("bench")
    .description("measure each operation in QEMU, and those of other libraries")
    .addArgument(
      new Argument(
        "[what]",
        "server: the processor time of a report; costs: write the figures of `signet tls`",
      ).choices(["server", "costs"]),
    )
    .option("--board <name...>", "only these boards")
    .option("--json", "one JSON object on standard output")
    .action(async (what: string | undefined, { board = [], json }: { board?: string[]; json?: boolean }) => {
      const { runSeparate } = await import("./separate.ts");
      await runSeparate("bench", [...(json ? ["--json"] : []), ...(what === undefined ? board : [what])]);
    });
}
