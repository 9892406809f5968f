/** The software bill of materials of an image, as CycloneDX 1.6. The same inputs give the same bytes: it has no time and no random serial number. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageFolder } from "./modules.ts";
import { ROOT } from "./root.ts";
import { run } from "./run.ts";

interface Component {
  readonly type: "application" | "firmware" | "library";
  readonly "bom-ref": string;
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  readonly licenses?: readonly (
    { readonly license: { readonly id?: string; readonly name?: string } } | { readonly expression: string }
  )[];
  readonly purl?: string;
  readonly hashes?: readonly { readonly alg: "SHA-256"; readonly content: string }[];
  readonly properties?: readonly { readonly name: string; readonly value: string }[];
}

/** Parts of npm packages that become part of the image: how, and under which licence. That of CMSIS is the headers' own, not the package's. */
const PACKAGES: Readonly<Record<string, readonly [how: string, licence: string]>> = {
  assemblyscript: ["its standard library, as far as the firmware uses it, compiled into the image", "Apache-2.0"],
  wabt: ["the code that wasm2c writes; boards/common/words.h replaces its runtime", "Apache-2.0"],
  "@xpack-3rd-party/arm-cmsis-core-m": [
    "headers of CMSIS-Core: inline functions and registers of the core",
    "Apache-2.0",
  ],
};

/** The packages that leave code in the C of a guest; an export has no part of the others. */
const COMPILED_IN = ["assemblyscript", "wabt"];

const license = (id: string): Component["licenses"] => [{ license: { id } }];

/** The version that a package.json states. */
function versionOf(folder: string): string {
  return (JSON.parse(readFileSync(join(ROOT, folder, "package.json"), "utf8")) as { version: string }).version;
}

/** A part from npm. */
function fromNpm([name, [description, licence]]: [string, readonly [string, string]]): Component {
  const version = versionOf(packageFolder(name));
  const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
  return { type: "library", "bom-ref": purl, name, version, description, licenses: license(licence), purl };
}

/** The members of each static library that the linker took, from its map. */
export function linkedMembers(map: string): Map<string, string[]> {
  const found = new Map<string, Set<string>>();
  for (const [, library, member] of map.matchAll(/^\S*\/(lib\w+)\.a\(([^)]+)\)$/gm)) {
    const members = found.get(library!) ?? new Set();
    found.set(library!, members.add(member!));
  }
  return new Map([...found].map(([library, members]) => [library, [...members].toSorted()]));
}

/** The static libraries of the compiler. */
async function fromLinker(map: string, gcc: string): Promise<Component[]> {
  const newlib = /^#define\s+_NEWLIB_VERSION\s+"([^"]+)"/m.exec(
    await run("arm-none-eabi-gcc", ["-E", "-dM", "-include", "_newlib_version.h", "-x", "c", "/dev/null"]),
  )?.[1];
  return [...linkedMembers(map)].map(([library, members]) => {
    const isNewlib = library !== "libgcc";
    const version = isNewlib ? (newlib ?? "unknown") : gcc;
    return {
      type: "library",
      "bom-ref": `${library}@${version}`,
      name: isNewlib ? `newlib ${library}` : library,
      version,
      licenses: isNewlib
        ? [{ license: { name: "newlib's COPYING.NEWLIB: BSD and similar" } }]
        : [{ expression: "GPL-3.0-or-later WITH GCC-exception-3.1" }],
      properties: members.map((value) => ({ name: "signet:object", value })),
    };
  });
}

function tool(name: string, version: string): Component {
  return { type: "application", "bom-ref": `tool:${name}@${version}`, name, version };
}

/** The compilers of npm. */
function npmTools(): Component[] {
  return ["assemblyscript", "wabt"].map((name) => tool(name, versionOf(packageFolder(name))));
}

/** The compilers and the linker. */
async function tools(gcc: string): Promise<Component[]> {
  const ld = /(\S+)$/.exec((await run("arm-none-eabi-ld", ["--version"])).split("\n")[0]!)![1]!;
  return [tool("arm-none-eabi-gcc", gcc), tool("arm-none-eabi-ld", ld), ...npmTools()];
}

/** A UUID of version 8 (RFC 9562 section 5.8) of a hash. */
function uuid(hash: Buffer): string {
  const bytes = Buffer.from(hash.subarray(0, 16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** The bill of materials of `made`, whose SHA-256 is `hash`, from its parts and by these tools. */
function bill(made: Component, hash: Buffer, parts: readonly Component[], by: readonly Component[]): string {
  const bom = {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${uuid(hash)}`,
    version: 1,
    metadata: { component: made, tools: { components: by } },
    components: parts,
    dependencies: [
      { ref: made["bom-ref"], dependsOn: parts.map((one) => one["bom-ref"]) },
      ...parts.map((one) => ({ ref: one["bom-ref"], dependsOn: [] })),
    ],
  };
  return `${JSON.stringify(bom, undefined, 2)}\n`;
}

/** The component that a bill is about: the bytes with this SHA-256. */
function made(type: Component["type"], name: string, hash: Buffer, facts: Readonly<Record<string, string>>): Component {
  const version = versionOf(".");
  return {
    type,
    "bom-ref": `${name}@${version}`,
    name,
    version,
    licenses: license("Apache-2.0"),
    hashes: [{ alg: "SHA-256", content: hash.toString("hex") }],
    properties: Object.entries(facts).map(([fact, value]) => ({ name: `signet:${fact}`, value })),
  };
}

/** Describe the image in `folder` that was linked for `board`. */
export async function sbom(folder: string, board: string, image: string): Promise<string> {
  const elf = readFileSync(join(folder, "signet.elf"));
  const hash = createHash("sha256").update(elf).digest();
  const gcc = (await run("arm-none-eabi-gcc", ["-dumpfullversion"])).trim();
  const map = readFileSync(join(folder, "signet.map"), "utf8");
  const parts = [...Object.entries(PACKAGES).map(fromNpm), ...(await fromLinker(map, gcc))];
  return bill(made("firmware", image, hash, { board, file: "signet.elf" }), hash, parts, await tools(gcc));
}

/** Describe an export for `core`, whose C file is `source`. Its host's linker adds parts that are not known here. */
export function exportSbom(source: string, core: string): string {
  const hash = createHash("sha256").update(source).digest();
  const parts = Object.entries(PACKAGES).filter(([name]) => COMPILED_IN.includes(name));
  return bill(made("library", "signet", hash, { core, file: "signet.c" }), hash, parts.map(fromNpm), npmTools());
}
