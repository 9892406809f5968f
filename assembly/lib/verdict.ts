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

/**
 * `status`, but never Ok if `off` is not 0. Every refusal is negative and stays as it is. A fault that takes the way of a
 * refusal with an Ok in hand ends here.
 *
 * CT: only the verdict leaks.
 */
@inline
export function bar(status: Status, off: u32): Status {
  return status | (<Status>((words.isZero(off) ^ 1) << 31));
}
