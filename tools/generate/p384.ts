/**
 * Generate the constants of P-384 that the firmware keeps in flash: for the boards as a C array, for Node as a module.
 * They are computed with @noble/curves, which shares nothing with the firmware's own arithmetic.
 */
import { p384 } from "@noble/curves/nist.js";
import { commented, writeTable } from "./words.ts";

const { Fp, Fn, BASE } = { Fp: p384.Point.Fp, Fn: p384.Point.Fn, BASE: p384.Point.BASE };
const R = 1n << 384n;
const { x, y } = BASE.toAffine();

const constants: [string, bigint][] = [
  ["the field's prime p", Fp.ORDER],
  ["the group's order n", Fn.ORDER],
  ["2^768 mod p", Fp.create(R * R)],
  ["2^768 mod n", Fn.create(R * R)],
  ["1", Fp.create(R)],
  ["the curve's b", Fp.create(p384.Point.CURVE().b * R)],
  ["the base point's x", Fp.create(x * R)],
  ["its y", Fp.create(y * R)],
];

writeTable("p384", "p384", commented(constants, 12, 6));
