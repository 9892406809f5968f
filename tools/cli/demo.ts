import { InvalidArgumentError, Option, type Command } from "commander";
import { ROADS, type RoadName } from "../firmware/choices.ts";
import { LINKS } from "../wire/factory.ts";

interface Options {
  board: string;
  image?: string;
  link: (typeof LINKS)[number];
  road: RoadName;
  port: number;
  folder?: string;
  plain?: boolean;
  once?: boolean;
  fresh?: boolean;
}

/** `signet demo`, which is `npm start`: a device's life in an emulator, attacks included. */
export function add(program: Command): void {
  program
    .command("demo")
    .description("run the life of a device in an emulator, under attack")
    .option("--once", "end without input; exit code 0 only on success (implies --fresh)")
    .option("--fresh", "start with erased flash and an empty database")
    .option("--board <name>", "the board to run", "mps2-an386")
    .option("--image <path>", "data of an image of your own (default: the product)")
    .addOption(new Option("--link <kind>", "the family of the module").choices(LINKS).default("esp-at"))
    .addOption(new Option("--road <road>", "the transport between module and server").choices(ROADS).default("tcp"))
    .option("--plain", "without TLS: signed, but not encrypted")
    .option("--port <n>", "the server's port; 0 takes a free one", port, 0)
    .option("--folder <path>", "folder of flash and database (default: build/demo/BOARD)")
    .action(async ({ plain = false, once = false, fresh = false, ...options }: Options) => {
      const { demo } = await import("../demo/demo.ts");
      process.exit((await demo({ ...options, plain, once, fresh })) ? 0 : 1);
    });
}

function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65535) throw new InvalidArgumentError("It must be 0 to 65535.");
  return value;
}
