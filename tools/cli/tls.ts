import { InvalidArgumentError, Option, type Command } from "commander";
import { target } from "./address.ts";
import { PROFILE_NAMES, type ProfileName } from "../tls/profiles.ts";

interface Options {
  root?: string;
  pin?: string;
  profile?: ProfileName;
}

/** `signet tls`: whether a server will do. */
export function add(program: Command): void {
  program
    .command("tls")
    .description("connect to a TLS server like a device, and print the cost")
    .argument("<host:port>", "the server", target)
    .option("--pin <hash>", "pin of the server's key (default: the key that the server presents)", pin)
    .option("--root <file>", "certificate of the authority that the device trusts")
    .addOption(
      new Option("--profile <name>", "only this profile (default: the smallest that connects)").choices(PROFILE_NAMES),
    )
    .action(async ({ host, port }: { host: string; port: number }, options: Options) => {
      const { will } = await import("../tls/will.ts");
      await will({ host, port, ...options }, (line) => process.stdout.write(`${line}\n`));
    });
}

function pin(text: string): string {
  if (!/^[0-9a-f]{64}$/i.test(text)) throw new InvalidArgumentError("It must be 64 hexadecimal digits.");
  return text;
}
