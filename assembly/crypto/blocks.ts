/**
 * The blocks of SHA-2: what SHA-256 and SHA-512 do alike (FIPS 180-4 §5.1, §6.2, §6.4). A hash in progress is its chaining value of
 * `size` bytes, 32 or 64, the count of its bytes as a u64, and its last block of 2 * `size` bytes, which is not yet full.
 *
 * `tests/unit/crypto` and `tests/vectors` hold both hashes.
 *
 * CT: lengths leak; the data do not.
 */
import { copy, store32be, store64be, wipe } from "../lib/bytes";
import * as sha256 from "./_sha256";
import * as sha512 from "./_sha512";

const SIZE_OF_256: u32 = 32;

/** Run the compression function over `count` blocks at `data`. */
function compress(ctx: usize, data: usize, count: u32, size: u32): void {
  if (size == SIZE_OF_256) sha256.compress(ctx, data, count);
  else sha512.compress(ctx, data, count);
}

/** Hash `len` more bytes. */
export function update(ctx: usize, data: usize, len: u32, size: u32): void {
  const block = ctx + size + 8;
  const total = load<u64>(ctx + size);
  const used = (<u32>total) & (2 * size - 1);
  store<u64>(ctx + size, total + len);
  if (used > 0) {
    const fill = min(2 * size - used, len);
    copy(block + used, data, fill);
    if (used + fill < 2 * size) return;
    compress(ctx, block, 1, size);
    data += fill;
    len -= fill;
  }
  const rest = len & (2 * size - 1);
  if (len != rest) compress(ctx, data, (len - rest) >>> (size == SIZE_OF_256 ? 6 : 7), size);
  copy(block, data + (len - rest), rest);
}

/** Write the digest to `out`, which may not be inside `ctx`, and wipe `ctx`. */
export function final(out: usize, ctx: usize, size: u32): void {
  const block = ctx + size + 8;
  const total = load<u64>(ctx + size);
  let used = (<u32>total) & (2 * size - 1);
  store<u8>(block + used++, 0x80);
  // The count of bits takes a quarter of the digest's bytes.
  if (used > 2 * size - (size >>> 2)) {
    wipe(block + used, 2 * size - used);
    compress(ctx, block, 1, size);
    used = 0;
  }
  wipe(block + used, 2 * size - 8 - used);
  store64be(block + 2 * size - 8, total << 3);
  compress(ctx, block, 1, size);
  // A word of SHA-512 is a pair of which the low one comes first.
  const swap: usize = size == SIZE_OF_256 ? 0 : 4;
  for (let i: usize = 0; i < size; i += 4) store32be(out + i, load<u32>(ctx + (i ^ swap)));
  wipe(ctx, 3 * size + 8);
}
