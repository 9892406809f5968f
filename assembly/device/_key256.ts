/**
 * The device's second key, on P-256: its public half in RAM, its secret in the store. The server knows nothing of it, and no rotation changes it: a service that
 * registered its certificate keeps knowing the device. If its record is lost, the device makes another one.
 */
import * as scratch from "../lib/scratch";
import { Status } from "../lib/status";
import { Writer } from "../lib/writer";
import * as p256 from "../signer/p256";
import { P256Key } from "../signer/p256";
import * as system from "../port/system";
import * as ordinary from "../tls/ordinary";
import * as entropy from "./entropy";
import { Death, Record } from "./facts";
import * as records from "./store";


@lazy
const own = changetype<P256Key>(memory.data(p256.P256_KEY_BYTES, 8));


@lazy
const writer = changetype<Writer>(memory.data(offsetof<Writer>(), 4));

/** Recall the key, or make and store it. NoEntropy: there is no usable randomness; Storage: it could not be stored. */
export function begin(nowMs: u32): Status {
  const secret = scratch.take(p256.SECRET_BYTES);
  const isKnown = records.first(secret, p256.SECRET_BYTES, Record.KeyP256) == Status.Ok;
  let status = isKnown && p256.derive(own, secret) == Status.Ok ? Status.Ok : make(secret, nowMs);
  scratch.release(secret);
  if (status == Status.Ok) ordinary.use(own);
  return status;
}

/** Make the key at `secret`: a number that is no secret is drawn again. */
function make(secret: usize, nowMs: u32): Status {
  do {
    const status = entropy.random(secret, p256.SECRET_BYTES, nowMs);
    if (status != Status.Ok) return Status.NoEntropy;
  } while (p256.derive(own, secret) != Status.Ok);
  return records.put(Record.KeyP256, secret, p256.SECRET_BYTES) == Status.Ok ? Status.Ok : Status.Storage;
}

/** Sign the certificate, once in a life; after a fault, again at the next call. */
export function certify(): void {
  const place = scratch.take(ordinary.TBS_BYTES);
  writer.begin(place, ordinary.TBS_BYTES);
  const secret = lend();
  ordinary.sign(writer);
  wipe(secret);
  scratch.release(place);
}

/** Lend the secret, as `_key.lend` does the seed: `wipe` must follow in the same turn. */
export function lend(): usize {
  const secret = scratch.take(p256.SECRET_BYTES);
  if (records.first(secret, p256.SECRET_BYTES, Record.KeyP256) != Status.Ok) {
    system.die(Death.Storage);
    unreachable();
  }
  p256.lend(own, secret);
  return secret;
}

/** End the loan, and wipe the secret. */
export function wipe(secret: usize): void {
  p256.lend(own, 0);
  scratch.release(secret);
}
