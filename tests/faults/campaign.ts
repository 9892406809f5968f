/** A campaign of faults over one operation of a final ELF: what `skip.c` runs, and what came of each fault. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { loadBoard } from "../../tools/firmware/board.ts";
import { buildImage } from "../../tools/firmware/build.ts";
import type { ChoiceName } from "../../tools/firmware/choices.ts";
import type { Image } from "../../tools/firmware/image.ts";
import { digest } from "../../tools/firmware/cache.ts";
import { ROOT } from "../../tools/firmware/root.ts";
import { run } from "../../tools/firmware/run.ts";
import { request } from "../lab/lab.ts";
import { compileMachine, runJob, sourcesOf } from "../lab/machine.ts";
import FAULTS from "./image.ts";

/** One board of each core. */
export const BOARDS = ["microbit", "mps2-an385", "mps2-an386", "mps2-an505"] as const;

export type FaultKind = "skip" | "invert" | "zero";

/** The outcome of one fault. */
export interface Run {
  readonly kind: FaultKind | "none";
  /** The register that was set to zero. */
  readonly register: number;
  readonly address: number;
  /** True if it was the last execution of that instruction, or the first. */
  readonly last: boolean;
  /** Its end; the answer is valid only if it returned. */
  readonly outcome: "returned" | "trapped" | "faulted" | "hung" | "died";
  readonly result: number;
  readonly answer: Buffer;
}

/** A request to the guest. */
export interface Request {
  readonly op: number;
  readonly fields: readonly Uint8Array[];
}

/** The job. */
export interface Campaign {
  readonly elf: string;
  readonly board: string;
  /** Requests that run without faults, and those that faults are injected into; the last one's answer counts. */
  readonly before?: readonly Request[];
  readonly targets: readonly Request[];
  readonly kinds: readonly FaultKind[];
  /** Functions that no fault is injected into; the field's arithmetic unless said. */
  readonly apart?: RegExp;
  /** Run every so many faults only, beginning with number `offset`. */
  readonly every?: number;
  readonly offset?: number;
}

/** The results of a campaign. */
export interface Found {
  /** The run without a fault. */
  readonly golden: Run;
  readonly runs: readonly Run[];
}

/** The field's arithmetic: what it computes wrong is a wrong number, which the verdicts are about. */
const FIELD =
  /^(cpu_fe_(mul|square|scale|sub|swap)|square4|product4|complete|scale_word|w2c_assembly_crypto__fe25519_(mulPortable|squarePortable|scalePortable|subPortable|fold)\b)/;

interface Symbol {
  readonly name: string;
  readonly address: number;
  readonly size: number;
}

async function symbolsOf(elf: string): Promise<Symbol[]> {
  const lines = (await run("arm-none-eabi-nm", ["-S", elf])).split("\n");
  return lines.flatMap((line) => {
    const words = line.split(" ");
    const name = words.at(-1) ?? "";
    if (words.length < 3) return [];
    return [{ name, address: parseInt(words[0]!, 16), size: words.length === 4 ? parseInt(words[1]!, 16) : 0 }];
  });
}

const SOURCE = "tests/faults/skip.c";

/** Build what faults are injected into for a board: this folder's guest, or an image of its own. */
export async function imageOf(
  board: string,
  image: Image = FAULTS,
  choices: readonly ChoiceName[] = [],
): Promise<string> {
  return (await buildImage({ board, image, choices })).elf;
}

function lineOf({ op, fields }: Request): string {
  return `request ${op} ${request(fields).toString("hex")}`;
}

function parse(line: string): Run {
  const [kind, register, address, nth, outcome, result, answer] = line.split(" ");
  return {
    kind: kind as Run["kind"],
    register: Number(register),
    address: parseInt(address!, 16),
    last: nth === "1",
    outcome: outcome as Run["outcome"],
    result: Number(result),
    answer: answer === "-" ? Buffer.alloc(0) : Buffer.from(answer!, "hex"),
  };
}

/** The job that `skip.c` reads. */
export async function jobOf(campaign: Campaign): Promise<string> {
  const { elf, board, before = [], targets, kinds, apart = FIELD, every = 1, offset = 0 } = campaign;
  const { cpu, flash, ram } = await loadBoard(board);
  const symbols = await symbolsOf(elf);
  const at = (name: string): number => {
    const found = symbols.find((symbol) => symbol.name === name);
    if (!found) throw new Error(`${elf} has no ${name}`);
    return found.address;
  };
  const untouched = symbols.filter(({ name, size }) => apart.test(name) && size > 0);
  const lines = [
    `cpu ${cpu}`,
    `region ${flash.origin} ${at("__flash_end") - flash.origin}`,
    `region ${ram.origin} ${at("__ram_end") - ram.origin}`,
    ...untouched.toSorted((a, b) => a.address - b.address).map(({ address, size }) => `apart ${address} ${size}`),
    ...["trap", "epitaph_die"].map((name) => `trap ${at(name)}`),
    ...["mul", "square", "scale", "sub"].flatMap((name) => {
      const found = symbols.find((symbol) => symbol.name === `cpu_fe_${name}`);
      return found ? [`field ${name} ${found.address}`] : [];
    }),
    `start ${at("guest_start")}`,
    `where ${at("guest_buffer")}`,
    `memory ${at("guest_memory")}`,
    `run ${at("guest_bare_run")}`,
    `stack ${at("__stack_top")}`,
    `every ${every} ${offset}`,
    `workers ${process.env["SIGNET_WORKERS"] ?? 1}`,
    ...kinds.map((kind) => `fault ${kind}`),
    ...before.map(lineOf),
    "target",
    ...targets.map(lineOf),
  ];
  return `${lines.join("\n")}\n`;
}

/**
 * Return the output of a job, from its file if it was run before: a whole campaign takes hours, and continues where it was
 * stopped.
 */
async function sayOnce(program: string, elf: string, job: string): Promise<string> {
  const folder = join(ROOT, "build", "faults", "found");
  const kept = join(folder, digest([job], [relative(ROOT, elf), ...sourcesOf(SOURCE)]));
  if (existsSync(kept)) return readFileSync(kept, "utf8");
  const said = await runJob(program, elf, job);
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${kept}.new`, said);
  renameSync(`${kept}.new`, kept);
  return said;
}

/** Run a campaign; `isKept` keeps what it found. */
export async function inject(campaign: Campaign, isKept = false): Promise<Found> {
  const program = await compileMachine(SOURCE);
  const said = await (isKept ? sayOnce : runJob)(program, campaign.elf, await jobOf(campaign));
  const [golden, ...runs] = said.trimEnd().split("\n").map(parse);
  return { golden: golden!, runs };
}
