/** What handshakes take on the ELF in QEMU, and that they are the same there, answer for answer, as under Node. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { benchTls } from "../bench/tls.ts";

/** Instructions on a Cortex-M4: what was asked for, and below that what would be a step back. */
const MOST = { "tls.handshake": 2_000_000, "tls.handshake.chain": 2_500_000, "tls.resume": 1_000_000 };
/** No step is more than a public-key operation and the hashing around it. */
const LONGEST_STEP = 600_000;

test("whole handshakes on a Cortex-M4, in instructions", async (context) => {
  const costs = await benchTls("mps2-an386");
  for (const [name, { instructions, longest, stack }] of Object.entries(costs)) {
    context.diagnostic(`${name}: ${instructions} instructions, the longest step ${longest}, ${stack} bytes of stack`);
    assert.ok(longest > 0 && longest <= LONGEST_STEP, `${name}: a step of ${longest} instructions`);
  }
  for (const [name, most] of Object.entries(MOST)) {
    const { instructions } = costs[name]!;
    assert.ok(instructions > 100_000 && instructions <= most, `${name}: ${instructions} instructions`);
  }
});
