/** The data written to a board: the firmware, and optionally its factory page and erased pages of its store. */
import { readFileSync } from "node:fs";
import type { Board } from "../firmware/board.ts";
import * as spread from "../firmware/spread.ts";
import { Trouble } from "../trouble.ts";
import * as hex from "./hex.ts";
import type { Segment } from "./hex.ts";

/** The firmware's segments, each inside the board's flash. */
export function firmware(hexFile: string, board: Board): Segment[] {
  const segments = hex.parse(readFileSync(hexFile, "utf8"), hexFile);
  const { origin, bytes } = board.flash;
  const { store } = board;
  const storeEnd = spread.end(store);
  for (const segment of segments) {
    if (segment.address < storeEnd && segment.address + segment.bytes.length > store.origin)
      throw new Trouble(`${hexFile} contains pages of the store of one device`, "give the firmware without them");
    if (segment.address < origin || segment.address + segment.bytes.length > origin + bytes)
      throw new Trouble(`${hexFile} does not fit the board's flash`, "build it again for this board");
  }
  return segments;
}

/** The whole factory page: its old contents are lost. */
export function factoryPage(page: Uint8Array, board: Board): Segment {
  const { origin, pageBytes } = board.store;
  if (page.length > pageBytes)
    throw new Trouble(
      `the factory page has ${page.length} bytes, the board's pages ${pageBytes}`,
      "shorten its texts, or its chain of certificates",
    );
  const bytes = Buffer.alloc(pageBytes, 0xff);
  bytes.set(page);
  return { address: origin, bytes: spread.toFlash(board.store, bytes) };
}

/** The store's other pages, erased: the device forgets its key and everything else. */
export function blankStore(board: Board): Segment {
  const { store } = board;
  const address = store.origin + spread.flashBytes(store, store.pageBytes);
  return { address, bytes: Buffer.alloc(spread.end(store) - address, 0xff) };
}

/** Number of bytes. */
export function size(segments: readonly Segment[]): number {
  return segments.reduce((sum, { bytes }) => sum + bytes.length, 0);
}
