/** The tables of a comb: multiples of a curve's base point, by which the firmware multiplies it with a scalar of 256 bits. */
import { commented, lines, wordsOf, writeTable } from "./words.ts";

/** A comb: `teeth` bits, `distance` apart, make a digit; `tables` tables share the doublings. The firmware has the same numbers, at `TEETH`. */
export interface Shape {
  readonly teeth: number;
  readonly distance: number;
  readonly tables: number;
}

/** The comb of a board that wants to be small. */
export const SMALL: Shape = { teeth: 4, distance: 64, tables: 1 };

/** The number whose bits are all that a shape takes of a scalar. */
export function allBits({ teeth, distance }: Shape): bigint {
  return (1n << BigInt(teeth * distance)) - 1n;
}

/** The multiple of the base point in row `index` of table `table`: the top tooth, plus or minus each lower tooth as its bit in `index` says. */
function multiple({ teeth, distance, tables }: Shape, table: number, index: number): bigint {
  let scalar = 0n;
  for (let tooth = 0; tooth < teeth; tooth++) {
    const weight = 1n << BigInt(distance * tooth + (distance / tables) * table);
    scalar += tooth === teeth - 1 || (index >> tooth) & 1 ? weight : -weight;
  }
  return scalar;
}

interface Comb {
  /** The name of the generator, and of the table if it has another. */
  readonly name: string;
  readonly table?: string;
  /** The comb of a board that does not want to be small. */
  readonly fast: Shape;
  /** A comment and a number each; no comment: it continues the line before. */
  readonly constants: (shape: Shape) => readonly (readonly [comment: string, value: bigint])[];
  /** The names of the numbers in a row. */
  readonly parts: readonly string[];
  /** The numbers of a multiple of the base point, and behind them those of its negative that are not among them. */
  readonly row: (scalar: bigint) => readonly bigint[];
}

/** The lines of the constants and the tables of a shape. */
function linesOf({ constants, parts, row }: Comb, shape: Shape): string[] {
  const tables = Array.from({ length: shape.tables }, (_, table) => {
    const rows = Array.from({ length: 1 << (shape.teeth - 1) }, (_, index) => {
      const numbers = row(multiple(shape, table, index)).map((number) => wordsOf(number, 8));
      // A multiplier that ends early on operands below 2^16 must not tell rows apart, nor a row from its negative.
      if (numbers.flat().some((word) => word < 0x10000n))
        throw new Error(`short word in row ${index} of table ${table}, with ${shape.teeth} teeth`);
      return numbers;
    });
    return parts.flatMap((part, i) => [
      `  // table ${table}: ${part}`,
      ...lines(rows.flatMap((numbers) => numbers[i]!)),
    ]);
  });
  return [...commented(constants(shape), 8), ...tables.flat()];
}

/** Write the constants of a curve and its tables: for the boards as a C array, for Node, where no program is small, as a module. */
export function write(comb: Comb): void {
  const fast = linesOf(comb, comb.fast);
  const both = ["#ifdef CRYPTO_SMALL", ...linesOf(comb, SMALL), "#else", ...fast, "#endif"];
  writeTable(comb.name, comb.table ?? comb.name, both, fast);
}
