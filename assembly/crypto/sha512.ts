/**
 * SHA-512 (FIPS 180-4, RFC 6234).
 *
 * CT: lengths leak; the data do not.
 */
import * as scratch from "../lib/scratch";
import { START, sha2 } from "./_table";
import * as blocks from "./blocks";

export const DIGEST_BYTES: u32 = 64;
export const BLOCK_BYTES: u32 = 128;

/** A hash in progress, owned by the caller: `blocks` knows its layout. */
@unmanaged
export class Sha512 {
  /** The chaining value, H0 to H7. */
  h0: u64;
  h1: u64;
  h2: u64;
  h3: u64;
  h4: u64;
  h5: u64;
  h6: u64;
  h7: u64;
  /** Bytes hashed so far; the lowest seven bits are the number of those that wait in `block`. */
  total: u64;
  /** The block that is not yet full: this word and the fifteen after it. */
  block: u64;
  block1: u64;
  block2: u64;
  block3: u64;
  block4: u64;
  block5: u64;
  block6: u64;
  block7: u64;
  block8: u64;
  block9: u64;
  block10: u64;
  block11: u64;
  block12: u64;
  block13: u64;
  block14: u64;
  block15: u64;
}

/** Begin a hash. */
export function init(ctx: Sha512): void {
  const h = changetype<usize>(ctx);
  for (let i: u32 = 0; i < 8; i++) {
    store<u32>(h + 8 * i, sha2(START + i, 0));
    store<u32>(h + 8 * i, sha2(START + i, 1), 4);
  }
  ctx.total = 0;
}

/** Hash `len` more bytes. */
export function update(ctx: Sha512, data: usize, len: u32): void {
  blocks.update(changetype<usize>(ctx), data, len, DIGEST_BYTES);
}

/** Write the digest to `out`, which may not be inside `ctx`, and wipe `ctx`. */
export function final(out: usize, ctx: Sha512): void {
  blocks.final(out, changetype<usize>(ctx), DIGEST_BYTES);
}

/** Write the digest of the bytes so far to `out`; `ctx` stays usable. */
export function peek(out: usize, ctx: Sha512): void {
  const copy = scratch.take(offsetof<Sha512>());
  memory.copy(copy, changetype<usize>(ctx), offsetof<Sha512>());
  final(out, changetype<Sha512>(copy));
  scratch.release(copy);
}

/** Write the digest of `len` bytes at `data` to `out`; the two may overlap. */
export function hash(out: usize, data: usize, len: u32): void {
  const ctx = changetype<Sha512>(scratch.take(offsetof<Sha512>()));
  init(ctx);
  update(ctx, data, len);
  final(out, ctx);
  scratch.release(changetype<usize>(ctx));
}
