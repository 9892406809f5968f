import { type Command, InvalidArgumentError } from "commander";
import { LINKS } from "../firmware/choices.ts";

interface Options {
  core: string;
  link: string;
  profile: string;
  mqtt: string;
  small: boolean;
  records?: number;
  name: string;
  pageBytes: number;
  pages: number;
  sizes: boolean;
  out: string;
}

/** `signet export`: the library as a folder of C. */
export function add(program: Command): void {
  program
    .command("export")
    .description("write Signet as a folder of C for a project of your own")
    .requiredOption("--core <name>", "cortex-m0, cortex-m0plus, cortex-m3, cortex-m4, cortex-m7 or cortex-m33")
    .option("--link <name>", `driver of the module: ${Object.keys(LINKS).join(", ")}`, "esp-at")
    .option("--profile <name>", "authentication of the server: pinned, chains or no-tls", "chains")
    .option(
      "--mqtt <use>",
      "none; reports: they travel through a broker instead of HTTP; client: signet_mqtt_* instead of a stream",
      "none",
    )
    .option("--small", "choose the smallest code of the cryptography", false)
    .option(
      "--records <bytes>",
      "size of a TLS record: 512 or 1024 bytes (default: 512 on a Cortex-M0, else 1024)",
      count,
    )
    .option("--name <name>", "name of the board, sent to the server", "own")
    .option("--page-bytes <n>", "size of a flash page of the store, in bytes", count, 4096)
    .option("--pages <n>", "number of pages of the store", count, 16)
    .option("--sizes", "write the size of each other choice into SIZE.md; this takes some minutes", false)
    .requiredOption("--out <folder>", "output folder; the files of an earlier export are replaced")
    .action(async ({ out, sizes, ...chosen }: Options) => {
      const { resolve } = await import("node:path");
      const { alternatives, exportLibrary } = await import("../export/export.ts");
      const options = { ...chosen, out: resolve(out) };
      await exportLibrary(options, sizes ? await alternatives(options) : undefined);
      process.stdout.write(`${out}: signet.h, signet.c and examples/own-main; SIZE.md has its size\n`);
    });
}

/** A number of bytes or pages. */
function count(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError("It must be a number above 0.");
  return Number(text);
}
