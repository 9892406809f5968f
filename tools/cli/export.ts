import { type Command, InvalidArgumentError } from "commander";

interface Options {
  core: string;
  link: string;
  profile: string;
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
    .option(
      "--link <name>",
      "the driver of the module: esp-at, esp-at-http, esp-at-udp, quectel, framed or all",
      "esp-at",
    )
    .option("--profile <name>", "how the server proves itself: pinned, chains or no-tls", "chains")
    .option("--small", "the smallest code of the cryptography", false)
    .option("--records <bytes>", "bytes of a TLS record, 512 or 1024; 512 on a Cortex-M0, else 1024", count)
    .option("--name <name>", "the board's name, which the server is told", "own")
    .option("--page-bytes <n>", "bytes of a flash page of the store", count, 4096)
    .option("--pages <n>", "pages of the store", count, 16)
    .option("--sizes", "write into SIZE.md what each other choice would take; some minutes", false)
    .requiredOption("--out <folder>", "where to write; the files of a former export there are replaced")
    .action(async ({ out, sizes, ...chosen }: Options) => {
      const { resolve } = await import("node:path");
      const { alternatives, exportLibrary } = await import("../export/export.ts");
      const options = { ...chosen, out: resolve(out) };
      await exportLibrary(options, sizes ? await alternatives(options) : undefined);
      process.stdout.write(`${out}: signet.h, signet.c and examples/own-main; SIZE.md says what it takes\n`);
    });
}

/** A number of bytes or pages. */
function count(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError("It must be a number above 0.");
  return Number(text);
}
