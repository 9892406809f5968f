/** The account of the application at its broker, as CONNECT states it: client, will, user and password. It outlives connections. */
import * as bytes from "../lib/bytes";
import { Status } from "../lib/status";
import { MQTT_TEXT_MOST, MQTT_TOPIC_MOST } from "./facts";

/** Texts of an account, in the order of CONNECT: the flags that each sets there. WillTopic may have the QoS of the will in the bits 3 and 4. */
const enum Part {
  Client = 0,
  WillTopic = 0x04,
  Will = 0x100,
  User = 0x80,
  Password = 0x40,
}

const WILL_QOS: u32 = 0x18;
const QOS_ONE: u32 = 0x08;
/** Name and level of the protocol, flags, keep-alive, length of the client's name. */
const HEAD_BYTES: u32 = 12;
const CLIENT_MOST: u32 = 64;
/** The longest that `opening` writes. */
export const OPENING_MOST: u32 = HEAD_BYTES + CLIENT_MOST;
/** Will, user and password together, with a length each. */
const REST_BYTES: u32 = 512;
/** The same and a text that does not fit: the room of an account whose user and password are the device's own. */
const ROOM_BYTES: u32 = REST_BYTES + 2 + MQTT_TEXT_MOST;


@unmanaged
class Account {
  flags: u32;
  keepAliveS: u32;
  clientLen: u32;
  restLen: u32;
  /** Bytes of `rest` up to the end of the user, if user and password are the device's own. */
  ownAt: u32;
}


@lazy
const account = changetype<Account>(memory.data(offsetof<Account>(), 4));


@lazy
const client: usize = memory.data(CLIENT_MOST, 4);

/** Behind it is room for a text that does not fit. */
@lazy
const rest: usize = memory.data(ROOM_BYTES, 4);

/** Forget it. */
export function clear(): void {
  memory.fill(changetype<usize>(account), 0, offsetof<Account>());
  bytes.wipe(rest, ROOM_BYTES);
}

/** Place for the next text, before `put`: 256 bytes. */
export function place(): usize {
  return rest + account.restLen + 2;
}

/** Take `len` bytes at `place` as the text that sets these flags: in the order of `Part`, each at most once. TooLong: it may have fewer. */
export function put(flags: u32, len: u32): Status {
  const isClient = flags == Part.Client;
  if (len > (isClient ? CLIENT_MOST : flags & Part.WillTopic ? MQTT_TOPIC_MOST : MQTT_TEXT_MOST)) return Status.TooLong;
  if (isClient) {
    account.clientLen = len;
    bytes.copy(client, place(), len);
    return Status.Ok;
  }
  if (account.restLen + 2 + len > REST_BYTES) return Status.TooLong;
  bytes.store16be(rest + account.restLen, len);
  account.restLen += 2 + len;
  account.flags |= flags & 0xff;
  return Status.Ok;
}

/** Take the keep-alive in seconds, 0 for none. Malformed: there is a password and no user, or the QoS of the will is not 0 or 1. */
export function complete(keepAliveS: u32): Status {
  if ((account.flags & (Part.User | Part.Password)) == Part.Password) return Status.Malformed;
  if ((account.flags & WILL_QOS) > QOS_ONE || keepAliveS > 0xffff) return Status.Malformed;
  account.keepAliveS = keepAliveS;
  return Status.Ok;
}

/**
 * Leave room for the device's own user, of `userLen` bytes, and password, of up to `most`: they are taken for each connection. Malformed: there is a user or a
 * client; TooLong: the will may have fewer bytes.
 */
export function reserve(userLen: u32, most: u32): Status {
  if (account.clientLen | (account.flags & (Part.User | Part.Password))) return Status.Malformed;
  account.ownAt = account.restLen + 2 + userLen;
  return account.ownAt + 2 + most > ROOM_BYTES ? Status.TooLong : Status.Ok;
}

/** Take the id of `idLen` bytes, as hexadecimal, as the user; returns the place of that text. Bounds: 2 `idLen` is the `userLen` of `reserve`. */
export function identify(id: usize, idLen: u32): usize {
  const user = rest + account.ownAt - 2 * idLen;
  bytes.store16be(user - 2, 2 * idLen);
  bytes.hex(user, id, idLen);
  return user;
}

/** Place for the password of `prove`. */
export function secret(): usize {
  return rest + account.ownAt + 2;
}

/** Take the `len` bytes at `secret` as the password, behind the user of `identify`. */
export function prove(len: u32): void {
  bytes.store16be(rest + account.ownAt, len);
  account.restLen = account.ownAt + 2 + len;
  account.flags |= Part.User | Part.Password;
}

/** Keep-alive in ms; 0: none. */
export function keepAliveMs(): u32 {
  return account.keepAliveS * 1_000;
}

/** Length of the client's name; one that the account does not have is an id of `idLen` bytes, as hexadecimal. */
function nameLen(idLen: u32): u32 {
  return account.clientLen ? account.clientLen : 2 * idLen;
}

/** Length of CONNECT behind its head. */
export function len(idLen: u32): u32 {
  return HEAD_BYTES + nameLen(idLen) + account.restLen;
}

/** Write CONNECT from the name of the protocol to that of the client; returns its length. The rest is at `at`. Bounds: `idLen` is at most 32. */
export function opening(out: usize, id: usize, idLen: u32): u32 {
  const length = nameLen(idLen);
  bytes.store32be(out, 0x00044d51);
  bytes.store32be(out + 4, 0x54540400 | account.flags);
  bytes.store16be(out + 8, account.keepAliveS);
  bytes.store16be(out + 10, length);
  if (account.clientLen) bytes.copy(out + HEAD_BYTES, client, length);
  else bytes.hex(out + HEAD_BYTES, id, idLen);
  return HEAD_BYTES + length;
}

/** Return the place of the rest of CONNECT. */
export function at(): usize {
  return rest;
}

/** Return its length. */
export function restLen(): u32 {
  return account.restLen;
}
