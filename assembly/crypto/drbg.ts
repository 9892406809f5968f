/**
 * HMAC_DRBG with SHA-256 (SP 800-90A §10.1.2), for 256 bits of strength.
 *
 * CT: lengths and the count of requests leak; entropy, state and output do not.
 */
import { wipe } from "../lib/bytes";
import * as scratch from "../lib/scratch";
import { Status } from "../lib/status";
import * as hmac256 from "./hmac256";
import { Hmac256 } from "./hmac256";

/** The least entropy that is taken: as many bytes as the strength, each a full byte of min-entropy after conditioning. */
export const ENTROPY_BYTES: u32 = 32;

/** The most that one request may ask for (SP 800-90A table 2: 2^19 bits). */
export const REQUEST_BYTES: u32 = 1 << 16;

/** Requests between two seeds. The standard allows 2^48; a device makes a handful a day and can afford fewer. */
export const RESEED_INTERVAL: u32 = 1 << 16;

/** A generator, owned by the caller. Zeroed memory is an uninstantiated one, which gives nothing. */
@unmanaged
export class Drbg {
  /** Key K. */
  key: u64;
  key1: u64;
  key2: u64;
  key3: u64;
  /** Chaining value V. */
  value: u64;
  value1: u64;
  value2: u64;
  value3: u64;
  /** The number of the next request since the last seed; 0 before the first. */
  request: u32;
}

/**
 * Begin from `entropy`, a nonce and an optional personalisation string (§10.1.2.3).
 *
 * NoEntropy if there are less than ENTROPY_BYTES of it: the generator is then wiped, and refuses to generate.
 */
export function instantiate(
  ctx: Drbg,
  entropy: usize,
  entropyLen: u32,
  nonce: usize,
  nonceLen: u32,
  personal: usize,
  personalLen: u32,
): Status {
  wipe(changetype<usize>(ctx), offsetof<Drbg>());
  if (entropyLen < ENTROPY_BYTES) return Status.NoEntropy;
  memory.fill(value(ctx), 1, hmac256.TAG_BYTES);
  mix(ctx, entropy, entropyLen, nonce, nonceLen, personal, personalLen);
  ctx.request = 1;
  return Status.Ok;
}

/**
 * Mix in fresh entropy and `more`, if any (§10.1.2.4).
 *
 * NoEntropy if there are less than ENTROPY_BYTES, Unexpected if the generator was never instantiated; its state is then unchanged.
 */
export function reseed(ctx: Drbg, entropy: usize, entropyLen: u32, more: usize, moreLen: u32): Status {
  if (ctx.request == 0) return Status.Unexpected;
  if (entropyLen < ENTROPY_BYTES) return Status.NoEntropy;
  mix(ctx, entropy, entropyLen, more, moreLen, 0, 0);
  ctx.request = 1;
  return Status.Ok;
}

/**
 * Write `outLen` random bytes to `out` (§10.1.2.5).
 *
 * Again: it must be (re)seeded first. TooLong: more than REQUEST_BYTES were asked for. Nothing is written then.
 */
export function generate(out: usize, outLen: u32, ctx: Drbg): Status {
  if (outLen > REQUEST_BYTES) return Status.TooLong;
  if (ctx.request == 0 || ctx.request > RESEED_INTERVAL) return Status.Again;
  const v = value(ctx);
  for (let done: u32 = 0; done < outLen; done += hmac256.TAG_BYTES) {
    hmac256.mac(v, key(ctx), hmac256.TAG_BYTES, v, hmac256.TAG_BYTES);
    memory.copy(out + done, v, min(hmac256.TAG_BYTES, outLen - done));
  }
  mix(ctx, 0, 0, 0, 0, 0, 0);
  ctx.request++;
  return Status.Ok;
}


@inline
function key(ctx: Drbg): usize {
  return changetype<usize>(ctx) + offsetof<Drbg>("key");
}


@inline
function value(ctx: Drbg): usize {
  return changetype<usize>(ctx) + offsetof<Drbg>("value");
}

/** HMAC_DRBG_Update (§10.1.2.2) with the provided data in up to three pieces; a second round only if there are any. */
function mix(ctx: Drbg, a: usize, aLen: u32, b: usize, bLen: u32, c: usize, cLen: u32): void {
  const hmac = changetype<Hmac256>(scratch.take(offsetof<Hmac256>()));
  const round = scratch.take(1);
  const rounds: u32 = aLen + bLen + cLen > 0 ? 2 : 1;
  for (let i: u32 = 0; i < rounds; i++) {
    store<u8>(round, <u8>i);
    hmac256.init(hmac, key(ctx), hmac256.TAG_BYTES);
    hmac256.update(hmac, value(ctx), hmac256.TAG_BYTES);
    hmac256.update(hmac, round, 1);
    hmac256.update(hmac, a, aLen);
    hmac256.update(hmac, b, bLen);
    hmac256.update(hmac, c, cLen);
    hmac256.final(key(ctx), hmac);
    hmac256.mac(value(ctx), key(ctx), hmac256.TAG_BYTES, value(ctx), hmac256.TAG_BYTES);
  }
  scratch.release(changetype<usize>(hmac));
}
