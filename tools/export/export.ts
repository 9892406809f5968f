/** Write Signet as a folder of C for a project of one's own. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { EVENTS } from "../facts/device.ts";
import { cEnumeration } from "../facts/generate.ts";
import { REASONS } from "../facts/protocol.ts";
import { upper } from "../facts/spelling.ts";
import { type Board, loadBoard } from "../firmware/board.ts";
import { filesBelow } from "../firmware/cache.ts";
import { type ChoiceName, choose, LINKS, ROADS } from "../firmware/choices.ts";
import { buildGuest } from "../firmware/guest.ts";
import { BUILD, ROOT } from "../firmware/root.ts";
import { exportSbom } from "../firmware/sbom.ts";
import { Trouble } from "../trouble.ts";
import { amalgamate, prefixed } from "./amalgam.ts";
import { callsHeader } from "./calls.ts";
import { exampleOf } from "./example.ts";
import { measure, sizeTable } from "./sizes.ts";
import * as steps from "./steps.ts";

/** The board whose choices of cryptography a core takes. */
const CORES: Readonly<Record<Board["cpu"], string>> = {
  "cortex-m0": "microbit",
  "cortex-m0plus": "pico",
  "cortex-m3": "mps2-an385",
  "cortex-m4": "mps2-an386",
  "cortex-m7": "mps2-an500",
  "cortex-m33": "mps2-an505",
};

/** The choices for each way to authenticate a server. */
const PROFILES: Readonly<Record<string, readonly ChoiceName[]>> = {
  pinned: ["pins"],
  chains: [],
  "no-tls": ["no-tls"],
};

/** Bytes of a record of TLS, and what they let an image do with less. */
const WHOLE_RECORD = 1024;
const RECORDS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  512: { TLS_RECORD: 512, LINK_TX: 280 },
  [WHOLE_RECORD]: {},
};

/** Uses of MQTT, as choices of an image. Each needs TLS over a stream. */
export const MQTT_USES: Readonly<Record<string, readonly ChoiceName[]>> = {
  none: [],
  reports: ["mqtt"],
  client: ["pubsub"],
};

export interface ExportOptions {
  readonly core: string;
  readonly link: string;
  /** The use of MQTT; none by default. */
  readonly mqtt?: string | undefined;
  /** Authentication of the server in TLS: by a pinned key, by chains of certificates too, or none. */
  readonly profile: string;
  /** The smallest code of the cryptography. */
  readonly small: boolean;
  /** Bytes of a record of TLS, 512 or 1024; without it, those of the core's board. */
  readonly records?: number | undefined;
  /** Name of the board in the device's messages. */
  readonly name: string;
  readonly pageBytes: number;
  readonly pages: number;
  readonly out: string;
}

/** The guest of an export: its application is the host. */
const PROGRAM = { entry: "boards/library/guest.ts", app: join(ROOT, "boards/library/app") };

/** The folder whose files are copied, with its place in the export. */
const EXPORTED = [["boards/library/export", ""]] as const;

const MANIFEST = "MANIFEST.sha256";
const LICENCE = "/* SPDX-License-Identifier: Apache-2.0. Written by `signet export`; do not edit. */\n";
/** Stack below a caller that a call of the library may use, and overwrites; tests/export measures it. */
const STACK_BYTES = 2048;
/** Warnings that wasm2c's output raises by the hundred without a fault. */
const IGNORED = ["unused", "unused-but-set-variable", "unused-value", "unused-parameter", "parentheses"];

/** Find the value of a choice, or name the ones there are. */
function choice<Value>(table: Readonly<Record<string, Value>>, kind: string, name: string): Value {
  if (!Object.hasOwn(table, name))
    throw new Trouble(`there is no ${kind} "${name}"`, `it is one of: ${Object.keys(table).join(", ")}`);
  return table[name]!;
}

/** Bytes of a record of TLS on this core, unless the export chooses. */
export async function recordsOf({ core, records }: Pick<ExportOptions, "core" | "records">): Promise<number> {
  const { use }: Board = await loadBoard(choice(CORES, "core", core));
  return records ?? use.TLS_RECORD ?? WHOLE_RECORD;
}

/** True if there is TLS where link or MQTT need it, and MQTT is not in a tunnel. */
function fits({ link, profile, mqtt = "none" }: Pick<ExportOptions, "link" | "profile" | "mqtt">): boolean {
  const roads: readonly string[] = ROADS;
  const isTunnel = LINKS[link]?.some((name) => roads.includes(name)) ?? false;
  return Number(profile === "no-tls") + Number(isTunnel) + Number(mqtt !== "none") <= 1;
}

/** The compile-time choices of the export. */
async function choices(options: ExportOptions): Promise<Record<string, number>> {
  const { core, link, profile, small, mqtt = "none" } = options;
  const board = await loadBoard(choice(CORES, "core", core));
  const crypto = Object.entries<number>(board.use).filter(([name]) => name.startsWith("CRYPTO_"));
  const uses = choice(MQTT_USES, "use of MQTT", mqtt);
  const names = [...choice(LINKS, "link", link), ...uses, ...choice(PROFILES, "profile", profile)];
  if (!fits(options) && uses.length > 0)
    throw new Trouble("MQTT needs TLS over a stream", "choose --profile pinned or chains, and a link on TCP");
  if (!fits(options)) throw new Trouble(`the link ${link} carries TLS`, "choose --profile pinned or chains");
  const chosen = choose({ ...board, use: Object.fromEntries(crypto) }, small ? [...names, "small"] : names);
  const memory = choice(RECORDS, "size of records", String(await recordsOf(options)));
  return { ...chosen.use, ...memory, OWN_READINGS: 1 };
}

/** The version and the description in package.json. */
function product(): { readonly version: string; readonly description: string } {
  return JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as ReturnType<typeof product>;
}

/** The texts for `@NAME@` in the files of boards/library/export. */
function values({ core, pageBytes, pages }: ExportOptions, assembly: readonly string[]): Record<string, string> {
  const { version, description } = product();
  const packed = assembly.map((name) => `        <file category="source" name="${name}"/>`);
  return {
    CPU: core,
    /** The core's name in a CMSIS-Pack. */
    DCORE: core.replace("plus", "+").replace("cortex-m", "Cortex-M"),
    PAGE_BYTES: String(pageBytes),
    PAGES: String(pages),
    VERSION: version,
    DESCRIPTION: description,
    PACK_FILES: packed.join("\n"),
  };
}

/** Why a server refuses, as C. */
function refusals(): string {
  const rows = Object.entries(REASONS).map(([name, [number]]) => [name, number, ""] as const);
  return `/** Why a server refuses. */\n${cEnumeration("signet_refused", "SIGNET_REFUSED_", rows).trimEnd()}`;
}

/** The numbers of the events, as C. */
function events(): string {
  const rows = Object.entries(EVENTS).map(([name, [number]]) => `#define EVENT_${upper(name)} ${number}u\n`);
  return rows.join("");
}

const STEP =
  "Cycles of the longest call of signet_poll, in which a signature is made and verified: an estimate for this core and these choices, without wait states of the flash.";

/** The header that a host includes. */
function apiHeader({ core, small }: ExportOptions): string {
  const common = join(ROOT, "boards/common");
  const text = (path: string): string => readFileSync(path, "utf8").trim();
  const facts = text(join(common, "signet_facts.h")).replace(/^\/\*.*\*\/\n/, "");
  const more = [
    `/** The version of the library. */\n#define SIGNET_VERSION ${JSON.stringify(product().version)}`,
    `/** Stack below the caller that a call may use. It is overwritten before the call returns. */\n#define SIGNET_STACK_BYTES ${STACK_BYTES}u`,
    text(join(ROOT, "boards/library/dead.h")),
    refusals(),
    text(join(ROOT, "boards/library/host.h")),
    `/** ${STEP} */\n#define SIGNET_LONGEST_STEP_CYCLES ${steps.cycles(core, small)}u`,
    text(join(ROOT, "boards/library/step.h")),
  ].join("\n\n");
  const body = text(join(common, "signet.h"))
    .replace('#include "signet_facts.h"\n', `\n${facts}\n\n#ifdef __cplusplus\nextern "C" {\n#endif\n\n${more}\n`)
    .replace(/#endif$/, "#ifdef __cplusplus\n}\n#endif\n\n#endif\n");
  return LICENCE + body;
}

/** The library's one C file. */
async function library(options: ExportOptions, macros: string): Promise<string> {
  const folder = mkdtempSync(join(BUILD, "export-"));
  try {
    const { calls } = await buildGuest({ use: await choices(options) }, PROGRAM, folder);
    writeFileSync(join(folder, "guest_calls.h"), callsHeader(calls));
    writeFileSync(join(folder, "event_codes.h"), events());
    const sources = ["library/library.h", "common/guest.c", "common/trap.c", "common/unaligned.c", "common/event.c"];
    const own = ["library/library.c", "common/signet.c", "library/host.c"];
    const paths = [...sources, ...own].map((source) => join(ROOT, "boards", source));
    const text = amalgamate(paths, [folder, join(ROOT, "boards/library"), join(ROOT, "boards/common")]);
    const ignored = IGNORED.map((name) => `#pragma GCC diagnostic ignored "-W${name}"\n`).join("");
    const name = `#define SIGNET_LIBRARY\n#define BOARD_NAME ${JSON.stringify(options.name)}\n`;
    return `${LICENCE}${ignored}${name}${macros}\n${text}`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Write a file of the export. */
function write(out: string, name: string, text: string): void {
  const path = join(out, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** The files of these names with their SHA-256, in the form of sha256sum. */
function manifest(out: string, names: readonly string[]): string {
  const digest = (name: string): string =>
    createHash("sha256")
      .update(readFileSync(join(out, name)))
      .digest("hex");
  return names
    .toSorted()
    .map((name) => `${digest(name)}  ${name}\n`)
    .join("");
}

/** Remove the files of a former export, which its manifest lists, and no others. */
function removeFormer(out: string): void {
  const listed = join(out, MANIFEST);
  if (!existsSync(listed)) {
    if (existsSync(out) && readdirSync(out).length > 0)
      throw new Trouble(`${out} is not empty and is not an export`, "name a new folder");
    return;
  }
  const lines = readFileSync(listed, "utf8").split("\n").filter(Boolean);
  for (const line of lines) {
    const path = resolve(out, line.slice(66));
    if (path.startsWith(`${resolve(out)}${sep}`)) rmSync(path, { force: true });
  }
}

/** The files that are compiled: the library's C file and the cryptography's assembly of all cores, of which a core takes its own. */
async function sources(options: ExportOptions): Promise<Map<string, string>> {
  const macros = Object.entries(await choices(options))
    .filter(([name]) => name.startsWith("CRYPTO_"))
    .map(([name, value]) => `#define ${name} ${value}\n`)
    .join("");
  const assembly = filesBelow("boards/common").filter((file) => /\/cpu_\w+\.S$/.test(file));
  return new Map([
    ["signet.c", await library(options, macros)],
    ...assembly.map((path): [string, string] => [
      `signet_${path.split("/").at(-1)}`,
      `${LICENCE}${macros}${prefixed(included(readFileSync(join(ROOT, path), "utf8")))}`,
    ]),
  ]);
}

/** Assembly with the files that it includes, and those that they include. */
function included(text: string): string {
  const read = (name: string): string => readFileSync(join(ROOT, "boards/common", name), "utf8");
  return text.replaceAll(/^#include "(\w+\.(?:inc|h))"$/gm, (_, name: string) =>
    included(read(name).replace("#pragma once\n", "").trimEnd()),
  );
}

/** The exports that differ from this one in one choice, by the option that makes the difference. */
export async function alternatives(options: ExportOptions): Promise<Map<string, ExportOptions>> {
  const records = (await recordsOf(options)) === WHOLE_RECORD ? 512 : WHOLE_RECORD;
  const others = (table: object, chosen: string): string[] => Object.keys(table).filter((name) => name !== chosen);
  const beside: [string, ExportOptions][] = [
    ...others(LINKS, options.link).map((link): [string, ExportOptions] => [`--link ${link}`, { ...options, link }]),
    ...others(PROFILES, options.profile).map((profile): [string, ExportOptions] => [
      `--profile ${profile}`,
      { ...options, profile },
    ]),
    ...others(MQTT_USES, options.mqtt ?? "none").map((mqtt): [string, ExportOptions] => [
      `--mqtt ${mqtt}`,
      { ...options, mqtt },
    ]),
    [options.small ? "without --small" : "--small", { ...options, small: !options.small }],
    [`--records ${records}`, { ...options, records }],
  ];
  return new Map(beside.filter(([, other]) => fits(other)));
}

/** The text of SIZE.md: this export, whose sources are `compiled`, and those beside it in `compared`. */
async function sizeText(
  { core, out }: ExportOptions,
  compiled: ReadonlyMap<string, string>,
  compared: ReadonlyMap<string, ExportOptions>,
): Promise<string> {
  const rows = new Map([["this export", await measure(out, core, compiled)]]);
  for (const [name, other] of compared) rows.set(name, await measure(out, core, await sources(other)));
  return sizeTable(core, rows);
}

/** Write the folder `out`, which must be empty or an export; files that an export did not write stay. */
export async function exportLibrary(
  options: ExportOptions,
  compared: ReadonlyMap<string, ExportOptions> = new Map(),
): Promise<void> {
  const { out } = options;
  mkdirSync(BUILD, { recursive: true });
  const compiled = await sources(options);
  removeFormer(out);
  const names: string[] = [];
  const put = (name: string, text: string): void => {
    write(out, name, text);
    names.push(name);
  };
  try {
    put("signet.h", apiHeader(options));
    for (const [name, text] of compiled) put(name, text);
    const assembly = names.filter((name) => name.endsWith(".S"));
    const example = await exampleOf({
      ...options,
      core: options.core as Board["cpu"],
      records: await recordsOf(options),
    });
    const texts = { ...values(options, assembly), ...example.texts };
    for (const [from, to] of [...EXPORTED, [example.folder, "examples/own-main"]] as const)
      for (const path of filesBelow(from)) {
        const text = readFileSync(join(ROOT, path), "utf8");
        const name = join(to, relative(from, path)).replace(/\.h\.in$/, ".h");
        put(
          name,
          text.replaceAll(/@([A-Z_]+)@/g, (_, key: string) => texts[key]!),
        );
      }
    put("LICENSE", readFileSync(join(ROOT, "LICENSE"), "utf8"));
    put("signet.cdx.json", exportSbom(compiled.get("signet.c")!, options.core));
    put("SIZE.md", await sizeText(options, compiled, compared));
  } finally {
    // After a failure too: the next export then replaces the files.
    write(out, MANIFEST, manifest(out, names));
  }
}
