// weight: 40 s, 1 core
/**
 * One verification rule: the device (as wasm, and as the ELF in QEMU), the server and the command line give each forged report
 * the same verdict, and it is the expected one.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Status } from "../../assembly/lib/status.ts";
import { verifyFile } from "../../tools/server/verify.ts";
import { Trouble } from "../../tools/trouble.ts";
import { hex } from "../../tools/wire/bytes.ts";
import * as ed25519 from "../../tools/wire/ed25519.ts";
import { elfLab, type Lab, wasmLab } from "../lab/lab.ts";
import { Op } from "../lab/op.ts";
import { smallLab } from "../lab/small.ts";
import * as rule from "../wire/rule.ts";
import { CLASSES, type Forgery } from "./forgeries.ts";
import { FULL } from "../full.ts";

const HEAD_BYTES = 11;

const BOARDS = FULL ? ["mps2-an386", "mps2-an385", "microbit"] : ["mps2-an386"];

/** Let the device judge, the message in two parts as its formats give it. */
async function onDevice(lab: Lab, { signature, key, message }: Forgery): Promise<boolean> {
  const parts = [message.subarray(0, HEAD_BYTES), message.subarray(HEAD_BYTES)];
  const { result } = await lab.run(Op.Ed25519Verify, signature, key, ...parts);
  assert.ok(result === Status.Ok || result === Status.Forged, `${lab.name} answers ${result}`);
  return result === Status.Ok;
}

/** Let what `signet verify` calls judge the stored report. */
function onCommandLine(file: string, { report, key }: Forgery): boolean {
  writeFileSync(file, report);
  try {
    return verifyFile(file, hex(key)).length === 1;
  } catch (error) {
    if (error instanceof Trouble && error.message.startsWith("bad-signature:")) return false;
    throw error;
  }
}

describe("one verification rule", () => {
  const labs: Lab[] = [];
  const folder = mkdtempSync(join(tmpdir(), "signet-rule-"));
  const file = join(folder, "report");
  before(async () => {
    labs.push(await wasmLab(), await smallLab());
    for (const board of BOARDS) labs.push(await elfLab(board));
  });
  after(async () => {
    for (const lab of labs) await lab.close();
    rmSync(folder, { recursive: true });
  });

  for (const { name, make, tempting } of CLASSES) {
    test(name, async (context) => {
      const all = make();
      let tempted = 0;
      const accepted = all.filter(({ expected }) => expected).length;
      for (const one of all) {
        const verdicts: Record<string, boolean> = {
          rule: rule.judge(one.signature, one.key, one.message),
          server: ed25519.verify(one.signature, one.key, one.message),
          "command line": onCommandLine(file, one),
        };
        for (const lab of labs) verdicts[lab.name] = await onDevice(lab, one);
        const wanted = Object.fromEntries(Object.keys(verdicts).map((who) => [who, one.expected]));
        assert.deepEqual(verdicts, wanted, `${one.name}: key ${hex(one.key)} signature ${hex(one.signature)}`);
        if (!one.expected && rule.judgeLaxly(one.signature, one.key, one.message)) tempted++;
      }
      assert.ok(tempted >= tempting, `the equation holds for ${tempted} that are refused, not ${tempting}`);
      const who = labs.map((lab) => lab.name).join(", ");
      context.diagnostic(`${all.length} on ${who}: ${accepted} valid; the equation holds for ${tempted} of the others`);
    });
  }

  test("`signet verify` applies it too", () => {
    const root = new URL("../..", import.meta.url).pathname;
    const mixed = CLASSES.find((one) => one.name.endsWith("mixed order"))!.make();
    for (const expected of [true, false]) {
      const one = mixed.findLast((forgery) => forgery.expected === expected)!;
      writeFileSync(file, one.report);
      const args = ["--import", "./tools/load.mjs", "tools/signet.ts", "verify", file, "--key", hex(one.key)];
      const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf-8", cwd: root });
      assert.equal(status === 0, expected, stderr);
      if (expected) assert.match(stdout, /^verified: /);
      else assert.match(stderr, /^error: bad-signature/);
    }
  });
});
