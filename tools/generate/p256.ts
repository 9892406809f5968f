/**
 * Generate the constants of P-256 that the firmware keeps in flash: for the boards as C arrays, for Node as modules. One table has what a verification
 * needs, the other what belongs to secret scalars: an image that only verifies has the first one alone.
 * They are computed with @noble/curves, which shares nothing with the firmware's own arithmetic.
 */
import { createHash } from "node:crypto";
import { p256 } from "@noble/curves/nist.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { allBits, type Shape, write } from "./comb.ts";
import { commented, writeTable } from "./words.ts";

const { Fp, Fn, BASE } = { Fp: p256.Point.Fp, Fn: p256.Point.Fn, BASE: p256.Point.BASE };
const R = 1n << 256n;

/** A field element in Montgomery's form. */
function montgomery(x: bigint): bigint {
  return Fp.create(x * R);
}

const constants: [string, bigint][] = [
  ["the field's prime p", Fp.ORDER],
  ["the group's order n", Fn.ORDER],
  ["2^512 mod p", Fp.create(R * R)],
  ["2^512 mod n", Fn.create(R * R)],
  ["1", montgomery(1n)],
  ["the curve's b", montgomery(p256.Point.CURVE().b)],
];

/** The x and y of a point. */
function parts(point: typeof BASE): [bigint, bigint] {
  const { x, y } = point.toAffine();
  return [montgomery(x), montgomery(y)];
}

/** The x and y of a point, under one comment. */
function namedParts(name: string, point: typeof BASE): [string, bigint][] {
  const [x, y] = parts(point);
  return [
    [`${name}, x and y`, x],
    ["", y],
  ];
}

for (const multiple of [1n, 3n, 5n, 7n])
  constants.push(...namedParts(`${multiple} times the base point`, BASE.multiply(multiple)));
writeTable("p256", "p256", commented(constants, 8));

/** The point whose x is the first of SHA-256("signet p256 start" ‖ i) that has one, with an even y: its multiple of G is not known. */
function start(): typeof BASE {
  for (let i = 0; ; i++) {
    const x = createHash("sha256").update(`signet p256 start${i}`).digest("hex");
    try {
      return p256.Point.fromHex(`02${x}`);
    } catch {
      continue;
    }
  }
}
const START = start();

/** The chaining value of SHA-256 after a block of one byte, repeated: the library keeps it in the words that `get` gives. */
function chained(byte: number): bigint {
  const hash = sha256.create().update(new Uint8Array(64).fill(byte)) as unknown as { get(): readonly number[] };
  return hash.get().reduce((all, word, i) => all | (BigInt(word >>> 0) << BigInt(32 * i)), 0n);
}

/** The constants of secret scalars for a comb that doubles `distance / tables - 1` times. */
function secret(shape: Shape): [string, bigint][] {
  const stop = START.multiply(1n << BigInt(shape.distance / shape.tables - 1)).negate();
  return [
    ["all bits of the comb, mod n", Fn.create(allBits(shape))],
    ...namedParts("start of a comb of secrets", START),
    ...namedParts("its end", stop),
    ["SHA-256 after a block of 0x36, and after one of 0x5c", chained(0x36)],
    ["", chained(0x5c)],
  ];
}

write({
  name: "p256",
  table: "comb256",
  fast: { teeth: 5, distance: 52, tables: 4 },
  constants: secret,
  parts: ["x", "y"],
  row: (scalar) => {
    const point = BASE.multiply(Fn.create(scalar));
    return [...parts(point), parts(point.negate())[1]];
  },
});
