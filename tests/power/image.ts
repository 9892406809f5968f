/** Flash as devices of some age leave it, and what is in it: what damage is done to. */
import { Flash, type FlashShape } from "../../tools/guest/flash.ts";
import type * as store from "../../tools/wire/store.ts";
import { live, page } from "./life.ts";
import { type Memory, Witness } from "./witness.ts";

export interface Image {
  readonly name: string;
  readonly shape: FlashShape;
  readonly bytes: Uint8Array;
  /** The server's knowledge at that time. */
  readonly memory: Memory;
}

interface Life {
  readonly name: string;
  readonly shape: FlashShape;
  /** Reports of each start. */
  readonly starts: readonly number[];
  /** The start before which the server orders another key. */
  readonly rotates?: number;
}

const MICROBIT = { pageBytes: 1024, pages: 16 };

export const LIVES: readonly Life[] = [
  { name: "40 starts, pages turned", shape: MICROBIT, starts: Array<number>(40).fill(1) },
  { name: "one start, 3 reports", shape: MICROBIT, starts: [3] },
  { name: "rotated once, three starts", shape: MICROBIT, starts: [2, 2, 14], rotates: 1 },
  { name: "one start, pages of 4 KiB", shape: { pageBytes: 4096, pages: 16 }, starts: [3] },
];

/** Let a device live, and keep what its flash and its server hold then. */
export function image({ name, shape, starts, rotates }: Life, unitBytes: 4 | 8): Image {
  const flash = new Flash({ ...shape, unitBytes });
  const witness = new Witness();
  flash.provision(page(witness));
  for (const [start, reports] of starts.entries()) {
    if (start === rotates) witness.memory = { ...witness.memory, order: 1 };
    live(flash, witness, reports, 100 + start);
  }
  return { name: `${name}, units of ${unitBytes}`, shape: flash.shape, bytes: flash.bytes, memory: witness.memory };
}

/** The numbers in a store that must not go back. */
export function numbers({ live: records }: store.StoreDump): ReadonlyMap<string, number> {
  const number = (data: Uint8Array): number => new DataView(data.buffer, data.byteOffset).getUint32(0, true);
  const names = ["counter", "boots", "command", "time"];
  return new Map(names.flatMap((name) => (records.has(name) ? [[name, number(records.get(name)!)]] : [])));
}
