/** The tables of a comb: multiples of a curve's base point, by which the firmware multiplies it with a scalar of 256 bits. */
import { commented, lines, wordsOf, writeTable } from "./words.ts";

const TEETH = 5;
const TABLES = 4;
const DISTANCE = 52;
const ROWS = 1 << (TEETH - 1);

/** The bits of a scalar as the comb takes them. */
export const BITS = TEETH * DISTANCE;

/** The multiple of the base point in row `index` of table `table`: the top tooth, plus or minus each lower tooth as its bit in `index` says. */
function multiple(table: number, index: number): bigint {
  let scalar = 0n;
  for (let tooth = 0; tooth < TEETH; tooth++) {
    const weight = 1n << BigInt(DISTANCE * tooth + (DISTANCE / TABLES) * table);
    scalar += tooth === TEETH - 1 || (index >> tooth) & 1 ? weight : -weight;
  }
  return scalar;
}

interface Comb {
  /** The name of the generator, and of the table if it has another. */
  readonly name: string;
  readonly table?: string;
  /** A comment and a number each; no comment: it continues the line before. */
  readonly constants: readonly (readonly [comment: string, value: bigint])[];
  /** The names of the numbers in a row. */
  readonly parts: readonly string[];
  /** The numbers of a multiple of the base point, and behind them those of its negative that are not among them. */
  readonly row: (scalar: bigint) => readonly bigint[];
}

/** Write the constants of a curve and its tables: for the boards as a C array, for Node as a module. */
export function write({ name, table: title = name, constants, parts, row }: Comb): void {
  const text = commented(constants, 8);
  const tables = Array.from({ length: TABLES }, (_, table) => {
    const rows = Array.from({ length: ROWS }, (_, index) => {
      const numbers = row(multiple(table, index)).map((number) => wordsOf(number, 8));
      // A multiplier that ends early on operands below 2^16 must not tell rows apart, nor a row from its negative.
      if (numbers.flat().some((word) => word < 0x10000n))
        throw new Error(`short word in row ${index} of table ${table}`);
      return numbers;
    });
    return parts.flatMap((part, i) => [
      `  // table ${table}: ${part}`,
      ...lines(rows.flatMap((numbers) => numbers[i]!)),
    ]);
  });
  const [first, ...further] = tables;
  // A board that wants to be small keeps the first table only: with one table the comb needs more doublings, not others.
  const others = ["#ifndef CRYPTO_SMALL", ...further.flat(), "#endif"];
  writeTable(name, title, [...text, ...first!, ...others], [...text, ...tables.flat()]);
}
