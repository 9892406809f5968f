/** Trials of the field's arithmetic, and slow twins of it over BigInt. */
import { createHash } from "node:crypto";
import { Op } from "./op.ts";

export const P = 2n ** 255n - 19n;
export const L = 2n ** 252n + 27742317777372353535851937790883648493n;

/** The number that bytes stand for, least significant first. */
export function number(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

/** The `length` bytes of a number, least significant first. */
export function bytes(value: bigint, length: number): Buffer {
  const out = Buffer.alloc(length);
  for (let i = 0; i < length; i++) out[i] = Number((value >> BigInt(8 * i)) & 0xffn);
  return out;
}

/** Numbers for counters and factors, most significant first, as the lab wants them. */
export function u16(value: number): Buffer {
  return Buffer.from([value >>> 8, value & 0xff]);
}
export function u32(value: number): Buffer {
  return Buffer.from([value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff]);
}

/** Random bytes that are the same in every run. */
export class Stream {
  private count = 0;
  constructor(private readonly seed: string) {}

  take(length: number): Buffer {
    const parts: Buffer[] = [];
    for (let have = 0; have < length; have += 64) {
      parts.push(createHash("sha512").update(`${this.seed} ${this.count++}`).digest());
    }
    return Buffer.concat(parts).subarray(0, length);
  }

  below(limit: number): number {
    return this.take(4).readUInt32LE() % limit;
  }
}

/** Words at and next to every bound that a carry, a fold or a sign can meet. */
const EXTREMES = [
  0, 1, 2, 18, 19, 20, 37, 38, 0xffff, 0x10000, 0x7fffffec, 0x7fffffed, 0x7fffffee, 0x7ffffffe, 0x7fffffff, 0x80000000,
  0x80000001, 0xffffffd9, 0xffffffda, 0xffffffec, 0xffffffed, 0xffffffee, 0xfffffffe, 0xffffffff,
];

/** Numbers about 0, p, 2p, 2^255 and 2^256, and the number with a single word at its bound, for each word. */
export function specials(): Buffer[] {
  const near = [0n, P, 2n * P, 2n ** 255n, 2n ** 256n - 1n];
  const around = near.flatMap((x) => [x - 20n, x - 19n, x - 2n, x - 1n, x, x + 1n, x + 18n, x + 19n, x + 20n]);
  const single = Array.from({ length: 8 }, (_, i) => 0xffffffffn << BigInt(32 * i));
  const missing = single.map((x) => 2n ** 256n - 1n - x);
  return [...around, ...single, ...missing].filter((x) => x >= 0n && x < 2n ** 256n).map((x) => bytes(x, 32));
}

/** An element: each word random or extreme. */
export function element(random: Stream): Buffer {
  const out = random.take(32);
  const choice = random.take(8);
  for (let i = 0; i < 8; i++) {
    if (choice[i]! >= 96) out.writeUInt32LE(EXTREMES[choice[i]! % EXTREMES.length]!, 4 * i);
  }
  return choice[0]! < 40 ? random.take(32) : out;
}

/** One thing to try: the operation that a core may answer itself, its portable twin, and what it must be modulo p. */
export interface Trial {
  readonly name: string;
  readonly op: number;
  readonly twin: number;
  readonly fields: Buffer[];
  readonly residue?: bigint;
}

/** Everything on a pair of elements. */
export function trials(a: Buffer, b: Buffer, random: Stream): Trial[] {
  const [x, y] = [number(a), number(b)];
  const factor = [1, 121665, random.below(1 << 17)][random.below(3)]!;
  const times = 1 + random.below(3);
  const pair = (): Buffer => Buffer.concat([element(random), element(random)]);
  return [
    { name: "mul", op: Op.FeMul, twin: Op.FeMulPortable, fields: [a, b], residue: x * y },
    {
      name: `square ${times}`,
      op: Op.FeSquare,
      twin: Op.FeSquarePortable,
      fields: [a, u16(times)],
      residue: x ** (1n << BigInt(times)),
    },
    {
      name: `scale ${factor}`,
      op: Op.FeScale,
      twin: Op.FeScalePortable,
      fields: [a, u32(factor), b],
      residue: x * BigInt(factor) + y,
    },
    { name: "sub", op: Op.FeSub, twin: Op.FeSubPortable, fields: [a, b], residue: x - y },
    {
      name: "montgomery",
      op: Op.ScMontgomery,
      twin: Op.ScMontgomeryPortable,
      fields: [a, bytes(y % L, 32)],
    },
    { name: "swap", op: Op.FeSwap, twin: Op.FeSwapPortable, fields: [pair(), pair(), u16(random.below(2))] },
  ];
}

/** Doublings and additions of points of edwards25519 whose elements are these eight, each in every way; on no curve, as the formulas do not mind. */
export function pointTrials(elements: readonly Buffer[]): Trial[] {
  const [p, q] = [Buffer.concat(elements.slice(0, 4)), Buffer.concat(elements.slice(4))];
  const doublings = [0, 1].map((wanted) => ({
    name: `double ${wanted}`,
    op: Op.GeDouble,
    twin: Op.GeDoublePortable,
    fields: [p, u16(wanted)],
  }));
  const additions = [0, 1, 2, 3, 32, 33, 34, 35].map((how) => ({
    name: `add ${how}`,
    op: Op.GeAdd,
    twin: Op.GeAddPortable,
    fields: [p, q, u16(how)],
  }));
  return [...doublings, ...additions];
}

/** A ladder of a clamped scalar over any elements, its state before the first step. */
export function ladder(elements: readonly Buffer[], scalar: Buffer): Trial {
  const clamped = Buffer.from(scalar);
  clamped[0]! &= 0xf8;
  clamped[31] = (clamped[31]! & 0x7f) | 0x40;
  return {
    name: "ladder",
    op: Op.Ladder,
    twin: Op.LadderPortable,
    fields: [Buffer.concat([...elements, clamped])],
  };
}

/** The residue modulo `modulus`, not negative. */
export function mod(x: bigint, modulus: bigint): bigint {
  return ((x % modulus) + modulus) % modulus;
}

/** A row of a Montgomery multiplication of some length, its words random or extreme; the sum before it is below 2m. */
export function montgomeryRow(number: number, random: Stream): Trial {
  const bytes = [16, 24, 40, 256][number % 4]!;
  const wide = (): Buffer =>
    number < 8
      ? Buffer.alloc(bytes, 0xff)
      : Buffer.concat(Array.from({ length: Math.ceil(bytes / 32) }, () => element(random))).subarray(0, bytes);
  const m = wide();
  m[0]! |= 1;
  m[bytes - 1]! |= 0x80;
  let inverse = m.readUInt32LE();
  for (let i = 0; i < 4; i++) inverse = Math.imul(inverse, 2 - Math.imul(m.readUInt32LE(), inverse));
  const sum = wide();
  const top = sum.compare(m) < 0 ? random.below(2) : 0;
  return {
    name: `row of ${bytes} bytes`,
    op: Op.MontgomeryRow,
    twin: Op.MontgomeryRowPortable,
    fields: [sum, number < 8 ? u32(0xffffffff) : random.take(4), wide(), m, u32(-inverse >>> 0), u16(top)],
  };
}

/** A step of RSA's conversion, its words random or extreme. */
export function rsaShift(number: number, random: Stream): Trial {
  const bytes = [16, 32, 48, 256][number % 4]!;
  const fill = [0xff, 0][number >>> 2];
  const wide = (length: number): Buffer => (fill === undefined ? random.take(length) : Buffer.alloc(length, fill));
  return {
    name: `shift of ${bytes} bytes`,
    op: Op.RsaShift,
    twin: Op.RsaShiftPortable,
    fields: [wide(bytes), number % 2 === 0 ? Buffer.alloc(4, 0xff) : random.take(4), wide(bytes)],
  };
}

/** Every row of every table that is in flash, from each digit of so many bits and by its index. */
export function rows(tables: number, teeth: number): Trial[] {
  const digits = 1 << teeth;
  const every = (each: number): [first: Buffer, number: Buffer][] =>
    Array.from({ length: tables * each }, (_, i) => [u16(56 + Math.floor(i / each) * 12 * digits), u16(i % each)]);
  const selections = every(digits).map((fields) => ({
    name: "selection of a row",
    op: Op.CombSelect,
    twin: Op.CombSelectPortable,
    fields,
  }));
  const copies = every(digits / 2).map((fields) => ({
    name: "copy of a row",
    op: Op.CombRow,
    twin: Op.CombRowPortable,
    fields,
  }));
  return [...selections, ...copies];
}
