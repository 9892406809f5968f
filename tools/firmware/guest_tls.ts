/** The TLS client alone, as a guest that Node drives: the calls of a connection, over one buffer. */
import { TLS_MESSAGE_BYTES, TLS_RECORD_BYTES } from "../../assembly/config";
import { Status } from "../../assembly/lib/status";
import * as p256 from "../../assembly/signer/p256";
import { P256Key } from "../../assembly/signer/p256";
import * as soft from "../../assembly/signer/soft";
import { SoftKey } from "../../assembly/signer/soft";
import { SIGNER_BYTES, Signer } from "../../assembly/signer/signer";
import { Options, RANDOM_BYTES } from "../../assembly/tls/options";
import * as client from "../../assembly/tls/client";
import { CHAIN_MOST } from "../../assembly/device/facts";
import { Writer } from "../../assembly/lib/writer";
import * as group from "../../assembly/tls/group";
import * as ordinary from "../../assembly/tls/ordinary";
import { OWN256 } from "../../assembly/tls/profile";
import * as suite from "../../assembly/tls/suite";
import * as ticketStore from "../../assembly/tls/ticket";

/** Room for what one call moves. */
// prettier-ignore
export const CAPACITY: u32 = isDefined(TLS_GUEST_BYTES) ? TLS_GUEST_BYTES : 4096;
const io = memory.data(CAPACITY, 16);

const options = changetype<Options>(memory.data(offsetof<Options>(), 8));
const host = memory.data(256, 8);
const alpn = memory.data(256, 8);
const pins = memory.data(64, 8);
const roots = memory.data(64, 8);
const seed = memory.data(32, 8);
const signer = changetype<Signer>(memory.data(SIGNER_BYTES, 8));
const secret = memory.data(32, 8);
const key256 = changetype<P256Key>(memory.data(p256.P256_KEY_BYTES, 8));
const writer = changetype<Writer>(memory.data(offsetof<Writer>(), 4));
const chain = memory.data(CHAIN_MOST, 8);
const random = memory.data(RANDOM_BYTES, 8);
const psk = memory.data(32, 8);
const identity = memory.data(256, 8);

/** Linear memory of this file, the options aside. */
export const OWN_BYTES: u32 =
  CAPACITY + 3 * 256 + 2 * 64 + 4 * 32 + p256.P256_KEY_BYTES + RANDOM_BYTES + offsetof<Writer>() + CHAIN_MOST;

/** The settings that `set` reads from the buffer's first bytes. */
const enum Slot {
  Host = 0,
  Alpn = 1,
  Pins = 2,
  Roots = 3,
  Seed = 4,
  Random = 5,
  Psk = 6,
  Identity = 7,
  /** The secret of the device's key on P-256, which is then preferred. */
  Secret = 8,
  /** The certificate_list for it. */
  Chain = 9,
}

/** The result of the last `ordinary.adopt`. */
let adopted: Status = Status.Absent;

export function chainAdopted(): i32 {
  return adopted;
}

export function buffer(): usize {
  return io;
}

export function capacity(): u32 {
  return CAPACITY;
}

export function set(slot: Slot, len: u32): void {
  switch (slot) {
    case Slot.Host:
      memory.copy(host, io, len);
      options.host = host;
      options.hostLen = len;
      break;
    case Slot.Alpn:
      memory.copy(alpn, io, len);
      options.alpn = alpn;
      options.alpnLen = len;
      break;
    case Slot.Pins:
      memory.copy(pins, io, min<u32>(len, 64));
      options.pins = pins;
      options.pinCount = len / 32;
      break;
    case Slot.Roots:
      memory.copy(roots, io, min<u32>(len, 64));
      options.roots = roots;
      options.rootCount = len / 32;
      break;
    case Slot.Seed:
      memory.copy(seed, io, len);
      soft.derive(changetype<SoftKey>(signer), seed);
      soft.lend(changetype<SoftKey>(signer), seed);
      options.signer = changetype<Signer>(len ? changetype<usize>(signer) : 0);
      break;
    case Slot.Secret:
      if (!OWN256) break;
      ordinary.prefer(len != 0);
      if (!len) break;
      memory.copy(secret, io, len);
      if (p256.derive(key256, secret) != Status.Ok) unreachable();
      p256.lend(key256, secret);
      ordinary.use(key256);
      writer.begin(io, CAPACITY);
      ordinary.sign(writer);
      break;
    case Slot.Chain:
      if (!OWN256 || !len) break;
      memory.copy(chain, io, min<u32>(len, CHAIN_MOST));
      adopted = ordinary.adopt(chain, len);
      break;
    case Slot.Random:
      memory.copy(random, io, len);
      options.random = random;
      break;
    case Slot.Psk:
      memory.copy(psk, io, len);
      options.psk = psk;
      break;
    case Slot.Identity:
      memory.copy(identity, io, len);
      options.identity = identity;
      options.identityLen = len;
      break;
  }
}

export function setFloor(seconds: u32): void {
  options.floor = seconds;
}

export function setClock(ms: u32): void {
  options.nowMs = ms;
}

export function start(): i32 {
  return client.start(options);
}

export function step(): i32 {
  return client.step();
}

export function state(): u32 {
  return client.state();
}

export function alert(): u32 {
  return client.alert();
}

export function alertFromPeer(): bool {
  return client.alertFromPeer();
}

export function preShared(): bool {
  return client.preShared();
}

export function protocolChosen(): bool {
  return client.protocolChosen();
}

export function fromPeer(len: u32): u32 {
  return client.fromPeer(io, len);
}

export function toPeer(max: u32): u32 {
  return client.toPeer(io, max);
}

/** Drop the application data that has come. */
export function drop(): void {
  client.take(client.left());
}

export function close(): void {
  client.close();
}

export function abandon(): void {
  client.abandon();
}

export function peerGone(): void {
  client.peerGone();
}

export function ticketKept(): bool {
  return ticketStore.kept();
}

/** The suite at hand. */
export function suiteChosen(): u32 {
  return suite.chosen();
}

/** The group of the share that was offered last. */
export function groupChosen(): u32 {
  return group.chosen();
}

/** The largest record and the largest message that the client takes, and the end of linear memory but for what is of this file. */
export function recordBytes(): u32 {
  return TLS_RECORD_BYTES;
}

export function messageBytes(): u32 {
  return TLS_MESSAGE_BYTES;
}

export function clientBytes(): u32 {
  return <u32>__heap_base - OWN_BYTES;
}
