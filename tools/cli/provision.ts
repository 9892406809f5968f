import { InvalidArgumentError, Option, type Command } from "commander";
import { createInterface } from "node:readline/promises";
import type { Choice } from "../flash/probes.ts";
import { WAYS, type Way } from "../flash/journal.ts";
import { readChoice } from "./probe.ts";

interface Options {
  board: string;
  image?: string;
  config: string;
  count: number;
  server: string;
  token: string;
  admit: Way;
  days: number;
  journal: string;
  probe?: Choice[];
  console?: string[];
  adapter?: string;
}

/** `signet provision`: a batch of boards, flashed, known to the server, labelled. */
export function add(program: Command): void {
  program
    .command("provision")
    .description("flash many boards, register each at the server, and print labels")
    .requiredOption("--board <name>", "the board: a folder of boards/")
    .option("--image <path>", "as for flash")
    .requiredOption("--config <file>", "device.json, without a claim")
    .requiredOption("--count <n>", "number of finished boards, including those in the journal", whole)
    .requiredOption("--server <url>", "the server that registers them")
    .addOption(
      new Option("--token <token>", "token of scope operate; in the environment, it stays out of the process list")
        .env("SIGNET_TOKEN")
        .makeOptionMandatory(),
    )
    .addOption(
      new Option("--admit <way>", "register each device by a claim, or by its id on the allowlist")
        .choices(WAYS)
        .default("claim"),
    )
    .option("--days <n>", "validity of a claim in days", whole, 90)
    .option("--journal <file>", "file of the finished steps; the same command continues from them", "provision.ndjson")
    .addOption(new Option("--probe <which>", "as for flash; repeat for each bench").argParser(collect))
    .option("--adapter <script>", "as for flash")
    .option("--console <where>", "as for flash; repeat for each bench", (text, all: string[] = []) => [...all, text])
    .action(
      async ({ probe = ["auto"], console: consoles = [], adapter, server, token, days, admit, ...rest }: Options) => {
        const { provision } = await import("../flash/provision.ts");
        const { Trouble } = await import("../trouble.ts");
        if (consoles.length > 0 && consoles.length !== probe.length)
          throw new Trouble(
            "the numbers of consoles and probes differ",
            "give one of each for every bench, in the same order",
          );
        const lines = createInterface({ input: process.stdin });
        const pressed = lines[Symbol.asyncIterator]();
        try {
          const entries = await provision({
            ...rest,
            way: admit,
            registry: { url: server, token, days },
            benches: probe.map((one, i) => ({ probe: one, console: consoles[i], adapter })),
            say: (text) => process.stdout.write(`${text}\n`),
            async nextBoard() {
              process.stdout.write("connect the next board, then press Enter\n");
              if ((await pressed.next()).done)
                throw new Trouble("there are no more boards", "run the command again for the rest");
            },
          });
          process.stdout.write(`provisioned: ${entries.filter(({ done }) => done).length} devices\n`);
        } finally {
          lines.close();
        }
      },
    );
}

function collect(text: string, all: Choice[] = []): Choice[] {
  return [...all, readChoice(text)];
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 100_000)
    throw new InvalidArgumentError("It must be a whole number above 0.");
  return value;
}
