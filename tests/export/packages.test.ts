// weight: 15 s, 1 core
/** The files by which package managers and build systems find an export, against their documented schemas. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { z } from "zod";
import { type ExportOptions, alternatives, exportLibrary } from "../../tools/export/export.ts";
import { run } from "../../tools/firmware/run.ts";
import { type Value, encode } from "../../tools/wire/cbor.ts";
import { type Bom, bomFault } from "../build/bom.ts";
import { type Declaration, changed, declarations, lines } from "./api.ts";

const folder = mkdtempSync(join(tmpdir(), "signet-packages-"));
const out = join(folder, "signet");
const options: ExportOptions = {
  core: "cortex-m0plus",
  link: "framed",
  profile: "no-tls",
  small: false,
  name: "own",
  pageBytes: 4096,
  pages: 16,
  out,
};
const text = (name: string): string => readFileSync(join(out, name), "utf8");
const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };

before(async () => {
  const other = (await alternatives(options)).get("--small");
  await exportLibrary(options, new Map([["--small", other!]]));
});
after(() => rmSync(folder, { recursive: true }));

/** The map of a YAML file with texts and maps of texts, and nothing else. */
function yaml(source: string): Record<string, unknown> {
  const top: Record<string, unknown> = {};
  let inner: Record<string, unknown> | undefined;
  for (const line of source.split("\n").filter((row) => row !== "" && !row.startsWith("#"))) {
    const [, indent, key, value] =
      /^( {2})?([\w-]+):(?: (\S+))?$/.exec(line) ?? assert.fail(`no YAML of this kind: ${line}`);
    if (indent !== undefined) inner![key!] = value;
    else top[key!] = value ?? (inner = {});
  }
  return top;
}

describe("an export as a package", () => {
  it("has a bill of materials: valid CycloneDX, and about its C file", async () => {
    const bom = JSON.parse(text("signet.cdx.json")) as Bom;
    assert.ok(bomFault(bom) === undefined, bomFault(bom));
    const { name, hashes } = bom.metadata.component;
    const [hash] = (await run("sha256sum", [join(out, "signet.c")])).split(" ");
    assert.deepEqual([name, hashes?.[0]?.content], ["signet", hash]);
    assert.deepEqual(
      bom.components.map((part) => part.name),
      ["assemblyscript", "wabt"],
    );
    assert.match(text("MANIFEST.sha256"), /^[0-9a-f]{64} {2}signet\.cdx\.json$/m);
  });

  it("is described as Open-CMSIS-Pack's schema wants it", async (test) => {
    const schema = process.env["PACK_XSD"];
    if (schema === undefined) return test.skip("PACK_XSD names no PACK.xsd");
    await run("xmllint", ["--noout", "--schema", schema, join(out, "Signet.Signet.pdsc")]);
    const named = [...text("Signet.Signet.pdsc").matchAll(/<file [^>]*name="([^"]+)"/g)].map(([, name]) => name!);
    const sources = readdirSync(out).filter((name) => /^signet.*\.(c|h|S|in)$/.test(name));
    assert.deepEqual(named.toSorted(), sources.toSorted());
    assert.match(text("Signet.Signet.pdsc"), /Dcore="Cortex-M0\+"/);
    assert.match(
      text("Signet.Signet.pdsc"),
      new RegExp(`<release version="${version.replaceAll(".", String.raw`\.`)}"`),
    );
  });

  it("is a library of PlatformIO", () => {
    const schema = z.strictObject({
      name: z.string().regex(/^[A-Za-z0-9-]{1,50}$/),
      version: z.literal(version),
      description: z.string().min(1).max(255),
      keywords: z.array(z.string().regex(/^[a-z0-9-]{1,50}$/)).min(1),
      license: z.literal("Apache-2.0"),
      frameworks: z.literal("*"),
      platforms: z.literal("*"),
      headers: z.array(z.string()),
      build: z.strictObject({
        srcDir: z.literal("."),
        includeDir: z.literal("."),
        srcFilter: z.array(z.string().regex(/^[+-]<[^<>]+>$/)),
        flags: z.array(z.string().startsWith("-")),
      }),
    });
    const { headers } = schema.parse(JSON.parse(text("library.json")));
    for (const header of headers) assert.ok(existsSync(join(out, header)), header);
  });

  it("is a library of Arduino", () => {
    const rows = text("library.properties").trim().split("\n");
    const fields = Object.fromEntries(rows.map((row) => /^([a-z]+)=(.*)$/.exec(row)!.slice(1))) as Record<
      string,
      string
    >;
    const wanted = [
      "name",
      "version",
      "author",
      "maintainer",
      "sentence",
      "paragraph",
      "category",
      "url",
      "architectures",
    ];
    assert.deepEqual(
      wanted.filter((name) => !(name in fields)),
      [],
    );
    assert.equal(fields["version"], version);
    assert.equal(fields["category"], "Communication");
    for (const header of fields["includes"]!.split(",")) assert.ok(existsSync(join(out, header)), header);
  });

  it("is a module of Zephyr", async () => {
    const schema = z.strictObject({
      name: z.string(),
      build: z.strictObject({ cmake: z.string(), kconfig: z.string() }),
    });
    const { build } = schema.parse(yaml(text("zephyr/module.yml")));
    assert.ok(existsSync(join(out, build.cmake, "CMakeLists.txt")));
    const kconfig = join(folder, "Kconfig");
    writeFileSync(kconfig, `config CPU_CORTEX_M\n\tdef_bool y\n\nsource "${join(out, build.kconfig)}"\n`);
    const script = `import sys, kconfiglib
kconf = kconfiglib.Kconfig(sys.argv[1], warn_to_stderr=False)
kconf.syms["SIGNET"].set_value(2)
print(kconf.syms["SIGNET"].str_value, len(kconf.warnings))`;
    assert.equal((await run("/usr/bin/python3", ["-c", script, kconfig])).trim(), "y 0");
  });

  /** Zephyr's own CMake functions are replaced by those of CMake that they wrap: Zephyr is not here. */
  it("is compiled by the module's CMake file", async () => {
    const project = join(folder, "zephyr");
    mkdirSync(project);
    writeFileSync(
      join(project, "CMakeLists.txt"),
      `cmake_minimum_required(VERSION 3.20)
project(own C ASM)
macro(zephyr_include_directories)
  include_directories(\${ARGN})
endmacro()
macro(zephyr_library_named name)
  add_library(\${name} STATIC)
  set(ZEPHYR_CURRENT_LIBRARY \${name})
endmacro()
macro(zephyr_library_sources)
  target_sources(\${ZEPHYR_CURRENT_LIBRARY} PRIVATE \${ARGN})
endmacro()
set(CONFIG_SIGNET y)
add_subdirectory(${join(out, "zephyr")} module)
`,
    );
    const toolchain = join(out, "examples/own-main/arm.cmake");
    await run("cmake", ["-S", project, "-B", join(project, "build"), `-DCMAKE_TOOLCHAIN_FILE=${toolchain}`]);
    await run("cmake", ["--build", join(project, "build")]);
    assert.match(await run("arm-none-eabi-nm", [join(project, "build/module/libsignet.a")]), / T signet_poll$/m);
  });

  it("says what another choice would take", () => {
    const row = /^\| this export \| (\d+) \| (\d+) \|$/m.exec(text("SIZE.md"))!.slice(1).map(Number);
    const small = /^\| `--small` \| (\d+) \| (\d+) \| (-\d+) \| \S+ \|$/m.exec(text("SIZE.md"))!.slice(1).map(Number);
    assert.ok(row[0]! > 10_000 && row[1]! > 1000, String(row));
    assert.equal(small[0]! - row[0]!, small[2]);
  });
});

describe("the C interface of an export", () => {
  const now = (): Declaration[] => declarations(["signet.h", "signet_port.h", "signet_cbor.h"].map(text));

  it("changes only by names that CHANGELOG.md has", () => {
    const before = readFileSync("tests/export/api.txt", "utf8").trim().split("\n");
    const [unreleased] = readFileSync("CHANGELOG.md", "utf8").split(/^## (?!Unreleased)/m);
    const isNamed = (name: string): boolean => new RegExp(`\\b${name}\\b`).test(unreleased!);
    // A member of an enumeration is named by its enumeration as well.
    const enumerations = new Map(now().map(({ name, text: of }) => [name, /^enum (\w+)/.exec(of)?.[1] ?? name]));
    const unnamed = changed(before, now()).filter((name) => !isNamed(name) && !isNamed(enumerations.get(name) ?? name));
    assert.deepEqual(
      unnamed,
      [],
      "name them under Unreleased; at a release, write the interface to tests/export/api.txt",
    );
    assert.ok(now().length > 60);
  });

  it("shows each kind of change", () => {
    const header = text("signet.h");
    const before = lines(declarations([header]));
    const edits: [from: RegExp | string, to: string, name: string][] = [
      ["void signet_init(void);", "", "signet_init"],
      ["int32_t signet_send(const void *data, uint32_t len);", "int32_t signet_send(void *data);", "signet_send"],
      [/SIGNET_IDLE = 4/, "SIGNET_IDLE = 9", "SIGNET_IDLE"],
      [/#define SIGNET_DEAD 255u/, "#define SIGNET_DEAD 254u", "SIGNET_DEAD"],
      [/uint32_t counter;\n/, "uint64_t counter;\n", "signet_receipt"],
      ["void signet_init(void);", "void signet_init(void);\nvoid signet_more(void);", "signet_more"],
    ];
    for (const [from, to, name] of edits) {
      const edited = header.replace(from, to);
      assert.notEqual(edited, header, name);
      assert.deepEqual(changed(before, declarations([edited])), [name]);
    }
  });

  it("writes CBOR as the server reads it", async () => {
    const values: [calls: string, value: Value][] = [
      ...[0, 23, 24, 255, 256, 65535, 65536, 4294967295].map((n): [string, Value] => [
        `signet_cbor_uint(&out, ${n}u);`,
        n,
      ]),
      ...[-1, -24, -25, -256, -257, -2147483648].map((n): [string, Value] => [
        `signet_cbor_int(&out, ${n + 1} - 1);`,
        n,
      ]),
      ["signet_cbor_int(&out, 100000);", 100_000],
      ['signet_cbor_text(&out, "23.4 °C");', "23.4 °C"],
      ['signet_cbor_bytes(&out, "\\x00\\xff", 2);', Uint8Array.of(0, 255)],
      ["signet_cbor_bool(&out, 1);", true],
      ["signet_cbor_bool(&out, 0);", false],
      ["signet_cbor_array(&out, 2); signet_cbor_uint(&out, 1); signet_cbor_array(&out, 0);", [1, []]],
      ['signet_cbor_map(&out, 1); signet_cbor_text(&out, "a"); signet_cbor_int(&out, -5);', new Map([["a", -5]])],
    ];
    const show = values.map(
      ([calls]) => `  out = (struct signet_cbor){bytes, sizeof bytes, 0};\n  ${calls}\n  show(&out);\n`,
    );
    const main = join(folder, "cbor.c");
    writeFileSync(
      main,
      `#include <stdio.h>
#include "signet_cbor.h"
static void show(const struct signet_cbor *out) {
  for (uint32_t i = 0; i < out->length; i++) printf("%02x", out->bytes[i]);
  printf("\\n");
}
int main(void) {
  uint8_t bytes[64];
  struct signet_cbor out;
${show.join("")}
  bytes[3] = 0x77;
  out = (struct signet_cbor){bytes, 3, 0};
  signet_cbor_text(&out, "abc");
  printf("%u %u %02x\\n", (unsigned)signet_cbor_fits(&out), (unsigned)out.length, bytes[3]);
  return 0;
}
`,
    );
    const program = join(folder, "cbor");
    await run("gcc", ["-Wall", "-Wextra", "-Werror", "-std=c11", `-I${out}`, main, "-o", program]);
    const shown = (await run(program, [])).trim().split("\n");
    assert.deepEqual(
      shown.slice(0, -1),
      values.map(([, value]) => Buffer.from(encode(value)).toString("hex")),
    );
    assert.equal(shown.at(-1), "0 4 77");
  });
});
