/** Consistent Overhead Byte Stuffing (Cheshire and Baker, 1999): byte strings without a zero, for at most 254 bytes. */

/** The longest string handled here: with it every block but the last ends in a zero of the data, and the overhead is one byte. */
export const MAX_BYTES: u32 = 254;

/**
 * Encode `len` bytes, `len` at most MAX_BYTES, to the `len + 1` bytes at `out`. `out + 1` may be `data`; no other overlap.
 */
export function encode(out: usize, data: usize, len: u32): u32 {
  let code = out;
  let run: u32 = 1;
  for (let i: u32 = 0; i < len; i++) {
    const byte = load<u8>(data + i);
    if (byte == 0) {
      store<u8>(code, <u8>run);
      code = out + 1 + i;
      run = 1;
    } else {
      store<u8>(out + 1 + i, byte);
      run++;
    }
  }
  store<u8>(code, <u8>run);
  return len + 1;
}

/**
 * Decode the `len` bytes at `data` in place, so that the string begins at `data + 1`; returns its length, or -1 where a code is
 * zero or points past the end.
 */
export function decode(data: usize, len: u32): i32 {
  if (len == 0 || len > MAX_BYTES + 1) return -1;
  let at: u32 = 0;
  while (true) {
    const next = at + <u32>load<u8>(data + at);
    if (next == at || next > len) return -1;
    if (at) store<u8>(data + at, 0);
    if (next == len) return <i32>(len - 1);
    at = next;
  }
}
