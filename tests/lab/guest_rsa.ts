/** The lab's operations of RSA. */
import * as montgomery from "../../assembly/crypto/_montgomery";
import * as rsa from "../../assembly/crypto/_rsa";
import * as pkcs1 from "../../assembly/crypto/pkcs1";
import * as pss from "../../assembly/crypto/pss";
import { Reader } from "../../assembly/lib/reader";
import * as scratch from "../../assembly/lib/scratch";
import { Status } from "../../assembly/lib/status";
import { Op } from "./op";

/** Run one of them; the answer goes to `out`, which is where the request is. */
export function run(out: usize, reader: Reader, op: u32): i32 {
  if (op == Op.MontgomeryRow || op == Op.MontgomeryRowPortable) return row(out, reader, op == Op.MontgomeryRow);
  if (op == Op.RsaShift || op == Op.RsaShiftPortable) return shift(out, reader, op == Op.RsaShift);
  const signatureLen = reader.u16(),
    signature = reader.take(signatureLen);
  const len = reader.u16(),
    modulus = reader.take(len);
  if (!reader.ok() || signatureLen != len) return Status.Malformed;
  if (op == Op.RsaRaise) {
    if (!rsa.usable(modulus, len)) return Status.Forged;
    const w = scratch.take(rsa.workBytes(len));
    if (!rsa.raise(w, w + rsa.RAISE_MODULI * len, signature, modulus, len)) return Status.Forged;
    memory.copy(out, w + len, len);
    return len;
  }
  const digestLen = reader.u16(),
    digest = reader.take(digestLen);
  if (!reader.ok()) return Status.Malformed;
  return op == Op.Pkcs1Verify
    ? pkcs1.verify(signature, modulus, len, digest, digestLen)
    : pss.verify(signature, modulus, len, digest, digestLen);
}

/** A field of the request, as long as the first of them, where words can be loaded from. */
function words(reader: Reader, len: u32): usize {
  const at = scratch.take(len);
  if (reader.u16() != len) reader.fail();
  const from = reader.take(len);
  if (reader.ok()) memory.copy(at, from, len);
  return at;
}

function number(reader: Reader): u32 {
  return reader.u16() == 2 ? reader.u16() : reader.u32();
}

function shift(out: usize, reader: Reader, native: boolean): i32 {
  const len = reader.u16();
  if (len < 16 || len > 256 || (len & 7) != 0) return Status.Malformed;
  const x = scratch.take(len + 4);
  const from = reader.take(len);
  if (reader.ok()) memory.copy(x, from, len);
  const quotient = number(reader);
  const m = words(reader, len);
  if (!reader.ok()) return Status.Malformed;
  store<u32>(x + len, native ? rsa.shift(x, quotient, m, len) : rsa.shiftPortable(x, quotient, m, len));
  memory.copy(out, x, len + 4);
  return len + 4;
}

function row(out: usize, reader: Reader, native: boolean): i32 {
  const len = reader.u16();
  if (len < 16 || len > 256 || (len & 7) != 0) return Status.Malformed;
  const sum = scratch.take(len + 4);
  const from = reader.take(len);
  if (reader.ok()) memory.copy(sum, from, len);
  const word = number(reader);
  const b = words(reader, len);
  const m = words(reader, len);
  const inverse = number(reader);
  const top = number(reader);
  if (!reader.ok()) return Status.Malformed;
  const above = native
    ? montgomery.rowPublic(sum, word, b, m, inverse, len, top)
    : montgomery.rowPortable(sum, word, b, m, inverse, len, top);
  store<u32>(sum + len, above);
  memory.copy(out, sum, len + 4);
  return len + 4;
}
