/**
 * Generate the constants of SHA-2 that the firmware keeps in flash, from their definition: the first bits of the fractional
 * parts of the cube roots of the first primes for the rounds (FIPS 180-4 §4.2), and behind them those of the square roots of
 * the first eight for the initial hash value (§5.3).
 */
import { writeFileSync } from "node:fs";
import { lines, wordsOf } from "./words.ts";

const COMMAND = "node --import tsx tools/generate/sha2.ts";

function primes(count: number): bigint[] {
  const found: bigint[] = [];
  for (let n = 2n; found.length < count; n++) if (found.every((p) => n % p !== 0n)) found.push(n);
  return found;
}

/** The integer part of the root of this degree. */
function root(n: bigint, degree: bigint): bigint {
  let low = 0n;
  let high = 1n << 80n;
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (middle ** degree <= n) low = middle;
    else high = middle;
  }
  return low;
}

function fractions(count: number, bits: bigint, degree: bigint): bigint[] {
  return primes(count).map((prime) => root(prime << (degree * bits), degree) & ((1n << bits) - 1n));
}

function constants(rounds: number, bits: bigint): bigint[] {
  return [...fractions(rounds, bits, 3n), ...fractions(8, bits, 2n)];
}

const tables = {
  sha256k: constants(64, 32n),
  sha512k: constants(80, 64n).flatMap((k) => wordsOf(k, 2)),
};

writeFileSync(
  "boards/common/table_sha2.h",
  `// ${COMMAND}\n#pragma once\n#include <stdint.h>\n` +
    Object.entries(tables)
      .map(
        ([name, values]) =>
          `\nstatic const uint32_t table_${name}[${values.length}] = {\n${lines(values).join("\n")}\n};\n`,
      )
      .join(""),
);
writeFileSync(
  "tools/generate/sha2.table.js",
  `// ${COMMAND}\n` +
    Object.entries(tables)
      .map(
        ([name, values]) =>
          `// prettier-ignore\nexport const ${name} = new Uint32Array([\n${lines(values).join("\n")}\n]);\n`,
      )
      .join(""),
);
