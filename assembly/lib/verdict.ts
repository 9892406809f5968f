/** Verdicts that open doors, made so that one fault does not turn a refusal into Ok. */
import { Status } from "./status";
import * as words from "./words";

/**
 * `word` if `off` is 0, else Forged. `word` is computed from the evidence and is Ok only if nothing is missing; `off` is 0
 * only if nothing is missing, too, and is computed apart from it. One fault reaches one of the two.
 *
 * CT: only the verdict leaks.
 */
@inline
export function fold(word: u32, off: u32): Status {
  const refused = words.mask(words.isZero(off) ^ 1);
  return (word | refused) & ((<u32>Status.Forged) | ~refused);
}
