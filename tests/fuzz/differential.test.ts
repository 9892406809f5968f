// weight: 33 s, 0.7 cores
/**
 * Coverage-guided fuzzing of the lab's guest, compiled for the host, against libsodium: no difference, no trap, no undefined
 * behaviour. SIGNET_FUZZ_SECONDS says for how long.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { buildHost } from "../../tools/firmware/host.ts";
import { lacking } from "./tools.ts";
import LAB from "../lab/image.ts";
import { DIFFERENTIAL } from "./kinds.ts";

const SECONDS = Number(process.env["SIGNET_FUZZ_SECONDS"] ?? 8);
const CHOICES = 7;

/** The corpus to begin with: each comparison with short and long texts. */
function seeds(folder: string): void {
  for (let choice = 0; choice < CHOICES; choice++) {
    for (const length of [0, 63, 64, 200]) {
      const rest = createHash("shake256", { outputLength: length + 200 })
        .update(`${choice}/${length}`)
        .digest();
      writeFileSync(join(folder, `${choice}-${length}`), Buffer.concat([Buffer.from([choice, length, 0]), rest]));
    }
  }
}

test(`libsodium agrees for ${SECONDS} s`, { skip: lacking() }, async (context) => {
  const program = await buildHost({ image: LAB, kind: DIFFERENTIAL });
  const folder = mkdtempSync(join(tmpdir(), "signet-fuzz-"));
  seeds(folder);
  const args = [folder, `-max_total_time=${SECONDS}`, "-max_len=2400", "-len_control=0", `-artifact_prefix=${folder}/`];
  const { status, stderr } = spawnSync(program, [...args, "-seed=1", "-print_final_stats=1"], { encoding: "utf8" });
  const said = stderr.split("\n");
  assert.equal(status, 0, `${said.slice(-40).join("\n")}\nthe input is kept in ${folder}`);
  const runs = Number(/number_of_executed_units:\s*(\d+)/.exec(stderr)?.[1]);
  assert(runs > CHOICES * 4, "the fuzzer ran nothing");
  context.diagnostic(`${runs} runs, ${said.findLast((line) => line.includes("cov:"))?.trim()}`);
  rmSync(folder, { recursive: true });
});
