import { type Command, Option } from "commander";
import { target } from "./address.ts";

interface Place {
  host: string;
  port: number;
}

/** `signet emulate`: a bare board in QEMU. */
export function add(program: Command): void {
  program
    .command("emulate")
    .description("run a bare board in QEMU, with a gdb server as the probe")
    .requiredOption("--board <name>", "the board: one that QEMU runs")
    .addOption(
      new Option("--gdb <host:port>", "address of the gdb server")
        .argParser(target)
        .default({ host: "127.0.0.1", port: 3333 }, "127.0.0.1:3333"),
    )
    .option("--console <host:port>", "address of its console", target)
    .option("--module <host:port>", "address of the module on its UART: `signet modem`", target)
    .action(
      async ({
        board,
        gdb,
        console: terminal,
        module,
      }: Record<"gdb" | "console" | "module", Place> & { board: string }) => {
        const { startBare } = await import("../emulator/bare.ts");
        const { Trouble } = await import("../trouble.ts");
        const bare = await startBare({ board, gdb, console: terminal, module });
        process.stdout.write(`bare ${board}: flash it with --probe gdb://${gdb.host}:${gdb.port}\n`);
        const told = new Promise<undefined>((resolve) => {
          for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => resolve(undefined));
        });
        const said = await Promise.race([bare.over, told]);
        await bare.kill();
        if (said !== undefined)
          throw new Trouble(`QEMU ended: ${said.split("\n")[0]}`, "start it again, then flash it again");
      },
    );
}
