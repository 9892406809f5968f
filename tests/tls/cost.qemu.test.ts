// weight: 69 s, 1 core
/**
 * The cost of handshakes on the ELF in QEMU, and their equality there, answer for answer, with those under Node. SIGNET_FULL
 * asks for every core.
 */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { KiB } from "../../tools/firmware/board.ts";
import { profiles } from "../../tools/facts/profiles.table.js";
import { benchProfiles, benchTls, type TlsCost } from "../bench/tls.ts";
import { profile } from "../lab/small.ts";
import { FULL } from "../full.ts";

/** Instructions on a Cortex-M4, which verifies what it signs: more would be a step back. The small profile calls what the fast one inlines. */
const MOST = {
  fast: { "tls.handshake": 2_950_000, "tls.handshake.chain": 2_760_000, "tls.resume": 950_000 },
  small: { "tls.handshake": 4_300_000, "tls.handshake.chain": 4_000_000, "tls.resume": 1_600_000 },
};
const RAM = 7.75 * KiB;
const FLASH = { fast: 36 * KiB, small: 28 * KiB };

/**
 * No step is more than a signature that is verified, and the hashing around it. A watchdog of a second at 16 MHz has 16 M cycles,
 * and no instruction that the compiler uses here takes a Cortex-M0 more than three on average.
 */
const LONGEST_STEP = {
  "mps2-an386": 750_000,
  small: 950_000,
  "mps2-an385": 1_450_000,
  microbit: 16_000_000 / 3,
  pico: 16_000_000,
};

/** The longest step of a profile: ECDH on P-256 in an image with `cloud`, 750 k. */
const MOST_STEP = 780_000;

/** Say what it took, and fail if a step is too long. */
function assertSteps(context: TestContext, costs: Record<string, TlsCost>, most: number): void {
  for (const [name, { instructions, longest, stack, flash, ram }] of Object.entries(costs)) {
    context.diagnostic(
      `${name}: ${instructions} instructions, the longest step ${longest}, ${stack} bytes of stack, ${ram} of RAM, ${flash} of flash`,
    );
    assert.ok(longest > 0 && longest <= most, `${name}: a step of ${longest} instructions`);
  }
}

/** Fail if it takes more of a Cortex-M4 than it may. */
function assertBounds(costs: Record<string, TlsCost>, profile: keyof typeof MOST): void {
  for (const [name, most] of Object.entries(MOST[profile])) {
    const { instructions, flash, ram } = costs[name]!;
    assert.ok(instructions > 100_000 && instructions <= most, `${name}: ${instructions} instructions`);
    assert.ok(ram > 4 * KiB && ram <= RAM, `${name}: ${ram} bytes of RAM`);
    assert.ok(flash > 16 * KiB && flash <= FLASH[profile], `${name}: ${flash} bytes of flash`);
  }
}

test("whole handshakes on a Cortex-M4", async (context) => {
  const costs = await benchTls("mps2-an386");
  assertSteps(context, costs, LONGEST_STEP["mps2-an386"]);
  assertBounds(costs, "fast");
});

test("whole handshakes on a Cortex-M4, built small", async (context) => {
  const costs = await benchTls("mps2-an386", await profile());
  assertSteps(context, costs, LONGEST_STEP.small);
  assertBounds(costs, "small");
});

test(
  "each profile on a Cortex-M4 costs what the table says",
  { skip: !FULL && "runs with SIGNET_FULL" },
  async (context) => {
    for (const [name, { handshake, resume }] of Object.entries(await benchProfiles("mps2-an386"))) {
      assertSteps(context, { [name]: handshake, [`${name}, resumption`]: resume }, MOST_STEP);
      const said = profiles[name as keyof typeof profiles];
      const found = { ...said, flash: handshake.flash, ram: Math.max(handshake.ram, resume.ram) };
      const instructions = { handshake: handshake.instructions / 1000, resume: resume.instructions / 1000 };
      for (const [what, figure] of Object.entries({ ...found, ...instructions })) {
        const off = Math.abs(figure / said[what as keyof typeof said] - 1);
        assert.ok(off < 0.03, `${name}: ${what} is ${figure}: run \`npm run bench -- costs\``);
      }
    }
  },
);

for (const board of FULL ? (["microbit", "mps2-an385", "pico"] as const) : (["microbit"] as const))
  test(`no step on ${board} takes longer than the watchdog's limit`, async (context) => {
    assertSteps(context, await benchTls(board), LONGEST_STEP[board]);
  });
