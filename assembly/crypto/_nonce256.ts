/**
 * The nonce of a signature on P-256 (RFC 6979 §3.2): the first output of HMAC_DRBG that is a scalar. Each key of HMAC is prepared once and used for all
 * that it authenticates.
 *
 * CT: how many outputs were no scalars leaks, and whether there is noise; keys and outputs do not.
 */
import * as bytes from "../lib/bytes";
import * as scratch from "../lib/scratch";
import * as montgomery from "./_montgomery";
import * as sc from "./_sc256";
import * as hmac256 from "./hmac256";
import { Hmac256 } from "./hmac256";

const LEN: u32 = hmac256.TAG_BYTES;

/** V and K, one after the other, and the byte that follows V in what gives the next K. */
const K: usize = LEN;
const ROUND: usize = 2 * LEN;
const STATE_BYTES: u32 = 2 * LEN + 8;

/**
 * out = a nonce in 1..n - 1 from the secret and the digest's number, 32 big-endian bytes each, and the noise (§3.6), as many bytes or 0 for none. `order` is n in
 * memory.
 */
export function derive(out: usize, secret: usize, number: usize, noise: usize, order: usize): void {
  const keyed = changetype<Hmac256>(scratch.take(offsetof<Hmac256>()));
  const ctx = changetype<Hmac256>(scratch.take(offsetof<Hmac256>()));
  const state = scratch.take(STATE_BYTES);
  memory.fill(state, 1, LEN);
  bytes.wipe(state + K, LEN);
  hmac256.init(keyed, state + K, LEN);
  for (let round: u32 = 0; round < 2; round++) {
    store<u8>(state, <u8>round, ROUND);
    hmac256.repeat(ctx, keyed);
    hmac256.update(ctx, state, LEN);
    hmac256.update(ctx, state + ROUND, 1);
    hmac256.update(ctx, secret, sc.BYTES);
    hmac256.update(ctx, number, sc.BYTES);
    if (noise) hmac256.update(ctx, noise, LEN);
    rekey(state, keyed, ctx);
  }
  for (;;) {
    next(state, keyed, ctx);
    montgomery.read(out, state, sc.BYTES);
    if (sc.isValid(out, order)) break;
    // Once in 2^32 nonces. Nothing of the refused number is used.
    store<u8>(state, 0, ROUND);
    hmac256.repeat(ctx, keyed);
    hmac256.update(ctx, state, LEN);
    hmac256.update(ctx, state + ROUND, 1);
    rekey(state, keyed, ctx);
  }
  scratch.release(changetype<usize>(keyed));
}

/** K = the MAC in progress; V = that of V under the new K. */
function rekey(state: usize, keyed: Hmac256, ctx: Hmac256): void {
  hmac256.final(state + K, ctx);
  hmac256.init(keyed, state + K, LEN);
  next(state, keyed, ctx);
}

/** V = the MAC of V. */
function next(state: usize, keyed: Hmac256, ctx: Hmac256): void {
  hmac256.repeat(ctx, keyed);
  hmac256.update(ctx, state, LEN);
  hmac256.final(state, ctx);
}
