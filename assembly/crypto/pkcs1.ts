/**
 * RSASSA-PKCS1-v1_5 (RFC 8017 §8.2.2) with e = 65537: verification, for X.509 certificates.
 *
 * The encoded message is made and compared as a whole, so there is no padding to parse. Bytes come at any alignment; temporaries
 * are in scratch memory and wiped.
 */
import * as bytes from "../lib/bytes";
import * as scratch from "../lib/scratch";
import { Status } from "../lib/status";
import * as verdict from "../lib/verdict";
import * as words from "../lib/words";
import * as rsa from "./_rsa";

/** Bytes of DigestInfo in front of the digest (RFC 8017 §9.2, note 1). */
const INFO_BYTES: u32 = 19;

/**
 * Verify a signature, as long as the modulus (2048 to 4096 bits, a multiple of 64), of a message's digest by SHA-256, SHA-384 or SHA-512: Ok,
 * Forged, or TooLong if scratch memory is too small for the modulus. `digestLen` says which hash: 32, 48 or 64.
 *
 * CT: everything leaks; all of it is public.
 */
export function verify(signature: usize, modulus: usize, len: u32, digest: usize, digestLen: u32): Status {
  if (!rsa.usable(modulus, len) || !rsa.isDigest(digestLen)) return Status.Forged;
  if (!rsa.fits(len, 0)) return Status.TooLong;
  const w = scratch.take(rsa.workBytes(len));
  const steps = w + rsa.RAISE_MODULI * len;
  let status: Status = Status.Forged;
  if (rsa.raise(w, steps, signature, modulus, len)) {
    const found = w + len;
    encode(w, len, digest, digestLen);
    const word = ((<u32>Status.Ok) ^ rsa.STEPS ^ load<u32>(steps)) + words.distance(w, found, len);
    status = verdict.fold(word, words.difference(found, w, len) | (load<u32>(steps) ^ rsa.STEPS));
  }
  scratch.release(w);
  return status;
}

/** Write the encoded message (RFC 8017 §9.2): 0 ‖ 1 ‖ ff … ff ‖ 0 ‖ DigestInfo ‖ digest. */
function encode(out: usize, len: u32, digest: usize, digestLen: u32): void {
  const at = out + len - digestLen - INFO_BYTES;
  memory.fill(out, 0xff, len);
  store<u8>(out, 0);
  store<u8>(out, 1, 1);
  store<u8>(at - 1, 0);
  // SEQUENCE { SEQUENCE { OID 2.16.840.1.101.3.4.2.n, NULL }, OCTET STRING }, as little-endian words.
  store<u32>(at, 0x0d300030 | ((INFO_BYTES - 2 + digestLen) << 8));
  store<u64>(at, 0x0365014886600906, 4);
  store<u32>(at, 0x05000204 | (((digestLen >>> 4) - 1) << 16), 12);
  store<u16>(at, 0x0400, 16);
  store<u8>(at, digestLen, 18);
  bytes.copy(at + INFO_BYTES, digest, digestLen);
}
