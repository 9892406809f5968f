/** The reads and writes of a Thumb instruction, from the text of a disassembly: the cores of all boards, without floating point. */
import { Trouble } from "../trouble.ts";
import type { Instruction } from "./listing.ts";

export const [SP, LR, PC] = [13, 14, 15] as const;

const NAMES: Readonly<Record<string, number>> = { sb: 9, sl: 10, fp: 11, ip: 12, sp: SP, lr: LR, pc: PC };
const CONDITIONS = "eq|ne|cs|cc|hs|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le";

/** How an operation treats its operands. */
type Shape = "assign" | "combine" | "insert" | "compare" | "long" | "accumulate" | "load" | "store" | "other";

const OPERATIONS: Readonly<Record<Shape, string>> = {
  /** The first operand is the result of the others, and of itself if there are only two and the second is not the whole. */
  combine:
    "adc add addw and asr bic eor lsl lsr mul orn orr ror rsb sbc sub subw sdiv udiv sel uadd8 usub8 sadd16 ssub16 uadd16 usub16 pkhbt pkhtb smulbb smulbt smultb smultt smuad mla mls smlabb smmul",
  /** The first operand is a function of the second alone. */
  assign: "mov movw mvn neg uxtb uxth sxtb sxth rev rev16 revsh rbit clz ubfx sbfx rrx adr ssat usat mrs",
  /** The first operand keeps a part of itself. */
  insert: "movt bfi bfc",
  compare: "cmp cmn tst teq",
  /** The first two operands are the product of the last two. */
  long: "umull smull",
  /** And are added to it. */
  accumulate: "umlal smlal umaal",
  load: "ldr ldrb ldrh ldrsb ldrsh ldrd ldmia ldm ldmdb pop ldrex",
  store: "str strb strh strd stmia stm stmdb push strex",
  other: "b bl bx blx cbz cbnz tbb tbh nop it dsb isb dmb cpsid cpsie msr svc bkpt udf wfi wfe sev",
};

const SHAPES = new Map(
  Object.entries(OPERATIONS).flatMap(([shape, names]) => names.split(" ").map((name) => [name, shape as Shape])),
);
const READS_CARRY = new Set(["adc", "sbc", "rrx", "sel"]);
const KEEPS_CARRY = new Set(["and", "orr", "eor", "bic", "orn", "mov", "mvn", "mul", "tst", "teq"]);
const SETS_LANES = new Set(["uadd8", "usub8", "sadd16", "ssub16", "uadd16", "usub16"]);

/** An access of memory. */
export interface Access {
  readonly isLoad: boolean;
  readonly base: number;
  readonly index?: number;
  /** Bytes between the base and the first byte. */
  readonly offset: number;
  /** Bytes that the base moves by. */
  readonly moves: number;
  /** Registers in the order of the addresses. */
  readonly registers: readonly number[];
  /** Bits by which the index is shifted. */
  readonly shift: number;
  /** Bytes of each register in memory. */
  readonly bytes: number;
}

export interface Effect {
  /** The operation without its condition and without the `s` of one that sets flags. */
  readonly operation: string;
  readonly shape: Shape;
  /** Registers of values: the addresses of an access are not among them. */
  readonly reads: readonly number[];
  readonly writes: readonly number[];
  readonly readsCarry: boolean;
  /** It sets N and Z, and unless it is a bitwise operation, C and V. */
  readonly setsFlags: boolean;
  readonly setsCarry: boolean;
  /** The condition that decides whether it is executed, of an IT block or of a branch; `any` for a comparison with zero. */
  readonly condition?: string;
  readonly access?: Access;
  /** The value that it gives, where it is written in the instruction. */
  readonly constant?: number;
  /** The last operand, where it is a number. */
  readonly immediate?: number;
  /** The address of a branch or call. */
  readonly target?: number;
}

function registerOf(text: string): number | undefined {
  const number = /^r(\d+)$/.exec(text)?.[1];
  return number === undefined ? NAMES[text] : Number(number);
}

/** The registers of a list in braces. */
function listOf(text: string): number[] {
  return text.split(",").flatMap((part) => {
    const [from, to] = part.trim().split("-").map(registerOf);
    return from === undefined ? [] : Array.from({ length: (to ?? from) - from + 1 }, (_, i) => from + i);
  });
}

function numberIn(text: string): number | undefined {
  const digits = /#(-?(?:0x[0-9a-f]+|\d+))/.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Split a mnemonic: the operation, whether it sets flags, and whether it is conditional. */
function split(mnemonic: string): { operation: string; sets: boolean; condition: string | undefined } {
  const plain = mnemonic.replace(/^(it)[te]{0,3}$/, "$1");
  for (const [, operation = "", sets, condition] of [
    [plain, plain],
    ...[new RegExp(`^(\\w+?)(s)?(${CONDITIONS})?$`), /^(\w+)(s)$/].map((pattern) => pattern.exec(plain) ?? []),
  ])
    if (SHAPES.has(operation)) return { operation, sets: sets !== undefined, condition };
  throw new Trouble(`the instruction ${mnemonic} is not known`, "add it to tools/firmware/effects.ts");
}

/** The access of a load or store. */
function accessOf(operation: string, operands: string, isLoad: boolean): Access {
  const list = /\{(.*)\}/.exec(operands)?.[1];
  if (list !== undefined) {
    const registers = listOf(list);
    const isStack = operation === "push" || operation === "pop";
    const base = isStack ? SP : registerOf(operands.split(/[!,]/)[0]!)!;
    const down = operation === "push" || operation.endsWith("db");
    const span = 4 * registers.length;
    const moves = isStack || operands.includes("!") ? (down ? -span : span) : 0;
    return { isLoad, base, offset: down ? -span : 0, moves, registers, shift: 0, bytes: 4 };
  }
  const [data = "", inside = "", after = ""] = /^(.*?), \[(.*?)\](.*)$/.exec(operands)?.slice(1) ?? [];
  const [base = "", second = "", shift = ""] = inside.split(/, */);
  const moved = after.startsWith("!") ? (numberIn(second) ?? 0) : (numberIn(after) ?? 0);
  const index = registerOf(second);
  return {
    isLoad,
    base: registerOf(base)!,
    ...(index !== undefined && { index }),
    offset: after.startsWith("!") || after === "" ? (numberIn(second) ?? 0) : 0,
    moves: moved,
    registers: data.split(/, */).flatMap((name) => registerOf(name) ?? []),
    shift: numberIn(shift) ?? 0,
    bytes: operation.endsWith("b") ? 1 : operation.endsWith("h") ? 2 : 4,
  };
}

/** Decode an instruction: its effect on registers, flags and memory. */
export function effectOf({ mnemonic, operands, address }: Instruction): Effect {
  const { operation, sets, condition = /^cbn?z$/.test(mnemonic) ? "any" : undefined } = split(mnemonic);
  const shape = SHAPES.get(operation)!;
  const setsFlags = sets || shape === "compare" || SETS_LANES.has(operation);
  const common = {
    operation,
    shape,
    readsCarry: READS_CARRY.has(operation),
    setsFlags,
    setsCarry: setsFlags && !KEEPS_CARRY.has(operation),
    ...(condition !== undefined && { condition }),
  };
  if (shape === "load" || shape === "store") {
    const access = accessOf(operation, operands, shape === "load");
    const [reads, writes] = access.isLoad ? [[], access.registers] : [access.registers, []];
    return { ...common, reads, writes: access.moves === 0 ? writes : [...writes, access.base], access };
  }
  const registers = operands
    .replaceAll(/[[\]]/g, "")
    .split(/, *| +/)
    .flatMap((name) => registerOf(name) ?? []);
  if (shape === "other") {
    const target = /(?:^|, )([0-9a-f]+) </.exec(operands)?.[1];
    const at = target === undefined ? {} : { target: Number.parseInt(target, 16) };
    return { ...common, reads: registers, writes: operation === "bl" || operation === "blx" ? [LR] : [], ...at };
  }
  if (shape === "compare") return { ...common, reads: registers, writes: [] };
  const wide = shape === "long" || shape === "accumulate" ? 2 : 1;
  const isBoth =
    shape === "insert" || shape === "accumulate" || (shape === "combine" && operands.split(",").length < 3);
  const constant = operation === "mov" || operation === "movw" ? numberIn(operands) : undefined;
  const address4 = operation === "adr" ? ((address + 4) & ~3) + (numberIn(operands) ?? 0) : undefined;
  const value = constant ?? address4;
  const last = /^(?:.*, )?(#-?\w+)$/.exec(operands)?.[1];
  return {
    ...common,
    ...(last !== undefined && { immediate: numberIn(last)! }),
    reads: isBoth ? registers : registers.slice(wide),
    writes: registers.slice(0, wide),
    ...(value !== undefined && { constant: value >>> 0 }),
  };
}
