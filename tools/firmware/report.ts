/** What `signet build` and `signet size` print. */
import { relative } from "node:path";
import { boardNames, loadBoard } from "./board.ts";
import { buildImage, type Built } from "./build.ts";
import { linearBytes } from "./guest.ts";
import { loadImage } from "./image.ts";
import { SIGNET } from "./product.ts";

/** What a person must know who flashes a board whose noise makes no key. */
export const SEED_REQUIRED =
  "has no noise of its own that is enough for a key: flash each device with a seed of 48 random bytes in its factory page, or it refuses to make a key";

interface Choice {
  readonly board?: string;
  /** The path of an image's data; the product unless said. */
  readonly image?: string;
}

async function* builds({ board, image: path }: Choice): AsyncGenerator<Built> {
  const image = path === undefined ? SIGNET : await loadImage(path);
  for (const name of board === undefined ? boardNames() : [board]) yield await buildImage({ board: name, image });
}

/** One figure against its budget. */
function share(bytes: number, budget: number): string {
  return `${bytes} of ${budget} bytes (${Math.round((100 * bytes) / budget)} %)`;
}

/** Build, and say where the ELF is and how large. */
export async function build(choice: Choice): Promise<void> {
  for await (const built of builds(choice)) {
    const { budget, seedRequired } = await loadBoard(built.board);
    process.stdout.write(`${relative(process.cwd(), built.elf)}: flash ${share(built.size.flash, budget.flash)}\n`);
    if (seedRequired) process.stdout.write(`${built.board} ${SEED_REQUIRED}\n`);
  }
}

/** How much of the linear memory TLS takes: what is saved without it. Nothing on a board that leaves it out. */
async function linearOfTls({ board: name, image, size: { linear } }: Built): Promise<number | undefined> {
  const { use } = await loadBoard(name);
  if (image !== SIGNET || "WITHOUT_TLS" in use) return undefined;
  return linear - (await linearBytes({ use: { ...use, WITHOUT_TLS: 1 } }, image.entry));
}

/** Print each board's size as a table, or all as one JSON object. */
export async function size(choice: Choice & { readonly json?: boolean }): Promise<void> {
  const all: Record<string, Built["size"] & { readonly linearOfTls?: number }> = {};
  for await (const built of builds(choice)) {
    const tls = await linearOfTls(built);
    all[built.board] = { ...built.size, ...(tls !== undefined && { linearOfTls: tls }) };
    if (choice.json) continue;
    const { budget } = await loadBoard(built.board);
    const { flash, linear, stack, parts } = built.size;
    const rows = [
      ["flash", share(flash, budget.flash)],
      ["linear", share(linear, budget.linear)],
      ...(tls === undefined ? [] : [["  of it tls", String(tls)]]),
      ["stack", share(stack, budget.stack)],
      ...Object.entries(parts).map(([part, bytes]) => [`  ${part}`, String(bytes)]),
    ];
    process.stdout.write(`${built.board}\n${rows.map(([name, text]) => `  ${name?.padEnd(14)}${text}\n`).join("")}`);
  }
  if (choice.json) process.stdout.write(`${JSON.stringify(all)}\n`);
}
