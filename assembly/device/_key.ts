/** The device's own key: its public half in RAM, its seed in the store. The seed is read for one signature and wiped after it. */
import { Status } from "../lib/status";
import * as bytes from "../lib/bytes";
import * as scratch from "../lib/scratch";
import * as keypair from "../identity/keypair";
import { KEYPAIR_BYTES, KeyPair } from "../identity/keypair";
import * as soft from "../signer/soft";
import { SoftKey } from "../signer/soft";
import * as system from "../port/system";
import { Death, Record } from "./facts";
import * as records from "./store";

/** Bytes of a server's key that name it in the record Former, after the seed. */
const SERVER_BYTES: u32 = 8;
const FORMER_BYTES: u32 = keypair.SEED_BYTES + SERVER_BYTES;

/** The key that the device speaks with. */
export const own = changetype<KeyPair>(memory.data(KEYPAIR_BYTES, 8));
/** The record that begins with its seed. */
let home: Record = Record.Key;

/** The key as the module that holds it sees it. */
@inline
function softKey(): SoftKey {
  return changetype<SoftKey>(keypair.signer(own));
}

/** Speak with the key of the seed at `secret`, which the record of `kind` begins with. */
export function take(secret: usize, kind: Record): void {
  keypair.derive(own, secret);
  home = kind;
}

/**
 * Read the seed into scratch memory and lend it to the key's signer. Returns its place for `wipe`, which must follow in the same turn; nothing else of
 * scratch memory may be released in between.
 */
export function lend(): usize {
  const seed = scratch.take(keypair.SEED_BYTES);
  if (records.first(seed, keypair.SEED_BYTES, home) != Status.Ok) {
    system.die(Death.IdentityLost);
    unreachable();
  }
  soft.lend(softKey(), seed);
  return seed;
}

/** End the loan, and wipe the seed. */
export function wipe(seed: usize): void {
  soft.lend(softKey(), 0);
  scratch.release(seed);
}

/** Keep the seed of the record Key as the record Former, while the key of `server` orders rotations. */
export function keep(server: usize): Status {
  const kept = scratch.take(FORMER_BYTES);
  let status = records.first(kept, keypair.SEED_BYTES, Record.Key);
  bytes.copy(kept + keypair.SEED_BYTES, server, SERVER_BYTES);
  if (status == Status.Ok) status = records.put(Record.Former, kept, FORMER_BYTES);
  scratch.release(kept);
  return status;
}

/** Tell whether a key is kept while the key of `server` orders rotations. */
export function isKeptFrom(server: usize): boolean {
  const kept = scratch.take(FORMER_BYTES);
  const status = records.first(kept, FORMER_BYTES, Record.Former);
  const same = status == Status.Ok && bytes.same(kept + keypair.SEED_BYTES, server, SERVER_BYTES);
  scratch.release(kept);
  return same;
}

/** Write the seed as the record Key as well, if it is not there: it is its home from now on. */
export function settle(): Status {
  if (home == Record.Key) return Status.Ok;
  const mark = lend();
  const status = records.put(Record.Key, softKey().seed, keypair.SEED_BYTES);
  wipe(mark);
  if (status == Status.Ok) home = Record.Key;
  return status;
}
