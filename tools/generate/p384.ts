/**
 * Generate the constants of P-384 that the firmware keeps in flash: for the boards as a C array, for Node as a module.
 * They are computed with @noble/curves, which shares nothing with the firmware's own arithmetic.
 */
import { writeFileSync } from "node:fs";
import { p384 } from "@noble/curves/nist.js";

const COMMAND = "node --import tsx tools/generate/p384.ts";
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

const lines = constants.flatMap(([name, value]) => {
  const words = Array.from({ length: 12 }, (_, i) => (value >> BigInt(32 * i)) & 0xffffffffn);
  const line = (from: number): string =>
    `  ${words
      .slice(from, from + 6)
      .map((word) => `0x${word.toString(16).padStart(8, "0")}`)
      .join(", ")},`;
  return [`  // ${name}`, line(0), line(6)];
});

writeFileSync(
  "boards/common/table_p384.h",
  `// ${COMMAND}\n#pragma once\n#include <stdint.h>\n\nstatic const uint32_t table_p384[] = {\n${lines.join("\n")}\n};\n`,
);
writeFileSync(
  "tools/generate/p384.table.js",
  `// ${COMMAND}\n// prettier-ignore\nexport const p384 = new Uint32Array([\n${lines.join("\n")}\n]);\n`,
);
