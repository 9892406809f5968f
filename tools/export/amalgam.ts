/** Join C files into one: replace includes of ours by their contents, each header once. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Names that a host could have too, and their replacements in the export. Order: the longer pattern first. */
const RENAMES: readonly (readonly [RegExp, string])[] = [
  [/\b(?=(?:uart|console|flash|entropy)_(?:read|write|quality|program|erase)\b)/g, "signet_port_"],
  [/\bclock_ms\b/g, "signet_port_clock_ms"],
  [/\b(?=module_(?:power|reset)\b)/g, "signet_port_"],
  [/\b(?=STORE_PAGE(?:S|_BYTES)\b)/g, "SIGNET_"],
  [/\b(?=cpu_[a-z])/g, "signet_"],
];

/** Functions that have a declaration of their own in boards/common, and are static in a library. */
const STATIC = /^((?:_Noreturn )?)(?=(?:void|uint32_t|uint64_t|u32|u64) (?:trap|words_gather\d|words_scatter\d)\()/gm;

/** Headers of an image whose names boards/library/library.h declares. */
const REPLACED = new Set(["guest.h", "epitaph.h", "event.h", "port.h", "stack.h"]);
/** Headers of the export that stay includes. */
const KEPT = new Set(["signet.h", "signet_port.h"]);

/** Give every name that a linker or a preprocessor of the host sees its prefix. */
export function prefixed(text: string): string {
  return RENAMES.reduce((renamed, [from, to]) => renamed.replaceAll(from, to), text).replaceAll(STATIC, "$1static ");
}

/** Return the number of conditions that a line opens less those that it closes. */
function opened(line: string): number {
  if (/^#\s*if/.test(line)) return 1;
  return /^#\s*endif/.test(line) ? -1 : 0;
}

/**
 * Make one text of `sources`; an include is looked for in `folders`, and stays if it is in none. A header that is included
 * inside a condition may be left out by the preprocessor: it is written again, behind a guard, where it is included next.
 */
export function amalgamate(sources: readonly string[], folders: readonly string[]): string {
  const written = new Set<string>();
  const find = (name: string): string | undefined =>
    folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
  const include = (line: string, name: string, isCertain: boolean): string => {
    const file = find(name);
    if (KEPT.has(name) || file === undefined) return line;
    if (REPLACED.has(name) || written.has(file)) return "";
    if (isCertain) written.add(file);
    const guard = `SIGNET_HAS_${name.toUpperCase().replaceAll(/\W/g, "_")}`;
    return `#ifndef ${guard}\n#define ${guard}\n${inline(file, isCertain)}\n#endif`;
  };
  const inline = (path: string, isCertain: boolean): string => {
    let depth = 0;
    const lines = readFileSync(path, "utf8")
      .replaceAll(/^#(?:pragma once|line .*)\n/gm, "")
      .replaceAll(/^#if __has_include\("([^"]+)"\)$/gm, (_, name: string) => `#if ${find(name) ? 1 : 0}`)
      .split("\n");
    const [outer = ""] = /^#ifndef \w+_H_$/m.exec(lines.find((line) => line.startsWith("#")) ?? "") ?? [];
    return lines
      .map((line) => {
        depth += opened(line);
        const [, name] = /^#include "([^"]+)"/.exec(line) ?? [];
        return name === undefined ? line : include(line, name, isCertain && depth === (outer === "" ? 0 : 1));
      })
      .join("\n");
  };
  return prefixed(sources.map((path) => inline(path, true)).join("\n")).replaceAll(/\n{3,}/g, "\n\n");
}
