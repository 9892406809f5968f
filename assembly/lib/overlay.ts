/**
 * The overlay: one place for two owners whose lives do not meet. The handshake of TLS owns it until this client's Finished is
 * out; the answer of the server owns it from the question until it was acted upon, or for a turn longer if it has a command,
 * which the application may read. An owner claims it, and gives it back wiped. A claim while the other owner lives traps:
 * neither reads or writes bytes of the other.
 */
import { OVERLAY_BYTES } from "../config";

/** Owners of the overlay. */
export const enum Owner {
  None = 0,
  Handshake = 1,
  Answer = 2,
}

/** The OVERLAY_BYTES, for their owner alone. */
export const place: usize = memory.data(OVERLAY_BYTES, 8);
export let owner: u32 = Owner.None;

/** Take the overlay. Its owner may claim it again; a claim while another owns it is a bug of ours and traps. */
export function claim(by: Owner): void {
  if (owner != <u32>by && owner != <u32>Owner.None) unreachable();
  owner = by;
}

/** Wipe the overlay and give it back. Nothing happens if `by` does not own it. */
export function release(by: Owner): void {
  if (owner != <u32>by) return;
  memory.fill(place, 0, OVERLAY_BYTES);
  owner = Owner.None;
}
