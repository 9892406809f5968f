/**
 * The one ticket that is kept (RFC 8446 §4.6.1): a PSK of the last connection and what it was proven with. It lies in
 * static memory, so it outlives sleep that keeps RAM. It is used once: the handshake that offers it wipes it, with any result.
 */
import { TLS_TICKET_BYTES } from "../config";
import * as bytes from "../lib/bytes";
import * as scratch from "../lib/scratch";
import * as sha256 from "../crypto/sha256";
import { Alert } from "./alert";
import { Reader } from "../lib/reader";
import * as extension from "./extension";
import * as hash from "./hash";
import { PIN_BYTES, among } from "./key";
import { Options } from "./options";
import * as schedule from "./schedule";
import * as suite from "./suite";


@unmanaged
class Ticket {
  /** Length of the ticket; 0: none. */
  len: u16;
  /** The suite of the connection that it came on. */
  suite: u16;
  lifetimeS: u32;
  ageAdd: u32;
  receivedMs: u32;
}

const HASH_BYTES: u32 = sha256.DIGEST_BYTES;
/** Room for a KeyUpdate while there is a ticket. */
const SHORT_BYTES: u32 = 8;
/** Bytes up to the ticket's class. */
const MESSAGE_BYTES: u32 = SHORT_BYTES + hash.MOST_BYTES + PIN_BYTES + TLS_TICKET_BYTES;
/** Bytes of a ticket; the hash of its host follows. */
const SECRET_BYTES: u32 = MESSAGE_BYTES + offsetof<Ticket>();

/** Bytes at `place`. */
export const BYTES: u32 = SECRET_BYTES + HASH_BYTES;
/** The ticket, all of it. It begins with the place where a message that comes after the handshake is collected. */
@lazy
export const place: usize = memory.data(BYTES, 8);


@lazy
const ticket = changetype<Ticket>(place + MESSAGE_BYTES);


@lazy
const psk = place + SHORT_BYTES;


@lazy
const anchor = psk + hash.MOST_BYTES;


@lazy
const opaque = anchor + PIN_BYTES;

/** Of the host of the connection at hand, and of the ticket. */
@lazy
const hostHash = place + SECRET_BYTES;

/** A ticket lives at most a week (§4.6.1). */
const WEEK_S: u32 = 604800;

/** Wipe the ticket. */
export function forget(): void {
  bytes.wipe(place, SECRET_BYTES);
}

/** True if there is one. */
export function kept(): bool {
  return ticket.len != 0;
}

/** Return the number of bytes of a message that `place` takes: until there is a ticket, a whole NewSessionTicket. */
export function room(): u32 {
  return kept() ? SHORT_BYTES : MESSAGE_BYTES;
}

/** Places of its PSK, and of the opaque bytes that the server gave. */
export function key(): usize {
  return psk;
}

/** Place of the anchor that authenticated the server when the ticket's first connection was made. */
export function provenBy(): usize {
  return anchor;
}

/** Return the place of the ticket's opaque bytes. */
export function identity(): usize {
  return opaque;
}

/** The suite of the connection that the ticket came on: its pre-shared key is for that hash (§4.6.1). */
@inline
export function suiteOf(): u32 {
  return suite.SEVERAL ? ticket.suite : suite.FIRST;
}

/** Return their number. */
export function identityLen(): u32 {
  return ticket.len;
}

/** The obfuscated age (§4.2.11.1). */
export function obfuscatedAge(nowMs: u32): u32 {
  return nowMs - ticket.receivedMs + ticket.ageAdd;
}

/**
 * True if the ticket may be used: it is young enough, and the key that the server was proven with is still one of those
 * trusted. One that may not is wiped.
 */
export function usable(options: Options): bool {
  if (!kept()) return false;
  const ageMs = options.nowMs - ticket.receivedMs;
  const good =
    ageMs / 1000 < ticket.lifetimeS &&
    (among(anchor, options.pins, options.pinCount) || among(anchor, options.roots, options.rootCount));
  if (!good) forget();
  return good;
}

/** A connection begins: a ticket is wiped if it is of another host, or if the connection has an external PSK. The host is looked at here only: tickets may still come when the caller thinks of another. */
export function begin(options: Options): void {
  const digest = scratch.take(HASH_BYTES);
  sha256.hash(digest, options.host, options.hostLen);
  if (options.identityLen || (kept() && !bytes.same(digest, hostHash, HASH_BYTES))) forget();
  bytes.copy(hostHash, digest, HASH_BYTES);
  scratch.release(digest);
}

/**
 * Keep the first NewSessionTicket's body of a connection, which was collected at `place`, with the anchor that proved the server. One that is too
 * long, or dead on arrival, is wiped. The secret that further tickets would need is wiped.
 */
export function keep(r: Reader, provenWith: usize, options: Options): Alert {
  const lifetimeS = r.u32();
  const ageAdd = r.u32();
  const nonceLen = r.u8();
  const nonce = r.take(nonceLen);
  const len = r.u16();
  const from = r.take(len);
  if (!extension.begin(r) || len == 0) return Alert.DecodeError;
  // None of them changes anything here: early data is never sent.
  while (r.left()) extension.next(r);
  if (!r.ok()) return Alert.DecodeError;
  if (lifetimeS == 0 || len > TLS_TICKET_BYTES) {
    forget();
    return Alert.None;
  }
  const key = scratch.take(hash.MOST_BYTES);
  schedule.ticketKey(key, nonce, nonceLen);
  schedule.endTickets();
  // The message lies where the ticket comes: the nonce was used, and its opaque bytes move before the rest is written.
  bytes.copy(opaque, from, len);
  bytes.copy(anchor, provenWith, PIN_BYTES);
  bytes.copy(psk, key, hash.MOST_BYTES);
  scratch.release(key);
  ticket.len = <u16>len;
  if (suite.SEVERAL) ticket.suite = <u16>suite.chosen();
  ticket.lifetimeS = min<u32>(lifetimeS, WEEK_S);
  ticket.ageAdd = ageAdd;
  ticket.receivedMs = options.nowMs;
  return Alert.None;
}
