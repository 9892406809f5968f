/** Bytes as text in base64url, without padding (RFC 4648 §5). */

@lazy
const ALPHABET = memory.data<u8>(["ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"]);

/** Write the text of `len` bytes; returns its length. `out` may not overlap them. CT: everything leaks. */
export function write(out: usize, from: usize, len: u32): u32 {
  let bits: u32 = 0;
  let count: u32 = 0;
  let at = out;
  for (let i: u32 = 0; i < len; i++) {
    bits = (bits << 8) | load<u8>(from + i);
    count += 8;
    while (count >= 6) {
      count -= 6;
      put(at++, bits >>> count);
    }
  }
  if (count) put(at++, bits << (6 - count));
  return <u32>(at - out);
}

/** Write the character of the lower six bits. */
@inline
function put(out: usize, bits: u32): void {
  store<u8>(out, load<u8>(ALPHABET + (bits & 63)));
}
