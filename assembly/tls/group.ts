/** The key exchange groups, one row each (RFC 8446 §4.2.7): number, sizes, key share and shared secret. */
import * as bytes from "../lib/bytes";
import * as scratch from "../lib/scratch";
import { Status } from "../lib/status";
import { Writer } from "../lib/writer";
import * as ecdh256 from "../crypto/ecdh256";
import * as sha256 from "../crypto/sha256";
import * as x25519 from "../crypto/x25519";
import { SECP256R1 } from "./profile";

export const enum Group {
  Secp256r1 = 0x0017,
  X25519 = 0x001d,
}

/** True if there is more than one row. */
export const SEVERAL: bool = SECP256R1;
/** Bytes of a private scalar and of a shared secret, the same for every row, and of the longest public share. */
export const SCALAR_BYTES: u32 = x25519.SCALAR_BYTES;
export const SHARE_BYTES: u32 = SECP256R1 ? ecdh256.KEY_BYTES : x25519.POINT_BYTES;
export const SECRET_BYTES: u32 = x25519.POINT_BYTES;

/** The group of the share that is offered: the first, or the one that a HelloRetryRequest asked for. */
let group: u32 = Group.X25519;

/** Take a group that was offered. */
@inline
export function choose(row: u32): void {
  if (SEVERAL) group = row;
}

/** The group of the share that is offered. */
@inline
export function chosen(): u32 {
  return SEVERAL ? group : Group.X25519;
}

/** The group of a first hello. */
export const FIRST: u32 = Group.X25519;

/** Bytes of the share that is offered. */
@inline
function shareBytes(): u32 {
  return SECP256R1 && group == Group.Secp256r1 ? ecdh256.KEY_BYTES : x25519.POINT_BYTES;
}

/** Write the groups that are offered, best first: the body of supported_groups. */
export function offer(w: Writer): void {
  w.u16(SECP256R1 ? 4 : 2);
  w.u16(Group.X25519);
  if (SECP256R1) w.u16(Group.Secp256r1);
}

/** Write the share that is offered: the body of key_share (§4.2.8). */
export function offerShare(w: Writer, share: usize): void {
  w.u16(4 + shareBytes());
  w.u16(chosen());
  w.u16(shareBytes());
  w.bytes(share, shareBytes());
}

/** True if a retry may ask for this group: it was offered, and its share was not sent (§4.1.4). */
export function spare(row: u32): bool {
  return SECP256R1 && row == Group.Secp256r1 && group != row;
}

/**
 * Make the public share that belongs to `scalar`. Forged in one of 2^32 cases with P-256. With P-256 the scalar is replaced by its hash first: the
 * share of X25519 was made of it, and has been sent.
 *
 * CT: nothing leaks but the verdict.
 */
export function share(out: usize, scalar: usize): Status {
  if (SECP256R1 && group == Group.Secp256r1) {
    const digest = scratch.take(sha256.DIGEST_BYTES);
    sha256.hash(digest, scalar, SCALAR_BYTES);
    bytes.copy(scalar, digest, SCALAR_BYTES);
    scratch.release(digest);
    return ecdh256.publicKey(out, scalar);
  }
  x25519.publicKey(out, scalar);
  return Status.Ok;
}

/** Derive the shared secret; Malformed if the share is not of its group's length, Forged if it is a point to refuse. */
export function derive(out: usize, scalar: usize, theirs: usize, len: u32): Status {
  if (len != shareBytes()) return Status.Malformed;
  if (SECP256R1 && group == Group.Secp256r1) return ecdh256.derive(out, scalar, theirs);
  return x25519.derive(out, scalar, theirs);
}
