/** The claims that are proven: of each routine the formula of its result, and the sums of words at points of its run that show which carries are zero. */
import type { Instruction } from "../../tools/firmware/listing.ts";
import { constant, joined, type Linear, product, residues, sum, unknown, WORD } from "./linear.ts";
import { Run, STACK } from "./run.ts";
import type { Listing } from "../../tools/firmware/listing.ts";

const [OUT, A, B] = [0x20000200, 0x20000000, 0x20000100];
const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;

/** The inputs: two numbers of eight words, and a factor. */
export interface Inputs {
  readonly a: readonly Linear[];
  readonly b: readonly Linear[];
  readonly factor: Linear;
}

/** All inputs: any words, and a factor below 2^17. */
export function any(): Inputs {
  const words = (name: string): Linear[] => Array.from({ length: 8 }, (_, i) => unknown(`${name}${i}`, 0n, WORD - 1n));
  return { a: words("a"), b: words("b"), factor: unknown("f0", 0n, 2n ** 17n - 1n) };
}

/** A look at a run before an instruction. */
type Look = (run: Run, instruction: Instruction) => void;

export interface Claim {
  readonly routine: string;
  /** Arguments, and the formula that the result equals modulo a number; the result may be taken times a factor. */
  readonly call: (inputs: Inputs) => readonly (number | Linear)[];
  readonly formula: (inputs: Inputs) => Linear;
  readonly modulus: bigint;
  readonly scale?: bigint;
  /** Shows which carries are zero, where the bounds of single words do not. */
  readonly lemmas?: (inputs: Inputs) => Look;
}

/** The product of two numbers, word by word. */
function times(a: readonly Linear[], b: readonly Linear[]): Linear {
  return sum(...a.flatMap((x, i) => b.map((y, j): [bigint, Linear] => [WORD ** BigInt(i + j), product(x, y)])));
}

/** The products of different words, once each, without the lowest word, which is zero. */
function pairs(a: readonly Linear[]): Linear {
  return sum(
    ...a.flatMap((x, i) => a.slice(i + 1).map((y, j): [bigint, Linear] => [WORD ** BigInt(2 * i + j), product(x, y)])),
  );
}

function registers(run: Run, ...indices: readonly number[]): Linear {
  return joined(indices.map((index) => run.register(index)));
}

function isAt({ mnemonic, operands }: Instruction, text: string): boolean {
  return `${mnemonic} ${operands}` === text;
}

/** Cortex-M4: before the fold the square is in memory and registers, all 16 words of it. */
function squareOfUmaal({ a }: Inputs): Look {
  const stack = STACK - 60;
  return (run, instruction) => {
    if (!isAt(instruction, "mov sl, #38")) return;
    const upper = registers(run, 7, 8, 9, 11, 12, 0, 1, 2, 3, 4, 5, 14);
    run.exclude(sum([1n, run.read(stack, 4)], [WORD ** 4n, upper]), times(a, a));
  };
}

/** Cortex-M3: the pairs of each half, all pairs, and the square before the fold. */
function squareOfUmlal({ a }: Inputs): Look {
  const stack = STACK - 112;
  let count = 0;
  return (run, instruction) => {
    if (isAt(instruction, "mov ip, #38")) run.exclude(run.read(stack, 16), times(a, a));
    if (!isAt(instruction, "add r0, sp, #4") && !isAt(instruction, "add r0, sp, #36")) return;
    const [half, rest] = [registers(run, 7, 8, 9, 10, 11, 12), registers(run, 3, 4, 5, 6, 7, 8)];
    if (count < 2) run.exclude(half, pairs(a.slice(4 * count, 4 * count + 4)));
    if (count === 3) run.exclude(sum([1n, run.read(stack + 4, 8)], [WORD ** 8n, rest]), pairs(a));
    count++;
  };
}

/** After each row: the sum was below 2 L, so with b below L it is below 2 L again. */
function rows({ a, b }: Inputs): Look {
  let [row, before, quotient] = [0, constant(0n), constant(0n)];
  return (run, instruction) => {
    if (isAt(instruction, "mov ip, #0")) quotient = run.register(14);
    if (!isAt(instruction, "ldr r0, [sp, #0]")) return;
    const after = (): Linear => registers(run, 3, 4, 5, 6, 7, 8, 9, 10);
    const exact = sum([1n, before], [1n, times([a[row]!], b)], [L, quotient]);
    run.exclude(sum([WORD, after()]), exact, 2n * L * WORD);
    [row, before] = [row + 1, after()];
  };
}

const MUL: Claim = { routine: "cpu_fe_mul", call: () => [OUT, A, B], formula: ({ a, b }) => times(a, b), modulus: P };
const SQUARE: Claim = {
  routine: "cpu_fe_square",
  call: () => [OUT, A, 1],
  formula: ({ a }) => times(a, a),
  modulus: P,
};
const SCALE: Claim = {
  routine: "cpu_fe_scale",
  call: ({ factor }) => [OUT, A, factor, B],
  formula: ({ a, b, factor }) => sum([1n, times(a, [factor])], [1n, joined(b)]),
  modulus: P,
};
const SUB: Claim = {
  routine: "cpu_fe_sub",
  call: () => [OUT, A, B],
  formula: ({ a, b }) => sum([1n, joined(a)], [-1n, joined(b)]),
  modulus: P,
};
const MONTGOMERY: Claim = {
  routine: "cpu_sc_montgomery",
  call: () => [OUT, A, B],
  formula: ({ a, b }) => times(a, b),
  modulus: L,
  scale: 2n ** 256n,
  lemmas: rows,
};

/** The claims of the assembly of a core, by its file of multiplications. */
export const CLAIMS: Readonly<Record<"cpu_umaal" | "cpu_umlal", readonly Claim[]>> = {
  cpu_umaal: [MUL, { ...SQUARE, lemmas: squareOfUmaal }, SCALE, SUB, MONTGOMERY],
  cpu_umlal: [MUL, { ...SQUARE, lemmas: squareOfUmlal }, SCALE, SUB],
};

/** Run a routine, and return the difference between its result and the formula: by unknown, what is not a multiple of the modulus. */
export function difference(listing: Listing, claim: Claim, inputs: Inputs): Map<string, bigint> {
  const run = new Run(listing, claim.lemmas?.(inputs));
  run.write(A, inputs.a);
  run.write(B, inputs.b);
  run.call(claim.routine, ...claim.call(inputs));
  return residues(sum([claim.scale ?? 1n, run.read(OUT, 8)], [-1n, claim.formula(inputs)]), claim.modulus);
}
