/** False alarms of the health tests over many good samples, and how soon they see each bad source. */
import assert from "node:assert/strict";
import { createCipheriv } from "node:crypto";
import { describe, it } from "node:test";
import { firmware } from "../../tools/guest/firmware.ts";

/** Good samples for each claim: 10^7 unless said. */
const SAMPLES = Number(process.env["HEALTH_SAMPLES"] ?? 10_000_000);
const CHUNK = 32_768;
/** How many a start-up test looks at. */
const STARTUP = 1_024;

interface Exports {
  readonly memory: WebAssembly.Memory;
  buffer(): number;
  begin(qualityPer256: number): void;
  feed(length: number): number;
}

const module = await firmware("tests/entropy/guest.ts");
const { memory, buffer, begin, feed } = new WebAssembly.Instance(module).exports as unknown as Exports;
const area = new Uint8Array(memory.buffer, buffer(), CHUNK);

/** Uniform bytes that can be repeated. */
function uniform(seed: number): (length: number) => Uint8Array {
  const cipher = createCipheriv("aes-256-ctr", Buffer.alloc(32, seed), Buffer.alloc(16));
  return (length) => cipher.update(Buffer.alloc(length));
}

/** What each chip of ours claims, in bits, and a source that has exactly that: as many values, all alike. */
const CLAIMS = [
  { bits: 8, of: "semihosting" },
  { bits: 4, of: "nRF51" },
  { bits: 1, of: "RP2040" },
];

describe(`${SAMPLES} good samples`, () => {
  for (const { bits, of } of CLAIMS) {
    it(`of ${bits} bits (${of}) give no false alarm`, () => {
      const noise = uniform(bits);
      const mask = (1 << bits) - 1;
      let alarms = 0;
      begin(bits * 256);
      for (let done = 0; done < SAMPLES; done += CHUNK) {
        area.set(noise(CHUNK).map((sample) => sample & mask));
        if (feed(CHUNK) === 0) continue;
        alarms++;
        begin(bits * 256);
      }
      // The cutoffs are for one in 2^30 tests; each sample ends one of repetition.
      assert.equal(alarms, 0);
    });
  }

  it("and the count of alarms is real: with half of the entropy claimed there are many", () => {
    const noise = uniform(9);
    let alarms = 0;
    begin(8 * 256);
    for (let done = 0; done < CHUNK * 10; done += CHUNK) {
      area.set(noise(CHUNK).map((sample) => sample & 15));
      if (feed(CHUNK) !== 0) alarms++;
      begin(8 * 256);
    }
    assert.equal(alarms, 10);
  });
});

const REPETITION = 1;
const PROPORTION = 2;

describe("a bad source is seen within its start-up test", () => {
  const good = uniform(77);
  const bad: [name: string, sample: (good: number, index: number) => number, seenBy: number][] = [
    ["all zero", () => 0, REPETITION],
    ["stuck at ff", () => 0xff, REPETITION],
    ["stuck after 500 samples", (sample, i) => (i < 500 ? sample : 7), REPETITION],
    ["every second sample the same", (sample, i) => (i % 2 === 0 ? 3 : sample), PROPORTION],
    ["alternating between two values", (_sample, i) => i & 1, PROPORTION],
    ["four values", (sample) => sample & 3, PROPORTION],
    ["a counter of four bits", (_sample, i) => i & 15, PROPORTION],
  ];
  for (const [name, sample, seenBy] of bad) {
    it(`${name}, by the ${seenBy === REPETITION ? "repetition count" : "adaptive proportion"}`, () => {
      area.set(good(STARTUP).map(sample));
      begin(8 * 256);
      let at = 0;
      let failure = 0;
      // One sample at a time, to see which test is first.
      const samples = area.slice(0, STARTUP);
      for (; at < STARTUP && failure === 0; at++) {
        area[0] = samples[at]!;
        failure = feed(1);
      }
      assert.equal(failure, seenBy, `after ${at} samples`);
    });
  }
});
