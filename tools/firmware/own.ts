/** A program of one's own that has Signet in it: what its ELF says of the store. */
import { Trouble } from "../trouble.ts";
import type { Store } from "./board.ts";
import { symbols } from "./symbols.ts";

/** The symbol at the store's beginning, which the program gives; the library gives the other two. */
const STORE = "signet_port_store";
const PAGE_BYTES = "signet_store_page_bytes";
const PAGES = "signet_store_pages";

/** Find the store of the program `elf`; `origin` stands for the symbol that it may lack. */
export async function storeOf(elf: string, origin?: number): Promise<Store> {
  const find = await symbols(elf);
  const value = (name: string): number | undefined => {
    try {
      return find(name).address;
    } catch {
      return undefined;
    }
  };
  const [pageBytes, pages] = [value(PAGE_BYTES), value(PAGES)];
  if (pageBytes === undefined || pages === undefined)
    throw new Trouble(
      `${elf} does not contain Signet`,
      "link the folder that `signet export` writes, and do not strip",
    );
  const at = origin ?? value(STORE);
  if (at === undefined)
    throw new Trouble(
      `${elf} has no symbol ${STORE}`,
      `define it at the store's beginning, in C or in the linker script; or give its address`,
    );
  return { origin: at, pageBytes, pages };
}
