/** The static rule over an image finds each planted fault, in code for a Cortex-M3 and a Cortex-M0, and nothing in honest code. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { breaches, publicFunctions } from "../../tools/firmware/constant.ts";
import { disassemble } from "../../tools/firmware/listing.ts";
import { run } from "../../tools/firmware/run.ts";

const folder = mkdtempSync(join(tmpdir(), "signet-constant-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Linear memory in the code below. */
const memory = { begin: 0x20000000, end: 0x20001000 };

/** Functions of an image that the code below may call. */
const CALLEES = `
.global __aeabi_uidiv
.type __aeabi_uidiv, %function
__aeabi_uidiv: bx lr
.type fetch, %function
fetch: ldr r0, [r0]
  bx lr
.type is_small, %function
is_small: cmp r0, #9
  bhi 1f
  movs r0, #1
  bx lr
1: movs r0, #0
  bx lr
`;

/** The breaches in a function of these instructions. */
async function judge(name: string, code: string, cpu = "cortex-m3"): Promise<string[]> {
  const source = join(folder, "code.S");
  const object = join(folder, "code.o");
  writeFileSync(
    source,
    `.syntax unified\n.thumb\n.text\n.type ${name}, %function\n${name}:\n${code}\nbx lr\n${CALLEES}`,
  );
  await run("arm-none-eabi-gcc", [`-mcpu=${cpu}`, "-mthumb", "-c", source, "-o", object]);
  return breaches({ listing: await disassemble(object), memory });
}

const COMPILED = "w2c_assembly_crypto__sc256_reduce_1";

/** Faults that the sources can hold, or a compiler make. */
// prettier-ignore
const PLANTED: readonly (readonly [what: string, name: string, code: string, complaint: RegExp])[] = [
  ["a division under a condition in assembly", "cpu_sha256", "cmp r3, r2\nit ne\nudivne r0, r0, r1", /a division: udivne/],
  ["any conditional instruction in assembly", "cpu_sha256", "it eq\nmoveq r0, r1", /a conditional instruction/],
  ["a branch on another comparison", "cpu_sha256", "1: adds r0, r0, r1\nbcs 1b", /counter that is not public \(adds r0, r0, r1\)/],
  ["a carry that decides after a counter", "cpu_sha256", "1: subs r7, #1\nadds r0, r0, r1\nbcs 1b", /counter that is not public/],
  ["a branch on a register", "cpu_fe_mul", "cbz r0, 1f\nnop\n1:", /counter that is not public/],
  ["a division in compiled code", COMPILED, "udiv r0, r1, r2", /a division: udiv/],
  ["a division of a word of a secret", COMPILED, "ldr r1, [r0]\nudiv r0, r1, r2", /a variable time on loaded data/],
  ["a long product under a condition", COMPILED, "it ne\numullne r0, r1, r2, r3", /a multiplication under a condition/],
  ["a comparison that ends early", COMPILED, "1: ldrb r3, [r0], #1\nldrb r2, [r1], #1\ncmp r3, r2\nbne 2f\nb 1b\n2:", /a branch on loaded data: bne/],
  ["an exit for one key in 2^8", COMPILED, "ldrb r3, [r0]\ncbz r3, 1f\nnop\n1:", /a branch on loaded data: cbz/],
  ["a branch on a carry", COMPILED, "ldr r2, [r0]\nldr r3, [r1]\nadds r2, r2, r3\nbcc 1f\nnop\n1:", /a branch on loaded data: bcc/],
  ["a carry through words and a loop", COMPILED, "movs r3, #0\nmovs r4, #8\n1: ldr r2, [r0], #4\nadds r3, r3, r2\nadcs r3, r3, r3\nsubs r4, #1\nbne 1b\nlsrs r3, r3, #31\nbne 2f\nnop\n2:", /a branch on loaded data: bne/],
  ["a secret that was on the stack", COMPILED, "ldr r2, [r0]\nsub sp, #8\nstr r2, [sp, #4]\nmovs r2, #0\nldr r3, [sp, #4]\nadd sp, #8\ncmp r3, #0\nbmi 1f\nnop\n1:", /a branch on loaded data: bmi/],
  ["an address from a secret", COMPILED, "ldrb r2, [r0]\nldrb r3, [r1, r2]", /an address from loaded data: ldrb/],
  ["a store under a secret condition", COMPILED, "ldr r2, [r0]\ncmp r2, #0\nit ne\nstrne r1, [r0, #4]", /a branch on loaded data: strne/],
  ["a table of branches on a secret", COMPILED, "ldr r2, [r0]\ntbb [pc, r2]\n.short 0\nnop", /a branch on loaded data: tbb/],
  ["a secret that a call returns", COMPILED, "push {r4, lr}\nbl fetch\ncmp r0, #3\nbeq 1f\nnop\n1: pop {r4, pc}", /a branch on loaded data: beq/],
];

for (const [what, name, code, complaint] of PLANTED) {
  test(`${what} is found`, async () => {
    const found = await judge(name, code);
    assert.match(found.join("\n"), complaint);
    assert(found.every((one) => one.startsWith(name)));
  });
}

test("a secret that is passed on is found where it decides", async () => {
  const found = await judge(COMPILED, "push {r4, lr}\nldr r0, [r0]\nbl is_small\npop {r4, pc}");
  assert.equal(found.length, 1, found.join("\n"));
  assert.match(found[0]!, /^is_small, .*: a branch on loaded data: bhi .*, loaded at /);
});

for (const routine of ["__aeabi_uidiv", "__aeabi_idivmod", "__aeabi_uldivmod", "__udivsi3", "__divsi3", "__udivmoddi4"])
  test(`a call of ${routine} is found on a core without a division`, async () => {
    const found = await judge(COMPILED, `push {r3, lr}\nbl ${routine}\npop {r3, pc}`, "cortex-m0");
    assert.match(found.join(), /a division: bl/);
  });

/** Code in which public numbers decide. */
// prettier-ignore
const HONEST: readonly (readonly [what: string, name: string, code: string])[] = [
  ["counters of assembly", "cpu_sha256", "1: subs r7, #1\nbne 1b\ncmp r3, r2\nbne 1b"],
  ["a length and the bounds of an address", COMPILED, "1: cmp r0, #200\nbhi 2f\nldr r3, [r0], #4\nstr r3, [r1]\nsubs r2, #1\nbne 1b\n2:"],
  ["a length that was on the stack", COMPILED, "push {r2, lr}\nldr r3, [r0]\nldr r2, [sp]\ncmp r2, #0\nbeq 1f\nstr r3, [r1]\n1: pop {r2, pc}"],
  ["a register that both conditions write", COMPILED, "ldr r3, [r0]\ncmp r2, #4\nite cs\nmovcs r3, #0\nmovcc r3, #4\nldr r3, [r1, r3]"],
  ["a literal, and a global of the runtime", COMPILED, "ldr r3, =0x20002000\nldr r3, [r3]\ncmp r3, #9\nbhi 1f\nnop\n1: bx lr\n.pool"],
  ["a function of public data", "w2c_assembly_crypto__rsa_raise", "udiv r0, r1, r2\nldr r0, [r0]\ncbz r0, 1f\nnop\n1:"],
  ["a public function of a file with secrets", "w2c_assembly_crypto__sc256_recode.part.0", "ldr r0, [r0]\ncbz r0, 1f\nnop\n1:"],
  ["functions outside of the cryptography", "w2c_assembly_exchange_http_number", "udiv r0, r1, r2\nldr r0, [r0]\ncbz r0, 1f\nnop\n1:"],
];

for (const [what, name, code] of HONEST)
  test(`${what} may decide`, async () => assert.deepEqual(await judge(name, code), []));

test("the public functions are those whose comment says so", () => {
  const isPublic = publicFunctions();
  for (const name of ["_rsa_raise", "pss_verify", "_sc25519_recode", "_p256_combine.constprop.0", "ed25519_judge"])
    assert(isPublic(`w2c_assembly_crypto_${name}`), name);
  for (const name of ["_fe256_mul", "ecdsa256_sign", "ed25519_sign", "health_feed", "_sc256_comb", "_p384"])
    assert(!isPublic(`w2c_assembly_crypto_${name}`), name);
});
