/**
 * Operations that a core may perform in its own assembly instead of the portable TypeScript beside each caller. All pointers
 * are to whole 4-byte aligned words inside linear memory; the shim checks the range against its constant bound, the core the
 * alignment. Both versions give the same bits for every input; a test on the chip compares them.
 *
 * A build says `--use CRYPTO_NATIVE=1` when its board has them.
 *
 * CT: nothing here branches on, or indexes by, the contents of the pointers.
 */

/** True if the board answers the operations below. */
// prettier-ignore
export const NATIVE: bool = isDefined(CRYPTO_NATIVE);

/** True if the board answers the operations on whole blocks: SHA-2 and Poly1305. */
// prettier-ignore
export const BLOCKS: bool = isDefined(CRYPTO_BLOCKS);

/** True if the board answers AES-128 and GHASH. */
export const AES: bool = BLOCKS || NATIVE;

/** True if a 32x32->64 multiplication takes a data-dependent time here, or is a call: secrets use 16x16->32 instead. */
// prettier-ignore
export const SHORT_MULTIPLY: bool = isDefined(CRYPTO_SHORT_MULTIPLY);

/** True if the board answers those of them that multiply words whole, secret or not: Montgomery multiplications. */
export const LONG: bool = NATIVE && !SHORT_MULTIPLY;

/** True if field multiplications take a data-dependent time: secret points are then blinded. */
// prettier-ignore
export const BLIND: bool = isDefined(CRYPTO_BLIND);

/** True if the board answers the points of curve25519 and edwards25519. */
export const POINTS25519: bool = LONG;

/** True if the board answers rows of Montgomery multiplications. They take a constant time but where BLIND is true: there numbers must be public. */
export const ROWS: bool = NATIVE;

/** True if the board has a long multiplication, in constant time or not. */
export const LONG_PUBLIC: bool = LONG || (NATIVE && BLIND);

/** True if the board answers the field of P-256. Where words are multiplied whole, in a data-dependent time, secret points are blinded. */
export const FIELD256: bool = NATIVE;

/** True if the board answers the formulas of points of P-256. */
export const POINTS256: bool = LONG_PUBLIC;

/** True if the board answers halves in the field of P-256: where it answers formulas of points, these halve by themselves. */
export const HALVES256: bool = FIELD256 && !POINTS256;

/** True if the board wants the smallest code and tables. */
// prettier-ignore
export const SMALL: bool = isDefined(CRYPTO_SMALL);

/** Teeth of a comb: bits of a scalar that make a digit. A small image has one table of eight rows, of digits of four bits. */
export const TEETH: u32 = SMALL ? 4 : 5;

/** True if inversions modulo 2^255 - 19 take steps of division: they take less time than a power, and further code. */
export const DIVIDES: bool = (SHORT_MULTIPLY || POINTS25519) && !SMALL;

/** True if P-256 only verifies, and nothing else inverts (the choice `own`): its code is then small instead of fast. */
// prettier-ignore
export const LEAN256: bool = isDefined(TLS_P256) && !isDefined(TLS_PUBLIC) && !DIVIDES;

/** True if the board answers ChaCha20 on whole blocks. A small image has a loop instead. */
export const CHACHA20: bool = (BLOCKS || NATIVE) && !SMALL;

/** True if the board answers squares of the field of 2^255 - 19. A small image has products instead, unless its points need squares. */
export const SQUARES: bool = NATIVE && (POINTS25519 || !SMALL);

/** True if the board wants every signature verified before it leaves the device: against faults. */
// prettier-ignore
export const CHECKED: bool = isDefined(CRYPTO_CHECKED);

/** `fe25519.mul`. */
@external("cpu", "feMul")
export declare function feMul(out: usize, a: usize, b: usize): void;

/** `fe25519.square`, `times` times over. */
@external("cpu", "feSquare")
export declare function feSquare(out: usize, a: usize, times: u32): void;

/** `fe25519.sub`. */
@external("cpu", "feSub")
export declare function feSub(out: usize, a: usize, b: usize): void;

/** `fe25519.scale`. */
@external("cpu", "feScale")
export declare function feScale(out: usize, a: usize, factor: u32, b: usize): void;

/** `fe25519.swap`. */
@external("cpu", "feSwap")
export declare function feSwap(a: usize, b: usize, bit: u32): void;

/** `x25519.ladder`. */
@external("cpu", "ladder")
export declare function ladder(w: usize): void;

/** `_ge25519.copyRow`. */
@external("cpu", "combRow")
export declare function combRow(out: usize, first: u32): void;

/** `_ge25519.double`. */
@external("cpu", "geDouble")
export declare function geDouble(p: usize, wanted: u32): void;

/** `_ge25519.add`. */
@external("cpu", "geAdd")
export declare function geAdd(p: usize, q: usize, how: u32): void;

/** `sc25519.montgomery`, where long multiplications take a constant time. */
@external("cpu", "scMontgomery")
export declare function scMontgomery(out: usize, a: usize, b: usize): void;

/** `_montgomery.row`, where long multiplications take a constant time or the numbers are public. */
@external("cpu", "montgomeryRow")
export declare function montgomeryRow(
  out: usize,
  word: u32,
  b: usize,
  m: usize,
  inverse: u32,
  bytes: u32,
  top: u32,
): u32;

/** `_rsa.shift`, but for the words above x. */
@external("cpu", "rsaShift")
export declare function rsaShift(x: usize, quotient: u32, m: usize, bytes: u32): u32;

/** `fe256.mul`. */
@external("cpu", "fe256Mul")
export declare function fe256Mul(out: usize, a: usize, b: usize): void;

/** `fe256.square`, `times` times over. */
@external("cpu", "fe256Square")
export declare function fe256Square(out: usize, a: usize, times: u32): void;

/** `fe256.add`. */
@external("cpu", "fe256Add")
export declare function fe256Add(out: usize, a: usize, b: usize): void;

/** `fe256.sub`. */
@external("cpu", "fe256Sub")
export declare function fe256Sub(out: usize, a: usize, b: usize): void;

/** `fe256.half`. */
@external("cpu", "fe256Half")
export declare function fe256Half(out: usize, a: usize): void;

/** `p256.double`. */
@external("cpu", "p256Double")
export declare function p256Double(p: usize): void;

/** `p256.differ`. */
@external("cpu", "p256Differ")
export declare function p256Differ(p: usize, x: usize, y: usize, differences: usize): void;

/** `p256.finish`. */
@external("cpu", "p256Finish")
export declare function p256Finish(p: usize, differences: usize): void;

/** `_inverse.steps`. */
@external("cpu", "inverseSteps")
export declare function inverseSteps(w: usize, zeta: i32, f: i32, g: i32): i32;

/** `_inverse.apply`. */
@external("cpu", "inverseApply")
export declare function inverseApply(w: usize, x: usize, y: usize, limbs: u32, inverse: u32): void;

/** `multiply256.select`: `first` is a word of the constants, and all rows of its table must lie in them. */
@external("cpu", "p256Select")
export declare function p256Select(out: usize, first: u32, digit: u32): void;

/** `multiply256.pick`. */
@external("cpu", "p256Pick")
export declare function p256Pick(out: usize, rows: usize, index: u32): void;

/** `ge25519.select`: `first` is a word of the constants, and all rows of its table must lie in them. */
@external("cpu", "combSelect")
export declare function combSelect(out: usize, first: u32, digit: u32): void;

/** `_sha256.compress`. */
@external("cpu", "sha256")
export declare function sha256(state: usize, data: usize, blocks: u32): void;

/** `_sha512.compress`. */
@external("cpu", "sha512")
export declare function sha512(state: usize, data: usize, blocks: u32): void;

/** `_chacha20.xorBlocks`. */
@external("cpu", "chacha20")
export declare function chacha20(out: usize, text: usize, blocks: u32, state: usize): void;

/** `_poly1305.absorbBlocks`. */
@external("cpu", "poly1305")
export declare function poly1305(state: usize, data: usize, blocks: u32): void;

/** `_aes128.encrypt`. */
@external("cpu", "aes128Encrypt")
export declare function aes128Encrypt(q: usize, schedule: usize): void;

/** `_aes128.transpose`. */
@external("cpu", "aes128Transpose")
export declare function aes128Transpose(q: usize): void;

/** `_sbox.substitute`. */
@external("cpu", "aesSubstitute")
export declare function aesSubstitute(q: usize): void;

/** `_ghash.absorbBlocks`. */
@external("cpu", "ghash")
export declare function ghash(state: usize, data: usize, blocks: u32): void;
