/**
 * The arithmetic of curve25519 and P-256 on the final ELFs for Cortex-M4 and M3: each result equals its formula for all inputs. Planted errors are found, also one that
 * few inputs show.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { buildImage } from "../../tools/firmware/build.ts";
import { disassemble, type Listing } from "../../tools/firmware/listing.ts";
import { ROOT } from "../../tools/firmware/root.ts";
import { run } from "../../tools/firmware/run.ts";
import LAB from "../lab/image.ts";
import { any, CLAIMS, difference, type Inputs } from "./claims.ts";
import { constant } from "./linear.ts";

const CORES = [
  ["mps2-an386", "cpu_umaal", "cortex-m4"],
  ["mps2-an385", "cpu_umlal", "cortex-m3"],
] as const;

/** Words at their bounds, and others. */
function numbers(seed: bigint): Inputs {
  const word = (i: bigint): bigint =>
    [0n, 1n, 2n ** 31n, 2n ** 32n - 1n, ((seed * 8n + i) * 2654435761n) % 2n ** 32n][
      Number((seed * 7n + i * 3n) % 5n)
    ]!;
  const words = (from: bigint): ReturnType<typeof constant>[] =>
    Array.from({ length: 8 }, (_, i) =>
      constant(i === 7 ? word(from + BigInt(i)) % 2n ** 28n : word(from + BigInt(i))),
    );
  return { a: words(0n), b: words(8n), factor: constant(121666n - seed) };
}

for (const [board, file] of CORES) {
  describe(`the arithmetic of ${board}`, () => {
    for (const claim of CLAIMS[file]) {
      test(`${claim.routine} equals its formula for all inputs`, async () => {
        const { elf } = await buildImage({ board, image: LAB });
        const listing = await disassemble(elf);
        assert.deepEqual(difference(listing, claim, any()), new Map());
        for (let seed = 0n; seed < 5n; seed++) assert.deepEqual(difference(listing, claim, numbers(seed)), new Map());
      });
    }
  });
}

const folder = mkdtempSync(join(tmpdir(), "signet-proof-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** The sources of a core's arithmetic; each holds nothing for other cores. */
const SOURCES = ["cpu_umaal", "cpu_umaal256", "cpu_umlal", "cpu_thumb2", "cpu_p256", "cpu_montgomery"].map(
  (name) => `${name}.S`,
);
const INCLUDED = ["comb.h", "cpu_umaal.inc", "cpu_p256.inc"];

/** Assemble the sources of a core with one text replaced. */
async function assembled(cpu: string, from: string, to: string): Promise<Listing> {
  const files = [...SOURCES, ...INCLUDED];
  const texts = files.map((name) => readFileSync(join(ROOT, "boards/common", name), "utf8"));
  assert(texts.join("").includes(from), from);
  files.forEach((name, i) => writeFileSync(join(folder, name), texts[i]!.replace(from, to)));
  const elf = join(folder, "code.elf");
  const flags = ["-DCRYPTO_NATIVE", `-mcpu=${cpu}`, "-mthumb", "-nostdlib", "-Wl,-Ttext=0x1000,-e,cpu_fe_mul"];
  await run("arm-none-eabi-gcc", [...flags, ...SOURCES.map((name) => join(folder, name)), "-o", elf]);
  return disassemble(elf);
}

/** Errors in the assembly; those of carries show once in 2^32 inputs or less. */
// prettier-ignore
const PLANTED: readonly (readonly [what: string, core: 0 | 1, routine: string, from: string, to: string])[] = [
  ["a fold by 37", 0, "cpu_fe_mul", "mov r7, #38", "mov r7, #37"],
  ["a word read twice", 0, "cpu_fe_mul", "ldr r11, [r1, #4]", "ldr r11, [r1, #8]"],
  ["a lost carry of the fold", 0, "cpu_fe_mul", "adc \\top, \\top, \\top", "add \\top, \\top, \\top"],
  ["a top word that is not cleared", 0, "cpu_fe_scale", "lsr \\rest, \\word, #1", "nop"],
  ["a broken chain in a square", 0, "cpu_fe_square", "adcs \\p6, \\p6, \\p6", "adds \\p6, \\p6, \\p6"],
  ["a lost carry of a row of scalars", 0, "cpu_sc_montgomery", "adcs r7, r8, #0", "adds r7, r8, #0"],
  ["a lost borrow", 0, "cpu_fe_sub", "sbcs r10, r0, r10", "subs r10, r0, r10"],
  ["a word that p lacks", 0, "cpu_fe256_add", "adcs \\w6, \\w6, \\mask, lsr #31", "adcs \\w6, \\w6, #0"],
  ["a mask without the top word", 0, "cpu_fe256_add", "sbc \\top, \\top, #0", "sbc \\top, \\top, \\top"],
  ["a lost carry of the reduction", 0, "cpu_fe256_mul", "adcs r6, r6, lr\n", "adds r6, r6, lr\n"],
  ["a carry of the multiples that is lost", 0, "cpu_fe256_square", "adcs r10, r10, #0\n  umaal r10, r3, r2, lr", "adds r10, r10, #0\n  umaal r10, r3, r2, lr"],
  ["a multiple that is added twice", 0, "cpu_fe256_mul", "ldr r6, [sp]\n", "ldr r6, [sp, #4]\n"],
  ["a square that is too small by 1", 0, "cpu_fe256_square", "r2, r3, 0x80000000", "r2, r3"],
  ["a lost borrow of the other difference", 0, "cpu_fe256_sub", "sbcs r5, r5, r2", "subs r5, r5, r2"],
  ["a lost carry of a row", 1, "cpu_fe_mul", "adc \\h3, \\h3, #0", "nop"],
  ["a lost carry of a step", 1, "cpu_fe_scale", "adc \\carry, \\spare, #0", "mov \\carry, \\spare"],
];

describe("planted", () => {
  for (const [core, [, file, cpu]] of CORES.entries())
    test(`nothing, for ${cpu}`, async () => {
      const listing = await assembled(cpu, "#", "#");
      for (const claim of CLAIMS[file])
        assert.deepEqual(difference(listing, claim, any()), new Map(), `${core} ${claim.routine}`);
    });
  for (const [what, core, routine, from, to] of PLANTED)
    test(`${what}, in ${routine}`, async () => {
      const [, file, cpu] = CORES[core];
      const listing = await assembled(cpu, from, to);
      const claim = CLAIMS[file].find((one) => one.routine === routine)!;
      const prove = (): void => assert.equal(difference(listing, claim, any()).size, 0, "a difference");
      assert.throws(
        prove,
        /a difference|may have been lost|is not known|other words|another register|no unknown|is left/,
      );
    });
});
