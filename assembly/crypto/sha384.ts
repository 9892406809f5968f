/**
 * SHA-384 (FIPS 180-4 §6.5): SHA-512 with another initial hash value, cut to 48 bytes. Contexts and `update` are those of `sha512`.
 *
 * CT: lengths leak; data does not.
 */
import { copy } from "../lib/bytes";
import * as scratch from "../lib/scratch";
import * as sha512 from "./sha512";
import { Sha512 } from "./sha512";

export const DIGEST_BYTES: u32 = 48;

/** Begin a hash: the initial hash value of §5.3.4. */
export function init(ctx: Sha512): void {
  const at = changetype<usize>(ctx);
  store<u64>(at, 0xcbbb9d5dc1059ed8);
  store<u64>(at, 0x629a292a367cd507, 8);
  store<u64>(at, 0x9159015a3070dd17, 16);
  store<u64>(at, 0x152fecd8f70e5939, 24);
  store<u64>(at, 0x67332667ffc00b31, 32);
  store<u64>(at, 0x8eb44a8768581511, 40);
  store<u64>(at, 0xdb0c2e0d64f98fa7, 48);
  store<u64>(at, 0x47b5481dbefa4fa4, 56);
  ctx.total = 0;
}

/** Write the digest to `out`, which may not be inside `ctx`, and wipe `ctx`. */
export function final(out: usize, ctx: Sha512): void {
  const whole = scratch.take(sha512.DIGEST_BYTES);
  sha512.final(whole, ctx);
  copy(out, whole, DIGEST_BYTES);
  scratch.release(whole);
}

/** Write the digest of what was hashed so far to `out`; `ctx` can go on. */
export function peek(out: usize, ctx: Sha512): void {
  const whole = scratch.take(sha512.DIGEST_BYTES);
  sha512.peek(whole, ctx);
  copy(out, whole, DIGEST_BYTES);
  scratch.release(whole);
}

/** Write the digest of `len` bytes at `data` to `out`; the two may overlap. */
export function hash(out: usize, data: usize, len: u32): void {
  const ctx = changetype<Sha512>(scratch.take(offsetof<Sha512>()));
  init(ctx);
  sha512.update(ctx, data, len);
  final(out, ctx);
  scratch.release(changetype<usize>(ctx));
}
