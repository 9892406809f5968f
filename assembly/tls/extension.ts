/** Lists of extensions: type, length and body of each (RFC 8446 §4.2). */
import { Reader } from "../lib/reader";

/** The body of the extension at hand. */
@lazy
export const body = changetype<Reader>(memory.data(offsetof<Reader>(), 4));

/** Begin a list that is all that is left of `r`; whether its length says so. */
export function begin(r: Reader): bool {
  return r.u16() == r.left() && r.ok();
}

/** Read the next extension of a list: `body` holds it. Returns its type; `r` fails if it does not fit. */
export function next(r: Reader): u32 {
  const type = r.u16();
  const len = r.u16();
  body.begin(r.take(len), len);
  return type;
}
