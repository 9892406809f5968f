/** The size of an image on a board, in all, by folder and by source. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import type { Listing } from "./listing.ts";
import { run } from "./run.ts";

export interface Size {
  readonly flash: number;
  readonly linear: number;
  readonly stack: number;
  /**
   * Flash by origin: the folders of `assembly/` (`crypto` with its tables and assembly), `constants` for the text and lists of
   * `assembly/`, `guest` for words and calls in, `boards` for C of ours, `library` for the compiler's.
   */
  readonly parts: Record<string, number>;
  /** The same flash by file: AssemblyScript, and the objects of all else. */
  readonly sources: Record<string, number>;
}

/** The guest's object, whose instructions come from many sources. */
const GUEST = "boards_common_guest.c";

/** The folder of a source, and the other parts. */
function partOf(source: string): string {
  const folder = /^(?:assembly|tests)\/([^/]+)\//.exec(source)?.[1];
  if (folder !== undefined) return folder;
  if (source.startsWith("assembly/")) return "main";
  if (source.startsWith("~lib/")) return "language";
  if (/^table_|^boards_common_cpu_/.test(source)) return "crypto";
  if (source === "constants") return "constants";
  if (source === GUEST) return "guest";
  return source.endsWith(".a") ? "library" : "boards";
}

interface Section {
  readonly name: string;
  readonly address: number;
  readonly bytes: number;
  /** The object's name without its folder and `.o`, or the library's. */
  readonly object: string;
}

/**
 * The sections of a GNU ld map that land in flash. The linker keeps equal strings once, in one section, and lists the other
 * sections of strings with their old size at the address of the next section: a section ends where the next one begins.
 */
function sections(map: string): Section[] {
  const body = map.slice(map.indexOf("Linker script and memory map"));
  const entry = /^ (\.(?:text|rodata|vectors|boot|ram_code|data)\S*)\s+(0x[0-9a-f]+)\s+(0x[0-9a-f]+) (\S.*)$/gm;
  const found = [...body.replace(/^( \.\S+)\n\s+/gm, "$1 ").matchAll(entry)];
  return found.map(([, name = "", address, bytes, object = ""], i) => {
    const room = Number(found[i + 1]?.[2]) - Number(address);
    return {
      name: name.replace(/^\.(?:text|rodata|ram_code|data)\.(?:unlikely\.|hot\.|startup\.)?/, ""),
      address: Number(address),
      bytes: room >= 0 ? Math.min(Number(bytes), room) : Number(bytes),
      object: basename(object.replace(/\(.*\)$/, "")).replace(/\.o$/, ""),
    };
  });
}

/** One source of several bytes. */
type Share = readonly [source: string, bytes: number];

/**
 * Share the guest's code out, instruction by instruction, by its debugging information. An inlined word or import counts for the
 * line of AssemblyScript in which it stands, a literal for the code before it.
 */
function shareOut({ addresses, framesAt }: Listing, code: readonly Section[]): Share[] {
  return code.flatMap(({ address, bytes }) => {
    const own = addresses.filter((at) => at >= address && at < address + bytes);
    return own.map((at, i): Share => {
      const source = framesAt(at).find(({ file }) => file.endsWith(".ts"))?.file ?? GUEST;
      return [source, (own[i + 1] ?? address + bytes) - at];
    });
  });
}

/** Sum per name, the largest first. */
function sums(shares: readonly Share[]): Record<string, number> {
  const sum = new Map<string, number>();
  for (const [name, bytes] of shares) sum.set(name, (sum.get(name) ?? 0) + bytes);
  return Object.fromEntries([...sum].toSorted(([a, m], [b, n]) => n - m || a.localeCompare(b)));
}

/** Measure a linked image. */
export async function measure(elf: string, listing: Listing, map: string, linear: number): Promise<Size> {
  const symbols = new Map<string, number>();
  for (const line of (await run("arm-none-eabi-nm", [elf])).split("\n")) {
    const [address, , name] = line.split(" ");
    if (address && name) symbols.set(name, Number.parseInt(address, 16));
  }
  const span = (from: string, to: string): number => (symbols.get(to) ?? 0) - (symbols.get(from) ?? 0);
  const filled = sections(readFileSync(map, "utf8")).filter(({ bytes }) => bytes > 0);
  const isData = ({ name }: Section): boolean => /^(?:table_|constants$)/.test(name);
  const isGuests = (section: Section): boolean => section.object === GUEST && !isData(section);
  const plain = filled.filter((section) => !isGuests(section));
  const shares = [
    ...plain.map((section): Share => [isData(section) ? section.name : section.object, section.bytes]),
    ...shareOut(listing, filled.filter(isGuests)),
  ];
  return {
    flash: span("__flash_start", "__flash_end"),
    linear,
    stack: span("__stack_limit", "__stack_top"),
    parts: sums(shares.map(([source, bytes]) => [partOf(source), bytes])),
    sources: sums(shares),
  };
}
