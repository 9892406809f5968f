// weight: 20 s, 1.1 cores
/** False alarms of the health tests over many good samples, and how soon they see each bad source. */
import assert from "node:assert/strict";
import { createCipheriv } from "node:crypto";
import { describe, it } from "node:test";
import { firmware } from "../../tools/guest/firmware.ts";
import { Flash } from "../../tools/guest/flash.ts";
import { Guest } from "../../tools/guest/guest.ts";
import { frequencies, normal, type Oscillator, sampler } from "./oscillator.ts";
import { SIGNET } from "../../tools/firmware/product.ts";
import { FULL } from "../full.ts";

/** Good samples for each claim. */
const SAMPLES = Number(process.env["HEALTH_SAMPLES"] ?? (FULL ? 10_000_000 : 2_000_000));
const CHUNK = 32_768;
/** Samples of a start-up test. */
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

/** The claim of each chip, in bits. */
const CLAIMS = [
  { bits: 8, of: "semihosting" },
  { bits: 4, of: "nRF51" },
  { bits: 1, of: "RP2040" },
];

/**
 * A source that has exactly what it claims: independent bits, each 1 with 2^(-claim / 8), by a table over two bytes of
 * good noise. Values rarer than one in 65,536 samples never come.
 */
function biased(claim: number, seed: number): (length: number) => Uint8Array {
  const noise = uniform(seed);
  const one = 2 ** (-claim / 8);
  const ones = (value: number): number => [...value.toString(2)].filter((digit) => digit === "1").length;
  const table = Uint8Array.from(
    Array.from({ length: 256 }, (_, value) => value)
      .toSorted((a, b) => ones(b) - ones(a))
      .flatMap((value) => {
        const chance = one ** ones(value) * (1 - one) ** (8 - ones(value));
        return Array.from({ length: Math.round(65_536 * chance) }, () => value);
      }),
  );
  return (length) => {
    const at = new Uint16Array(noise(2 * length).slice().buffer);
    return Uint8Array.from(at, (index) => table[index % table.length]!);
  };
}

describe(`${SAMPLES} good samples`, () => {
  for (const { bits, of } of CLAIMS) {
    it(`of ${bits} bits (${of}) give no false alarm`, () => {
      const noise = biased(bits, bits);
      let alarms = 0;
      begin(bits * 256);
      for (let done = 0; done < SAMPLES; done += CHUNK) {
        area.set(noise(CHUNK));
        if (feed(CHUNK) === 0) continue;
        alarms++;
        begin(bits * 256);
      }
      // The cutoffs are for one in 2^30 tests; each bit ends one of repetition.
      assert.equal(alarms, 0);
    });
  }

  it("with half of the entropy claimed there are many alarms", () => {
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

describe("an oscillator that is sampled at fixed times", () => {
  const OSCILLATORS = 400;
  const DUTIES = [0.5, 0.1, 0.25, 0.35, 0.499, 0.618, 0.8, 0.95];
  /** Return the verdict of a health test after its start-up samples. */
  const verdict = (oscillator: Oscillator): number => {
    area.set(sampler(oscillator)(STARTUP));
    begin(256);
    return feed(STARTUP);
  };
  /** Return the number of frequencies that pass. */
  const passing = (jitter: number, duty: number, microseconds: number): number =>
    frequencies(OSCILLATORS).filter((megahertz, i) => {
      const phase = (i * 0.618) % 1;
      return verdict({ megahertz, microseconds, phase, duty, jitter, normal: normal(i + 1) }) === 0;
    }).length;

  for (const microseconds of [1, 5, 10, 12, 50]) {
    it(`every ${microseconds} us, without jitter, passes at none of ${OSCILLATORS} frequencies and ${DUTIES.length} duties`, () => {
      assert.deepEqual(
        DUTIES.map((duty) => passing(0, duty, microseconds)),
        DUTIES.map(() => 0),
      );
    });
  }

  it("passes at none with a jitter of 0.005 periods, and at every one with 0.05", () => {
    for (const duty of [0.5, 0.3]) {
      assert.equal(passing(0.005, duty, 12), 0);
      assert.equal(passing(0.05, duty, 12), OSCILLATORS);
    }
  });

  it("with a drifting frequency and no jitter is not detected everywhere: the factory seed covers the rest", () => {
    const passed = frequencies(OSCILLATORS).filter((megahertz, i) => {
      let at = 0;
      // 8 in 100,000, up and down once in the start-up test: a supply that hums.
      const hum = (): number => Math.sin((2 * Math.PI * at++) / (8 * STARTUP));
      const jitter = 0.001 * megahertz;
      return verdict({ megahertz, microseconds: 12, phase: i / OSCILLATORS, duty: 0.5, jitter, normal: hum }) === 0;
    });
    assert.ok(passed.length <= 4, `${passed.length} of ${OSCILLATORS} pass`);
  });

  it("with a jitter of 0.1 periods gives no false alarm in a million samples", () => {
    const sample = sampler({ megahertz: 6.5, microseconds: 12, phase: 0, duty: 0.5, jitter: 0.1, normal: normal(5) });
    begin(256);
    for (let done = 0; done < 1_000_000; done += CHUNK) {
      area.set(sample(CHUNK));
      assert.equal(feed(CHUNK), 0);
    }
  });

  it("without jitter makes no key on a device at any frequency, and the device prints the reason", async () => {
    const image = await firmware(SIGNET.entry);
    const told = frequencies(OSCILLATORS).map((megahertz) => {
      let nowMs = 0;
      const read = sampler({ megahertz, microseconds: 5, phase: 0.1, duty: 0.5, jitter: 0 });
      const flash = new Flash({ pageBytes: 4096, pages: 16 });
      const guest = new Guest({ firmware: image, flash, noise: { quality: 256, read }, clock: () => nowMs });
      guest.boot();
      while (!guest.deaths && !guest.events.some(({ name }) => name === "key-made")) nowMs += Math.max(1, guest.turn());
      return guest.events.some(({ name }) => name === "key-made") ? "a key" : guest.epitaph;
    });
    assert.deepEqual([...new Set(told)].toSorted(), ["die 2", "die 8"]);
  });
});

const REPETITION = 1;
const PROPORTION = 2;
const PATTERN = 3;
const NAMES = ["", "repetition count", "adaptive proportion", "tests of patterns"];

/** Samples that come again after a number of bits. */
function period(bits: number): (good: number, index: number) => number {
  const word = [...uniform(bits)(bits)].map((byte) => byte & 1);
  return (_good, index) => {
    let sample = 0;
    for (let i = 0; i < 8; i++) sample = (sample << 1) | word[(8 * index + i) % bits]!;
    return sample;
  };
}

describe("a bad source is detected within its start-up test", () => {
  const good = uniform(77);
  const more = uniform(78)(2 * STARTUP);
  const bad: [name: string, sample: (good: number, index: number) => number, seenBy: number][] = [
    ["all zero", () => 0, REPETITION],
    ["stuck at ff", () => 0xff, REPETITION],
    ["stuck after 500 samples", (sample, i) => (i < 500 ? sample : 7), REPETITION],
    ["every second sample the same", (sample, i) => (i % 2 === 0 ? 3 : sample), PROPORTION],
    ["alternating between two values", (_sample, i) => i & 1, PROPORTION],
    ["four values", (sample) => sample & 3, PROPORTION],
    ["a counter of four bits", (_sample, i) => i & 15, PROPORTION],
    ["the same seven samples again and again", (_sample, i) => (i % 7) * 37, PROPORTION],
    ["ones in five bits of eight", (sample, i) => sample | (more[2 * i]! & more[2 * i + 1]!), PROPORTION],
    ["32 ones in a row, over five samples", (sample, i) => [sample, 0x0f, 0xff, 0xff, 0xff, 0xf0][i % 6]!, REPETITION],
  ];
  const patterned: typeof bad = [
    ["sixteen values, each as often as the others", (sample) => (sample & 15) * 17, PATTERN],
    ["a period of 61 bits", period(61), PATTERN],
    ["a period of 64 bits", period(64), PATTERN],
  ];
  const cases = [...bad.map((one) => [8, ...one] as const), ...patterned.map((one) => [1, ...one] as const)];
  for (const [claim, name, sample, seenBy] of cases) {
    it(`${name}, by the ${NAMES[seenBy]}`, () => {
      area.set(good(STARTUP).map(sample));
      begin(claim * 256);
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
