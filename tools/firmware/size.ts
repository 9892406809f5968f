/** The size of an image on a board, in all and by folder. */
import { readFileSync } from "node:fs";
import { run } from "./run.ts";

export interface Size {
  readonly flash: number;
  readonly linear: number;
  readonly stack: number;
  /**
   * Flash by origin: the folders of `assembly/` (`crypto` with its tables and assembly), `guest` for the calls in with what was
   * inlined into them, `boards` for C of ours, `library` for the compiler's.
   */
  readonly parts: Record<string, number>;
}

/** wasm2c's spelling of the functions of a folder, as in w2c_assembly_crypto_sha256_update. */
const GUEST = /^w2c_(?:assembly|tests)_([a-z0-9]+)_/;

function partOf(symbol: string, file: string): string {
  const name = symbol.replace(/\.(constprop|part|isra|cold|lto_priv)(\.\d+)?/g, "");
  const folder = GUEST.exec(name)?.[1];
  if (folder !== undefined) return folder;
  if (name.startsWith("w2c_assembly_main")) return "main";
  if (name.startsWith("w2c_")) return "language";
  if (name.startsWith("data_segment_data_")) return "constants";
  if (name.startsWith("table_") || /boards_common_cpu_\w+\.S\.o$/.test(file)) return "crypto";
  if (file.endsWith("boards_common_guest.c.o")) return "guest";
  return file.endsWith(".a") ? "library" : "boards";
}

/** The sections of a GNU ld map that land in flash: [symbol or section, bytes, object]. */
function* inputSections(map: string): Generator<{ name: string; bytes: number; object: string }> {
  const body = map.slice(map.indexOf("Linker script and memory map"));
  const entry = /^ (\.(?:text|rodata|vectors|boot|ram_code|data)\S*)\s+0x[0-9a-f]+\s+0x([0-9a-f]+) (\S.*)$/gm;
  for (const [, name, bytes, object] of body.replace(/^( \.\S+)\n\s+/gm, "$1 ").matchAll(entry)) {
    yield { name: name ?? "", bytes: Number.parseInt(bytes ?? "0", 16), object: object ?? "" };
  }
}

/** Attribute every input section in flash to a part, by the function or object that it is named after. */
export function parts(map: string): Record<string, number> {
  const sum = new Map<string, number>();
  for (const { name, bytes, object } of inputSections(map)) {
    const symbol = name.replace(/^\.(?:text|rodata|ram_code|data)\.(?:unlikely\.|hot\.|startup\.)?/, "");
    const part = partOf(symbol, object.replace(/\(.*\)$/, ""));
    if (bytes > 0) sum.set(part, (sum.get(part) ?? 0) + bytes);
  }
  return Object.fromEntries([...sum].toSorted(([a], [b]) => a.localeCompare(b)));
}

/** Measure a linked image. */
export async function measure(elf: string, map: string, linear: number): Promise<Size> {
  const symbols = new Map<string, number>();
  for (const line of (await run("arm-none-eabi-nm", [elf])).split("\n")) {
    const [address, , name] = line.split(" ");
    if (address && name) symbols.set(name, Number.parseInt(address, 16));
  }
  const span = (from: string, to: string): number => (symbols.get(to) ?? 0) - (symbols.get(from) ?? 0);
  return {
    flash: span("__flash_start", "__flash_end"),
    linear,
    stack: span("__stack_limit", "__stack_top"),
    parts: parts(readFileSync(map, "utf8")),
  };
}
