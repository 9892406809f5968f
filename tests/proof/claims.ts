/** The claims that are proven: of each routine the formula of its result, and the sums of words at points of its run that show which carries are zero. */
import { SP } from "../../tools/firmware/effects.ts";
import type { Instruction, Listing } from "../../tools/firmware/listing.ts";
import { constant, joined, type Linear, product, quotient, residues, sum, unknown, valueOf, WORD } from "./linear.ts";
import { Run, STACK } from "./run.ts";

const [OUT, A, B] = [0x20000200, 0x20000000, 0x20000100];
const P = 2n ** 255n - 19n;
const P256 = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
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
  readonly lemmas?: (inputs: Inputs) => Lemmas;
}

interface Lemmas {
  readonly look: Look;
  /** The result as an exact number below the modulus, if the words of the result are that number modulo 2^256. */
  readonly result?: () => Linear;
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

/** Cortex-M4: before it is reduced, by an instruction, the square is in memory and registers, all 16 words of it, the upper twelve in `places`; `more` was added. */
function squareOfUmaal(reduction: string, places: readonly number[], { a }: Inputs, more = constant(0n)): Look {
  return (run, instruction) => {
    if (!isAt(instruction, reduction)) return;
    const upper = registers(run, ...places);
    const lower = run.read(Number(valueOf(run.register(SP))), 4);
    run.exclude(sum([1n, lower], [WORD ** 4n, upper]), sum([1n, times(a, a)], [1n, more]));
  };
}

/** Registers of words 4 to 15 of a square. */
const UPPER25519 = [8, 9, 10, 11, 5, 6, 7, 12, 14, 0, 1, 4];
const UPPER256 = [11, 0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 3];

/** Cortex-M3: the pairs of each half, all pairs, and the square before the fold. */
function squareOfUmlal({ a }: Inputs): Lemmas {
  const stack = STACK - 112;
  let count = 0;
  const look: Look = (run, instruction) => {
    if (isAt(instruction, "mov ip, #38")) run.exclude(run.read(stack, 16), times(a, a));
    if (!isAt(instruction, "add r0, sp, #4") && !isAt(instruction, "add r0, sp, #36")) return;
    const [half, rest] = [registers(run, 7, 8, 9, 10, 11, 12), registers(run, 3, 4, 5, 6, 7, 8)];
    if (count < 2) run.exclude(half, pairs(a.slice(4 * count, 4 * count + 4)));
    if (count === 3) run.exclude(sum([1n, run.read(stack + 4, 8)], [WORD ** 8n, rest]), pairs(a));
    count++;
  };
  return { look };
}

/** After each row: the sum was below 2 L, so with b below L it is below 2 L again. */
function rows({ a, b }: Inputs): Lemmas {
  let [row, before, quotient] = [0, constant(0n), constant(0n)];
  const look: Look = (run, instruction) => {
    if (isAt(instruction, "mov ip, #0")) quotient = run.register(14);
    if (!isAt(instruction, "ldr r0, [sp, #0]")) return;
    const after = (): Linear => registers(run, 3, 4, 5, 6, 7, 8, 9, 10);
    const exact = sum([1n, before], [1n, times([a[row]!], b)], [L, quotient]);
    run.exclude(sum([WORD, after()]), exact, 2n * L * WORD);
    [row, before] = [row + 1, after()];
  };
  return { look };
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

/** The words of a result of P-256 before p is added under a mask. */
const SUM = [4, 5, 6, 7, 8, 9, 10, 11];

/** Return the lemmas of P-256: `less` is the number that is negative where p is to be added, which begins with the instruction `begins`; `top` is the mask. */
function settled(top: number, begins: string, less: () => Linear, look: Look = () => undefined): Lemmas {
  let result = constant(0n);
  return {
    look(run, next) {
      look(run, next);
      if (!isAt(next, begins)) return;
      const exact = run.now(less());
      const bit = run.decide(registers(run, ...SUM), 8n, top, exact, { min: -P256, max: P256 - 1n });
      // With p added where it is negative, a number from -p to p - 1 is from 0 to p - 1.
      result = run.now(sum([1n, exact], [P256, bit]));
    },
    result: () => result,
  };
}

/**
 * Multiples of p clear the lower half of a number, m_0 to m_7 of them: the rest is 2^256 times a number below 2 p, from which p is taken. `steps` says after which
 * instruction which registers hold multiples.
 */
function reduced(number: Linear, steps: Steps, first?: Look): Lemmas {
  const multiples: Linear[] = [];
  const left = [...steps];
  let previous: Instruction | undefined;
  const less = (): Linear => {
    const whole = sum([1n, number], [P256, joined(multiples)], [-(WORD ** 8n), constant(P256)]);
    return quotient(whole, WORD ** 8n);
  };
  return settled(3, "adds r4, r4, r3", less, (run, next) => {
    first?.(run, next);
    multiples.forEach((one, i) => (multiples[i] = run.now(one)));
    const [after, places] = left[0] ?? [];
    if (previous !== undefined && after !== undefined && places !== undefined && isAt(previous, after)) {
      multiples.push(...places.map((index) => run.register(index)));
      left.shift();
    }
    previous = next;
  });
}

/** The instructions of a reduction after which multiples of p are known, and their registers. */
type Steps = readonly (readonly [after: string, registers: readonly number[]])[];

const OF_PRODUCT: Steps = [
  ["strd lr, r8, [sp]", [14, 8]],
  ["strd r0, r2, [sp, #8]", [0, 2]],
  ["strd r7, r9, [sp, #16]", [7, 9]],
  ["str sl, [sp, #24]", [10]],
  ["umaal lr, r3, r0, ip", [14]],
];
const OF_SQUARE: Steps = [
  ["ldmia sp, {r7, r8, r9, sl}", [7, 8, 9]],
  ["adds sl, sl, r7", [10]],
  ["adcs fp, fp, r8", [11]],
  ["adcs r0, r0, r9", [0]],
  ["adds r1, r1, r7", [1]],
  ["umaal r2, r3, r7, lr", [2]],
];

const PRODUCTS256: readonly Claim[] = [
  {
    routine: "cpu_fe256_mul",
    call: () => [OUT, A, B],
    formula: ({ a, b }) => times(a, b),
    modulus: P256,
    scale: 2n ** 256n,
    lemmas: ({ a, b }) => reduced(times(a, b), OF_PRODUCT),
  },
  {
    routine: "cpu_fe256_square",
    call: () => [OUT, A, 1],
    formula: ({ a }) => times(a, a),
    modulus: P256,
    scale: 2n ** 256n,
    lemmas: (inputs) => {
      const one = constant(WORD ** 8n);
      const whole = times(inputs.a, inputs.a);
      return reduced(whole, OF_SQUARE, squareOfUmaal("add ip, sp, #16", UPPER256, inputs, one));
    },
  },
];

/** The same on each core. */
const SUMS256: readonly Claim[] = [
  {
    routine: "cpu_fe256_add",
    call: () => [OUT, A, B],
    formula: ({ a, b }) => sum([1n, joined(a)], [1n, joined(b)]),
    modulus: P256,
    lemmas: ({ a, b }) =>
      settled(12, "adds r4, r4, ip", () => sum([1n, joined(a)], [1n, joined(b)], [-1n, constant(P256)])),
  },
  {
    routine: "cpu_fe256_sub",
    call: () => [OUT, A, B],
    formula: ({ a, b }) => sum([1n, joined(a)], [-1n, joined(b)]),
    modulus: P256,
    lemmas: ({ a, b }) => settled(12, "adds r4, r4, ip", () => sum([1n, joined(a)], [-1n, joined(b)])),
  },
];

/** The claims of the assembly of a core, by its file of multiplications. */
export const CLAIMS: Readonly<Record<"cpu_umaal" | "cpu_umlal", readonly Claim[]>> = {
  cpu_umaal: [
    MUL,
    { ...SQUARE, lemmas: (inputs) => ({ look: squareOfUmaal("mov r3, #38", UPPER25519, inputs) }) },
    SCALE,
    SUB,
    MONTGOMERY,
    ...PRODUCTS256,
    ...SUMS256,
  ],
  cpu_umlal: [MUL, { ...SQUARE, lemmas: squareOfUmlal }, SCALE, SUB, ...SUMS256],
};

/** Run a routine, and return the difference between its result and the formula: by unknown, what is not a multiple of the modulus. */
export function difference(listing: Listing, claim: Claim, inputs: Inputs): Map<string, bigint> {
  const lemmas = claim.lemmas?.(inputs);
  const run = new Run(listing, lemmas?.look);
  run.write(A, inputs.a);
  run.write(B, inputs.b);
  run.call(claim.routine, ...claim.call(inputs));
  const words = run.read(OUT, 8);
  const result = lemmas?.result?.() ?? words;
  const left = residues(sum([1n, words], [-1n, result]), WORD ** 8n);
  if (left.size > 0) return left;
  return residues(sum([claim.scale ?? 1n, result], [-1n, claim.formula(inputs)]), claim.modulus);
}
