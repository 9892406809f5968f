/**
 * Generate the constants of P-256 that the firmware keeps in flash: for the boards as a C array, for Node as a module.
 * They are computed with @noble/curves, which shares nothing with the firmware's own arithmetic.
 */
import { createHash } from "node:crypto";
import { p256 } from "@noble/curves/nist.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { BITS, write } from "./comb.ts";

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
  [`2^${BITS} - 1 mod n`, Fn.create((1n << BigInt(BITS)) - 1n)],
];

/** The point whose x is the first of SHA-256("signet p256 start" ‖ i) that has one, with an even y: its multiple of G is not known. */
function start(): ReturnType<typeof BASE.add> {
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
for (const [name, point] of [
  ["start of a comb of secrets, x and y", START],
  ["its end after 12 doublings", START.multiply(1n << 12n).negate()],
  ["and after 51", START.multiply(1n << 51n).negate()],
] as const) {
  const { x, y } = point.toAffine();
  constants.push([name, montgomery(x)], ["", montgomery(y)]);
}

/** The chaining value of SHA-256 after a block of one byte, repeated: the library keeps it in the words that `get` gives. */
function chained(byte: number): bigint {
  const hash = sha256.create().update(new Uint8Array(64).fill(byte)) as unknown as { get(): readonly number[] };
  return hash.get().reduce((all, word, i) => all | (BigInt(word >>> 0) << BigInt(32 * i)), 0n);
}
constants.push(["SHA-256 after a block of 0x36, and after one of 0x5c", chained(0x36)], ["", chained(0x5c)]);

write({
  name: "p256",
  constants,
  parts: ["x", "y"],
  row: (scalar) => {
    const { x, y } = BASE.multiply(Fn.create(scalar)).toAffine();
    return [montgomery(x), montgomery(y), montgomery(Fp.neg(y))];
  },
});
