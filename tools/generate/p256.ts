/**
 * Generate the constants of P-256 that the firmware keeps in flash: for the boards as a C array, for Node as a module.
 * They are computed with @noble/curves, which shares nothing with the firmware's own arithmetic.
 */
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { p256 } from "@noble/curves/nist.js";

const COMMAND = "node --import tsx tools/generate/p256.ts";
const TEETH = 5;
const TABLES = 4;
const DISTANCE = 52;
const ROWS = 1 << (TEETH - 1);

const { Fp, Fn, BASE } = { Fp: p256.Point.Fp, Fn: p256.Point.Fn, BASE: p256.Point.BASE };
const R = 1n << 256n;

/** The eight words of a number below 2^256, least significant first. */
function words(x: bigint): number[] {
  return Array.from({ length: 8 }, (_, i) => Number((x >> BigInt(32 * i)) & 0xffffffffn));
}

/** A field element in Montgomery's form. */
function montgomery(x: bigint): bigint {
  return Fp.create(x * R);
}

/** Row `index` of table `table`: the top tooth, plus or minus each lower tooth as its bit in `index` says. */
function row(table: number, index: number): number[][] {
  let scalar = 0n;
  for (let tooth = 0; tooth < TEETH; tooth++) {
    const weight = 1n << BigInt(DISTANCE * tooth + (DISTANCE / TABLES) * table);
    scalar += tooth === TEETH - 1 || (index >> tooth) & 1 ? weight : -weight;
  }
  const { x, y } = BASE.multiply(Fn.create(scalar)).toAffine();
  const parts = [montgomery(x), montgomery(y)];
  // A multiplier that ends early on operands below 2^16 must not tell rows apart, nor a row from its negative.
  for (const part of [...parts, Fp.neg(parts[1]!)]) {
    if (words(part).some((word) => word < 0x10000)) throw new Error(`short word in row ${index} of table ${table}`);
  }
  return parts.map(words);
}

const constants: [string, bigint][] = [
  ["the field's prime p", Fp.ORDER],
  ["the group's order n", Fn.ORDER],
  ["2^512 mod p", Fp.create(R * R)],
  ["2^512 mod n", Fn.create(R * R)],
  ["1", montgomery(1n)],
  ["the curve's b", montgomery(p256.Point.CURVE().b)],
  [`2^${TEETH * DISTANCE} - 1 mod n`, Fn.create((1n << BigInt(TEETH * DISTANCE)) - 1n)],
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
  ["where a comb of secrets begins, x and y", START],
  ["what ends it after 12 doublings", START.multiply(1n << 12n).negate()],
  ["and after 51", START.multiply(1n << 51n).negate()],
] as const) {
  const { x, y } = point.toAffine();
  constants.push([name, montgomery(x)], ["", montgomery(y)]);
}

const lines: string[] = [];
function emit(comment: string, values: number[]): void {
  if (comment) lines.push(`  // ${comment}`);
  for (let i = 0; i < values.length; i += 8) {
    const line = values.slice(i, i + 8).map((word) => `0x${word.toString(16).padStart(8, "0")}`);
    lines.push(`  ${line.join(", ")},`);
  }
}
for (const [name, value] of constants) emit(name, words(value));
for (let table = 0; table < TABLES; table++) {
  const rows = Array.from({ length: ROWS }, (_, index) => row(table, index));
  for (const [part, name] of ["x", "y"].entries()) {
    emit(
      `table ${table}: ${name}`,
      rows.flatMap((parts) => parts[part]!),
    );
  }
}

// A board that wants to be small keeps the first table only: with one table the comb needs more doublings, not others.
const second = lines.indexOf("  // table 1: x");
writeFileSync(
  "boards/common/table_p256.h",
  `// ${COMMAND}\n#pragma once\n#include <stdint.h>\n\nstatic const uint32_t table_p256[] = {\n` +
    `${lines.slice(0, second).join("\n")}\n#ifndef CRYPTO_SMALL\n${lines.slice(second).join("\n")}\n#endif\n};\n`,
);
writeFileSync(
  "tools/generate/p256.table.js",
  `// ${COMMAND}\n// prettier-ignore\nexport const p256 = new Uint32Array([\n${lines.join("\n")}\n]);\n`,
);
