/** One C file made of many: includes of ours are replaced by what they hold, each header once. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Names that a host could have too, and those that it sees instead. Order: the longer pattern first. */
const RENAMES: readonly (readonly [RegExp, string])[] = [
  [/\b(?=(?:uart|console|flash|entropy)_(?:read|write|quality|program|erase)\b)/g, "signet_port_"],
  [/\bclock_ms\b/g, "signet_port_clock_ms"],
  [/\b(?=STORE_PAGE(?:S|_BYTES)\b)/g, "SIGNET_"],
  [/\b(?=cpu_[a-z])/g, "signet_"],
];

/** Functions that have a declaration of their own in boards/common, and are static in a library. */
const STATIC = /^((?:_Noreturn )?)(?=(?:void|uint32_t|u32) (?:trap|words_gather|words_scatter)\()/gm;

/** Headers of an image whose names boards/library/library.h declares. */
const REPLACED = new Set(["guest.h", "epitaph.h", "event.h", "port.h", "stack.h"]);
/** Headers of the export that stay includes. */
const KEPT = new Set(["signet.h", "signet_port.h"]);

/** Give every name that a linker or a preprocessor of the host sees its prefix. */
export function prefixed(text: string): string {
  return RENAMES.reduce((renamed, [from, to]) => renamed.replaceAll(from, to), text).replaceAll(STATIC, "$1static ");
}

/** Make one text of `sources`; an include is looked for in `folders`, and stays if it is in none. */
export function amalgamate(sources: readonly string[], folders: readonly string[]): string {
  const seen = new Set<string>();
  const find = (name: string): string | undefined =>
    folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
  const inline = (path: string): string =>
    readFileSync(path, "utf8")
      .replaceAll(/^#pragma once\n/gm, "")
      .replaceAll(/^#if __has_include\("([^"]+)"\)$/gm, (_, name: string) => `#if ${find(name) ? 1 : 0}`)
      .replaceAll(/^#include "([^"]+)".*$/gm, (line, name: string) => {
        const file = find(name);
        if (KEPT.has(name) || file === undefined) return line;
        if (REPLACED.has(name) || seen.has(file)) return "";
        seen.add(file);
        return inline(file);
      });
  return prefixed(sources.map(inline).join("\n")).replaceAll(/\n{3,}/g, "\n\n");
}
