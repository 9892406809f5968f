/** Texts that a person wrote: the database gives them back as they were sealed, and they fill one line. */

/** Well-formed Unicode without control characters or separators of lines. */
export const PLAIN = /^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]*$/u;

/** True if a text is plain. */
export function isPlain(text: string): boolean {
  return PLAIN.test(text);
}

/** A label: a letter or a digit, then these and marks of names and paths. A comma separates labels, and is in none. */
export const LABEL = /^[\p{L}\p{N}][\p{L}\p{M}\p{N}._:/=@+-]{0,62}$/u;
