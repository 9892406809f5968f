import * as health from "../../../assembly/crypto/health";
import {
  BIT_WINDOW,
  Failure,
  Health,
  HEALTH_BYTES,
  LAG_LEAST,
  LAG_WINDOW,
  STARTUP_SAMPLES,
  VARIETY_LEAST,
  WINDOW,
} from "../../../assembly/crypto/health";
import { Status } from "../../../assembly/lib/status";

const ctx = changetype<Health>(memory.data(HEALTH_BYTES, 8));
const samples = memory.data(2048, 8);
let seed: u32 = 1;

/** Fill the samples from a small generator: uniform enough for the tests' cutoffs. */
function noise(): void {
  for (let i = 0; i < 2048; i++) {
    seed = seed * 1664525 + 1013904223;
    store<u8>(samples + i, <u8>(seed >>> 24));
  }
}

/** The fewest of `n` samples, each a hit with 2^-H, that come with 2^-alpha or less: 1 + critbinom(n, 2^-H, 1 - 2^-alpha). */
function cutoff(n: i32, entropyBits: f64, alpha: f64): u32 {
  const p = Math.pow(2, -entropyBits);
  let logChoose = 0.0;
  let tail = 0.0;
  for (let k = n; k >= 0; k--) {
    const term = Math.exp(logChoose + k * Math.log(p) + (n - k) * Math.log1p(-p));
    if (tail + term > Math.pow(2, -alpha)) return k + 1;
    tail += term;
    logChoose += Math.log(<f64>k) - Math.log(<f64>(n + 1 - k));
  }
  return 0;
}

/** A bit of the samples, in the order in which a source draws them. */
function getBit(at: i32): u32 {
  return (load<u8>(samples + (at >> 3)) >> (7 - (at & 7))) & 1;
}

function setBit(at: i32, bit: u32): void {
  const mask = 1 << (7 - (at & 7));
  const byte = <u32>load<u8>(samples + (at >> 3));
  store<u8>(samples + (at >> 3), bit ? byte | mask : byte & ~mask);
}

describe("health", () => {
  it("passes noise, after its start-up samples", () => {
    noise();
    health.start(ctx, 2048);
    expect(health.feed(ctx, samples, STARTUP_SAMPLES - 1)).toBe(Status.Again);
    expect(health.feed(ctx, samples, 1)).toBe(Status.Again);
    for (let i = 0; i < 200; i++) {
      noise();
      expect(health.feed(ctx, samples, 2048)).toBe(Status.Ok);
    }
  });

  it("has the cutoffs of SP 800-90B §4.4", () => {
    for (let bits: u32 = 1; bits <= 8; bits++) {
      health.start(ctx, bits << 8);
      expect(<u32>ctx.runLimit).toBe(1 + (30 + bits - 1) / bits);
      expect(<u32>ctx.countLimit).toBe(cutoff(WINDOW, bits, 30));
      expect(<u32>ctx.bitRunLimit).toBe(1 + (240 + bits - 1) / bits);
      expect(<u32>ctx.bitCountLimit).toBe(cutoff(BIT_WINDOW, bits / 8.0, 30));
    }
  });

  it("alarms for none of 64 lags more than once in 2^30 windows of bits that keep to one value as often as 1 bit of 8 allows", () => {
    const places = 8 * LAG_WINDOW;
    // At one lag once in 2^36 windows, at one of 64 once in 2^30.
    expect(places - LAG_LEAST + 1).toBe(cutoff(places, 0.125, 36));
  });

  it("catches few different values, although each is as frequent as the others", () => {
    for (let values: u32 = VARIETY_LEAST - 1; values <= VARIETY_LEAST; values++) {
      noise();
      for (let i = 0; i < 1024; i++) store<u8>(samples + i, <u8>((load<u8>(samples + i) * values) >> 8));
      // The lag test must not be first: the samples are random, only few.
      health.start(ctx, 256);
      expect(health.feed(ctx, samples, 1023)).toBe(Status.Again);
      expect(health.feed(ctx, samples + 1023, 1)).toBe(values < VARIETY_LEAST ? Status.NoEntropy : Status.Again);
    }
    health.start(ctx, 256);
    expect(ctx.failed).toBe(0);
  });

  it("catches bits that repeat after any lag up to 64, and no longer one", () => {
    for (let lag = 9; lag <= 65; lag++) {
      noise();
      for (let i = lag; i < 8 * 1024; i++) setBit(i, getBit(i - lag));
      health.start(ctx, 256);
      health.feed(ctx, samples, 1024);
      // A lag of whole bytes that has few values is seen by their variety too: only that it is seen counts.
      expect(ctx.failed).toBe(<u8>(lag <= 64 ? Failure.Pattern : Failure.None), `a lag of ${lag}`);
    }
  });

  it("catches a stuck source at the cutoff, not before, and for good", () => {
    noise();
    health.start(ctx, 2048);
    health.feed(ctx, samples, 1024);
    memory.fill(samples, load<u8>(samples + 1023) ^ 1, 16);
    expect(health.feed(ctx, samples, 4)).toBe(Status.Ok);
    expect(health.feed(ctx, samples, 1)).toBe(Status.NoEntropy);
    noise();
    expect(health.feed(ctx, samples, 2048)).toBe(Status.NoEntropy);
  });

  it("catches a value that is too frequent, though never in a row", () => {
    noise();
    for (let i = 0; i < 2048; i += 16) store<u8>(samples + i, 7);
    for (let i = 1; i < 2048; i += 16) store<u8>(samples + i, 9);
    health.start(ctx, 2048);
    expect(health.feed(ctx, samples, 1024)).toBe(Status.NoEntropy);
    expect(ctx.run < ctx.runLimit).toBe(true);
  });

  it("fails at once on a claim of less than a bit, or of more than possible", () => {
    noise();
    health.start(ctx, 0);
    expect(health.feed(ctx, samples, 1)).toBe(Status.NoEntropy);
    health.start(ctx, 255);
    expect(health.feed(ctx, samples, 1)).toBe(Status.NoEntropy);
    health.start(ctx, 2049);
    expect(health.feed(ctx, samples, 1)).toBe(Status.NoEntropy);
  });
});
