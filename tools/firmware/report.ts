/** The output of `signet build` and `signet size`. */
import { relative } from "node:path";
import { Trouble } from "../trouble.ts";
import { boardNames, loadBoard } from "./board.ts";
import { buildImage, type Built, type Request } from "./build.ts";
import { choicesOf, choose, type ChoiceName } from "./choices.ts";
import { levers, misfit, table } from "./fit.ts";
import { linearBytes } from "./guest.ts";
import { loadImage } from "./image.ts";
import { SIGNET } from "./product.ts";

/** The warning for a board whose noise makes no key. */
export const SEED_REQUIRED =
  "has not enough noise for a key: without a seed of 48 random bytes in its factory page, a device refuses to make a key";

interface Asked {
  readonly board?: string;
  /** The path of an image's data; the product by default. */
  readonly image?: string;
  /** The choices of the image, as `choicesOf` reads them. */
  readonly choose?: string;
}

/** The choices that `signet size --json` measures as well: one board of each core. */
const MEASURED = ["mps2-an386", "mps2-an385", "microbit"];
const CHOSEN: readonly (readonly ChoiceName[])[] = [["small"], choicesOf("small,pins,esp-at")];

async function* builds({ board, image: path, choose: text = "" }: Asked, isWhole = false): AsyncGenerator<Built> {
  const image = path === undefined ? SIGNET : await loadImage(path);
  const choices = choicesOf(text);
  for (const name of board === undefined ? boardNames() : [board]) {
    yield await fitting({ board: name, image, choices });
    if (!isWhole || image !== SIGNET || choices.length > 0 || !MEASURED.includes(name)) continue;
    for (const more of CHOSEN) yield await buildImage({ board: name, image, choices: more });
  }
}

/** Name of a built image: its board, and its choices. */
function nameOf({ board, choices }: Built): string {
  return choices.length === 0 ? board : `${board}:${choices.join(",")}`;
}

/** One figure against its budget. */
function share(bytes: number, budget: number): string {
  return `${bytes} of ${budget} bytes (${Math.round((100 * bytes) / budget)} %)`;
}

/** Build an image; if it does not fit, say what each other choice saves. */
async function fitting(request: Request): Promise<Built> {
  try {
    return await buildImage(request);
  } catch (error) {
    const complaint = misfit(error);
    if (complaint === undefined) throw error;
    process.stderr.write(`the image does not fit ${request.board}: ${complaint}; measuring what each choice saves\n`);
    process.stderr.write(table(await levers(request)));
    throw new Trouble(
      `the image does not fit ${request.board}: ${complaint}`,
      "leave out parts by --choose, or raise the budget in the board's data; `signet size` lists the parts",
    );
  }
}

/** Build, and print the place and size of the ELF. */
export async function build(asked: Asked): Promise<void> {
  for await (const built of builds(asked)) {
    const { budget, seedRequired } = choose(await loadBoard(built.board), built.choices);
    process.stdout.write(`${relative(process.cwd(), built.elf)}: flash ${share(built.size.flash, budget.flash)}\n`);
    if (seedRequired) process.stdout.write(`${built.board} ${SEED_REQUIRED}\n`);
  }
}

/** Linear memory of TLS: the saving without it. Nothing on a board that leaves it out. */
async function linearOfTls({ board: name, image, choices, size: { linear } }: Built): Promise<number | undefined> {
  const { use } = choose(await loadBoard(name), choices);
  if (image !== SIGNET || "WITHOUT_TLS" in use) return undefined;
  return linear - (await linearBytes({ use: { ...use, WITHOUT_TLS: 1 } }, image));
}

/** Print each board's size as a table, by folder or by file, or all as one JSON object. */
export async function size(asked: Asked & { readonly json?: boolean; readonly files?: boolean }): Promise<void> {
  const all: Record<string, Built["size"] & { readonly linearOfTls?: number }> = {};
  for await (const built of builds(asked, asked.json)) {
    const tls = await linearOfTls(built);
    all[nameOf(built)] = { ...built.size, ...(tls !== undefined && { linearOfTls: tls }) };
    if (asked.json) continue;
    const { budget } = choose(await loadBoard(built.board), built.choices);
    const { flash, linear, stack, parts, sources } = built.size;
    const rows = [
      ["flash", share(flash, budget.flash)],
      ["linear", share(linear, budget.linear)],
      ...(tls === undefined ? [] : [["  of it tls", String(tls)]]),
      ["stack", share(stack, budget.stack)],
      ...Object.entries(asked.files ? sources : parts).map(([part, bytes]) => [`  ${part}`, String(bytes)]),
    ];
    process.stdout.write(
      `${nameOf(built)}\n${rows.map(([name, text]) => `  ${name?.padEnd(asked.files ? 44 : 14)}${text}\n`).join("")}`,
    );
  }
  if (asked.json) process.stdout.write(`${JSON.stringify(all)}\n`);
}
