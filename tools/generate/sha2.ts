/**
 * Generate the constants of SHA-2 that the firmware keeps in flash, from their definition: the first 64 bits of the fractional
 * parts of the cube roots of the first primes for the rounds (FIPS 180-4 §4.2), and behind them those of the square roots of
 * the first eight for the initial hash value (§5.3). SHA-256 takes the first 32 bits of the same numbers.
 */
import { lines, wordsOf, writeTable } from "./words.ts";

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

function fractions(count: number, degree: bigint): bigint[] {
  return primes(count).map((prime) => root(prime << (degree * 64n), degree) & ((1n << 64n) - 1n));
}

const values = [...fractions(80, 3n), ...fractions(8, 2n)].flatMap((k) => wordsOf(k, 2));

writeTable("sha2", "sha2", lines(values));
