/**
 * Ed25519 (RFC 8032) under Signet's one rule: canonical encodings of A and R only, S < L, A and R not of small order,
 * and the equation without the cofactor.
 *
 * libsodium 1.0.20 (sodium-native 4) computes [S]B - [k]A and compares its encoding with R: the cofactorless equation, which matches a
 * canonical R only. Later versions of libsodium may use the equation with the cofactor: tests/vectors/rule.test.ts refuses such a version.
 * The checks before it do not depend on what the library refuses by itself.
 */
import { createPrivateKey, type KeyObject } from "node:crypto";
import sodium from "sodium-native";
import { concat, equal } from "./bytes.ts";

export const SEED_BYTES = 32;
export const KEY_BYTES = 32;
export const SIGNATURE_BYTES = 64;

/** The DER around the seed of a private key (RFC 8410, PKCS #8). */
const PKCS8_HEAD = Uint8Array.from(Buffer.from("302e020100300506032b657004220420", "hex"));

/** The group order L = 2^252 + 27742317777372353535851937790883648493, little-endian. */
const ORDER = Uint8Array.from(Buffer.from("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010", "hex"));

/** p = 2^255 - 19, little-endian. */
const PRIME = Uint8Array.from(Buffer.from("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "hex"));

/**
 * The y coordinates of the eight points of small order, little-endian, the sign bit clear: 0 (order 4), 1 (the neutral
 * element), -1 (order 2) and the two of order 8. Both signs of x are refused with each.
 */
const SMALL_ORDER = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
].map((text) => Uint8Array.from(Buffer.from(text, "hex")));

/** Compare little-endian numbers of one length. */
function below(a: Uint8Array, limit: Uint8Array): boolean {
  for (let i = limit.length - 1; i >= 0; i--) {
    if (a[i]! !== limit[i]!) return a[i]! < limit[i]!;
  }
  return false;
}

/** Tell whether 32 bytes may encode a point: y < p, and not of small order. That it is on the curve is not checked here. */
function admissible(encoded: Uint8Array): boolean {
  const y = Uint8Array.from(encoded);
  y[31]! &= 0x7f;
  return below(y, PRIME) && !SMALL_ORDER.some((small) => equal(small, y));
}

/** A public key that passed the checks, ready to verify with. */
export interface VerifyKey {
  readonly bytes: Uint8Array;
}

/** Check and import a public key; undefined if the rule refuses it. */
export function importKey(key: Uint8Array): VerifyKey | undefined {
  return key.length === KEY_BYTES && admissible(key) ? { bytes: Uint8Array.from(key) } : undefined;
}

/** Verify a signature under Signet's rule with an imported key. */
export function verifyWith(signature: Uint8Array, key: VerifyKey, message: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_BYTES) return false;
  if (!below(signature.subarray(32), ORDER) || !admissible(signature.subarray(0, 32))) return false;
  return verifyAlone(signature, key, message);
}

/** Verify what passed the checks before: the part of it that costs. */
export function verifyAlone(signature: Uint8Array, key: VerifyKey, message: Uint8Array): boolean {
  return sodium.crypto_sign_verify_detached(signature, message, key.bytes);
}

/** Verify a signature under Signet's rule. */
export function verify(signature: Uint8Array, key: Uint8Array, message: Uint8Array): boolean {
  const imported = importKey(key);
  return imported !== undefined && verifyWith(signature, imported, message);
}

/** A key pair that signs. */
export interface SigningKey {
  readonly publicKey: Uint8Array;
  readonly object: KeyObject;
  /** The seed and the public key. */
  readonly secret: Uint8Array;
}

/** Make the key pair of a 32-byte seed. */
export function fromSeed(seed: Uint8Array): SigningKey {
  if (seed.length !== SEED_BYTES) throw new RangeError("an Ed25519 seed has 32 bytes");
  return fromObject(createPrivateKey({ key: Buffer.from(concat(PKCS8_HEAD, seed)), format: "der", type: "pkcs8" }));
}

/** Take the key pair of a private key that node:crypto holds. */
export function fromObject(object: KeyObject): SigningKey {
  if (object.type !== "private" || object.asymmetricKeyType !== "ed25519")
    throw new TypeError("not an Ed25519 private key");
  const der = object.export({ format: "der", type: "pkcs8" });
  const [publicKey, secret] = [new Uint8Array(KEY_BYTES), new Uint8Array(SEED_BYTES + KEY_BYTES)];
  sodium.crypto_sign_seed_keypair(publicKey, secret, der.subarray(PKCS8_HEAD.length));
  der.fill(0);
  return { publicKey, object, secret };
}

/** Sign deterministically (RFC 8032 §5.1.6). */
export function sign(key: SigningKey, message: Uint8Array): Uint8Array {
  const signature = new Uint8Array(SIGNATURE_BYTES);
  sodium.crypto_sign_detached(signature, message, key.secret);
  return signature;
}
