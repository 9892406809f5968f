import * as health from "../../../assembly/crypto/health";
import { Health, STARTUP_SAMPLES, WINDOW } from "../../../assembly/crypto/health";
import { Status } from "../../../assembly/lib/status";

const ctx = changetype<Health>(memory.data(offsetof<Health>(), 8));
const samples = memory.data(2048, 8);
let seed: u32 = 1;

/** Fill the samples from a small generator: uniform enough for the tests' cutoffs. */
function noise(): void {
  for (let i = 0; i < 2048; i++) {
    seed = seed * 1664525 + 1013904223;
    store<u8>(samples + i, <u8>(seed >>> 24));
  }
}

/** The cutoff of the adaptive proportion test from its definition: 1 + critbinom(512, 2^-H, 1 - 2^-30). */
function cutoff(entropyBits: f64): u32 {
  const p = Math.pow(2, -entropyBits);
  let logChoose = 0.0;
  let tail = 0.0;
  for (let k = 512; k >= 0; k--) {
    const term = Math.exp(logChoose + k * Math.log(p) + (512 - k) * Math.log1p(-p));
    if (tail + term > Math.pow(2, -30)) return k + 1;
    tail += term;
    logChoose += Math.log(<f64>k) - Math.log(<f64>(513 - k));
  }
  return 0;
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
      expect(ctx.runLimit).toBe(1 + (30 + bits - 1) / bits);
      expect(ctx.countLimit).toBe(cutoff(bits));
    }
    health.start(ctx, 128);
    expect(ctx.countLimit).toBe(cutoff(0.5));
    health.start(ctx, 64);
    expect(ctx.countLimit).toBe(cutoff(0.25));
    health.start(ctx, 32);
    expect(ctx.countLimit).toBe(cutoff(0.125));
    health.start(ctx, 31);
    expect(ctx.countLimit).toBe(WINDOW);
    health.start(ctx, 1);
    expect(ctx.runLimit).toBe(30 * 256 + 1);
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

  it("catches a value that comes too often, though never in a row", () => {
    noise();
    for (let i = 0; i < 2048; i += 16) store<u8>(samples + i, 7);
    for (let i = 1; i < 2048; i += 16) store<u8>(samples + i, 9);
    health.start(ctx, 2048);
    expect(health.feed(ctx, samples, 1024)).toBe(Status.NoEntropy);
    expect(ctx.run < ctx.runLimit).toBe(true);
  });

  it("fails at once on a claim of no entropy, or of more than there can be", () => {
    noise();
    health.start(ctx, 0);
    expect(health.feed(ctx, samples, 1)).toBe(Status.NoEntropy);
    health.start(ctx, 2049);
    expect(health.feed(ctx, samples, 1)).toBe(Status.NoEntropy);
  });
});
