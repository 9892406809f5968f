import { Argument, type Command } from "commander";

type Action = "list" | "send" | "drop";

interface Options {
  database: string;
  key?: string;
  reason: string;
}

/** `signet letters`: items that the receiver of the webhook refuses, at the machine of the server. */
export function add(program: Command): void {
  program
    .command("letters")
    .description("list, send again or drop the webhook's dead letters")
    .addArgument(new Argument("<action>").choices(["list", "send", "drop"]))
    .argument("[ids...]", "DEVICE/COUNTER or log/SEQ (default: all)")
    .option("--database <where>", "SQLite file, or postgres:// URL", "signet.db")
    .option("--key <file>", "the server's key (default: beside the database)")
    .option("--reason <text>", "why they are dropped, for the log", "")
    .action(async (action: Action, ids: string[], options: Options) => {
      const { runLetters } = await import("../server/letter_desk.ts");
      process.stdout.write(await runLetters(action, ids, options));
    });
}
