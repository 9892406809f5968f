import { Argument, Option, type Command } from "commander";
import { SCOPES, type Scope } from "../server/tokens.ts";

type Action = "make" | "list" | "end";

interface Options {
  database: string;
  key?: string;
  scope: Scope;
  label?: string;
  days?: number;
}

/** `signet token`: the operators' tokens, at the machine of the server. */
export function add(program: Command): void {
  program
    .command("token")
    .description("make, list or end operators' tokens, on the server's machine")
    .addArgument(new Argument("<action>").choices(["make", "list", "end"]))
    .argument("[name]", "name of the token, for make and end")
    .option("--database <where>", "SQLite file, or postgres:// URL", "signet.db")
    .option("--key <file>", "the server's key (default: beside the database)")
    .addOption(new Option("--scope <scope>", "scope of a new token").choices(SCOPES).default("admin"))
    .option("--label <label>", "reach of a new token: only devices with this label")
    .option("--days <n>", "days until a new token expires (default: never)", Number)
    .action(async (action: Action, name: string | undefined, options: Options) => {
      const { runToken } = await import("../server/token_desk.ts");
      process.stdout.write(await runToken(action, name, options));
    });
}
