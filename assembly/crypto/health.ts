/**
 * Health tests of a noise source: repetition count and adaptive proportion (SP 800-90B §4.4), over byte samples.
 *
 * Both run over every sample, at start-up and ever after, with a false alarm once in 2^30 samples or less. A failure is for
 * good: a source that broke once is not trusted again before a reset.
 *
 * CT: samples are secret, but a test of them has to look at them. What leaks is whether a sample equals the one before
 * and the first of its window; of a healthy source that says less than it has to spare.
 */
import { Status } from "../lib/status";

/** Samples of one window of the adaptive proportion test (§4.4.2: 512 for sources that are not binary). */
export const WINDOW: u32 = 512;

/** Samples that must pass before any is used (§4.3 requirement 4). */
export const STARTUP_SAMPLES: u32 = 1024;

/** The most min-entropy that a byte can have, in 1/256 bit. */
const FULL: u32 = 2048;

/** -log2 of the rate of false alarms. */
const ALPHA_BITS: u32 = 30;

/** What a source did. */
export const enum Failure {
  None = 0,
  /** The same sample came too often in a row, or the source claims nothing. */
  Repetition = 1,
  /** The same sample came too often in a window. */
  Proportion = 2,
}

/** The state of the tests, owned by the caller. */
@unmanaged
export class Health {
  /** Samples seen, up to STARTUP_SAMPLES. */
  seen: u32;
  /** The sample before, and how often it came in a row. */
  last: u32;
  run: u32;
  /** The cutoff of `run`. */
  runLimit: u32;
  /** The first sample of the window, how often it came in it, and how many samples of the window are past. */
  first: u32;
  count: u32;
  position: u32;
  /** The cutoff of `count`. */
  countLimit: u32;
  /** The test that failed first. */
  failed: Failure;
}

/** Begin, for a source that claims `qualityPer256` / 256 bits of min-entropy a sample. A claim of 0 fails at once. */
export function start(ctx: Health, qualityPer256: u32): void {
  memory.fill(changetype<usize>(ctx), 0, offsetof<Health>());
  if (qualityPer256 == 0 || qualityPer256 > FULL) {
    ctx.failed = Failure.Repetition;
    return;
  }
  ctx.runLimit = 1 + (ALPHA_BITS * 256 + qualityPer256 - 1) / qualityPer256;
  ctx.countLimit = proportionLimit(qualityPer256);
}

/**
 * Test `len` samples of one byte.
 *
 * NoEntropy once a test has failed, now and ever after. Again while the start-up test still wants samples: those it has
 * seen are not to be used. Ok: these samples passed.
 */
export function feed(ctx: Health, samples: usize, len: u32): Status {
  const ready = ctx.seen >= STARTUP_SAMPLES;
  for (let i: u32 = 0; i < len; i++) sample(ctx, load<u8>(samples + i));
  if (ctx.failed) return Status.NoEntropy;
  return ready ? Status.Ok : Status.Again;
}

/** Test one sample. */
function sample(ctx: Health, value: u32): void {
  ctx.run = ctx.seen > 0 && value == ctx.last ? ctx.run + 1 : 1;
  ctx.last = value;
  if (ctx.run >= ctx.runLimit) fail(ctx, Failure.Repetition);

  if (ctx.position == 0) {
    ctx.first = value;
    ctx.count = 0;
  }
  if (value == ctx.first) ctx.count++;
  if (ctx.count >= ctx.countLimit) fail(ctx, Failure.Proportion);
  ctx.position = (ctx.position + 1) % WINDOW;

  if (ctx.seen < STARTUP_SAMPLES) ctx.seen++;
}

/** The first failure is the one that counts. */
function fail(ctx: Health, failure: Failure): void {
  if (ctx.failed == Failure.None) ctx.failed = failure;
}

/**
 * The cutoff of the adaptive proportion test: 1 + critbinom(512, 2^-H, 1 - 2^-30), with H rounded down to a value of the
 * table. A unit test recomputes it.
 */
function proportionLimit(qualityPer256: u32): u32 {
  switch (qualityPer256 >> 8) {
    case 8:
      return 16;
    case 7:
      return 22;
    case 6:
      return 31;
    case 5:
      return 46;
    case 4:
      return 71;
    case 3:
      return 114;
    case 2:
      return 190;
    case 1:
      return 325;
  }
  if (qualityPer256 >= 128) return 422;
  if (qualityPer256 >= 64) return 477;
  if (qualityPer256 >= 32) return 502;
  return WINDOW;
}
