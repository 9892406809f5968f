/**
 * The tickets that are kept (RFC 8446 §4.6.1), one or two (`TLS_TICKETS`): a PSK of the last connection and what it was proven with. They lie in
 * static memory, so they outlive sleep that keeps RAM. Each is used once: the handshake that offers it wipes it, with any result.
 */
import { TLS_TICKETS, TLS_TICKET_BYTES } from "../config";
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
/** Bytes of a ticket. */
const SECRET_BYTES: u32 = MESSAGE_BYTES + offsetof<Ticket>();

/** True if more than one ticket is kept. */
const SEVERAL: bool = TLS_TICKETS > 1;
/** Bytes of all tickets; the hash of their host follows. */
const TICKETS_BYTES: u32 = TLS_TICKETS * SECRET_BYTES;
/** Bytes at `place`. */
export const BYTES: u32 = TICKETS_BYTES + HASH_BYTES;
/** The tickets. Each begins with the place where a message that comes after the handshake is collected. */
@lazy
export const place: usize = memory.data(BYTES, 8);

/** The ticket at hand: the one that is offered, then the one that comes. */
let at: usize = 0;

/** Place of the ticket at hand. */
@inline
function base(): usize {
  return SEVERAL ? place + at * SECRET_BYTES : place;
}


@inline
function ticket(): Ticket {
  return changetype<Ticket>(base() + MESSAGE_BYTES);
}

/** Of the host of the connection at hand, and of the tickets. */
@lazy
const hostHash = place + TICKETS_BYTES;

/** A ticket lives at most a week (§4.6.1). */
const WEEK_S: u32 = 604800;

/** Wipe all tickets. */
export function forget(): void {
  bytes.wipe(place, TICKETS_BYTES);
}

/** Wipe the ticket at hand: it was offered. */
export function spend(): void {
  bytes.wipe(base(), SECRET_BYTES);
}

/** True if the place in hand has a ticket. */
@inline
function isFull(): bool {
  return SEVERAL ? ticket().len != 0 : kept();
}

/** Wipe what has come of a ticket that is not whole. */
export function tidy(): void {
  if (SEVERAL) seek();
  if (!isFull()) spend();
}

/** Return the number of places that have a ticket. */
function count(): u32 {
  let full: u32 = 0;
  for (let i: usize = 0; i < TICKETS_BYTES; i += SECRET_BYTES)
    if (changetype<Ticket>(place + i + MESSAGE_BYTES).len) full++;
  return full;
}

/** True if there is one. */
export function kept(): bool {
  return SEVERAL ? count() != 0 : ticket().len != 0;
}

/** True if the ticket that comes is the last one for which there is a place. */
function isLast(): bool {
  return count() + 1 == TLS_TICKETS;
}

/** Take the first place in hand that has no ticket; the last one if each has one. */
function seek(): void {
  for (at = 0; at < TLS_TICKETS - 1; at++) if (!isFull()) return;
}

/** Return the place where a message after the handshake is collected. */
export function inbox(): usize {
  if (SEVERAL) seek();
  return base();
}

/** Return the number of bytes of a message that `inbox` takes: until each place has a ticket, a whole NewSessionTicket. */
export function room(): u32 {
  if (SEVERAL) seek();
  return isFull() ? SHORT_BYTES : MESSAGE_BYTES;
}

/** Places of its PSK, and of the opaque bytes that the server gave. */
export function key(): usize {
  return base() + SHORT_BYTES;
}

/** Place of the anchor that authenticated the server when the ticket's first connection was made. */
export function provenBy(): usize {
  return key() + hash.MOST_BYTES;
}

/** Return the place of the ticket's opaque bytes. */
export function identity(): usize {
  return provenBy() + PIN_BYTES;
}

/** The suite of the connection that the ticket came on: its pre-shared key is for that hash (§4.6.1). */
@inline
export function suiteOf(): u32 {
  return suite.SEVERAL ? ticket().suite : suite.FIRST;
}

/** Return their number. */
export function identityLen(): u32 {
  return ticket().len;
}

/** The obfuscated age (§4.2.11.1). */
export function obfuscatedAge(nowMs: u32): u32 {
  return nowMs - ticket().receivedMs + ticket().ageAdd;
}

/**
 * True if a ticket may be used, which is then the one at hand: it is young enough, and the key that the server was proven with is still one of those
 * trusted. One that may not is wiped.
 */
export function usable(options: Options): bool {
  if (!SEVERAL) return isUsable(options);
  for (at = 0; at < TLS_TICKETS; at++) if (isUsable(options)) return true;
  at = 0;
  return false;
}

function isUsable(options: Options): bool {
  if (!isFull()) return false;
  const ageMs = options.nowMs - ticket().receivedMs;
  const good =
    ageMs / 1000 < ticket().lifetimeS &&
    (among(provenBy(), options.pins, options.pinCount) || among(provenBy(), options.roots, options.rootCount));
  if (!good) spend();
  return good;
}

/** A connection begins: tickets are wiped if they are of another host, or if the connection has an external PSK. The host is looked at here only: tickets may still come when the caller thinks of another. */
export function begin(options: Options): void {
  const digest = scratch.take(HASH_BYTES);
  sha256.hash(digest, options.host, options.hostLen);
  if (options.identityLen || (kept() && !bytes.same(digest, hostHash, HASH_BYTES))) forget();
  bytes.copy(hostHash, digest, HASH_BYTES);
  scratch.release(digest);
}

/**
 * Keep a NewSessionTicket's body, which was collected at `inbox`, with the anchor that proved the server. One that is too
 * long, or dead on arrival, is wiped. With the last one that is kept, the secret that further tickets would need is wiped.
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
    spend();
    return Alert.None;
  }
  const psk = scratch.take(hash.MOST_BYTES);
  schedule.ticketKey(psk, nonce, nonceLen);
  if (!SEVERAL || isLast()) schedule.endTickets();
  // The message lies where the ticket comes: the nonce was used, and its opaque bytes move before the rest is written.
  bytes.copy(identity(), from, len);
  bytes.copy(provenBy(), provenWith, PIN_BYTES);
  bytes.copy(key(), psk, hash.MOST_BYTES);
  scratch.release(psk);
  ticket().len = <u16>len;
  if (suite.SEVERAL) ticket().suite = <u16>suite.chosen();
  ticket().lifetimeS = min<u32>(lifetimeS, WEEK_S);
  ticket().ageAdd = ageAdd;
  ticket().receivedMs = options.nowMs;
  return Alert.None;
}
