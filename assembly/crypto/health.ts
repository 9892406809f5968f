/**
 * Health tests of a noise source, over samples of one byte.
 *
 * A source draws eight bits a sample, first bit highest. Repetition count and adaptive proportion (SP 800-90B §4.4) look
 * at each sample, and again at each single bit. Two more tests find what these do not: an oscillator that is read at
 * fixed times and has no jitter. Its samples are balanced and never alike twice in a row, and hold no entropy.
 *
 * - Variety: such an oscillator, high for one part of its period, draws at most 2n different words of n bits, at any
 *   frequency and any duty: 16 different samples (the points where n neighbouring readings change cut the phase into at
 *   most 2n intervals).
 * - Lag: for one of the lags q from 1 to 64 its phase returns to within 1/65 of a period (Dirichlet), and the bits q apart
 *   then differ in at most 2/65 of all places.
 *
 * All tests run over every sample, at start-up and ever after. The false alarms of each, on a source of independent bits
 * that has exactly what it claims, are one in 2^30 tests or less; `tests/entropy` counts them. A failure is for good: a
 * source that broke once is not trusted again before a reset.
 *
 * CT: samples are secret, but a test of them has to look at them. The time leaks whether a sample equals the one before
 * and the first of its window, and which values were drawn. A healthy source has more entropy than this leak takes.
 */
import { Status } from "../lib/status";

/** Samples of one window of the adaptive proportion test (§4.4.2: 512 for sources that are not binary). */
export const WINDOW: u32 = 512;

/** Bits of one window of the same test over single bits (§4.4.2: 1024 for binary sources). */
export const BIT_WINDOW: u32 = 1024;

/** Samples of one window of the variety test, and the fewest different values in it. */
export const VARIETY_WINDOW: u32 = 1024;
export const VARIETY_LEAST: u32 = 25;

/** Lags of the lag test, samples of one window of it, and how few bits may differ from those one lag before. */
export const LAGS: u32 = 64;
export const LAG_WINDOW: u32 = 256;
export const LAG_LEAST: u32 = 93;

/** The variety and lag tests, 104 bytes: not on boards without room whose maker has conditioned the noise already. */
const PATTERNS: bool = !isDefined(WITHOUT_PATTERN_TESTS);

/** Samples that must pass before any is used (§4.3 requirement 4): whole windows of all tests. */
export const STARTUP_SAMPLES: u32 = 1024;

/** The most min-entropy that a byte can have, and the least that may be claimed, in 1/256 bit. */
const FULL: u32 = 2048;
const LEAST: u32 = 256;

/** -log2 of the rate of false alarms. */
const ALPHA_BITS: u32 = 30;

/** Failures of a source. */
export const enum Failure {
  None = 0,
  /** The same sample, or the same bit, came too often in a row, or the claim is out of bounds. */
  Repetition = 1,
  /** The same sample, or the same bit, came too often in a window. */
  Proportion = 2,
  /** Too few different samples came in a window, or bits are too often those one lag before. */
  Pattern = 3,
}

/** The state of the tests, owned by the caller. */
@unmanaged
export class Health {
  /** Samples seen, up to STARTUP_SAMPLES. */
  seen: u16;
  /** Samples of the longest window that are past: every window begins at a multiple of its own length. */
  position: u16;
  /** Repetitions of the sample in a row, and the cutoff. */
  run: u16;
  runLimit: u16;
  /** Repetitions of the window's first sample in it, and the cutoff. */
  count: u16;
  countLimit: u16;
  /** The same for single bits. */
  bitRun: u16;
  bitRunLimit: u16;
  bitCount: u16;
  bitCountLimit: u16;
  /** The sample before, and the first of the window. */
  last: u8;
  first: u8;
  /** The bit before, and the first of the window. */
  bitLast: u8;
  bitFirst: u8;
  /** The test that failed first. */
  failed: u8;
  /** For the tests of patterns, and only there with them: the 64 bits before this sample, the latest lowest. */
  past: u64;
  /** A bit for each value that was drawn in the window of the variety test: 256 from here. */
  drawn: u64;
  drawn1: u64;
  drawn2: u64;
  drawn3: u64;
  /** Number of bits that differed from those one lag before, a byte for each lag, at most 255: 64 from here. */
  differing: u64;
  differing1: u64;
  differing2: u64;
  differing3: u64;
  differing4: u64;
  differing5: u64;
  differing6: u64;
  differing7: u64;
}

/** Bytes that a caller reserves for a Health, aligned to 8. */
export const HEALTH_BYTES: u32 = PATTERNS ? <u32>offsetof<Health>() : <u32>offsetof<Health>("past");

/** Begin, for a source that claims `qualityPer256` / 256 bits of min-entropy a sample: 1 to 8 bits. Any other claim fails at once. */
export function start(ctx: Health, qualityPer256: u32): void {
  memory.fill(changetype<usize>(ctx), 0, HEALTH_BYTES);
  if (qualityPer256 < LEAST || qualityPer256 > FULL) {
    ctx.failed = <u8>Failure.Repetition;
    return;
  }
  const bits = qualityPer256 >> 8;
  ctx.runLimit = <u16>runLimit(ALPHA_BITS * 256, qualityPer256);
  ctx.bitRunLimit = <u16>runLimit(ALPHA_BITS * 256 * 8, qualityPer256);
  ctx.countLimit = proportionLimit(bits);
  ctx.bitCountLimit = bitProportionLimit(bits);
}

/**
 * Test `len` samples of one byte.
 *
 * NoEntropy once a test has failed, now and ever after. Again while the start-up test still wants samples: those it has
 * seen are not to be used. Ok: these samples passed.
 */
export function feed(ctx: Health, samples: usize, len: u32): Status {
  const ready = ctx.seen >= STARTUP_SAMPLES;
  for (let i: u32 = 0; i < len; i++) {
    const value = <u32>load<u8>(samples + i);
    sample(ctx, value);
    for (let shift: u32 = 8; shift > 0; shift--) bit(ctx, (value >> (shift - 1)) & 1, 8 - shift);
    if (PATTERNS) {
      vary(ctx, value);
      compare(ctx, value);
    }
    ctx.last = <u8>value;
    ctx.position = <u16>((ctx.position + 1) % VARIETY_WINDOW);
    if (ctx.seen < STARTUP_SAMPLES) ctx.seen++;
  }
  if (ctx.failed != Failure.None) return Status.NoEntropy;
  return ready ? Status.Ok : Status.Again;
}

/** Repetition count and adaptive proportion of samples. */
function sample(ctx: Health, value: u32): void {
  ctx.run = ctx.seen > 0 && value == ctx.last ? ctx.run + 1 : 1;
  if (ctx.run >= ctx.runLimit) fail(ctx, Failure.Repetition);

  if (ctx.position % WINDOW == 0) {
    ctx.first = <u8>value;
    ctx.count = 0;
  }
  if (value == ctx.first) ctx.count++;
  if (ctx.count >= ctx.countLimit) fail(ctx, Failure.Proportion);
}

/** The same of bits; `index` counts those of one sample. */
function bit(ctx: Health, value: u32, index: u32): void {
  ctx.bitRun = ctx.bitRun > 0 && value == ctx.bitLast ? ctx.bitRun + 1 : 1;
  ctx.bitLast = <u8>value;
  if (ctx.bitRun >= ctx.bitRunLimit) fail(ctx, Failure.Repetition);

  if (index == 0 && ctx.position % (BIT_WINDOW / 8) == 0) {
    ctx.bitFirst = <u8>value;
    ctx.bitCount = 0;
  }
  if (value == ctx.bitFirst) ctx.bitCount++;
  if (ctx.bitCount >= ctx.bitCountLimit) fail(ctx, Failure.Proportion);
}

/** Note that a value was drawn; at the end of the window, count how many were. */
function vary(ctx: Health, value: u32): void {
  const set = changetype<usize>(ctx) + offsetof<Health>("drawn");
  const at = set + (value >> 3);
  store<u8>(at, (<u32>load<u8>(at)) | (1 << (value & 7)));
  if (ctx.position != VARIETY_WINDOW - 1) return;
  let different: u32 = 0;
  for (let i: u32 = 0; i < 32; i += 4) different += popcnt(load<u32>(set + i));
  if (different < VARIETY_LEAST) fail(ctx, Failure.Pattern);
  memory.fill(set, 0, 32);
}

/** Compare the eight bits with those of each lag before; at the end of the window, see whether any lag had too few differences. */
function compare(ctx: Health, value: u32): void {
  const counts = changetype<usize>(ctx) + offsetof<Health>("differing");
  let before = (ctx.past << 8) | value;
  for (let lag: u32 = 1; lag <= LAGS; lag++) {
    before = lag == 8 ? ctx.past : before >> 1;
    const at = counts + lag - 1;
    store<u8>(at, min<u32>(255, <u32>load<u8>(at) + popcnt(((<u32>before) ^ value) & 0xff)));
  }
  ctx.past = (ctx.past << 8) | value;
  if (ctx.position % LAG_WINDOW != LAG_WINDOW - 1) return;
  for (let lag: u32 = 0; lag < LAGS; lag++) {
    if (<u32>load<u8>(counts + lag) < LAG_LEAST) fail(ctx, Failure.Pattern);
  }
  memory.fill(counts, 0, LAGS);
}

/** Keep the first failure. */
function fail(ctx: Health, failure: Failure): void {
  if (ctx.failed == Failure.None) ctx.failed = <u8>failure;
}

/** The cutoff of the repetition count test (§4.4.1): 1 + ceil(30 / H). */
function runLimit(alphaPer256: u32, qualityPer256: u32): u32 {
  return 1 + (alphaPer256 + qualityPer256 - 1) / qualityPer256;
}

/** The cutoff of the adaptive proportion test: 1 + critbinom(512, 2^-H, 1 - 2^-30), with H in whole bits. A unit test recomputes it. */
function proportionLimit(bits: u32): u16 {
  switch (bits) {
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
    default:
      return 325;
  }
}

/** The same of single bits: 1 + critbinom(1024, 2^(-H / 8), 1 - 2^-30). */
function bitProportionLimit(bits: u32): u16 {
  switch (bits) {
    case 8:
      return 609;
    case 7:
      return 654;
    case 6:
      return 703;
    case 5:
      return 755;
    case 4:
      return 810;
    case 3:
      return 868;
    case 2:
      return 928;
    default:
      return 988;
  }
}
