/** Words of 32 bits, as the generated tables have them. */
import { writeFileSync } from "node:fs";

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

/** Write a table from its lines: for the boards as a C array, for Node as a module. `forNode`: the module's lines, if they are others. */
export function writeTable(generator: string, table: string, text: readonly string[], forNode = text): void {
  const command = `// node --import tsx tools/generate/${generator}.ts`;
  writeFileSync(
    `boards/common/table_${table}.h`,
    `${command}\n#pragma once\n#include <stdint.h>\n\nstatic const uint32_t table_${table}[] = {\n${text.join("\n")}\n};\n`,
  );
  writeFileSync(
    `tools/generate/${table}.table.js`,
    `${command}\n// prettier-ignore\nexport const ${table} = new Uint32Array([\n${forNode.join("\n")}\n]);\n`,
  );
}

/** The lines of numbers of `count` words, each with its comment. No comment: the number continues the line before. */
export function commented(
  numbers: readonly (readonly [comment: string, value: bigint])[],
  count: number,
  perLine = 8,
): string[] {
  return numbers.flatMap(([comment, value]) => [
    ...(comment ? [`  // ${comment}`] : []),
    ...lines(wordsOf(value, count), perLine),
  ]);
}
