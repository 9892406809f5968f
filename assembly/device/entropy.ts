/**
 * Randomness: raw noise from the port, health tests (SP 800-90B §4.4), conditioning by SHA-256, and HMAC_DRBG. Nothing is
 * generated before the source passed its start-up test. A seed in the store is mixed in at each start and replaced before
 * anything is generated for use. It begins as the factory's seed; on a board without a source it is the only entropy, and
 * a board whose source is weak makes no key without it. The last digits of some temperatures are mixed in and not counted.
 *
 * CT: how many samples came, and whether they passed, leaks; samples and seeds do not.
 */
import { ENTROPY_MS, RESEED_REQUESTS } from "../config";
import { Status } from "../lib/status";
import * as bytes from "../lib/bytes";
import * as drbg from "../crypto/drbg";
import { Drbg } from "../crypto/drbg";
import * as health from "../crypto/health";
import { Failure, Health, HEALTH_BYTES } from "../crypto/health";
import * as sha256 from "../crypto/sha256";
import { Sha256 } from "../crypto/sha256";
import * as noise from "../port/entropy";
import * as sensor from "../port/sensor";
import { Death, Record } from "./facts";
import { WEAK_NOISE } from "./features";
import { SEED_BYTES as FACTORY_SEED_BYTES, settings, wipeSeed } from "./settings";
import * as records from "./store";

const enum Stage {
  /** The start-up test wants samples; those after it are conditioned. */
  Gathering,
  Ready,
  Dead,
}

const BLOCK_BYTES: u32 = 32;
const SEED_BYTES: u32 = 32;
const SAMPLES_AT_ONCE: u32 = 32;
/** Temperatures that begin a block. */
const TEMPERATURES: u32 = 16;
/** Reads in one turn of the main loop. */
const READS_AT_ONCE: u32 = 16;
/** Entropy for 256 bits with full entropy (SP 800-90C §3: 64 more than the output), in 1/256 bit. */
const NEEDED_PER_256: u32 = (256 + 64) * 256;


@unmanaged
class State {
  stage: Stage;
  death: Death;
  startedMs: u32;
  quality: u32;
  /** Samples in the present block, and the conditioned blocks there are. */
  samples: u32;
  blocks: u32;
  /** The source has given something since it was last begun. */
  heard: u32;
  /** Requests since the last seed; none before the first. */
  requests: u32;
  seeded: u32;
}

const state = changetype<State>(memory.data(offsetof<State>(), 4));
const tests = changetype<Health>(memory.data(HEALTH_BYTES, 8));
const digest = changetype<Sha256>(memory.data(offsetof<Sha256>(), 8));
const generator = changetype<Drbg>(memory.data(offsetof<Drbg>(), 8));
/** Conditioned blocks: the entropy, and for the first seed a nonce. */
const pool: usize = memory.data(2 * BLOCK_BYTES, 8);
const samples: usize = memory.data(SAMPLES_AT_ONCE, 4);

/** Begin to collect; `boots` makes a start different from all others. */
export function start(nowMs: u32, boots: u32): void {
  state.requests = 0;
  state.seeded = 0;
  state.quality = noise.quality();
  if (state.quality == 0) return startFromSeed(boots);
  gather(nowMs);
}

/** Test the source from the beginning, then condition its output: at the start, and on demand (SP 800-90B §4.2). */
function gather(nowMs: u32): void {
  state.stage = Stage.Gathering;
  state.startedMs = nowMs;
  state.blocks = 0;
  state.heard = 0;
  health.start(tests, state.quality);
  beginBlock();
}

/**
 * Have the source pass its start-up test again and seed anew from it, as is done after every 256 requests by itself. Until it
 * has, the present seed serves; if it does not pass, there is no randomness any more.
 */
export function renew(nowMs: u32): void {
  if (state.stage == Stage.Ready && state.quality != 0) gather(nowMs);
}

/**
 * Collect the source's bytes. Ok: there is randomness; Again: not yet; NoEntropy: never, and `death` has the reason.
 */
export function poll(nowMs: u32): Status {
  if (state.stage == Stage.Dead) return Status.NoEntropy;
  if (state.stage == Stage.Ready) return Status.Ok;
  if (nowMs - state.startedMs > ENTROPY_MS) return die(state.heard ? Death.TooSlow : Death.Silent);
  const wanted: u32 = state.seeded ? 1 : 2;
  for (let reads: u32 = 0; state.blocks < wanted && reads < READS_AT_ONCE; reads++) {
    const got = noise.read(samples, SAMPLES_AT_ONCE);
    if (got == 0) break;
    state.heard = 1;
    const status = health.feed(tests, samples, got);
    if (status == Status.NoEntropy) return die(cause());
    if (status == Status.Ok) condition(got);
  }
  if (state.blocks == wanted) return seed();
  return state.seeded ? Status.Ok : Status.Again;
}

/** The name of the health test that failed. */
function cause(): Death {
  switch (tests.failed) {
    case Failure.Pattern:
      return Death.Patterned;
    case Failure.Proportion:
      return Death.Biased;
    default:
      return Death.Stuck;
  }
}

/** Why there is no randomness, after NoEntropy. */
export function death(): Death {
  return state.death;
}

/** Write `len` random bytes to `out`. NoEntropy: there are none, and `out` is untouched. */
export function random(out: usize, len: u32, nowMs: u32): Status {
  if (!state.seeded || state.stage == Stage.Dead) return Status.NoEntropy;
  if (drbg.generate(out, len, generator) != Status.Ok) return Status.NoEntropy;
  if (++state.requests >= RESEED_REQUESTS) renew(nowMs);
  return Status.Ok;
}

function die(why: Death): Status {
  state.stage = Stage.Dead;
  state.death = why;
  bytes.wipe(pool, 2 * BLOCK_BYTES);
  bytes.wipe(changetype<usize>(generator), offsetof<Drbg>());
  return Status.NoEntropy;
}

function beginBlock(): void {
  state.samples = 0;
  sha256.init(digest);
}

/** Add temperatures to a block: a converter's last digits are noise as well, of which nothing is claimed. */
function addTemperatures(): void {
  for (let i: u32 = 0; i < TEMPERATURES; i++) {
    store<i32>(samples, sensor.read(0));
    sha256.update(digest, samples, 4);
  }
  bytes.wipe(samples, 4);
}

/** Take samples that passed into the present block, which is done once they hold enough. */
function condition(len: u32): void {
  sha256.update(digest, samples, len);
  bytes.wipe(samples, len);
  state.samples += len;
  if (state.samples * state.quality < NEEDED_PER_256) return;
  addTemperatures();
  sha256.final(pool + state.blocks * BLOCK_BYTES, digest);
  state.blocks++;
  beginBlock();
}

/** Seed, or seed again, from the pool. */
function seed(): Status {
  if (state.seeded) {
    drbg.reseed(generator, pool, BLOCK_BYTES, 0, 0);
  } else {
    let len = records.get(samples, SEED_BYTES, Record.Seed);
    if (len < 0 && settings.seedLen == FACTORY_SEED_BYTES) {
      sha256.hash(samples, settings.seed, FACTORY_SEED_BYTES);
      len = SEED_BYTES;
    }
    if (WEAK_NOISE && len < 0) return die(Death.NoSeed);
    drbg.instantiate(generator, pool, BLOCK_BYTES, pool + BLOCK_BYTES, BLOCK_BYTES, samples, max(len, 0));
    bytes.wipe(samples, SAMPLES_AT_ONCE);
  }
  bytes.wipe(pool, 2 * BLOCK_BYTES);
  return ready();
}

/** Seed from the store, or at the first start from the factory page: for boards without a source. */
function startFromSeed(boots: u32): void {
  store<u32>(samples, boots);
  const len = records.get(pool, SEED_BYTES, Record.Seed);
  if (len == SEED_BYTES) {
    drbg.instantiate(generator, pool, SEED_BYTES, samples, 4, 0, 0);
  } else if (settings.seedLen == FACTORY_SEED_BYTES) {
    const nonce = settings.seed + SEED_BYTES;
    drbg.instantiate(generator, settings.seed, SEED_BYTES, nonce, FACTORY_SEED_BYTES - SEED_BYTES, samples, 4);
  } else {
    die(Death.NoSource);
    return;
  }
  bytes.wipe(pool, SEED_BYTES);
  ready();
}

/** Replace the stored seed before anything else is generated. */
function ready(): Status {
  const again = state.seeded;
  state.seeded = 1;
  state.requests = 0;
  state.stage = Stage.Ready;
  if (again) return Status.Ok;
  wipeSeed();
  let status = drbg.generate(samples, SEED_BYTES, generator);
  if (status == Status.Ok) status = records.put(Record.Seed, samples, SEED_BYTES);
  bytes.wipe(samples, SAMPLES_AT_ONCE);
  return status == Status.Ok ? Status.Ok : die(Death.Storage);
}
