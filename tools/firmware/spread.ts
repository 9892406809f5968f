/**
 * The layout of a store in flash. Most chips hold its bytes one after the other. Where a chip takes few writes between two
 * erasures, the store uses only the beginning of each piece of flash (`Store.spread`).
 */
import type { Store } from "./board.ts";

const WHOLE = { of: 1, used: 1 };

/** Bytes of flash behind `bytes` of a store. */
export function flashBytes({ spread: { of, used } = WHOLE }: Store, bytes: number): number {
  return (bytes / used) * of;
}

/** The end of a store in flash. */
export function end(store: Store): number {
  return store.origin + flashBytes(store, store.pageBytes * store.pages);
}

/** Lay out whole pieces of a store as flash has them; the rest of flash stays erased. */
export function toFlash(store: Store, bytes: Uint8Array): Buffer {
  const { of, used } = store.spread ?? WHOLE;
  const flash = Buffer.alloc(flashBytes(store, bytes.length), 0xff);
  for (let at = 0; at < bytes.length; at += used) flash.set(bytes.subarray(at, at + used), (at / used) * of);
  return flash;
}

/** Gather the bytes of a store from its flash. */
export function fromFlash(store: Store, flash: Uint8Array): Buffer {
  const { of, used } = store.spread ?? WHOLE;
  const bytes = Buffer.alloc(Math.floor(flash.length / of) * used);
  for (let at = 0; at < bytes.length; at += used) {
    const from = (at / used) * of;
    bytes.set(flash.subarray(from, from + used), at);
  }
  return bytes;
}
