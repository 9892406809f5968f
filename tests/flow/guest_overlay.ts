/** The product's guest, with its overlay in view. */
import * as overlay from "../../assembly/lib/overlay";
import { OVERLAY_BYTES } from "../../assembly/config";

export * from "../../assembly/main";

export function overlayPlace(): usize {
  return overlay.place;
}

export function overlayBytes(): u32 {
  return OVERLAY_BYTES;
}

export function overlayOwner(): u32 {
  return overlay.owner;
}

/** A planted fault: write to the overlay without a claim. */
export function trespass(): void {
  store<u8>(overlay.place, 1);
}
