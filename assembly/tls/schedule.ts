/**
 * The transcript and the key schedule (RFC 8446 §4.4.1, §7.1):
 *
 *     PSK or 0 -> Extract = early secret      -> binder
 *                 Derive "derived"
 *     (EC)DHE  -> Extract = handshake secret  -> client and server handshake traffic
 *                 Derive "derived"
 *     0        -> Extract = master secret     -> client and server application traffic, resumption
 *
 * `secret` is the one that the schedule stands at; the one before it is gone. All are as long as the hash of the suite at hand.
 * Until the server has chosen a suite, the transcript is hashed in each row.
 */
import * as bytes from "../lib/bytes";
import * as scratch from "../lib/scratch";
import * as words from "../lib/words";
import * as evidence from "./evidence";
import * as hash from "./hash";
import { Hash } from "./hash";
import { Kind } from "./registry";
import * as suite from "./suite";

/** A label: its length, then its bytes without the "tls13 " that all begin with. */
@lazy
const DERIVED = memory.data<u8>([7, "derived"]);


@lazy
const EXT_BINDER = memory.data<u8>([10, "ext binder"]);


@lazy
const RES_BINDER = memory.data<u8>([10, "res binder"]);


@lazy
const C_HS_TRAFFIC = memory.data<u8>([12, "c hs traffic"]);


@lazy
const S_HS_TRAFFIC = memory.data<u8>([12, "s hs traffic"]);


@lazy
const C_AP_TRAFFIC = memory.data<u8>([12, "c ap traffic"]);


@lazy
const S_AP_TRAFFIC = memory.data<u8>([12, "s ap traffic"]);


@lazy
const RES_MASTER = memory.data<u8>([10, "res master"]);


@lazy
const RESUMPTION = memory.data<u8>([10, "resumption"]);


@lazy
const TRAFFIC_UPD = memory.data<u8>([11, "traffic upd"]);


@lazy
const FINISHED = memory.data<u8>([8, "finished"]);


@lazy
const KEY = memory.data<u8>([3, "key"]);


@lazy
const IV = memory.data<u8>([2, "iv"]);

/** "tls1" and "3 " as little-endian words. */
const PREFIX_LOW: u32 = 0x31736c74;
const PREFIX_HIGH: u16 = 0x2033;


@lazy
const transcript = memory.data(hash.TRANSCRIPT_BYTES, 8);

/** True if the server has chosen the suite. */
let settled: bool = false;


@lazy
const secret = memory.data(hash.MOST_BYTES, 8);


@lazy
const resumptionSecret = memory.data(hash.MOST_BYTES, 8);


@lazy
const clientNext = memory.data(hash.MOST_BYTES, 8);

/** The traffic secret that protects what this client sends; each in turn. */
@lazy
export const clientTraffic = memory.data(hash.MOST_BYTES, 8);
/** The traffic secret that protects what the server sends; each in turn. */
@lazy
export const serverTraffic = memory.data(hash.MOST_BYTES, 8);

/** The hash of the suite at hand. */
@inline
function row(): Hash {
  return suite.hashOf(suite.chosen());
}

/** Bytes of the hash of the suite at hand, and of every secret. */
@inline
export function hashBytes(): u32 {
  return hash.size(row());
}

/** Begin a connection: empty transcript, no secrets. */
export function begin(): void {
  wipe();
  if (hash.SEVERAL) {
    settled = false;
    hash.init(transcript, Hash.Sha512);
  }
  hash.init(transcript, Hash.Sha256);
}

/** Take the suite that the server chose. */
export function settle(chosen: u32): void {
  suite.choose(chosen);
  if (hash.SEVERAL) settled = true;
}

/** Wipe every secret. */
export function wipe(): void {
  bytes.wipe(secret, hash.MOST_BYTES);
  bytes.wipe(resumptionSecret, hash.MOST_BYTES);
  bytes.wipe(clientNext, hash.MOST_BYTES);
  bytes.wipe(clientTraffic, hash.MOST_BYTES);
  bytes.wipe(serverTraffic, hash.MOST_BYTES);
}

/** Wipe the transcript. */
export function forget(): void {
  bytes.wipe(transcript, hash.TRANSCRIPT_BYTES);
}

/** Add handshake bytes to the transcript. */
export function absorb(data: usize, len: u32): void {
  if (hash.SEVERAL && !settled) {
    hash.update(transcript, Hash.Sha256, data, len);
    hash.update(transcript, Hash.Sha512, data, len);
  } else hash.update(transcript, row(), data, len);
}

/** Write the transcript's hash so far. */
export function digest(out: usize): void {
  hash.peek(out, transcript, row());
}

/** Replace the first ClientHello by its hash, before a HelloRetryRequest is absorbed (§4.4.1). */
export function retry(): void {
  const message = scratch.take(4 + hashBytes());
  store<u32>(message, Kind.MessageHash | (hashBytes() << 24));
  digest(message + 4);
  hash.init(transcript, row());
  absorb(message, 4 + hashBytes());
  scratch.release(message);
}

/** HKDF-Expand-Label (§7.1). `out` may be `from`. CT: lengths leak. */
function expand(out: usize, outLen: u32, from: usize, label: usize, context: usize, contextLen: u32): void {
  const mark = scratch.top();
  const labelLen: u32 = load<u8>(label);
  const info = scratch.take(2 + 1 + 6 + labelLen + 1 + contextLen);
  bytes.store16be(info, outLen);
  store<u8>(info + 2, 6 + labelLen);
  store<u32>(info + 3, PREFIX_LOW);
  store<u16>(info + 7, PREFIX_HIGH);
  bytes.copy(info + 9, label + 1, labelLen);
  store<u8>(info + 9 + labelLen, contextLen);
  bytes.copy(info + 10 + labelLen, context, contextLen);
  hash.expand(out, outLen, row(), from, info, 10 + labelLen + contextLen);
  scratch.release(mark);
}

/** Derive-Secret over the transcript so far (§7.1). CT: nothing leaks. */
function derive(out: usize, label: usize): void {
  const context = scratch.take(hashBytes());
  digest(context);
  expand(out, hashBytes(), secret, label, context, hashBytes());
  scratch.release(context);
}

/** Derive-Secret over no messages: the step between two Extracts, and the binder key. CT: nothing leaks. */
function deriveEmpty(out: usize, label: usize): void {
  const context = scratch.take(hashBytes());
  hash.empty(context, row());
  expand(out, hashBytes(), secret, label, context, hashBytes());
  scratch.release(context);
}

/** Move `secret` on: Derive "derived", then Extract `ikm`; 0 stands for a string of zeros. CT: the length leaks. */
function advance(ikm: usize, len: u32): void {
  const salt = scratch.take(hashBytes());
  const zeros = scratch.take(hashBytes());
  deriveEmpty(salt, DERIVED);
  hash.extract(secret, row(), salt, ikm ? ikm : zeros, len);
  scratch.release(salt);
}

/** Begin with the early secret, from a PSK as long as the hash, or from 0. CT: nothing leaks. */
export function early(psk: usize): void {
  const zeros = scratch.take(hashBytes());
  hash.extract(secret, row(), zeros, psk ? psk : zeros, hashBytes());
  scratch.release(zeros);
}

/** 0 if the early secret, where the schedule must stand, is that of this PSK, else the bits that differ. CT: nothing leaks. */
export function earlyDifference(psk: usize): u32 {
  const zeros = scratch.take(hashBytes());
  const again = scratch.take(hashBytes());
  hash.extract(again, row(), zeros, psk, hashBytes());
  const off = words.difference(secret, again, hashBytes());
  scratch.release(zeros);
  return off;
}

/** HMAC over the transcript so far, keyed with "finished" of `base` (§4.4.4). CT: nothing leaks. */
function finished(out: usize, base: usize): void {
  const key = scratch.take(hashBytes());
  const context = scratch.take(hashBytes());
  expand(key, hashBytes(), base, FINISHED, 0, 0);
  digest(context);
  hash.mac(out, row(), key, context, hashBytes());
  scratch.release(key);
}

/** Write the binder over the truncated ClientHello that was just absorbed (§4.2.11.2). CT: nothing of the PSK leaks. */
export function binder(out: usize, external: bool): void {
  const key = scratch.take(hashBytes());
  deriveEmpty(key, external ? EXT_BINDER : RES_BINDER);
  finished(out, key);
  scratch.release(key);
}

/** Move on to the handshake secret; the transcript ends with ServerHello. CT: the length leaks. */
export function handshake(shared: usize, len: u32): void {
  advance(shared, len);
  derive(clientTraffic, C_HS_TRAFFIC);
  derive(serverTraffic, S_HS_TRAFFIC);
}

/** Write what the server's Finished must say, before it is absorbed. CT: nothing leaks. */
export function serverFinished(out: usize): void {
  finished(out, serverTraffic);
}

/** Write what this client's Finished says, before it is absorbed. CT: nothing leaks. */
export function clientFinished(out: usize): void {
  finished(out, clientTraffic);
}

/**
 * Move on to the master secret; the transcript ends with the server's Finished. The server's traffic secret becomes the
 * application's; the client's waits until its own Finished has gone out. Traps without complete evidence.
 *
 * CT: nothing leaks.
 */
export function master(): void {
  if (!evidence.complete()) unreachable();
  advance(0, hashBytes());
  derive(serverTraffic, S_AP_TRAFFIC);
  derive(clientNext, C_AP_TRAFFIC);
}

/**
 * End the handshake; the transcript ends with this client's Finished. Only traffic and resumption secrets are left. Traps
 * without complete evidence.
 */
export function complete(): void {
  if (!evidence.complete()) unreachable();
  bytes.copy(clientTraffic, clientNext, hashBytes());
  bytes.wipe(clientNext, hashBytes());
  derive(resumptionSecret, RES_MASTER);
  bytes.wipe(secret, hashBytes());
}

/** Write the PSK that belongs to a ticket with this nonce (§4.6.1). CT: the nonce's length leaks. */
export function ticketKey(out: usize, nonce: usize, nonceLen: u32): void {
  expand(out, hashBytes(), resumptionSecret, RESUMPTION, nonce, nonceLen);
}

/** Wipe the resumption secret: no further ticket is kept. */
export function endTickets(): void {
  bytes.wipe(resumptionSecret, hash.MOST_BYTES);
}

/** Replace a traffic secret by its successor (§7.2). CT: nothing leaks. */
export function update(traffic: usize): void {
  const next = scratch.take(hashBytes());
  expand(next, hashBytes(), traffic, TRAFFIC_UPD, 0, 0);
  bytes.copy(traffic, next, hashBytes());
  scratch.release(next);
}

/** Write the key and the iv of a traffic secret (§7.3). CT: lengths leak. */
export function keys(key: usize, keyLen: u32, iv: usize, ivLen: u32, traffic: usize): void {
  expand(key, keyLen, traffic, KEY, 0, 0);
  expand(iv, ivLen, traffic, IV, 0, 0);
}
