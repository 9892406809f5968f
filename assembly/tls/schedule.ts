/**
 * The transcript and the key schedule (RFC 8446 §4.4.1, §7.1):
 *
 *     PSK or 0 -> Extract = early secret      -> binder
 *                 Derive "derived"
 *     (EC)DHE  -> Extract = handshake secret  -> client and server handshake traffic
 *                 Derive "derived"
 *     0        -> Extract = master secret     -> client and server application traffic, resumption
 *
 * `secret` is the one that the schedule stands at; the one before it is gone.
 */
import * as bytes from "../lib/bytes";
import * as scratch from "../lib/scratch";
import * as words from "../lib/words";
import * as sha256 from "../crypto/sha256";
import * as hmac256 from "../crypto/hmac256";
import * as hkdf256 from "../crypto/hkdf256";
import * as evidence from "./evidence";
import { Kind } from "./registry";

/** Bytes of the hash and of every secret. */
export const HASH_BYTES: u32 = 32;

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
const transcript = changetype<sha256.Sha256>(memory.data(offsetof<sha256.Sha256>(), 8));


@lazy
const secret = memory.data(HASH_BYTES, 8);


@lazy
const resumptionSecret = memory.data(HASH_BYTES, 8);


@lazy
const clientNext = memory.data(HASH_BYTES, 8);

/** The traffic secret that protects what this client sends; each in turn. */
@lazy
export const clientTraffic = memory.data(HASH_BYTES, 8);
/** The traffic secret that protects what the server sends; each in turn. */
@lazy
export const serverTraffic = memory.data(HASH_BYTES, 8);

/** Begin a connection: empty transcript, no secrets. */
export function begin(): void {
  wipe();
  sha256.init(transcript);
}

/** Wipe every secret. */
export function wipe(): void {
  bytes.wipe(secret, HASH_BYTES);
  bytes.wipe(resumptionSecret, HASH_BYTES);
  bytes.wipe(clientNext, HASH_BYTES);
  bytes.wipe(clientTraffic, HASH_BYTES);
  bytes.wipe(serverTraffic, HASH_BYTES);
}

/** Add handshake bytes to the transcript. */
export function absorb(data: usize, len: u32): void {
  sha256.update(transcript, data, len);
}

/** Write the transcript's hash so far. */
export function digest(out: usize): void {
  sha256.peek(out, transcript);
}

/** Replace the first ClientHello by its hash, before a HelloRetryRequest is absorbed (§4.4.1). */
export function retry(): void {
  const mark = scratch.mark();
  const message = scratch.take(4 + HASH_BYTES);
  store<u32>(message, Kind.MessageHash | (HASH_BYTES << 24));
  sha256.final(message + 4, transcript);
  sha256.init(transcript);
  absorb(message, 4 + HASH_BYTES);
  scratch.release(mark);
}

/** HKDF-Expand-Label (§7.1). `out` may be `from`. CT: lengths leak. */
function expand(out: usize, outLen: u32, from: usize, label: usize, context: usize, contextLen: u32): void {
  const mark = scratch.mark();
  const labelLen: u32 = load<u8>(label);
  const info = scratch.take(2 + 1 + 6 + labelLen + 1 + contextLen);
  bytes.store16be(info, outLen);
  store<u8>(info + 2, 6 + labelLen);
  store<u32>(info + 3, PREFIX_LOW);
  store<u16>(info + 7, PREFIX_HIGH);
  bytes.copy(info + 9, label + 1, labelLen);
  store<u8>(info + 9 + labelLen, contextLen);
  bytes.copy(info + 10 + labelLen, context, contextLen);
  hkdf256.expand(out, outLen, from, info, 10 + labelLen + contextLen);
  scratch.release(mark);
}

/** Derive-Secret over the transcript so far (§7.1). CT: nothing leaks. */
function derive(out: usize, label: usize): void {
  const mark = scratch.mark();
  const hash = scratch.take(HASH_BYTES);
  digest(hash);
  expand(out, HASH_BYTES, secret, label, hash, HASH_BYTES);
  scratch.release(mark);
}

/** Derive-Secret over no messages: the step between two Extracts, and the binder key. CT: nothing leaks. */
function deriveEmpty(out: usize, label: usize): void {
  const mark = scratch.mark();
  const hash = scratch.take(HASH_BYTES);
  sha256.hash(hash, 0, 0);
  expand(out, HASH_BYTES, secret, label, hash, HASH_BYTES);
  scratch.release(mark);
}

/** Move `secret` on: Derive "derived", then Extract `ikm`; 0 stands for a string of zeros. CT: nothing leaks. */
function advance(ikm: usize): void {
  const mark = scratch.mark();
  const salt = scratch.take(HASH_BYTES);
  const zeros = scratch.take(HASH_BYTES);
  deriveEmpty(salt, DERIVED);
  hkdf256.extract(secret, salt, HASH_BYTES, ikm ? ikm : zeros, HASH_BYTES);
  scratch.release(mark);
}

/** Begin with the early secret, from a 32-byte PSK or from 0. CT: nothing leaks. */
export function early(psk: usize): void {
  const mark = scratch.mark();
  const zeros = scratch.take(HASH_BYTES);
  hkdf256.extract(secret, zeros, HASH_BYTES, psk ? psk : zeros, HASH_BYTES);
  scratch.release(mark);
}

/** 0 if the early secret, where the schedule must stand, is that of this PSK, else the bits that differ. CT: nothing leaks. */
export function earlyDifference(psk: usize): u32 {
  const mark = scratch.mark();
  const zeros = scratch.take(HASH_BYTES);
  const again = scratch.take(HASH_BYTES);
  hkdf256.extract(again, zeros, HASH_BYTES, psk, HASH_BYTES);
  const off = words.difference(secret, again, HASH_BYTES);
  scratch.release(mark);
  return off;
}

/** HMAC over the transcript so far, keyed with "finished" of `base` (§4.4.4). CT: nothing leaks. */
function finished(out: usize, base: usize): void {
  const mark = scratch.mark();
  const key = scratch.take(HASH_BYTES);
  const hash = scratch.take(HASH_BYTES);
  expand(key, HASH_BYTES, base, FINISHED, 0, 0);
  digest(hash);
  hmac256.mac(out, key, HASH_BYTES, hash, HASH_BYTES);
  scratch.release(mark);
}

/** Write the binder over the truncated ClientHello that was just absorbed (§4.2.11.2). CT: nothing of the PSK leaks. */
export function binder(out: usize, external: bool): void {
  const mark = scratch.mark();
  const key = scratch.take(HASH_BYTES);
  deriveEmpty(key, external ? EXT_BINDER : RES_BINDER);
  finished(out, key);
  scratch.release(mark);
}

/** Move on to the handshake secret; the transcript ends with ServerHello. CT: nothing leaks. */
export function handshake(shared: usize): void {
  advance(shared);
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
  advance(0);
  derive(serverTraffic, S_AP_TRAFFIC);
  derive(clientNext, C_AP_TRAFFIC);
}

/**
 * End the handshake; the transcript ends with this client's Finished. Only traffic and resumption secrets are left. Traps
 * without complete evidence.
 */
export function complete(): void {
  if (!evidence.complete()) unreachable();
  bytes.copy(clientTraffic, clientNext, HASH_BYTES);
  bytes.wipe(clientNext, HASH_BYTES);
  derive(resumptionSecret, RES_MASTER);
  bytes.wipe(secret, HASH_BYTES);
}

/** Write the PSK that belongs to a ticket with this nonce (§4.6.1). CT: the nonce's length leaks. */
export function ticketKey(out: usize, nonce: usize, nonceLen: u32): void {
  expand(out, HASH_BYTES, resumptionSecret, RESUMPTION, nonce, nonceLen);
}

/** Replace a traffic secret by its successor (§7.2). CT: nothing leaks. */
export function update(traffic: usize): void {
  const mark = scratch.mark();
  const next = scratch.take(HASH_BYTES);
  expand(next, HASH_BYTES, traffic, TRAFFIC_UPD, 0, 0);
  bytes.copy(traffic, next, HASH_BYTES);
  scratch.release(mark);
}

/** Write the key and the iv of a traffic secret (§7.3). CT: lengths leak. */
export function keys(key: usize, keyLen: u32, iv: usize, ivLen: u32, traffic: usize): void {
  expand(key, keyLen, traffic, KEY, 0, 0);
  expand(iv, ivLen, traffic, IV, 0, 0);
}
