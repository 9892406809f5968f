/** The two forms of an ECDSA signature: ECDSA-Sig-Value in DER (RFC 3279 §2.2.3), and r ‖ s, each as long as the group's order. */
import * as bytes from "../lib/bytes";
import { Reader } from "../lib/reader";
import * as scratch from "../lib/scratch";
import { Status } from "../lib/status";

/** The longest number that `fromDer` reads: that of P-384. A sequence of two such numbers has a length of one byte. */
const MAX_BYTES: u32 = 48;

/**
 * out = r ‖ s, `size` bytes each (at most 48), from DER: Ok, or Malformed if it is not a sequence of two integers above zero, each in its
 * shortest form and no longer than `size`, and nothing more. `out` may not overlap the DER.
 *
 * CT: everything leaks; all of it is public.
 */
export function fromDer(out: usize, size: u32, der: usize, len: u32): Status {
  if (size > MAX_BYTES) return Status.TooLong;
  const r = changetype<Reader>(scratch.take(offsetof<Reader>()));
  r.begin(der, len);
  if (r.u8() != 0x30 || r.u8() != r.left()) r.fail();
  integer(out, size, r);
  integer(out + size, size, r);
  const status = r.done() ? Status.Ok : Status.Malformed;
  scratch.release(changetype<usize>(r));
  return status;
}

/** Write r ‖ s, `size` bytes each (at most 48), as DER; returns its length, at most 8 + 2 `size`. `out` may not overlap them. CT: everything leaks; all of it is public. */
export function toDer(out: usize, raw: usize, size: u32): u32 {
  let at = putInteger(out + 2, raw, size);
  at = putInteger(at, raw + size, size);
  const len = <u32>(at - out);
  store<u8>(out, 0x30);
  store<u8>(out, len - 2, 1);
  return len;
}

/** Write one integer in its shortest form; returns its end. */
function putInteger(out: usize, from: usize, size: u32): usize {
  let zeros: u32 = 0;
  while (zeros < size - 1 && load<u8>(from + zeros) == 0) zeros++;
  // Its first bit is the sign.
  const sign: u32 = load<u8>(from + zeros) >> 7;
  const len = size - zeros;
  store<u8>(out, 0x02);
  store<u8>(out, sign + len, 1);
  store<u8>(out, 0, 2);
  bytes.copy(out + 2 + sign, from + zeros, len);
  return out + 2 + sign + len;
}

/** Read one integer. Its first bit is the sign; a byte of zeros comes only before a byte whose first bit is set. */
function integer(out: usize, size: u32, r: Reader): void {
  if (r.u8() != 0x02) r.fail();
  let len = r.u8();
  let at = r.take(len);
  if (!r.ok() || len == 0 || load<u8>(at) >= 0x80) return r.fail();
  if (load<u8>(at) == 0) {
    at++;
    len--;
    if (len == 0 || load<u8>(at) < 0x80) return r.fail();
  }
  if (len > size) return r.fail();
  bytes.wipe(out, size - len);
  bytes.copy(out + size - len, at, len);
}
