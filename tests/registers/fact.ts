/** One value that a manufacturer states of a chip: [expression with our header, its value]. */
export type Fact = readonly [expression: string, value: number];

export const bit = (number: number): number => 2 ** number;
export const at = (base: number, pointer: string, offsets: Readonly<Record<string, number>>): Fact[] =>
  Object.entries(offsets).map(([register, offset]) => [`&${pointer}->${register}`, base + offset]);
