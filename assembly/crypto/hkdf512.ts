/**
 * HKDF-SHA-512 (RFC 5869).
 *
 * CT: lengths leak; salt, keys and info do not.
 */
import * as scratch from "../lib/scratch";
import { Status } from "../lib/status";
import * as hmac512 from "./hmac512";
import { Hmac512, TAG_BYTES } from "./hmac512";

export const PRK_BYTES: u32 = TAG_BYTES;

/** Extract a 64-byte pseudorandom key from `ikm` (§2.2). No salt is the same as one of zero bytes. `out` may be anywhere. */
export function extract(out: usize, salt: usize, saltLen: u32, ikm: usize, ikmLen: u32): void {
  hmac512.mac(out, salt, saltLen, ikm, ikmLen);
}

/**
 * Expand a 64-byte pseudorandom key to `outLen` bytes (§2.3).
 *
 * TooLong if that is more than 255 blocks; nothing is written then. `out` may not overlap `prk` or `info`.
 */
export function expand(out: usize, outLen: u32, prk: usize, info: usize, infoLen: u32): Status {
  if (outLen > 255 * TAG_BYTES) return Status.TooLong;
  const ctx = changetype<Hmac512>(scratch.take(offsetof<Hmac512>()));
  const block = scratch.take(TAG_BYTES);
  const counter = scratch.take(1);
  for (let i: u32 = 1, done: u32 = 0; done < outLen; i++, done += TAG_BYTES) {
    store<u8>(counter, <u8>i);
    hmac512.init(ctx, prk, PRK_BYTES);
    if (i > 1) hmac512.update(ctx, block, TAG_BYTES);
    hmac512.update(ctx, info, infoLen);
    hmac512.update(ctx, counter, 1);
    hmac512.final(block, ctx);
    memory.copy(out + done, block, min(TAG_BYTES, outLen - done));
  }
  scratch.release(changetype<usize>(ctx));
  return Status.Ok;
}
