/** Words of 32 bits, as the generated tables have them. */

/** The words of a number, least significant first. */
export function wordsOf(x: bigint, count: number): bigint[] {
  return Array.from({ length: count }, (_, i) => (x >> BigInt(32 * i)) & 0xffffffffn);
}

/** Words as text in C and JavaScript, `perLine` in a line. */
export function lines(words: readonly bigint[], perLine = 8): string[] {
  const texts = words.map((word) => `0x${word.toString(16).padStart(8, "0")}`);
  const count = Math.ceil(words.length / perLine);
  return Array.from({ length: count }, (_, i) => `  ${texts.slice(perLine * i, perLine * (i + 1)).join(", ")},`);
}
