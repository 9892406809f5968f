/**
 * The one ticket that is kept (RFC 8446 §4.6.1): a PSK of the last connection and what it was proven with. It lies in
 * static memory, so it outlives sleep that keeps RAM. It is used once: the handshake that offers it wipes it, with any result.
 */
import { TLS_TICKET_BYTES } from "../config";
import * as bytes from "../lib/bytes";
import * as sha256 from "../crypto/sha256";
import { Alert } from "./alert";
import { Reader } from "../lib/reader";
import { Options } from "./options";
import * as schedule from "./schedule";


@unmanaged
class Ticket {
  /** Length of the ticket; 0: none. */
  len: u32;
  lifetimeS: u32;
  ageAdd: u32;
  receivedMs: u32;
}

const KEY_BYTES: u32 = 32;
const HEAD_BYTES: u32 = offsetof<Ticket>();

/** How many bytes lie at `place`. */
export const BYTES: u32 = HEAD_BYTES + 3 * KEY_BYTES + TLS_TICKET_BYTES;
/** The ticket, all of it. */
@lazy
export const place: usize = memory.data(BYTES, 8);


@lazy
const ticket = changetype<Ticket>(place);


@lazy
const psk = place + HEAD_BYTES;


@lazy
const anchor = psk + KEY_BYTES;


@lazy
const hostHash = anchor + KEY_BYTES;


@lazy
const opaque = hostHash + KEY_BYTES;

/** A ticket lives at most a week (§4.6.1). */
const WEEK_S: u32 = 604800;

/** Wipe the ticket. */
export function forget(): void {
  bytes.wipe(place, BYTES);
}

/** True if there is one. */
export function kept(): bool {
  return ticket.len != 0;
}

/** Where its PSK, and the opaque bytes the server gave, are. */
export function key(): usize {
  return psk;
}

/** Where the anchor is that the server was proven with when the ticket's first connection was made. */
export function provenBy(): usize {
  return anchor;
}

/** Where the ticket's opaque bytes are. */
export function identity(): usize {
  return opaque;
}

/** How many they are. */
export function identityLen(): u32 {
  return ticket.len;
}

/** The obfuscated age (§4.2.11.1). */
export function obfuscatedAge(nowMs: u32): u32 {
  return nowMs - ticket.receivedMs + ticket.ageAdd;
}

/**
 * True if the ticket may be used: it is young enough, for this host, and the key that the server was proven with is still
 * one of those trusted. One that may not is wiped.
 */
export function usable(options: Options): bool {
  if (!kept()) return false;
  const ageMs = options.nowMs - ticket.receivedMs;
  const good =
    ageMs / 1000 < ticket.lifetimeS &&
    bytes.same(digest, hostHash, KEY_BYTES) &&
    (among(options.pins, options.pinCount) || among(options.roots, options.rootCount));
  if (!good) forget();
  return good;
}

/** True if the anchor is one of `count` keys at `keys`. */
function among(keys: usize, count: u32): bool {
  for (let i: u32 = 0; i < count; i++) if (bytes.same(keys + i * KEY_BYTES, anchor, KEY_BYTES)) return true;
  return false;
}

/** Of the host of the connection at hand. */
@lazy
const digest = memory.data(KEY_BYTES, 8);

/** A connection begins. The host is looked at here only: tickets may still come when the caller thinks of another. */
export function begin(options: Options): void {
  sha256.hash(digest, options.host, options.hostLen);
}

/**
 * Keep a NewSessionTicket's body in place of the ticket before, with the anchor that proved the server. One that is too
 * long, or dead on arrival, is passed over.
 */
export function keep(r: Reader, provenWith: usize, options: Options): Alert {
  const lifetimeS = r.u32();
  const ageAdd = r.u32();
  const nonceLen = r.u8();
  const nonce = r.take(nonceLen);
  const len = r.u16();
  const from = r.take(len);
  const extensionsLen = r.u16();
  r.take(extensionsLen);
  if (!r.ok() || r.left() || len == 0) return Alert.DecodeError;
  if (lifetimeS == 0 || len > TLS_TICKET_BYTES) return Alert.None;
  ticket.len = len;
  ticket.lifetimeS = min<u32>(lifetimeS, WEEK_S);
  ticket.ageAdd = ageAdd;
  ticket.receivedMs = options.nowMs;
  schedule.ticketKey(psk, nonce, nonceLen);
  bytes.copy(anchor, provenWith, KEY_BYTES);
  bytes.copy(hostHash, digest, KEY_BYTES);
  bytes.copy(opaque, from, len);
  return Alert.None;
}
