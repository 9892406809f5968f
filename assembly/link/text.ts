/**
 * Texts with holes, written out byte by byte, so that no command or header line ever sits in RAM.
 *
 * A template is a string of bytes that ends in 0. The bytes 1 to 4 stand for the argument of that number, 5 to 8 for
 * the same arguments with a backslash before each `"`, `,` and `\`, as ESP-AT wants them within quotes.
 */

/** Result of `next` at the end of the text. */
export const END: u32 = 256;

const BACKSLASH: u32 = 0x5c;


@unmanaged
export class Text {
  /** The next byte of the template; 0: nothing to write. */
  at: usize;
  /** Rest of the argument being written. */
  from: usize;
  left: u32;
  /** Some of its bytes get a backslash: 1; and that of the next byte is written: 2. */
  escape: u32;
  /** The arguments, each with its length: `fill` counts on their places. */
  first: usize;
  firstLen: u32;
  second: usize;
  secondLen: u32;
  third: usize;
  thirdLen: u32;
  fourth: usize;
  fourthLen: u32;
}

/** Begin with the template. Set the arguments before the first `next`. */
export function begin(text: Text, template: usize): void {
  text.at = template;
  text.left = 0;
}

/** Drop the rest. */
@inline
export function stop(text: Text): void {
  text.at = 0;
}

/** True if there is nothing left to write. */
@inline
export function over(text: Text): boolean {
  return text.at == 0;
}

/** True if all bytes are written, though END was not returned yet; of a template that ends in no argument. */
export function ended(text: Text): boolean {
  return text.at != 0 && load<u8>(text.at) == 0;
}

/** The next byte, or END, once. */
export function next(text: Text): u32 {
  while (text.left == 0) {
    const byte = <u32>load<u8>(text.at++);
    if (byte == 0) {
      text.at = 0;
      return END;
    }
    if (byte > 8) return byte;
    fill(text, (byte - 1) & 3);
    text.escape = u32(byte > 4);
  }
  const byte = <u32>load<u8>(text.from);
  if (text.escape == 1 && (byte == 0x22 || byte == 0x2c || byte == BACKSLASH)) {
    text.escape = 2;
    return BACKSLASH;
  }
  if (text.escape) text.escape = 1;
  text.from++;
  text.left--;
  return byte;
}

/** Go on with the argument of this number, from 0. */
function fill(text: Text, argument: u32): void {
  const pair = changetype<usize>(text) + offsetof<Text>("first") + argument * 8;
  text.from = load<usize>(pair);
  text.left = load<u32>(pair, 4);
}

/** Maximum output of `decimal`, in bytes. */
export const DECIMAL_BYTES: u32 = 10;

/** Write `value` in decimal so that it ends at `end`; returns how many digits. */
export function decimal(end: usize, value: u32): u32 {
  let len: u32 = 0;
  do {
    len++;
    store<u8>(end - len, <u8>(0x30 + (value % 10)));
    value /= 10;
  } while (value);
  return len;
}
