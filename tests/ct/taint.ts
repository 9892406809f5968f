/** Runs operations of a final ELF with their secrets marked, byte by byte: what `taint.c` reads, and what it reports. */
import { loadBoard } from "../../tools/firmware/board.ts";
import { countedBranches, isListed } from "../../tools/firmware/constant.ts";
import { type Effect, effectOf } from "../../tools/firmware/effects.ts";
import { disassemble, type Instruction, type Listing } from "../../tools/firmware/listing.ts";
import { symbols } from "../../tools/firmware/symbols.ts";
import { request } from "../lab/lab.ts";
import { compileMachine, runJob } from "../lab/machine.ts";
import type { Secret } from "./secrets.ts";

export type Kind = "branch" | "address" | "time" | "condition";

/** An instruction whose time or address depends on a secret. */
export interface Finding {
  readonly kind: Kind;
  readonly address: number;
  /** The file of the line itself. */
  readonly file: string;
  /** Function and line, for a reader. */
  readonly where: string;
}

/** The findings of an operation, and its result. */
export interface Tainted {
  readonly result: number;
  readonly findings: readonly Finding[];
}

/** Where a machine begins: memory, the functions of the guest or the place of the request, and the core. */
export interface Machine {
  readonly elf: string;
  readonly cpu: string;
  readonly lines: readonly string[];
}

const SHAPES = { other: 0, combine: 1, lanes: 2, load: 3, store: 4 } as const;
const CONDITIONS = ["eq", "ne", "cs", "cc", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le"];
const SYNONYMS: Readonly<Record<string, string>> = { hs: "cs", lo: "cc" };
const [ALWAYS, COMPARISON, NO_REGISTER, ALL_LANES] = [14, 15, 16, 15];

/** Operations of which each byte of the result depends on the same byte of the operands. */
const BYTEWISE = new Set(["and", "orr", "eor", "bic", "orn", "mov", "mvn"]);

/** Multiplications that end early on short operands on a Cortex-M3. */
const EARLY = new Set(["umull", "umlal", "smull", "smlal"]);

function isSlow(operation: string, cpu: string): boolean {
  return /^[us]div$/.test(operation) || (cpu === "cortex-m3" && EARLY.has(operation));
}

/** The bytes of a result that can be marked. */
function lanesOf({ operation, immediate }: Effect): number {
  if (operation === "uxtb") return 1;
  if (operation === "uxth") return 3;
  if (operation !== "and" || immediate === undefined) return ALL_LANES;
  return [0, 1, 2, 3].reduce((lanes, i) => lanes | (((immediate >>> (8 * i)) & 0xff) === 0 ? 0 : 1 << i), 0);
}

function maskOf(registers: readonly number[]): number {
  return registers.reduce((mask, register) => mask | (1 << register), 0);
}

/** The shape of an instruction in `taint.c`. */
function shapeOf(effect: Effect, { operands }: Instruction): keyof typeof SHAPES {
  const { shape, operation } = effect;
  if (shape === "load" || shape === "store" || shape === "other") return shape;
  const isBytewise = BYTEWISE.has(operation) && !/\b(?:lsl|lsr|asr|ror|rrx)\b/.test(operands);
  return isBytewise || operation === "uxtb" || operation === "uxth" ? "lanes" : "combine";
}

/** The line of an instruction: see `read_instruction` of `taint.c`. */
function lineOf(instruction: Instruction, cpu: string, isPublic: boolean): string {
  const effect = effectOf(instruction);
  const { operation, access, condition } = effect;
  const known = SYNONYMS[condition ?? ""] ?? condition;
  const code = known === undefined ? ALWAYS : known === "any" ? COMPARISON : CONDITIONS.indexOf(known);
  const isJump = /^(?:b|bx|blx|cbz|cbnz|tbb|tbh)$/.test(operation);
  const setsLanes = /^[us](?:add|sub)(?:8|16)$/.test(operation);
  const numbers = [
    instruction.address,
    SHAPES[shapeOf(effect, instruction)],
    code,
    isSlow(operation, cpu),
    isPublic,
    isJump,
    maskOf(effect.reads),
    access === undefined ? maskOf(effect.writes) : 0,
    lanesOf(effect),
    effect.readsCarry && operation !== "sel",
    effect.setsFlags && !setsLanes,
    effect.setsCarry && !setsLanes,
    operation === "sel",
    setsLanes,
    access?.base ?? NO_REGISTER,
    access?.index ?? NO_REGISTER,
    access?.shift ?? 0,
    access?.bytes ?? 0,
    access?.offset ?? 0,
    ...(access?.registers ?? []),
  ];
  return `i ${numbers.map(Number).join(" ")}`;
}

/** The lines of all instructions; one that cannot be decoded is an error only if it is executed. */
function linesOf(listing: Listing, cpu: string): string[] {
  return listing.routines.flatMap(({ instructions }) =>
    instructions.flatMap((instruction) => {
      try {
        return [lineOf(instruction, cpu, isListed(listing, instruction.address))];
      } catch {
        return [];
      }
    }),
  );
}

const SOURCE = "tests/ct/taint.c";

/** The machine of a board around an image with the lab's guest. */
export async function machineOf(board: string, elf: string): Promise<Machine> {
  const { cpu, flash, ram } = await loadBoard(board);
  const at = await symbols(elf);
  const lines = [
    `regions ${flash.origin} ${at("__flash_end").address} ${ram.origin} ${at("__ram_end").address}`,
    ...Object.entries({
      start: "guest_start",
      where: "guest_buffer",
      memory: "guest_memory",
      run: "guest_bare_run",
    }).map(([word, name]) => `${word} ${at(name).address}`),
    "capacity 1024",
    `stack ${at("__stack_top").address}`,
  ];
  return { elf, cpu, lines };
}

/** Run requests, each with one secret field. */
export async function taint({ elf, cpu, lines }: Machine, secrets: readonly Secret[]): Promise<Tainted[]> {
  const listing = await disassemble(elf);
  const requests = secrets.map(({ op, fields, secret }) => {
    const place = request(fields.slice(0, secret)).length + 2;
    return `request ${op} ${place} ${fields[secret]!.length} ${request(fields).toString("hex")}`;
  });
  const job = [`cpu ${cpu}`, ...lines, ...linesOf(listing, cpu), ...requests, ""].join("\n");
  const said = await runJob(await compileMachine(SOURCE), elf, job);
  const counted = countedBranches(listing);
  return said
    .split("end\n")
    .slice(0, -1)
    .map((text) => ({
      result: Number(/^result (-?\d+)$/m.exec(text)?.[1]),
      findings: [...text.matchAll(/^(branch|address|time|condition) ([0-9a-f]+)$/gm)]
        .map(([, kind, address]) => findingAt(listing, kind as Kind, Number.parseInt(address!, 16)))
        .filter(({ kind, address }) => kind !== "branch" || !counted.has(address)),
    }));
}

function findingAt(listing: Listing, kind: Kind, address: number): Finding {
  const routine = listing.routines.findLast((one) => one.address <= address)?.name ?? "";
  const frame = listing.framesAt(address).find(({ file }) => file.endsWith(".ts"));
  const line = frame === undefined ? "" : ` (${frame.file}:${frame.line})`;
  const file = listing.framesAt(address)[0]?.file ?? "";
  return { kind, address, file, where: `${kind} at ${address.toString(16)} in ${routine}${line}` };
}
