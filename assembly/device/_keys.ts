/** The device's key over its life: recalled or made, replaced when the server orders it, and given up or taken up again as the server decides. */
import { ROTATION_PAUSE_MS } from "../config";
import { HANDOVER_MOST } from "../identity/facts";
import * as handover from "../identity/handover";
import { Handover } from "../identity/handover";
import * as keypair from "../identity/keypair";
import { KEYPAIR_BYTES, KeyPair } from "../identity/keypair";
import { ID_BYTES } from "../identity/kind";
import * as server from "../identity/server";
import * as bytes from "../lib/bytes";
import * as scratch from "../lib/scratch";
import { Status } from "../lib/status";
import * as system from "../port/system";
import * as ordinary from "../tls/ordinary";
import * as carrier from "./_carrier";
import * as channel from "./_channel";
import * as ground from "./_ground";
import { draft } from "./_draft";
import { Draft, got, life, message, messageHash, peer, prev, Stage, SUCCESSOR_MOST, token, writer } from "./_ground";
import * as key from "./_key";
import * as key256 from "./_key256";
import { own } from "./_key";
import * as entropy from "./entropy";
import * as event from "./event";
import { Death, Event, Record, State } from "./facts";
import * as features from "./features";
import { certificate } from "./settings";
import * as records from "./store";

/** When the key was rotated last; 0: not since the start. */
let rotatedMs: u32 = 0;

/** Recall the key, or make the first one. False: there is none, and the life ends. */
export function begin(): bool {
  rotatedMs = 0;
  const isNew = !recall();
  if (isNew && !make()) return false;
  event.text(isNew ? Event.KeyMade : Event.KeyLoaded, keypair.id(own), ID_BYTES);
  return !features.OWN256 || beginSecond();
}

/** Recall the key on P-256, or make it. False: that failed, and the life ends. */
function beginSecond(): bool {
  const status = key256.begin(life.nowMs);
  if (status == Status.NoEntropy) ground.giveUp();
  else if (status != Status.Ok) system.die(Death.Storage);
  else {
    const pin = scratch.take(ordinary.PIN_BYTES);
    ordinary.pin(pin);
    event.text(Event.KeyP256, pin, ordinary.PIN_BYTES);
    scratch.release(pin);
    adopt();
  }
  return status == Status.Ok;
}

/** Show the certificate of the factory page from now on, if there is one and it is of this key. */
function adopt(): void {
  if (certificate.len == 0) return;
  const status = ordinary.adopt(certificate.at, certificate.len);
  if (status != Status.Ok) event.number(Event.CertificateRefused, -status);
}

/** Make the first key and store it. False: that failed, and the life ends. */
function make(): bool {
  if (records.hasKey()) {
    system.die(Death.IdentityLost);
    return false;
  }
  const secret = scratch.take(keypair.SEED_BYTES);
  if (entropy.random(secret, keypair.SEED_BYTES, life.nowMs) != Status.Ok) {
    ground.giveUp();
    return false;
  }
  if (records.put(Record.Key, secret, keypair.SEED_BYTES) != Status.Ok) {
    system.die(Death.Storage);
    return false;
  }
  speak(secret, Record.Key);
  scratch.release(secret);
  return true;
}

/** Load the stored key: the successor, if there is one. False: there is none at all. */
function recall(): bool {
  const stored = scratch.take(SUCCESSOR_MOST);
  const seed = scratch.take(keypair.SEED_BYTES);
  const hasNext = records.get(stored, SUCCESSOR_MOST, Record.Successor) > <i32>keypair.SEED_BYTES;
  const hasKey = records.get(seed, keypair.SEED_BYTES, Record.Key) == <i32>keypair.SEED_BYTES;
  // Once the server has it, it is the key as well.
  life.rotating = hasNext && !(hasKey && bytes.same(stored, seed, keypair.SEED_BYTES)) ? 1 : 0;
  if (hasNext || hasKey) speak(hasNext ? stored : seed, life.rotating ? Record.Successor : Record.Key);
  scratch.release(stored);
  return hasNext || hasKey;
}

/** Speak with the key of the seed at `secret`, which the record of `home` begins with. */
function speak(secret: usize, home: Record): void {
  key.take(secret, home);
  channel.identify(keypair.signer(own));
}

/** Tell whether another server that the device trusts orders its rotations: if both did, each could leave it without the other's key. */
export function isAnothers(): boolean {
  for (let i: u32 = 0; i < peer.count; i++) {
    const other = peer.keys + i * server.KEY_BYTES;
    if (other != got.signer && key.isKeptFrom(other)) return true;
  }
  return false;
}

/** Tell whether the key may be rotated now. An order that comes too soon is ignored: the server sends it again until it is obeyed. */
export function mayRotate(): boolean {
  return rotatedMs == 0 || life.nowMs - rotatedMs >= ROTATION_PAUSE_MS;
}

/** On the server's order, make the next key, and write that it takes over. Both stay in `message` until this key has signed that. */
export function rotate(): void {
  // A kept key becomes the key again, before the next one replaces the refused one.
  if (key.settle() != Status.Ok) return system.die(Death.Storage);
  // Keep the part that another server knows, however often this server orders rotations.
  const stays = peer.count > 1 && key.isKeptFrom(got.signer);
  if (!stays && key.keep(got.signer) != Status.Ok) return system.die(Death.Storage);
  const successor = changetype<KeyPair>(scratch.take(KEYPAIR_BYTES));
  const what = changetype<Handover>(scratch.take(offsetof<Handover>()));
  if (entropy.random(message, keypair.SEED_BYTES, life.nowMs) != Status.Ok) return ground.giveUp();
  keypair.derive(successor, message);
  what.successor = keypair.id(successor);
  what.token = token;
  what.counter = life.head;
  what.head = prev;
  what.order = life.order;
  writer.begin(message + keypair.SEED_BYTES, HANDOVER_MOST);
  if (handover.write(draft, writer, own, peer, what) != Status.Ok) unreachable();
  scratch.release(changetype<usize>(successor));
  life.messageLen = keypair.SEED_BYTES + writer.length();
  life.draft = Draft.Handover;
}

/** The handover is signed: keep both keys, and speak with the next one. */
export function handoverSigned(): void {
  // Store it before the first message about it: the server may give up the old key as soon as it knows this one.
  if (records.put(Record.Successor, message, life.messageLen) != Status.Ok) return system.die(Death.Storage);
  speak(message, Record.Successor);
  bytes.wipe(message, life.messageLen);
  // Only now, so that an order is not lost by a cut: if it comes again, the key that is stored has taken over by then, or was refused.
  ground.remember(life.order, messageHash);
  life.order = 0;
  rotatedMs = max(life.nowMs, 1);
  life.rotating = 1;
  life.fallen = 0;
  life.stage = Stage.Told;
  event.text(Event.Rotating, keypair.id(own), ID_BYTES);
  carrier.end(false);
  ground.go(State.Challenge);
}

/**
 * The server has the next key. Keep the handover, for a server that is restored from before, and the previous key, for one that
 * refuses the handover: the signer of this answer may not be the server that needs it.
 */
export function settle(): void {
  life.rotating = 0;
  // The next key always names a session of its own: so a restored server knows that it took over before the order expired.
  const noted = records.put(Record.Session, got.data, got.dataLen);
  if (noted != Status.Ok || key.settle() != Status.Ok) return system.die(Death.Storage);
  event.text(Event.Rotated, keypair.id(own), ID_BYTES);
}

/**
 * The server signed that it refuses the handover: continue with the previous key, if there is one. Forget nothing: the answer
 * may be a thief's, and the server may have accepted the next key.
 */
export function fallBack(): void {
  // The server that orders the rotations has the previous key; another server may know only the kept one.
  const home = life.rotating && key.isKeptFrom(got.signer) ? Record.Key : Record.Former;
  const seed = scratch.take(keypair.SEED_BYTES);
  if (records.first(seed, keypair.SEED_BYTES, home) == Status.Ok) {
    speak(seed, home);
    life.rotating = 0;
    life.fallen = 1;
    changed();
  }
  scratch.release(seed);
}

/** The server refused the previous key as well: continue with the next one. */
export function rise(): void {
  life.fallen = 0;
  if (!recall()) return system.die(Death.IdentityLost);
  changed();
}

/** `own` is another key now: it has no session. */
function changed(): void {
  life.stage = Stage.Told;
  event.text(Event.KeyLoaded, keypair.id(own), ID_BYTES);
}
