import { InvalidArgumentError, type Command } from "commander";
import { fromHex } from "../wire/bytes.ts";
import { ID_BYTES } from "../wire/key.ts";

interface Options {
  database: string;
  key?: string;
  reason: string;
  archive?: string[];
}

function idOf(text: string): Uint8Array {
  const found = fromHex(text);
  if (found?.length !== ID_BYTES) throw new InvalidArgumentError("It must have 64 hexadecimal digits.");
  return found;
}

/** `signet erase`: erase the data of one device, in the database and in archives. */
export function add(program: Command): void {
  program
    .command("erase")
    .description("erase the data of one device for good, with a signed statement")
    .argument("<device>", "the whole id", idOf)
    .requiredOption("--reason <text>", "for the log; without personal data, because the log keeps it")
    .option("--database <where>", "SQLite file, or postgres:// URL", "signet.db")
    .option("--key <file>", "the server's key (default: beside the database)")
    .option("--archive <files...>", "archives from which to erase its reports too")
    .action(async (device: Uint8Array, { archive = [], ...options }: Options) => {
      const { runErase } = await import("../server/erase.ts");
      process.stdout.write(await runErase(device, { ...options, archives: archive }));
    });
}
