/** Bytes as text in base64url, without padding (RFC 4648 §5). */

@lazy
const ALPHABET = memory.data<u8>(["ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"]);

/**
 * Replace the `len` bytes at `at` by their text, a third longer; returns its length. CT: everything leaks.
 *
 * Bounds: `len` is below 2^28. The text is written from its end. Character i needs the byte k = 6 i / 8 and, unless i is a multiple of 4, the byte k + 1; both are at most i, and what was
 * written before it lies behind i.
 */
export function spread(at: usize, len: u32): u32 {
  const chars = (len * 8 + 5) / 6;
  for (let i = chars; i-- > 0;) {
    const skipped = i * 6;
    const byte = skipped >> 3;
    const second: u32 = byte + 1 < len ? load<u8>(at + byte + 1) : 0;
    const pair = ((<u32>load<u8>(at + byte)) << 8) | second;
    store<u8>(at + i, load<u8>(ALPHABET + ((pair >> (10 - (skipped & 7))) & 63)));
  }
  return chars;
}
