/** Test vectors as text: hexadecimal and ASCII literals laid down in the test's own memory. */

function digit(c: i32): u8 {
  return <u8>(c <= 0x39 ? c - 0x30 : c - 0x57);
}

/** Bytes from lower-case hexadecimal; spaces and line ends are skipped. The caller keeps the array alive. */
export function hex(text: string): Uint8Array {
  const digits = new Array<u8>();
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c > 0x20) digits.push(digit(c));
  }
  const out = new Uint8Array(digits.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = (digits[2 * i] << 4) | digits[2 * i + 1];
  return out;
}

/** Bytes of an ASCII text. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.wrap(String.UTF8.encode(text));
}

/** `count` bytes of one value. */
export function repeated(value: u8, count: i32): Uint8Array {
  return new Uint8Array(count).fill(value);
}

/** Lower-case hexadecimal of `len` bytes. */
export function show(at: usize, len: u32): string {
  let text = "";
  for (let i: u32 = 0; i < len; i++) {
    const byte = load<u8>(at + i);
    text += "0123456789abcdef".charAt(byte >>> 4) + "0123456789abcdef".charAt(byte & 15);
  }
  return text;
}
