/** The key exchange groups, one row each (RFC 8446 §4.2.7): number, sizes, key share and shared secret. */
import { Status } from "../lib/status";
import { Writer } from "../lib/writer";
import * as x25519 from "../crypto/x25519";

export const enum Group {
  X25519 = 0x001d,
}

/** Bytes of the longest private scalar, public share and shared secret. */
export const SCALAR_BYTES: u32 = x25519.SCALAR_BYTES;
export const SHARE_BYTES: u32 = x25519.POINT_BYTES;
export const SECRET_BYTES: u32 = x25519.POINT_BYTES;

/** Write the groups that are offered, best first: the body of supported_groups. */
export function offer(w: Writer): void {
  w.u16(2);
  w.u16(Group.X25519);
}

/** Write the share that is offered: the body of key_share (§4.2.8). */
export function offerShare(w: Writer, share: usize): void {
  w.u16(4 + SHARE_BYTES);
  w.u16(Group.X25519);
  w.u16(SHARE_BYTES);
  w.bytes(share, SHARE_BYTES);
}

/** True if a share of this group was offered. */
export function offered(group: u32): bool {
  return group == Group.X25519;
}

/** Make the public share that belongs to `scalar`. CT: nothing leaks. */
export function share(out: usize, scalar: usize): void {
  x25519.publicKey(out, scalar);
}

/** Derive the shared secret; Malformed if the share is not of its group's length, Forged if it is a point to refuse. */
export function derive(out: usize, scalar: usize, theirs: usize, len: u32): Status {
  if (len != SHARE_BYTES) return Status.Malformed;
  return x25519.derive(out, scalar, theirs);
}
