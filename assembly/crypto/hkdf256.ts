/**
 * HKDF-SHA-256 (RFC 5869).
 *
 * CT: lengths leak; salt, keys and info do not.
 */
import * as scratch from "../lib/scratch";
import { Status } from "../lib/status";
import * as hmac256 from "./hmac256";
import { Hmac256, TAG_BYTES } from "./hmac256";

export const PRK_BYTES: u32 = TAG_BYTES;

/** Extract a 32-byte pseudorandom key from `ikm` (§2.2). No salt is the same as one of zero bytes. `out` may be anywhere. */
export function extract(out: usize, salt: usize, saltLen: u32, ikm: usize, ikmLen: u32): void {
  hmac256.mac(out, salt, saltLen, ikm, ikmLen);
}

/**
 * Expand a 32-byte pseudorandom key to `outLen` bytes (§2.3).
 *
 * TooLong if that is more than 255 blocks; nothing is written then. `out` may not overlap `prk` or `info`.
 */
export function expand(out: usize, outLen: u32, prk: usize, info: usize, infoLen: u32): Status {
  if (outLen > 255 * TAG_BYTES) return Status.TooLong;
  const ctx = changetype<Hmac256>(scratch.take(offsetof<Hmac256>()));
  const block = scratch.take(TAG_BYTES);
  const counter = scratch.take(1);
  for (let i: u32 = 1, done: u32 = 0; done < outLen; i++, done += TAG_BYTES) {
    store<u8>(counter, <u8>i);
    hmac256.init(ctx, prk, PRK_BYTES);
    if (i > 1) hmac256.update(ctx, block, TAG_BYTES);
    hmac256.update(ctx, info, infoLen);
    hmac256.update(ctx, counter, 1);
    hmac256.final(block, ctx);
    memory.copy(out + done, block, min(TAG_BYTES, outLen - done));
  }
  scratch.release(changetype<usize>(ctx));
  return Status.Ok;
}
