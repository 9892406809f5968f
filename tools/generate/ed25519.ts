/**
 * Generate the constants of Ed25519 that the firmware keeps in flash: for the boards as a C array, for Node as a module.
 * They are computed with @noble/curves, which shares nothing with the firmware's own arithmetic.
 */
import { ed25519 } from "@noble/curves/ed25519.js";
import { allBits, write } from "./comb.ts";

const { Fp, Fn, BASE } = { Fp: ed25519.Point.Fp, Fn: ed25519.Point.Fn, BASE: ed25519.Point.BASE };
const D = ed25519.Point.CURVE().d;

write({
  name: "ed25519",
  fast: { teeth: 5, distance: 51, tables: 3 },
  constants: (shape) => [
    ["the group's order L", Fn.ORDER],
    ["2^256 mod L", Fn.create(1n << 256n)],
    ["2^512 mod L", Fn.create(1n << 512n)],
    ["all bits of the comb, mod L", Fn.create(allBits(shape))],
    ["the curve's d", D],
    ["2d", Fp.create(2n * D)],
    ["a square root of -1", Fp.pow(2n, (Fp.ORDER - 1n) / 4n)],
  ],
  parts: ["y + x", "y - x", "2dxy"],
  row: (scalar) => {
    const { x, y } = BASE.multiply(Fn.create(scalar)).toAffine();
    const xy2d = Fp.create(2n * D * x * y);
    return [Fp.add(y, x), Fp.sub(y, x), xy2d, Fp.neg(xy2d)];
  },
});
