/**
 * SHA-512 (FIPS 180-4, RFC 6234).
 *
 * CT: lengths leak; the data do not.
 */
import { load64be, store64be, wipe } from "../lib/bytes";
import * as scratch from "../lib/scratch";
import { compress } from "./_sha512";
import { sha512k } from "./_table";

export const DIGEST_BYTES: u32 = 64;
export const BLOCK_BYTES: u32 = 128;

/** A hash in progress, owned by the caller. */
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
    store<u32>(h + 8 * i, sha512k(80 + i, 0));
    store<u32>(h + 8 * i, sha512k(80 + i, 1), 4);
  }
  ctx.total = 0;
}

/** Hash `len` more bytes. */
export function update(ctx: Sha512, data: usize, len: u32): void {
  const block = changetype<usize>(ctx) + offsetof<Sha512>("block");
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
export function final(out: usize, ctx: Sha512): void {
  const block = changetype<usize>(ctx) + offsetof<Sha512>("block");
  let used = (<u32>ctx.total) & (BLOCK_BYTES - 1);
  store<u8>(block + used++, 0x80);
  if (used > BLOCK_BYTES - 16) {
    memory.fill(block + used, 0, BLOCK_BYTES - used);
    compress(changetype<usize>(ctx), block, 1);
    used = 0;
  }
  memory.fill(block + used, 0, BLOCK_BYTES - 8 - used);
  store64be(block + BLOCK_BYTES - 8, ctx.total << 3);
  compress(changetype<usize>(ctx), block, 1);
  for (let i: usize = 0; i < DIGEST_BYTES; i += 8) store64be(out + i, load<u64>(changetype<usize>(ctx) + i));
  wipe(changetype<usize>(ctx), offsetof<Sha512>());
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
