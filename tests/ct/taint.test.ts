// weight: 10 s, 1 core
/**
 * Constant time on the final ELFs by marked secrets: one run of an operation shows each instruction whose time or address depends on a secret, also if the
 * secret of that run does not show it. SIGNET_FULL asks for all operations on all cores; without it the Cortex-M0 and M3 run a part.
 */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { buildImage } from "../../tools/firmware/build.ts";
import { run } from "../../tools/firmware/run.ts";
import { symbols } from "../../tools/firmware/symbols.ts";
import LAB from "../lab/image.ts";
import { Op } from "../lab/op.ts";
import { FULL } from "../full.ts";
import { bytes, type Secret, SECRETS } from "./secrets.ts";
import { type Finding, type Kind, machineOf, taint } from "./taint.ts";

/** The operations of a short run on cores whose images other suites do not build, or which take long. */
const FEW = /^(?:ed25519 sign|x25519|hmac512|aead open|aes128gcm, key)$/;

const BOARDS: readonly (readonly [board: string, isShort: boolean])[] = FULL
  ? [
      ["mps2-an386", false],
      ["mps2-an385", false],
      ["microbit", false],
      ["mps2-an505", false],
    ]
  : [
      ["mps2-an386", false],
      ["microbit", true],
    ];

/** On a Cortex-M3 the multiplications of curves end early on short operands: they get blinded ones (`assembly/crypto/README.md`). */
function isBlinded({ kind, file }: Finding): boolean {
  return kind === "time" && /\bcpu_(?:umlal|inverse)\.S$/.test(file);
}

for (const [board, isShort] of BOARDS) {
  test(`marked secrets on ${board}`, async (context) => {
    const { elf } = await buildImage({ board, image: LAB });
    const secrets = SECRETS.filter(({ name }) => !isShort || FEW.test(name));
    const found = await taint(await machineOf(board, elf), secrets);
    assert.equal(found.length, secrets.length);
    found.forEach(({ result, findings }, i) => {
      const { name } = secrets[i]!;
      assert(result > 1, `${name}: answered ${result}`);
      const blinded = findings.filter(isBlinded);
      if (blinded.length > 0)
        assert.match(name, /25519|p256|ec(?:dh|dsa)256/, `${name} multiplies values that are not blinded`);
      const bad = findings.filter((one) => !isBlinded(one)).map(({ where }) => where);
      assert.deepEqual(bad, [], name);
      context.diagnostic(`${name}: no dependence${blinded.length > 0 ? " but blinded multiplications" : ""}`);
    });
  });
}

test("an operation that does not keep its input secret is caught", async () => {
  const { elf } = await buildImage({ board: "mps2-an386", image: LAB });
  const fields = [bytes(64, 1), bytes(32, 9), Buffer.alloc(0), bytes(150, 5)];
  const verify: Secret = { name: "verify", op: Op.Ed25519Verify, fields, secret: 0, hasVerdict: true };
  const [found] = await taint(await machineOf("mps2-an386", elf), [verify]);
  assert(found!.findings.some(({ kind }) => kind === "branch"));
});

const folder = mkdtempSync(join(tmpdir(), "signet-taint-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Run code as the function of a request: r0 becomes 2, r4 the place of a secret of 32 bytes, r5 a public table. */
async function planted(code: string, cpu: string): Promise<{ kinds: Kind[]; result: number }> {
  mkdirSync(folder, { recursive: true });
  const [source, elf] = [join(folder, "code.S"), join(folder, "code.elf")];
  const begin = "push {r4, r5, lr}\nldr r4, =0x20000102\nldr r5, =0x20000200\nmovs r0, #2";
  writeFileSync(
    source,
    `.syntax unified\n.thumb\n.text\n.type _start, %function\n.global _start\n_start:\n${begin}\n${code}\npop {r4, r5, pc}\n.pool\nlast: nop\n`,
  );
  await run("arm-none-eabi-gcc", [`-mcpu=${cpu}`, "-mthumb", "-nostdlib", "-Wl,-n,-Ttext=0x1000", source, "-o", elf]);
  const at = await symbols(elf);
  const lines = [
    `regions 4096 ${at("last").address} 536870912 536879104`,
    `run ${at("_start").address}`,
    "buffer 536871168",
    "stack 536877056",
  ];
  const secret: Secret = { name: "planted", op: Op.Sha256, fields: [bytes(32, 1)], secret: 0, hasVerdict: false };
  const [found] = await taint({ elf, cpu, lines }, [secret]);
  return { kinds: found!.findings.map(({ kind }) => kind), result: found!.result };
}

/** Faults that a run of one secret does not show, each with its kind. */
// prettier-ignore
const PLANTED: readonly (readonly [what: string, cpu: string, code: string, kinds: readonly Kind[]])[] = [
  ["an exit for one key in 2^8", "cortex-m4", "ldrb r1, [r4]\ncmp r1, #0x5a\nbeq 1f\nnop\n1:", ["branch"]],
  ["the same on a Cortex-M0", "cortex-m0", "ldrb r1, [r4]\ncmp r1, #0x5a\nbeq 1f\nnop\n1:", ["branch"]],
  ["a carry branch that is taken once in 2^32", "cortex-m4", "ldr.w r1, [r4, #2]\nadds r1, r1, #1\nmovs r2, #0\nbcs 1f\nnop\n1:", ["branch"]],
  ["a division in an IT block", "cortex-m4", "ldrb r1, [r4]\nmovs r2, #3\ncmp r1, #0x5a\nit eq\nudiveq r2, r2, r2", ["condition"]],
  ["a division of a secret", "cortex-m3", "ldrb r1, [r4]\nmovs r2, #3\nudiv r2, r1, r2", ["time"]],
  ["a table at a secret index", "cortex-m4", "ldrb r1, [r4]\nldrb r2, [r5, r1]", ["address"]],
  ["a store under a secret condition", "cortex-m4", "ldrb r1, [r4]\ncmp r1, #0x5a\nit eq\nstreq r1, [r5]", ["condition"]],
  ["a long multiplication on a Cortex-M3", "cortex-m3", "ldrb r1, [r4]\numull r2, r3, r1, r5", ["time"]],
  ["a secret through the stack and memory", "cortex-m4", "ldr.w r1, [r4, #2]\npush {r1}\npop {r2}\nstrb r2, [r5, #7]\nldr r3, [r5, #4]\nlsrs r3, r3, #31\ncbz r3, 1f\nnop\n1:", ["branch"]],
  ["nothing: a secret under a mask, and public bytes beside it", "cortex-m4", "ldrb r1, [r4]\nrsb r2, r1, #0\nand r2, r2, r5\nstrb r2, [r5, #7]\nldrb r3, [r5, #6]\ncbz r3, 1f\nnop\n1: umull r2, r3, r1, r5", []],
];

describe("planted", () => {
  for (const [what, cpu, code, kinds] of PLANTED)
    test(what, async () => assert.deepEqual(await planted(code, cpu), { kinds, result: 2 }));
});
