/** Spell a name of the tables, such as `key-made`, as other languages do. */

/** As a member of an enumeration: `KeyMade`. */
export const pascal = (name: string): string =>
  name.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** As a constant: `KEY_MADE`. */
export const upper = (name: string): string => name.toUpperCase().replaceAll("-", "_");
