/**
 * SHA-256 (FIPS 180-4, RFC 6234).
 *
 * CT: lengths leak; the data do not.
 */
import * as scratch from "../lib/scratch";
import { START, sha2 } from "./_table";
import * as blocks from "./blocks";

export const DIGEST_BYTES: u32 = 32;
export const BLOCK_BYTES: u32 = 64;

/** A hash in progress, owned by the caller: `blocks` knows its layout. */
@unmanaged
export class Sha256 {
  /** The chaining value, H0 to H7. */
  h0: u32;
  h1: u32;
  h2: u32;
  h3: u32;
  h4: u32;
  h5: u32;
  h6: u32;
  h7: u32;
  /** Bytes hashed so far; the lowest six bits are the number of those that wait in `block`. */
  total: u64;
  /** The block that is not yet full: this word and the seven after it. */
  block: u64;
  block1: u64;
  block2: u64;
  block3: u64;
  block4: u64;
  block5: u64;
  block6: u64;
  block7: u64;
}

/** Begin a hash. */
export function init(ctx: Sha256): void {
  for (let i: u32 = 0; i < 8; i++) store<u32>(changetype<usize>(ctx) + 4 * i, sha2(START + i, 1));
  ctx.total = 0;
}

/** Hash `len` more bytes. */
export function update(ctx: Sha256, data: usize, len: u32): void {
  blocks.update(changetype<usize>(ctx), data, len, DIGEST_BYTES);
}

/** Write the digest to `out`, which may not be inside `ctx`, and wipe `ctx`. */
export function final(out: usize, ctx: Sha256): void {
  blocks.final(out, changetype<usize>(ctx), DIGEST_BYTES);
}

/** Write the digest of the bytes so far to `out`; `ctx` stays usable. */
export function peek(out: usize, ctx: Sha256): void {
  const copy = scratch.take(offsetof<Sha256>());
  memory.copy(copy, changetype<usize>(ctx), offsetof<Sha256>());
  final(out, changetype<Sha256>(copy));
  scratch.release(copy);
}

/** Write the digest of `len` bytes at `data` to `out`; the two may overlap. */
export function hash(out: usize, data: usize, len: u32): void {
  const ctx = changetype<Sha256>(scratch.take(offsetof<Sha256>()));
  init(ctx);
  update(ctx, data, len);
  final(out, ctx);
  scratch.release(changetype<usize>(ctx));
}
