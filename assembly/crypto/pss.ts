/**
 * RSASSA-PSS (RFC 8017 §8.1.2) with e = 65537, MGF1 over the message's hash, and a salt as long as its digest, as TLS 1.3 wants (RFC 8446
 * §4.2.3): verification.
 *
 * Bytes come at any alignment; temporaries are in scratch memory and wiped.
 */
import * as bytes from "../lib/bytes";
import * as scratch from "../lib/scratch";
import { Status } from "../lib/status";
import * as verdict from "../lib/verdict";
import * as words from "../lib/words";
import * as rsa from "./_rsa";
import * as sha256 from "./sha256";
import * as sha384 from "./sha384";
import * as sha512 from "./sha512";

/** Scratch memory that SHA-256 takes for a message, and at most SHA-384 or SHA-512. */
const HASH256_BYTES: u32 = 176;
const HASH512_BYTES: u32 = 400;

/**
 * Verify a signature, as long as the modulus (2048 to 4096 bits, a multiple of 64), of a message's digest by SHA-256, SHA-384 or SHA-512: Ok,
 * Forged, or TooLong if scratch memory is too small for the modulus. `digestLen` says which hash: 32, 48 or 64.
 *
 * CT: everything leaks; all of it is public.
 */
export function verify(signature: usize, modulus: usize, len: u32, digest: usize, digestLen: u32): Status {
  if (!rsa.usable(modulus, len) || !rsa.isDigest(digestLen)) return Status.Forged;
  if (!rsa.fits(len, digestLen == sha256.DIGEST_BYTES ? HASH256_BYTES : HASH512_BYTES)) return Status.TooLong;
  const w = scratch.take(rsa.workBytes(len));
  const steps = w + rsa.RAISE_MODULI * len;
  let status: Status = Status.Forged;
  if (rsa.raise(w, steps, signature, modulus, len)) {
    const padding = unmask(w, len, digestLen);
    const made = expect(w, len, digest, digestLen);
    const found = w + 2 * len - digestLen - 1;
    const word = ((<u32>Status.Ok) ^ rsa.STEPS ^ load<u32>(steps)) + padding + words.distance(made, found, digestLen);
    const off = words.difference(found, made, digestLen) | padding | (load<u32>(steps) ^ rsa.STEPS);
    status = verdict.fold(word, off);
  }
  scratch.release(w);
  return status;
}

function hash(out: usize, data: usize, len: u32, digestLen: u32): void {
  if (digestLen == sha256.DIGEST_BYTES) sha256.hash(out, data, len);
  else if (digestLen == sha384.DIGEST_BYTES) sha384.hash(out, data, len);
  else sha512.hash(out, data, len);
}

/**
 * Unmask the data block of the encoded message at w + len (RFC 8017 §9.1.2, steps 4 to 10): 0 if it is as it should be, else what is
 * wrong. The bytes at w are workspace.
 */
function unmask(w: usize, len: u32, digestLen: u32): u32 {
  const block = w + len;
  const blockLen = len - digestLen - 1;
  const seed = block + blockLen;
  const counter = seed + digestLen;
  const saltAt = blockLen - digestLen;
  let wrong: u32 = (load<u8>(counter) ^ 0xbc) | (load<u8>(block) & 0x80);
  // The counter of MGF1 comes after the seed, over the trailer and what follows.
  store<u32>(counter, 0);
  for (let at: u32 = 0; at < blockLen; at += digestLen) {
    hash(w, seed, digestLen + 4, digestLen);
    const count = min(digestLen, blockLen - at);
    for (let i: u32 = 0; i < count; i++) store<u8>(block + at + i, load<u8>(block + at + i) ^ load<u8>(w + i));
    store<u8>(counter, load<u8>(counter, 3) + 1, 3);
  }
  store<u8>(block, load<u8>(block) & 0x7f);
  for (let i: u32 = 0; i < saltAt - 1; i++) wrong |= load<u8>(block + i);
  return wrong | (load<u8>(block + saltAt - 1) ^ 1);
}

/** The digest of eight zeros ‖ digest ‖ salt (RFC 8017 §9.1.2, steps 11 to 13), which is at w. */
function expect(w: usize, len: u32, digest: usize, digestLen: u32): usize {
  const salt = w + 2 * len - 1 - 2 * digestLen;
  store<u64>(w, 0);
  bytes.copy(w + 8, digest, digestLen);
  bytes.copy(w + 8 + digestLen, salt, digestLen);
  hash(w, w, 8 + 2 * digestLen, digestLen);
  return w;
}
