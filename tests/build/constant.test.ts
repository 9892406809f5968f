/** The static rule over an image finds each planted fault, in code for a Cortex-M3 and a Cortex-M0, and nothing in honest code. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { breaches, publicPrefixes } from "../../tools/firmware/constant.ts";
import { run } from "../../tools/firmware/run.ts";

const folder = mkdtempSync(join(tmpdir(), "signet-constant-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** The breaches in a function of these instructions. */
async function judge(name: string, code: string, cpu = "cortex-m3"): Promise<string[]> {
  const source = join(folder, "code.S");
  const object = join(folder, "code.o");
  const head = ".syntax unified\n.thumb\n.text\n";
  const callee = "\n.global __aeabi_uidiv\n.type __aeabi_uidiv, %function\n__aeabi_uidiv: bx lr\n";
  writeFileSync(source, `${head}.type ${name}, %function\n${name}:\n${code}\nbx lr\n${callee}`);
  await run("arm-none-eabi-gcc", [`-mcpu=${cpu}`, "-mthumb", "-c", source, "-o", object]);
  return breaches(await run("arm-none-eabi-objdump", ["-d", "--no-show-raw-insn", object]));
}

const COMPILED = "w2c_assembly_crypto__sc256_reduce_1";

for (const [what, name, code, complaint] of [
  [
    "a division under a condition in assembly",
    "cpu_sha256",
    "cmp r3, r2\nit ne\nudivne r0, r0, r1",
    /a division: udivne/,
  ],
  ["any conditional instruction in assembly", "cpu_sha256", "it eq\nmoveq r0, r1", /a conditional instruction/],
  [
    "a branch on another comparison",
    "cpu_sha256",
    "1: adds r0, r0, r1\nbcs 1b",
    /on no public counter \(adds r0, r0, r1\)/,
  ],
  [
    "a carry that decides after a counter",
    "cpu_sha256",
    "1: subs r7, #1\nadds r0, r0, r1\nbcs 1b",
    /on no public counter/,
  ],
  ["a branch on a register", "cpu_fe_mul", "cbz r0, 1f\nnop\n1:", /on no public counter/],
  ["a division in compiled code", COMPILED, "udiv r0, r1, r2", /a division: udiv/],
  ["a long product under a condition", COMPILED, "it ne\numullne r0, r1, r2, r3", /a multiplication under a condition/],
] as const) {
  test(`${what} is found`, async () => {
    const found = await judge(name, code);
    assert.match(found.join("\n"), complaint);
    assert(found.every((one) => one.startsWith(name)));
  });
}

test("a call of the compiler's division is found on a core without one", async () => {
  assert.match(
    (await judge(COMPILED, "push {r3, lr}\nbl __aeabi_uidiv\npop {r3, pc}", "cortex-m0")).join(),
    /a division: bl/,
  );
});

test("honest code passes: counters, public functions, and functions outside of the cryptography", async () => {
  assert.deepEqual(await judge("cpu_sha256", "1: subs r7, #1\nbne 1b\ncmp r3, r2\nbne 1b"), []);
  assert.deepEqual(await judge(COMPILED, "umull r0, r1, r2, r3\ncmp r0, r1\nbne 1f\nnop\n1:"), []);
  assert.deepEqual(await judge("w2c_assembly_crypto__rsa_raise", "udiv r0, r1, r2"), []);
  assert.deepEqual(await judge("w2c_assembly_exchange_http_number", "udiv r0, r1, r2"), []);
});

test("the public files are those whose comment says so", () => {
  assert(publicPrefixes().includes("w2c_assembly_crypto__rsa_"));
  assert(publicPrefixes().includes("w2c_assembly_crypto_pss_"));
  for (const name of ["_fe256", "ecdsa256", "ed25519", "health"])
    assert(!publicPrefixes().includes(`w2c_assembly_crypto_${name}_`), name);
});
