/** The firmware's own division does what the host's does, in Unicorn as a Cortex-M0. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, it } from "node:test";
import { ROOT } from "../../tools/firmware/root.ts";
import { run } from "../../tools/firmware/run.ts";
import { symbols } from "../../tools/firmware/symbols.ts";
import { compileMachine, runJob } from "../lab/machine.ts";

const CODE = "0x10000";

const folder = mkdtempSync(join(tmpdir(), "signet-divide-"));
after(() => rmSync(folder, { recursive: true }));

/** Run each comparison with this assembly; return the output. */
async function compare(text: string): Promise<string> {
  const [source, elf] = [join(folder, "divide.S"), join(folder, "divide.elf")];
  writeFileSync(source, text);
  const layout = ["-nostdlib", `-Wl,-Ttext=${CODE},-e,__aeabi_idiv`];
  await run("arm-none-eabi-gcc", ["-mcpu=cortex-m0", "-mthumb", ...layout, source, "-o", elf]);
  const find = await symbols(elf);
  const job = ["__aeabi_uidiv", "__aeabi_idiv"].map((name) => find(name).address & ~1).join(" ");
  return runJob(await compileMachine("tests/build/divide.c"), elf, job);
}

const assembly = readFileSync(join(ROOT, "boards/common/divide.S"), "utf8");

it("gives each quotient and remainder, with signs and without", async (context) => {
  const said = await compare(assembly);
  context.diagnostic(said.trim());
  assert.match(said, /^\d{5} calls$/m);
});

for (const [fault, from, to] of [
  ["a remainder as large as the divisor", "bcc 2f", "bls 2f"],
  ["a quotient with the wrong sign", "  eors r5, r4\n", ""],
] as const)
  it(`is caught with ${fault}`, async () => {
    assert.equal(assembly.split(from).length, 2, from);
    await assert.rejects(compare(assembly.replace(from, to)), /division of .* is wrong/);
  });
