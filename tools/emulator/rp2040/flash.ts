/** The serial flash: programming clears bits, erasing sets a sector's; the store's part of it is a file. */
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import type { Store } from "../../firmware/board.ts";

export const PROGRAM_BYTES = 256;
export const SECTOR_BYTES = 4096;

const XIP = 0x1000_0000;

/** Power goes half-way through one operation on flash, counted from 0. */
export interface Cut {
  readonly operation: number;
  /** Finished part of it, from 0 to 1. */
  readonly done: number;
}

export class Flash {
  readonly bytes: Uint8Array;
  private readonly file: number | undefined;
  private readonly store: Store;
  private operations = 0;

  /** 2 MiB, all erased but for the file's bytes in the place of the store. */
  constructor(bytes: number, store: Store, path: string | undefined) {
    this.bytes = new Uint8Array(bytes).fill(0xff);
    this.store = store;
    if (path === undefined) return;
    this.bytes.set(readFileSync(path).subarray(0, store.pageBytes * store.pages), store.origin - XIP);
    this.file = openSync(path, "r+");
  }

  /** Erase a sector. Cut short, its first part is erased and the rest is as it was. */
  erase(at: number, cut?: Cut): void {
    this.change(at, SECTOR_BYTES, cut, () => 0xff);
  }

  /** Program a page: bits can only be cleared. Cut short, its first bytes are programmed and the rest is as it was. */
  program(at: number, data: Uint8Array, cut?: Cut): void {
    this.change(at, PROGRAM_BYTES, cut, (old, i) => old & (data[i] ?? 0xff));
  }

  private change(at: number, len: number, cut: Cut | undefined, next: (old: number, i: number) => number): void {
    const isCut = cut?.operation === this.operations++;
    const done = isCut ? Math.floor(len * cut.done) : len;
    for (let i = 0; i < done; i++) this.bytes[at + i] = next(this.bytes[at + i] ?? 0xff, i);
    this.keep(at, done);
    if (isCut) process.exit(0);
  }

  private keep(at: number, len: number): void {
    const start = this.store.origin - XIP;
    const end = start + this.store.pageBytes * this.store.pages;
    if (this.file === undefined || at < start || at + len > end) return;
    writeSync(this.file, this.bytes, at, len, at - start);
  }

  close(): void {
    if (this.file !== undefined) closeSync(this.file);
  }
}
