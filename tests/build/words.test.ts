/** The words that the guest's C is written in: what they let in is exactly what lies in linear memory, and nothing unknown compiles. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ROOT } from "../../tools/firmware/root.ts";
import { layoutHeader } from "../../tools/firmware/guest.ts";
import { parse } from "../../tools/firmware/words.ts";

const PAIRS = "40000000";
const SEED = "1";

const folder = mkdtempSync(join(tmpdir(), "signet-words-"));
after(() => rmSync(folder, { recursive: true }));

const words = readFileSync(join(ROOT, "boards/common/words.h"), "utf8");

/** As if the host were a core that accesses aligned words only. */
const ALIGNED_ONLY = ["-D__ARM_ARCH=6", "boards/common/unaligned.c"];

/** Compile words.c against a header, and run it. */
function compare(header: string, more: readonly string[] = []): { status: number | null; said: string } {
  // 1,000 bytes: no power of two.
  writeFileSync(join(folder, "layout.h"), layoutHeader(1000, "", 100));
  writeFileSync(join(folder, "words.h"), header);
  const program = join(folder, "words");
  const flags = ["-O1", "-Wall", "-Wextra", "-Werror", "-Wno-clobbered", `-I${folder}`, "-Iboards/common"];
  execFileSync("gcc", [...flags, "-x", "c", "tests/build/words.c", ...more, "-o", program], { cwd: ROOT });
  const { status, stdout } = spawnSync(program, [PAIRS, SEED], { encoding: "utf8" });
  return { status, said: stdout.trim() };
}

/** Plant a fault. */
function planted(from: string, to: string): string {
  assert.equal(words.split(from).length, 2, from);
  return words.replace(from, to);
}

describe("the words of the guest", () => {
  for (const [core, more] of [
    ["any core", []],
    ["a core that accesses aligned words only", ALIGNED_ONLY],
  ] as const)
    it(`accept exactly the addresses inside memory, for each word, near each edge, on ${core}`, (context) => {
      const { status, said } = compare(words, more);
      context.diagnostic(`${said}, seed ${SEED}`);
      assert.equal(status, 0, said);
    });

  it("are caught with bytes in the wrong order at an address that is not aligned", () => {
    const source = readFileSync(join(ROOT, "boards/common/unaligned.c"), "utf8");
    const fault = join(folder, "unaligned.c");
    writeFileSync(fault, source.replaceAll("words_gather2(from + 2) << 16", "words_gather2(from + 1) << 16"));
    assert.notEqual(compare(words, [ALIGNED_ONLY[0]!, fault]).status, 0);
  });

  for (const [fault, from, to] of [
    ["a sum that wraps", "base > LINEAR_BYTES - size - offset)", "base + offset > LINEAR_BYTES - size)"],
    ["one byte too many", "offset > LINEAR_BYTES - size ||", "offset > LINEAR_BYTES - size + 1 ||"],
    [
      "a store to the constants",
      "FAR u8 *called_address(u32 base, u32 offset, u32 size) { return address(",
      "FAR u8 *called_address(u32 base, u32 offset, u32 size) { return (u8 *)source(",
    ],
    [
      "an extension without its sign",
      "FAR_LOAD_AS(i32_load8_s, i32_load8_u, s8",
      "FAR_LOAD_AS(i32_load8_s, i32_load8_u, u8",
    ],
    ["a sum that wraps to the constants", "base > end - size - offset ||", "base + offset > end - size ||"],
    ["a constant too many", "offset > end - size ||", "offset > end - size + 1 ||"],
    ["bytes before the constants", "base + offset < CONSTANTS_AT)", "base + offset < CONSTANTS_AT - 1)"],
    ["a copy to the constants", "u8 *const target = called_address(to", "u8 *const target = (u8 *)called_source(to"],
  ] as const) {
    it(`are caught with ${fault}`, () => assert.notEqual(compare(planted(from, to)).status, 0));
  }
});

/** Compile one access by each compiler, for a core that needs alignment and one that does not: the errors. */
function compileAccess(access: string): string[] {
  writeFileSync(join(folder, "layout.h"), layoutHeader(1000, "", 100));
  const source = `#include "words.h"\nu32 f(void); u32 f(void) { u32 base = 900; return ${access}; }\n`;
  return [["gcc"], ["arm-none-eabi-gcc", "-mcpu=cortex-m0", "-mthumb"], ["arm-none-eabi-gcc", "-mcpu=cortex-m4"]].map(
    ([compiler, ...flags]) =>
      spawnSync(
        compiler!,
        [...flags, "-Os", `-I${folder}`, "-Iboards/common", "-x", "c", "-", "-o", "/dev/null", "-c"],
        {
          cwd: ROOT,
          input: source,
          encoding: "utf8",
        },
      ).stderr,
  );
}

describe("an address known to the generator", () => {
  before(() => writeFileSync(join(folder, "words.h"), words));

  it("compiles at memory's last word, aligned or not", () => {
    assert.deepEqual(compileAccess("at_i32_load(996, base, 96)"), ["", "", ""]);
    assert.deepEqual(compileAccess("at_i32_load(995, base, 95)"), ["", "", ""]);
    assert.deepEqual(compileAccess("(u32)at_i64_load(992, base, 92)"), ["", "", ""]);
    assert.deepEqual(compileAccess("(u32)at_i64_load(61532, base, 60632)"), ["", "", ""]);
  });

  for (const [fault, access] of [
    ["behind memory", "at_i32_load(1000, base, 100)"],
    ["partly behind memory", "(u32)at_i64_load(996, base, 96)"],
    ["behind the constants", "at_i32_load(61540, base, 60640)"],
    ["partly behind the constants", "(u32)at_i64_load(61533, base, 60633)"],
    ["of a store to the constants", "(at_i32_store(61440, base, 60540, 1), 0)"],
    ["not the one that is computed", "at_i32_load(904, base, 0)"],
    ["not known to the compiler", "at_i32_load(900, *(volatile u32 *)&base, 0)"],
    ["a sum that wraps", "at_i32_load(8, base, 0xfffffc84u)"],
  ] as const) {
    it(`fails the build if it is ${fault}`, () => {
      for (const said of compileAccess(access)) assert.match(said, /the generator is wrong about a constant/);
    });
  }
});

describe("wasm2c's output", () => {
  const declared = "static u32 w2c_guest_f(w2c_guest*, u32);\n";

  it("becomes words, with base and offset apart, and imports without a pointer", () => {
    const { module } = parse(
      `/* prologue */\n${declared}
static u32 w2c_guest_f(w2c_guest* instance, u32 var_p0) {
  FUNC_PROLOGUE;
  var_i0 = i32_load_default32(&instance->w2c_memory, (u64)(var_p0) + 8u);
  w2c_cpu_feMul(instance->w2c_cpu_instance, var_i0);
  FUNC_EPILOGUE;
  return w2c_guest_f(instance, var_i0);
}
`,
      "",
    );
    assert.match(
      module,
      /var_i0 = far_i32_load\(var_p0, 8u\);\n {2}import_cpu_fe_mul\(var_i0\);\n {2}return w2c_f\(var_i0\);/,
    );
  });

  it("names the known addresses, and none after a branch that changes one", () => {
    const { module } = parse(
      `${declared}
static u32 w2c_guest_f(w2c_guest* instance, u32 var_p0) {
  var_i0 = 64u;
  var_i1 = var_p0;
  if (var_i1) {
    var_i1 = 8u;
    i32_store_default32(&instance->w2c_memory, (u64)(var_i0) + 4u, var_i1);
  }
  i32_store_default32(&instance->w2c_memory, (u64)(var_i0), var_p0);
  i32_store_default32(&instance->w2c_memory, (u64)(var_i1), var_p0);
  var_L0:
    i32_store_default32(&instance->w2c_memory, (u64)(var_i0), var_p0);
    var_i0 = 72u;
    var_i0 += var_i1;
    i32_store_default32(&instance->w2c_memory, (u64)(var_i0), var_p0);
  return var_i0;
}
`,
      "",
    );
    const accesses = [...module.matchAll(/\w+_i32_store\([^;]*;/g)].map(([access]) => access);
    assert.deepEqual(accesses, [
      "at_i32_store(68u, var_i0, 4u, var_i1);",
      "at_i32_store(64u, var_i0, 0u, var_p0);",
      "far_i32_store(var_i1, 0u, var_p0);",
      "far_i32_store(var_i0, 0u, var_p0);",
      "far_i32_store(var_i0, 0u, var_p0);",
    ]);
  });

  it("makes every function small if this is chosen, and else all but the ciphers", () => {
    const text = `static u32 w2c_guest_assembly0x2Fcrypto0x2F_sha2560x2Ff(w2c_guest*, u32);
static u32 w2c_guest_assembly0x2Fcrypto0x2F_sha2560x2Ff(w2c_guest* instance, u32 var_p0) {
  var_i0 = i32_load_default32(&instance->w2c_memory, (u64)(var_p0) + 8u);
  return var_i0;
}
`;
    assert.match(parse(text, "").module, /^HOT static[^]*var_i0 = i32_load\(var_p0, 8u\);/);
    assert.match(parse(text, "", { isSmall: true }).module, /^COLD static[^]*var_i0 = far_i32_load\(var_p0, 8u\);/);
    const scalar = text.replaceAll("_sha256", "_sc25519");
    assert.match(parse(scalar, "").module, /^WARM static[^]*var_i0 = warm_i32_load\(var_p0, 8u\);/);
  });

  it("fails the build at an unknown line", () => {
    assert.throws(() => parse(`${declared}static f32 surprise;\n`, ""), /unexpected text near: static f32 surprise;/);
    assert.throws(() => parse("nothing\n", ""), /unexpected text/);
  });
});
