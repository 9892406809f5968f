/**
 * The lab's guest: one cryptographic operation a call, on bytes that a host left in the buffer. The same source runs as
 * wasm under Node, as an ELF in QEMU, and as C under sanitizers on the host.
 *
 * A request is the operation's fields, each a big-endian u16 length and its bytes. The answer is the length of what was
 * written to the start of the buffer, or a Status.
 */
import * as aead from "../../assembly/crypto/aead";
import * as aes128gcm from "../../assembly/crypto/aes128gcm";
import * as drbg from "../../assembly/crypto/drbg";
import { Drbg } from "../../assembly/crypto/drbg";
import * as hkdf256 from "../../assembly/crypto/hkdf256";
import * as hkdf512 from "../../assembly/crypto/hkdf512";
import * as hmac256 from "../../assembly/crypto/hmac256";
import * as hmac512 from "../../assembly/crypto/hmac512";
import * as sha256 from "../../assembly/crypto/sha256";
import * as sha384 from "../../assembly/crypto/sha384";
import * as sha512 from "../../assembly/crypto/sha512";
import { Reader } from "../../assembly/lib/reader";
import * as scratch from "../../assembly/lib/scratch";
import { Status } from "../../assembly/lib/status";
import * as blocks from "./guest_blocks";
import * as curve from "./guest_curve";
import * as p256 from "./guest_p256";
import * as rsa from "./guest_rsa";
import { Op } from "./op";

/** Room for the longest output of HKDF-SHA-512 beside its inputs, unless the board has less. */
// prettier-ignore
const CAPACITY: u32 = isDefined(LAB_BYTES) ? LAB_BYTES : 20480;

const room: usize = memory.data(CAPACITY, 8);
const reader = changetype<Reader>(memory.data(offsetof<Reader>(), 8));

/** Return the place of requests and answers. */
export function buffer(): usize {
  return room;
}

/** The longest request or answer. */
export function capacity(): u32 {
  return CAPACITY;
}

/** Run operation `op` on a request of `len` bytes. */
export function run(op: u32, len: u32): i32 {
  reader.begin(room, len);
  const mark = scratch.top();
  const result = dispatch(op, len);
  scratch.release(mark);
  return result;
}

function dispatch(op: u32, len: u32): i32 {
  if (op >= 0x60 && op < 0x67) return rsa.run(room, reader, op);
  if (op >= 0x50) return p256.run(room, reader, op);
  if (op >= 0x40) return blocks.run(room, reader, op);
  return op >= 0x20 ? curve.run(room, reader, op) : symmetric(op, len);
}

function symmetric(op: u32, len: u32): i32 {
  switch (op) {
    case Op.Sha256: {
      const n = reader.u16(),
        data = reader.take(n);
      sha256.hash(room, data, n);
      return sha256.DIGEST_BYTES;
    }
    case Op.Sha384: {
      const n = reader.u16(),
        data = reader.take(n);
      sha384.hash(room, data, n);
      return sha384.DIGEST_BYTES;
    }
    case Op.Sha512: {
      const n = reader.u16(),
        data = reader.take(n);
      sha512.hash(room, data, n);
      return sha512.DIGEST_BYTES;
    }
    case Op.Hmac256: {
      const keyLen = reader.u16(),
        key = reader.take(keyLen);
      const n = reader.u16(),
        data = reader.take(n);
      hmac256.mac(room, key, keyLen, data, n);
      return hmac256.TAG_BYTES;
    }
    case Op.Hmac512: {
      const keyLen = reader.u16(),
        key = reader.take(keyLen);
      const n = reader.u16(),
        data = reader.take(n);
      hmac512.mac(room, key, keyLen, data, n);
      return hmac512.TAG_BYTES;
    }
    case Op.Hkdf256:
    case Op.Hkdf512:
      return hkdf(op, len);
    case Op.Drbg:
      return random();
    case Op.Seal:
    case Op.AesSeal:
      return seal(op == Op.AesSeal);
    case Op.Open:
    case Op.AesOpen:
      return open(op == Op.AesOpen);
  }
  return Status.Unexpected;
}

function hkdf(op: u32, len: u32): i32 {
  const ikmLen = reader.u16(),
    ikm = reader.take(ikmLen);
  const saltLen = reader.u16(),
    salt = reader.take(saltLen);
  const infoLen = reader.u16(),
    info = reader.take(infoLen);
  reader.u16();
  const outLen = reader.u16();
  if (!reader.ok() || len + outLen > CAPACITY) return Status.Malformed;
  const out = room + len;
  const prk = scratch.take(hkdf512.PRK_BYTES);
  let status: Status;
  if (op == Op.Hkdf256) {
    hkdf256.extract(prk, salt, saltLen, ikm, ikmLen);
    status = hkdf256.expand(out, outLen, prk, info, infoLen);
  } else {
    hkdf512.extract(prk, salt, saltLen, ikm, ikmLen);
    status = hkdf512.expand(out, outLen, prk, info, infoLen);
  }
  if (status != Status.Ok) return status;
  memory.copy(room, out, outLen);
  return outLen;
}

function random(): i32 {
  const entropyLen = reader.u16(),
    entropy = reader.take(entropyLen);
  const nonceLen = reader.u16(),
    nonce = reader.take(nonceLen);
  const personalLen = reader.u16(),
    personal = reader.take(personalLen);
  const freshLen = reader.u16(),
    fresh = reader.take(freshLen);
  const moreLen = reader.u16(),
    more = reader.take(moreLen);
  reader.u16();
  const outLen = reader.u16();
  if (!reader.ok() || outLen > CAPACITY) return Status.Malformed;
  const ctx = changetype<Drbg>(scratch.take(offsetof<Drbg>()));
  let status = drbg.instantiate(ctx, entropy, entropyLen, nonce, nonceLen, personal, personalLen);
  if (status == Status.Ok && freshLen > 0) status = drbg.reseed(ctx, fresh, freshLen, more, moreLen);
  if (status == Status.Ok) status = drbg.generate(room, outLen, ctx);
  if (status == Status.Ok) status = drbg.generate(room, outLen, ctx);
  return status == Status.Ok ? outLen : status;
}

/** A field that has one length only. */
function exact(len: u32): usize {
  if (reader.u16() != len) reader.fail();
  return reader.take(len);
}

function seal(aes: boolean): i32 {
  const key = exact(aes ? aes128gcm.KEY_BYTES : aead.KEY_BYTES);
  const nonce = exact(aead.NONCE_BYTES);
  const adLen = reader.u16(),
    ad = reader.take(adLen);
  const textLen = reader.u16(),
    text = reader.take(textLen);
  if (!reader.ok()) return Status.Malformed;
  const tag = scratch.take(aead.TAG_BYTES);
  if (aes) aes128gcm.seal(text, tag, key, nonce, ad, adLen, text, textLen);
  else aead.seal(text, tag, key, nonce, ad, adLen, text, textLen);
  memory.copy(room, text, textLen);
  memory.copy(room + textLen, tag, aead.TAG_BYTES);
  return textLen + aead.TAG_BYTES;
}

function open(aes: boolean): i32 {
  const key = exact(aes ? aes128gcm.KEY_BYTES : aead.KEY_BYTES);
  const nonce = exact(aead.NONCE_BYTES);
  const adLen = reader.u16(),
    ad = reader.take(adLen);
  const textLen = reader.u16(),
    text = reader.take(textLen);
  const tag = exact(aead.TAG_BYTES);
  if (!reader.ok()) return Status.Malformed;
  const status = aes
    ? aes128gcm.open(text, key, nonce, ad, adLen, text, textLen, tag)
    : aead.open(text, key, nonce, ad, adLen, text, textLen, tag);
  if (status != Status.Ok) return status;
  memory.copy(room, text, textLen);
  return textLen;
}
