import { Argument, type Command } from "commander";
import type { Action } from "../server/key_desk.ts";

interface Options {
  database: string;
  key?: string;
  next?: string;
  force?: boolean;
}

const ACTIONS: readonly Action[] = ["list", "make", "switch", "retire"];

/** `signet key`: the change of the server's key, at its machine. */
export function add(program: Command): void {
  program
    .command("key")
    .description("list the server's keys; make, switch or retire a key")
    .addArgument(new Argument("<action>").choices(ACTIONS))
    .option("--database <where>", "SQLite file, or postgres:// URL", "signet.db")
    .option("--key <file>", "the server's key (default: beside the database)")
    .option("--next <file>", "file of the next key (default: the key's file with .next)")
    .option("--force", "retire the former key even if some devices still use it")
    .action(async (action: Action, options: Options) => {
      const { runKey } = await import("../server/key_desk.ts");
      process.stdout.write(await runKey(action, options));
    });
}
