/** The one verification rule, written out with @noble's point arithmetic, and what it takes to forge signatures that probe it. */
import { createHash } from "node:crypto";
import { ED25519_TORSION_SUBGROUP, ed25519 } from "@noble/curves/ed25519.js";
import { concat, fromHex, hex } from "../../tools/wire/bytes.ts";

export type Point = InstanceType<typeof ed25519.Point>;
export const { Point } = ed25519;
export const ORDER = Point.Fn.ORDER;
export const PRIME = Point.Fp.ORDER;

/** The eight points of small order: the i-th is i times the first. */
export const TORSION: readonly Point[] = ED25519_TORSION_SUBGROUP.map((text) => Point.fromHex(text, true));

/** Judge by the rule: slow, and every step of it to be seen. */
export function judge(signature: Uint8Array, key: Uint8Array, message: Uint8Array): boolean {
  const a = point(key);
  const r = point(signature.subarray(0, 32));
  const s = little(signature.subarray(32));
  if (a === undefined || r === undefined || s >= ORDER) return false;
  const k = challenge(signature.subarray(0, 32), key, message);
  return r.add(times(a, k)).equals(times(Point.BASE, s));
}

/** Judge by the equation alone, as a verifier does that reads any encoding and refuses no point and no S. */
export function judgeLaxly(signature: Uint8Array, key: Uint8Array, message: Uint8Array): boolean {
  const a = lax(key);
  const r = lax(signature.subarray(0, 32));
  if (a === undefined || r === undefined) return false;
  const k = challenge(signature.subarray(0, 32), key, message);
  const multiple = times(a, a.isSmallOrder() ? k % 8n : k);
  return r.add(multiple).equals(times(Point.BASE, little(signature.subarray(32)) % ORDER));
}

/** Decode a canonical point that is not of small order. */
export function point(encoded: Uint8Array): Point | undefined {
  try {
    const found = Point.fromBytes(encoded, false);
    return hex(found.toBytes()) === hex(encoded) && !found.isSmallOrder() ? found : undefined;
  } catch {
    return undefined;
  }
}

/** Decode whatever has a point in any reading: y not reduced, and x = 0 with a sign. */
export function lax(encoded: Uint8Array): Point | undefined {
  const number = little(encoded);
  const [y, sign] = [(number & ((1n << 255n) - 1n)) % PRIME, number >> 255n];
  try {
    const found = Point.fromBytes(toLittle(y), true);
    return found.toAffine().x % 2n === sign ? found : found.negate();
  } catch {
    return undefined;
  }
}

/** Multiply by any scalar, zero among them. */
export function times(base: Point, scalar: bigint): Point {
  return scalar === 0n ? Point.ZERO : base.multiplyUnsafe(scalar);
}

/** The number that bytes stand for, least significant first. */
export function little(bytes: Uint8Array): bigint {
  return BigInt(`0x${hex(bytes.toReversed())}`);
}

/** The 32 bytes of a number, least significant first. */
export function toLittle(value: bigint): Uint8Array {
  return fromHex(value.toString(16).padStart(64, "0"))!.toReversed();
}

/** The scalar k = SHA-512(R ‖ A ‖ M) of a signature (RFC 8032 §5.1.7). */
export function challenge(r: Uint8Array, key: Uint8Array, message: Uint8Array): bigint {
  return little(createHash("sha512").update(r).update(key).update(message).digest()) % ORDER;
}

/** Bytes that a text leads to, the same in every run. */
export function bytes(text: string, length = 32): Uint8Array {
  const out = new Uint8Array(length);
  for (let at = 0, block = 0; at < length; at += 32, block++) {
    out.set(
      createHash("sha256")
        .update(`${text} ${block}`)
        .digest()
        .subarray(0, length - at),
      at,
    );
  }
  return out;
}

/** Sign with the scalars and the encodings given, for keys and commitments that no seed leads to. */
export function complete(
  secret: bigint,
  key: Uint8Array,
  nonce: bigint,
  r: Uint8Array,
  message: Uint8Array,
): Uint8Array {
  return concat(r, toLittle((nonce + challenge(r, key, message) * secret) % ORDER));
}
