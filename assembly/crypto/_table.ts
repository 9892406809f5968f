/**
 * Constant tables in flash. Wasm has no read-only memory, so a data segment would cost RAM as well: the host answers
 * these imports from the arrays that `tools/generate` makes, which the board's compiler inlines to one load.
 *
 * CT: an index is always public.
 */

/** Constant `i` of SHA-256: round constants (FIPS 180-4 §4.2.2), and from 64 the initial hash value (§5.3.3). */
@external("table", "sha256k")
export declare function sha256k(i: u32): u32;

/**
 * Constant `i` of SHA-512: round constants (FIPS 180-4 §4.2.3), and from 80 the initial hash value (§5.3.5); the low word for
 * `half` 0, the high one for 1.
 */
@external("table", "sha512k")
export declare function sha512k(i: u32, half: u32): u32;
