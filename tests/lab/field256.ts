/** Trials of the arithmetic of P-256, and slow twins of it over BigInt. */
import { bytes, mod, number, type Stream, type Trial, u16 } from "./field.ts";
import { Op } from "./op.ts";

export const P = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
export const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const R = 2n ** 256n;
/** The weight of all bits of a comb. */
const BITS = 2n ** 260n - 1n;

/** x^e modulo m. */
export function power(x: bigint, e: bigint, m: bigint): bigint {
  let result = 1n;
  for (let base = mod(x, m), left = e; left > 0n; left >>= 1n) {
    if (left & 1n) result = (result * base) % m;
    base = (base * base) % m;
  }
  return result;
}

const RP = power(R, P - 2n, P);
const RN = power(R, N - 2n, N);

/** Words at and next to every bound that a carry can meet. */
const EXTREMES = [0, 1, 2, 3, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffd, 0xfffffffe, 0xffffffff];

/** Elements below `modulus` about 0, the modulus, its half, and those with a single word at its bound, for each word. */
export function specials(modulus: bigint): bigint[] {
  const near = [0n, modulus >> 1n, modulus, R % modulus, 2n ** 224n, 2n ** 192n, 2n ** 96n];
  const around = near.flatMap((x) => [x - 2n, x - 1n, x, x + 1n, x + 2n]);
  const single = Array.from({ length: 8 }, (_, i) => 0xffffffffn << BigInt(32 * i));
  const missing = single.map((x) => R - 1n - x);
  return [...around, ...single, ...missing].filter((x) => x >= 0n && x < modulus);
}

/** An element below `modulus`: each word random or extreme. */
export function element(random: Stream, modulus: bigint): bigint {
  const out = random.take(32);
  const choice = random.take(9);
  if (choice[8]! >= 40) {
    for (let i = 0; i < 8; i++) {
      if (choice[i]! >= 96) out.writeUInt32LE(EXTREMES[choice[i]! % EXTREMES.length]!, 4 * i);
    }
  }
  return number(out) % modulus;
}

/** One thing to try, and what it must give, exactly. */
export interface Trial256 {
  readonly name: string;
  readonly op: Op;
  readonly fields: Buffer[];
  readonly wanted: bigint;
}

/** The operation's portable twin. */
export function twin(op: Op): Op {
  return op - Op.Fe256Mul + Op.Fe256MulPortable;
}

/** Everything on a pair of field elements. */
export function fieldTrials(a: bigint, b: bigint, random: Stream): Trial256[] {
  const times = 1 + random.below(3);
  const exponent = 1n << BigInt(times);
  const [x, y] = [bytes(a, 32), bytes(b, 32)];
  return [
    { name: "mul", op: Op.Fe256Mul, fields: [x, y], wanted: (a * b * RP) % P },
    {
      name: `square ${times}`,
      op: Op.Fe256Square,
      fields: [x, Buffer.from([0, times])],
      wanted: (power(a, exponent, P) * power(RP, exponent - 1n, P)) % P,
    },
    { name: "add", op: Op.Fe256Add, fields: [x, y], wanted: (a + b) % P },
    { name: "sub", op: Op.Fe256Sub, fields: [x, y], wanted: mod(a - b, P) },
  ];
}

/** Half of an element. */
export function halfTrial(a: bigint): Trial256 {
  return { name: "half", op: Op.Fe256Half, fields: [bytes(a, 32)], wanted: (a & 1n ? a + P : a) / 2n };
}

/** The formulas of points on elements, of which a point is made or not: by what the board has, by the portable twin, and by BigInt. */
export function pointTrials(elements: readonly bigint[]): (Trial & { readonly wanted: Buffer })[] {
  const [X, Y, Z, x, y] = elements.map((one) => mod(one * RP, P)) as [bigint, bigint, bigint, bigint, bigint];
  const field = (one: bigint): Buffer => bytes(mod(one * R, P), 32);
  const fields = elements.map((one) => bytes(one, 32));
  const point = Buffer.concat(fields.slice(0, 3));
  const slope = mod(((3n * (P + 1n)) / 2n) * (X * X - Z ** 4n), P);
  const twice = mod(slope * slope - 2n * X * Y * Y, P);
  const [H, S] = [x * Z * Z - X, y * Z ** 3n - Y];
  const sum = mod(S * S - H ** 3n - 2n * X * H * H, P);
  const doubled = [twice, slope * (X * Y * Y - twice) - Y ** 4n, Y * Z];
  const added = [sum, S * (X * H * H - sum) - Y * H ** 3n, Z * H, H, S];
  return [
    {
      name: "double",
      op: Op.P256Double,
      twin: Op.P256DoublePortable,
      fields: [point],
      wanted: Buffer.concat(doubled.map(field)),
    },
    {
      name: "add",
      op: Op.P256Add,
      twin: Op.P256AddPortable,
      fields: [point, ...fields.slice(3)],
      wanted: Buffer.concat(added.map(field)),
    },
  ];
}

/** The word at which the tables begin, among the constants. */
const COMB = 56;

/**
 * Every row of every table in flash, and its negative, from each digit of so many bits, and each of eight random points: by what the board has, and by the
 * portable twin.
 */
export function selections(tables: number, teeth: number, random: Stream): Trial[] {
  const digits = 1 << teeth;
  const rows = Array.from({ length: tables * digits }, (_, i) => ({
    name: `digit ${i % digits} of table ${i >>> teeth} of P-256`,
    op: Op.P256Select,
    twin: Op.P256SelectPortable,
    fields: [u16(COMB + (i >>> teeth) * 8 * digits), u16(i % digits)],
  }));
  const points = random.take(8 * 96);
  const picks = Array.from({ length: 8 }, (_, i) => ({
    name: `point ${i}`,
    op: Op.P256Pick,
    twin: Op.P256PickPortable,
    fields: [points, u16(i)],
  }));
  return [...rows, ...picks];
}

/** The inverse of a field element in Montgomery's form. */
export function inverseTrial(a: bigint): Trial256 {
  const wanted = (power(a, P - 2n, P) * R * R) % P;
  return { name: "invert", op: Op.Fe256Invert, fields: [bytes(a, 32)], wanted };
}

/** A number as limbs of 30 bits, of which the last has the sign. */
function limbs(x: bigint, count: number): Buffer {
  const out = Buffer.alloc(4 * count);
  for (let i = 0; i < count; i++)
    out.writeInt32LE(Number(i === count - 1 ? x >> BigInt(30 * i) : (x >> BigInt(30 * i)) & 0x3fff_ffffn), 4 * i);
  return out;
}

/** Thirty steps of division: the matrix and zeta after them. */
function divide(zeta: number, f: bigint, g: bigint): { matrix: bigint[]; zeta: number } {
  let [u, v, q, r] = [1n, 0n, 0n, 1n];
  for (let i = 0; i < 30; i++) {
    if (zeta < 0 && g & 1n) [zeta, f, g, u, v, q, r] = [-zeta - 2, g, (g - f) / 2n, 2n * q, 2n * r, q - u, r - v];
    else if (g & 1n) [zeta, g, u, v, q, r] = [zeta - 1, (g + f) / 2n, 2n * u, 2n * v, q + u, r + v];
    else [zeta, g, u, v] = [zeta - 1, g / 2n, 2n * u, 2n * v];
  }
  return { matrix: [u, v, q, r], zeta };
}

/** Thirty steps of an inversion of 32 or 48 bytes, and their matrix applied to f and g, then to numbers such as d and e: by what the board has, by the twin, and by BigInt. */
export function inversionTrials(index: number, random: Stream): (Trial & { readonly wanted: Buffer })[] {
  const size = index % 2 === 0 ? 32 : 48;
  const count = size === 32 ? 9 : 13;
  const draw = (): bigint => number(size === 32 ? bytes(element(random, P), 32) : random.take(size));
  const m = index === 0 ? P : index === 2 ? N : draw() | 1n;
  const g = [0n, m - 1n, 1n][index] ?? draw() % m;
  const [d, e] = [-(draw() % (2n * m)), index % 3 === 0 ? m - 1n : (draw() % m) - m];
  const zeta = [-1, 0, 100, -100][index & 3]!;
  const { matrix, zeta: after } = divide(zeta, m, g);
  const [u, v, q, r] = matrix as [bigint, bigint, bigint, bigint];
  const low = (x: bigint): Buffer => bytes(mod(x, 1n << 32n), 4);
  const times = [...matrix.map(low), limbs(m, count)];
  const inverse = power(m, (1n << 30n) - 1n, 1n << 32n);
  // The multiple of m that makes a sum whole, where m has been added to the numbers below zero.
  const whole = (x: bigint, a: bigint, b: bigint): bigint => {
    const plus = (d < 0n ? a : 0n) + (e < 0n ? b : 0n);
    return (x + (plus - mod(inverse * (x & 0xffff_ffffn) + plus, 1n << 30n)) * m) >> 30n;
  };
  const one = [(u * m + v * g) >> 30n, (q * m + r * g) >> 30n];
  const two = [whole(u * d + v * e, u, v), whole(q * d + r * e, q, r)];
  const pair = (xs: bigint[]): Buffer => Buffer.concat(xs.map((x) => limbs(x, count)));
  const apply = { op: Op.InverseApply, twin: Op.InverseApplyPortable };
  return [
    {
      name: "steps",
      op: Op.InverseSteps,
      twin: Op.InverseStepsPortable,
      fields: [low(BigInt(zeta)), low(m), low(g)],
      wanted: Buffer.concat([...matrix.map(low), low(BigInt(after))]),
    },
    {
      name: "f and g",
      ...apply,
      fields: [Buffer.concat(times), limbs(m, count), limbs(g, count), low(0n)],
      wanted: pair(one),
    },
    {
      name: "d and e",
      ...apply,
      fields: [Buffer.concat(times), limbs(d, count), limbs(e, count), low(inverse)],
      wanted: pair(two),
    },
  ];
}

/** Everything on a pair of scalars. */
export function scalarTrials(a: bigint, b: bigint): Trial256[] {
  const comb = mod(a + BITS, N);
  return [
    { name: "mul", op: Op.Sc256Mul, fields: [bytes(a, 32), bytes(b, 32)], wanted: (a * b * RN) % N },
    {
      name: "comb",
      op: Op.Sc256Comb,
      fields: [bytes(a, 32)],
      wanted: (comb & 1n ? comb + N : comb) / 2n,
    },
  ];
}

/** The inverse of a scalar, in both ways: only that of secrets is for zero. */
export function inverseScalarTrials(a: bigint): Trial256[] {
  const trial = { fields: [bytes(a, 32)], wanted: (power(a, N - 2n, N) * R) % N };
  const secret = { ...trial, name: "invert", op: Op.Sc256Invert };
  return a % N === 0n ? [secret] : [secret, { ...trial, name: "invert, public", op: Op.Sc256InvertPublic }];
}
