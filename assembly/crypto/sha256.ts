/**
 * SHA-256 (FIPS 180-4, RFC 6234).
 *
 * CT: lengths leak; the data do not.
 */
import { load32be, store32be, store64be, wipe } from "../lib/bytes";
import * as scratch from "../lib/scratch";
import { compress } from "./_sha256";
import { sha256k } from "./_table";

export const DIGEST_BYTES: u32 = 32;
export const BLOCK_BYTES: u32 = 64;

/** A hash in progress, owned by the caller. */
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
  for (let i: u32 = 0; i < 8; i++) store<u32>(changetype<usize>(ctx) + 4 * i, sha256k(64 + i));
  ctx.total = 0;
}

/** Hash `len` more bytes. */
export function update(ctx: Sha256, data: usize, len: u32): void {
  const block = changetype<usize>(ctx) + offsetof<Sha256>("block");
  const used = (<u32>ctx.total) & (BLOCK_BYTES - 1);
  ctx.total += len;
  if (used > 0) {
    const fill = min(BLOCK_BYTES - used, len);
    memory.copy(block + used, data, fill);
    if (used + fill < BLOCK_BYTES) return;
    compress(changetype<usize>(ctx), block, 1);
    data += fill;
    len -= fill;
  }
  const blocks = len / BLOCK_BYTES;
  if (blocks > 0) compress(changetype<usize>(ctx), data, blocks);
  const whole = blocks * BLOCK_BYTES;
  memory.copy(block, data + whole, len - whole);
}

/** Write the digest to `out`, which may not be inside `ctx`, and wipe `ctx`. */
export function final(out: usize, ctx: Sha256): void {
  const block = changetype<usize>(ctx) + offsetof<Sha256>("block");
  let used = (<u32>ctx.total) & (BLOCK_BYTES - 1);
  store<u8>(block + used++, 0x80);
  if (used > BLOCK_BYTES - 8) {
    memory.fill(block + used, 0, BLOCK_BYTES - used);
    compress(changetype<usize>(ctx), block, 1);
    used = 0;
  }
  memory.fill(block + used, 0, BLOCK_BYTES - 8 - used);
  store64be(block + BLOCK_BYTES - 8, ctx.total << 3);
  compress(changetype<usize>(ctx), block, 1);
  for (let i: usize = 0; i < DIGEST_BYTES; i += 4) store32be(out + i, load<u32>(changetype<usize>(ctx) + i));
  wipe(changetype<usize>(ctx), offsetof<Sha256>());
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
