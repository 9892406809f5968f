/** The board's flash as the file that the emulator keeps it in. */
import { closeSync, existsSync, ftruncateSync, openSync, statSync, writeSync } from "node:fs";
import type { Machine } from "../emulator/qemu.ts";
import { equal } from "../wire/bytes.ts";
import * as ed25519 from "../wire/ed25519.ts";

const MiB = 1024 * 1024;

/** Write the factory page, as a programmer does before the first start; the other pages stay, or are erased if new. */
export function writeFactoryPage(path: string, board: Machine, page: Uint8Array): void {
  const { pageBytes, pages } = board.store;
  const bytes = fileBytes(board);
  if (page.length > pageBytes) throw new RangeError(`a factory page has at most ${pageBytes} bytes`);
  const isNew = !existsSync(path) || statSync(path).size !== bytes;
  const file = openSync(path, isNew ? "w" : "r+");
  writeSync(file, Buffer.alloc(isNew ? pageBytes * pages : pageBytes, 0xff), 0, undefined, 0);
  writeSync(file, page, 0, undefined, 0);
  if (isNew) ftruncateSync(file, bytes);
  closeSync(file);
}

/**
 * Find the secret of a public key in a store, as an attacker with the chip in hand could: it is there, and so a search of the
 * traffic for it means something. Undefined if no aligned 32 bytes are the seed of that key.
 */
export function findSecret(store: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined {
  const words = new DataView(store.buffer, store.byteOffset, store.byteLength);
  for (let at = 0; at + ed25519.SEED_BYTES <= store.length; at += 4) {
    const seed = store.subarray(at, at + ed25519.SEED_BYTES);
    if (words.getUint32(at) === 0xffff_ffff) continue;
    if (equal(ed25519.fromSeed(seed).publicKey, publicKey)) return new Uint8Array(seed);
  }
  return undefined;
}

/** Size of the file: the store alone, or the machine's memory in which it lies first. */
function fileBytes({ qemu, store }: Machine): number {
  return qemu?.storeRam === undefined ? store.pageBytes * store.pages : Number.parseInt(qemu.storeRam, 10) * MiB;
}
