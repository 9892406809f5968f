/** The form of the tables: each fact is a name, a number and its meaning. */
export type Row = readonly [number: number, meaning: string, ...more: readonly string[]];
export type Table = Readonly<Record<string, Row>>;

/** The numbers of a table by name. */
export function numbers<T extends Table>(table: T): { readonly [Name in keyof T]: T[Name][0] } {
  return Object.fromEntries(Object.entries(table).map(([name, [number]]) => [name, number])) as never;
}

/** The names of a table by number. */
export function names<T extends Table>(table: T): ReadonlyMap<number, keyof T & string> {
  return new Map(Object.entries(table).map(([name, [number]]) => [number, name]));
}
