/** The store in a dump of flash: of a program of one's own, or of a board. */
import { loadBoard } from "../firmware/board.ts";
import { storeOf } from "../firmware/own.ts";
import { run } from "../firmware/run.ts";
import * as spread from "../firmware/spread.ts";
import { Trouble } from "../trouble.ts";

/** Return a function that takes the store out of a dump that begins at the first address of the program `elf`. */
export async function storeIn(elf: string): Promise<(dump: Uint8Array) => Uint8Array> {
  const { origin, pageBytes, pages } = await storeOf(elf);
  const loaded = (await run("arm-none-eabi-objdump", ["-h", elf])).matchAll(
    /^ *\d+ \S+ +([\da-f]{8}) +[\da-f]{8} +([\da-f]{8}) .*\n.*\bLOAD\b/gm,
  );
  const addresses = [...loaded].filter(([, bytes]) => Number.parseInt(bytes!, 16) > 0);
  const first = Math.min(...addresses.map(([, , address]) => Number.parseInt(address!, 16)));
  const at = origin - first;
  return (dump) => {
    if (at < 0 || at + pageBytes * pages > dump.length)
      throw new Trouble(
        `the store is at 0x${origin.toString(16)}, and the dump has ${dump.length} bytes from 0x${first.toString(16)}`,
        "read the flash from the program's beginning to the end of the store",
      );
    return dump.subarray(at, at + pageBytes * pages);
  };
}

/** Return a function that gathers the store from a dump that begins at the store of a board. */
export async function storeOn(boardName: string): Promise<(dump: Uint8Array) => Uint8Array> {
  const { store } = await loadBoard(boardName);
  return (dump) => spread.fromFlash(store, dump);
}
