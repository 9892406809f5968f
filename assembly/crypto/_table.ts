/**
 * Constant tables in flash. Wasm has no read-only memory, so a data segment would cost RAM as well: the host answers
 * these imports from the arrays that `tools/generate` makes, which the board's compiler inlines to one load.
 *
 * CT: an index is always public.
 */

/**
 * Constant `i` of SHA-512: round constants (FIPS 180-4 §4.2.3), and from 80 the initial hash value (§5.3.5); the low word for
 * `half` 0, the high one for 1. The high word is the constant of SHA-256 too (§4.2.2, §5.3.3): both are the first bits of the
 * same roots.
 */
@external("table", "sha2")
export declare function sha2(i: u32, half: u32): u32;

/** The first constant of the initial hash value. */
export const START: u32 = 80;
