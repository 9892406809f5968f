/** The characters of HTTP (RFC 9110 §5.6), and where each may stand. */

export const CR: u32 = 0x0d;
export const LF: u32 = 0x0a;
export const SPACE: u32 = 0x20;
const TAB: u32 = 0x09;
export const COMMA: u32 = 0x2c;
export const COLON: u32 = 0x3a;
export const SEMICOLON: u32 = 0x3b;

/** True if the byte is a space or a tab. */
@inline
export function isBlank(byte: u32): boolean {
  return byte == SPACE || byte == TAB;
}

/** True if the byte may stand in a value or a reason: no control character but the tab. */
export function isText(byte: u32): boolean {
  return (byte >= SPACE && byte != 0x7f) || byte == TAB;
}

/** True if the byte may stand in a name (RFC 9110 §5.6.2). */
export function isToken(byte: u32): boolean {
  if (byte - 0x30 < 10 || (byte | 0x20) - 0x61 < 26) return true;
  // ! # $ % & ' * + - . as bits from 0x21; ^ _ ` | ~ apart.
  if (byte - 0x21 < 14) return ((0x367d >> (byte - 0x21)) & 1) != 0;
  return byte - 0x5e < 3 || byte == 0x7c || byte == 0x7e;
}
