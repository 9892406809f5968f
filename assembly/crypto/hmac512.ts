/**
 * HMAC-SHA-512 (RFC 2104, RFC 4231).
 *
 * CT: lengths leak; key and data do not.
 */
import { wipe } from "../lib/bytes";
import * as scratch from "../lib/scratch";
import * as sha512 from "./sha512";
import { BLOCK_BYTES, DIGEST_BYTES, Sha512 } from "./sha512";

export const TAG_BYTES: u32 = DIGEST_BYTES;

/** A MAC in progress, owned by the caller: the inner hash, and after it the chaining value of the outer one. */
@unmanaged
export class Hmac512 extends Sha512 {
  outer: u64;
  outer1: u64;
  outer2: u64;
  outer3: u64;
  outer4: u64;
  outer5: u64;
  outer6: u64;
  outer7: u64;
}

/** Begin a MAC under `keyLen` bytes of key; a key longer than a block is hashed first. */
export function init(ctx: Hmac512, key: usize, keyLen: u32): void {
  const pad = scratch.take(BLOCK_BYTES);
  memory.fill(pad, 0, BLOCK_BYTES);
  if (keyLen > BLOCK_BYTES) sha512.hash(pad, key, keyLen);
  else memory.copy(pad, key, keyLen);

  flip(pad, 0x5c5c5c5c);
  sha512.init(ctx);
  sha512.update(ctx, pad, BLOCK_BYTES);
  memory.copy(changetype<usize>(ctx) + offsetof<Hmac512>("outer"), changetype<usize>(ctx), DIGEST_BYTES);

  flip(pad, 0x5c5c5c5c ^ 0x36363636);
  sha512.init(ctx);
  sha512.update(ctx, pad, BLOCK_BYTES);
  scratch.release(pad);
}

/** Authenticate `len` more bytes. */
@inline
export function update(ctx: Hmac512, data: usize, len: u32): void {
  sha512.update(ctx, data, len);
}

/** Write the 64-byte MAC to `out` and wipe `ctx`. */
export function final(out: usize, ctx: Hmac512): void {
  const digest = scratch.take(DIGEST_BYTES);
  sha512.final(digest, ctx);
  memory.copy(changetype<usize>(ctx), changetype<usize>(ctx) + offsetof<Hmac512>("outer"), DIGEST_BYTES);
  ctx.total = BLOCK_BYTES;
  sha512.update(ctx, digest, DIGEST_BYTES);
  sha512.final(out, ctx);
  scratch.release(digest);
  wipe(changetype<usize>(ctx), offsetof<Hmac512>());
}

/** Write the 64-byte MAC of `len` bytes at `data` to `out`, which may be anywhere. */
export function mac(out: usize, key: usize, keyLen: u32, data: usize, len: u32): void {
  const ctx = changetype<Hmac512>(scratch.take(offsetof<Hmac512>()));
  init(ctx, key, keyLen);
  update(ctx, data, len);
  final(out, ctx);
  scratch.release(changetype<usize>(ctx));
}

/** Exclusive-or a block with a repeated word. */
function flip(block: usize, word: u32): void {
  for (let i: usize = 0; i < BLOCK_BYTES; i += 4) store<u32>(block + i, load<u32>(block + i) ^ word);
}
