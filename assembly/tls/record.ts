/**
 * The record layer (RFC 8446 §5): one record in, one buffer of records out, and the keys of both directions. Nothing here
 * waits, and nothing of a record is looked at before it is whole and its tag is checked.
 */
import { TLS_RECORD_BYTES } from "../config";
import * as bytes from "../lib/bytes";
import { Pipe } from "../lib/pipe";
import * as scratch from "../lib/scratch";
import * as words from "../lib/words";
import { Status } from "../lib/status";
import { Alert } from "./alert";
import { Content, LEGACY_VERSION } from "./registry";
import * as suite from "./suite";
import { WIDE } from "./profile";
import * as schedule from "./schedule";
import * as wide from "./wide";

const HEADER_BYTES: u32 = 5;
/** Bytes that protection adds to a record's content: the inner type and the tag. */
const EXPANSION_BYTES: u32 = 1 + suite.TAG_BYTES;
/** The largest fragment that fits: content at its bound, protected. */
const FRAGMENT_BYTES: u32 = TLS_RECORD_BYTES + EXPANSION_BYTES;
/** Two protected alerts: what `room` always leaves. */
const ALERT_BYTES: u32 = 2 * (HEADER_BYTES + 2 + EXPANSION_BYTES);
const OUTPUT_BYTES: u32 = HEADER_BYTES + FRAGMENT_BYTES + ALERT_BYTES;

/** The buffers begin 3 bytes into a word, so that the content after the header is aligned. */
@lazy
const input: usize = memory.data(3 + HEADER_BYTES + FRAGMENT_BYTES, 8) + 3;


@lazy
const output: usize = memory.data(3 + OUTPUT_BYTES, 8) + 3;

/** One direction's protection; its key and its iv follow it. */
@unmanaged
export class Direction {
  sequence: u64;
  armed: u64;

  /** Place of the key. */
  @inline
  key(): usize {
    return changetype<usize>(this) + offsetof<Direction>();
  }

  /** Place of the iv. */
  @inline
  iv(): usize {
    return this.key() + suite.KEY_BYTES;
  }
}

const DIRECTION_BYTES: u32 = offsetof<Direction>() + suite.KEY_BYTES + suite.IV_BYTES;


@unmanaged
class Layer {
  /** Bytes of the record that is arriving, and how many it takes with its header; 0 until that is known. */
  have: u32;
  need: u32;
  /** The content of the record that was opened: what is left of it, and whether there is one. */
  at: usize;
  left: u32;
  kind: u32;
  opened: u32;
  /** Maximum content of a record that the peer accepts. */
  limit: u32;
}


@lazy
const layer = changetype<Layer>(memory.data(offsetof<Layer>(), 4));

/** The queue for the peer, in `output`. */
@lazy
const queue = changetype<Pipe>(memory.data(offsetof<Pipe>(), 4));


@lazy
const incoming = changetype<Direction>(memory.data(DIRECTION_BYTES, 8));


@lazy
const outgoing = changetype<Direction>(memory.data(DIRECTION_BYTES, 8));

/** Begin a connection: empty buffers, no protection. */
export function reset(): void {
  memory.fill(changetype<usize>(layer), 0, offsetof<Layer>());
  layer.limit = TLS_RECORD_BYTES;
  queue.hold(output, 0);
  wipe();
}

/** Wipe the keys and what arrived; what is queued for the peer stays. */
export function wipe(): void {
  bytes.wipe(changetype<usize>(incoming), DIRECTION_BYTES);
  bytes.wipe(changetype<usize>(outgoing), DIRECTION_BYTES);
  bytes.wipe(input, HEADER_BYTES + FRAGMENT_BYTES);
  layer.have = 0;
  layer.need = 0;
  if (WIDE) wide.wipe();
  finish();
}

/** Derive a direction's key and iv from its traffic secret and begin its sequence. */
function arm(direction: Direction, traffic: usize): void {
  schedule.keys(direction.key(), suite.keyBytes(), direction.iv(), suite.IV_BYTES, traffic);
  direction.sequence = 0;
  direction.armed = 1;
}

/** Open what arrives from now on with the server's traffic secret. */
export function armRead(): void {
  arm(incoming, schedule.serverTraffic);
}

/** Seal what is sent from now on with this client's traffic secret. */
export function armWrite(): void {
  arm(outgoing, schedule.clientTraffic);
}

/** True if what is sent needs another key soon (§5.5): a few records are kept for it. */
export function isWorn(): bool {
  return outgoing.sequence >= suite.limit() - 4;
}

/** Bound what is sent in one record by what the peer asked for. */
export function limitTo(content: u32): void {
  if (content < layer.limit) layer.limit = content;
}

/** The nonce of the direction's next record (§5.3); the sequence moves on. It has 64 bits and cannot wrap in a device's life. */
function nextNonce(nonce: usize, direction: Direction): void {
  const iv = direction.iv();
  store<u32>(nonce, load<u32>(iv));
  store<u64>(nonce + 4, load<u64>(iv + 4) ^ bswap(direction.sequence));
  direction.sequence++;
}

/** Take up to `len` bytes of the peer, not beyond the record at hand; returns how many were taken. */
export function feed(from: usize, len: u32): u32 {
  let taken: u32 = 0;
  while (taken < len) {
    const goal = layer.have < HEADER_BYTES ? HEADER_BYTES : layer.need;
    if (layer.have >= goal) break;
    const more = min<u32>(goal - layer.have, len - taken);
    bytes.copy(input + layer.have, from + taken, more);
    layer.have += more;
    taken += more;
    if (layer.have == HEADER_BYTES) measure();
  }
  return taken;
}

/** Learn from a whole header how long the record is; one that is refused takes no further bytes. */
function measure(): void {
  layer.need = HEADER_BYTES;
  if (checkHeader() == Alert.None) layer.need += WIDE ? firstPiece() : bytes.load16be(input + 3);
}

/** The size of the first piece of a record: of all of it, if the buffer holds it. */
function firstPiece(): u32 {
  const len = bytes.load16be(input + 3);
  if (len <= FRAGMENT_BYTES) return len;
  nextNonce(wide.nonce, incoming);
  wide.begin(len);
  layer.at = input + HEADER_BYTES;
  return wide.next(FRAGMENT_BYTES);
}

/** Await the next piece behind what is left of the one before; returns its size. 0: there is no room for it. */
function awaitPiece(): u32 {
  const front = (layer.left + 3) & ~3;
  const to = input + HEADER_BYTES + front - layer.left;
  memory.copy(to, layer.at, layer.left);
  layer.at = to;
  const size = wide.next(FRAGMENT_BYTES - front);
  layer.have = HEADER_BYTES + front;
  layer.need = layer.have + size;
  return size;
}

/** Open a piece of a record. The last one ends with the tag: then its inner type is known, and it is a record as any other. */
function openPiece(): Alert {
  const text = layer.at + layer.left;
  const len = <u32>(input + layer.need - text);
  layer.kind = Content.Handshake;
  layer.opened = 1;
  const verdict = wide.open(incoming.key(), input, HEADER_BYTES, text, len);
  if (verdict != Alert.None) return verdict;
  const before = layer.left;
  layer.left = len;
  if (!wide.active()) {
    layer.at = text;
    strip(len - suite.TAG_BYTES);
    layer.at -= before;
    if (layer.kind != Content.Handshake || layer.left == 0) return Alert.UnexpectedMessage;
  }
  layer.left += before;
  if (wide.doomed()) consume(layer.left);
  return Alert.None;
}

/** True unless the record at hand is opened in pieces and its tag was not compared yet. */
export function genuine(): bool {
  return !WIDE || !wide.active();
}

/** Keep what is left of a piece, and await the next. RecordOverflow if there is no room for it. */
export function more(): Alert {
  if (!layer.opened) return Alert.None;
  if (awaitPiece() == 0) return Alert.RecordOverflow;
  layer.opened = 0;
  return Alert.None;
}

/** Keep a fault until the tag of the record at hand was compared; false if it was, or if there is no record in pieces. */
export function postpone(verdict: Alert): bool {
  if (!wide.active()) return false;
  wide.doom(verdict);
  if (layer.opened) finish();
  return true;
}

/** True if a record with this header may come at all. `legacy_version` is ignored, as §5.1 demands. */
function checkHeader(): Alert {
  const kind: u32 = load<u8>(input);
  if (kind < <u32>Content.ChangeCipherSpec || kind > <u32>Content.ApplicationData) return Alert.UnexpectedMessage;
  const len = bytes.load16be(input + 3);
  const narrow: u32 = kind == Content.ApplicationData ? FRAGMENT_BYTES : TLS_RECORD_BYTES;
  const bound: u32 = WIDE && kind == Content.ApplicationData && incoming.armed ? wide.most(narrow) : narrow;
  return len > bound ? Alert.RecordOverflow : Alert.None;
}

/** True if `open` has something to do: a whole record, or a header that is refused. */
export function arrived(): bool {
  return layer.opened == 0 && layer.have >= HEADER_BYTES && layer.have == layer.need;
}

/** True if bytes of a record that is not whole have arrived. */
export function partial(): bool {
  return layer.have != 0 && layer.have != layer.need;
}

/** Open the record that arrived. Afterwards `kind`, `at` and `left` tell its content. */
export function open(): Alert {
  if (WIDE && wide.active()) return openPiece();
  const header = checkHeader();
  if (header != Alert.None) return header;
  layer.kind = load<u8>(input);
  layer.at = input + HEADER_BYTES;
  layer.left = layer.need - HEADER_BYTES;
  layer.opened = 1;
  if (layer.kind == Content.ApplicationData) return incoming.armed ? unprotect() : Alert.UnexpectedMessage;
  // An unprotected change_cipher_spec may come beside protected records (§5); nothing else may.
  if (incoming.armed && layer.kind != Content.ChangeCipherSpec) return Alert.UnexpectedMessage;
  return layer.left ? Alert.None : Alert.UnexpectedMessage;
}

/** Open a protected record in place and find its inner type (§5.2, §5.4). CT: lengths and the verdict leak. */
function unprotect(): Alert {
  if (layer.left < EXPANSION_BYTES) return Alert.BadRecordMac;
  const len = layer.left - suite.TAG_BYTES;
  const nonce = scratch.take(suite.IV_BYTES);
  nextNonce(nonce, incoming);
  const status = suite.open(incoming.key(), nonce, input, HEADER_BYTES, layer.at, len);
  scratch.release(nonce);
  if (WIDE) wide.prove(<u32>(status ^ Status.Ok));
  if (status != Status.Ok) return Alert.BadRecordMac;
  strip(len);
  if (layer.kind < <u32>Content.Alert || layer.kind > <u32>Content.ApplicationData) return Alert.UnexpectedMessage;
  if (layer.kind != Content.ApplicationData && layer.left == 0) return Alert.UnexpectedMessage;
  return Alert.None;
}

/**
 * Find the content's end and the inner type in the `len` bytes that were opened: the type is the last byte that is not
 * zero (§5.4), and none that is allowed if all are.
 *
 * CT: only `len` leaks: every word is looked at, wherever the padding begins. The use of the content by the caller
 * shows its length; the time of this function does not. The text is aligned, and the tag behind it makes the last word readable.
 */
function strip(len: u32): void {
  const text = layer.at;
  let last: u32 = 0;
  let at: u32 = 0;
  const whole = len & ~3;
  for (let i: u32 = 0; i < whole; i += 4) {
    const word = load<u32>(text + i);
    const bit = words.isZero(word) ^ 1;
    last = words.select(bit, word, last);
    at = words.select(bit, i, at);
  }
  const rest = len & 3;
  const word = load<u32>(text + whole) & ((1 << (rest << 3)) - 1);
  const bit = words.isZero(word) ^ 1;
  last = words.select(bit, word, last);
  at = words.select(bit, whole, at);
  const before = (words.isZero(last >>> 8) ^ 1) + (words.isZero(last >>> 16) ^ 1) + (words.isZero(last >>> 24) ^ 1);
  layer.left = at + before;
  layer.kind = last >>> (before << 3);
}

/** True if there is an opened record that was not finished. */
export function opened(): bool {
  return layer.opened != 0;
}

/** The content type of the opened record. */
export function kind(): u32 {
  return layer.kind;
}

/** Place of the rest of the opened record's content. */
export function at(): usize {
  return layer.at;
}

/** Rest of the content of the opened record, in bytes. */
export function left(): u32 {
  return layer.left;
}

/** Step over `len` bytes of the opened record's content; the record is finished with its last byte. */
export function consume(len: u32): void {
  layer.at += len;
  layer.left -= len;
  if (layer.left == 0) finish();
}

/** Be done with the opened record, and ready for the next. */
export function finish(): void {
  const opened = layer.opened;
  if (opened) {
    layer.have = 0;
    layer.need = 0;
  }
  layer.opened = 0;
  layer.left = 0;
  if (WIDE && opened && wide.active()) awaitPiece();
}

/** Return the capacity of the next outgoing record. */
export function room(): u32 {
  if (queue.left == 0) queue.at = output;
  const taken = <u32>(end() - output) + HEADER_BYTES + EXPANSION_BYTES + ALERT_BYTES;
  return taken < OUTPUT_BYTES ? min<u32>(OUTPUT_BYTES - taken, layer.limit) : 0;
}

/** Return the place of the next outgoing record. */
function end(): usize {
  return queue.at + queue.left;
}

/** Return the place for the content of the next outgoing record, before `send`. */
export function body(): usize {
  return end() + HEADER_BYTES;
}

/** Send the `len` bytes at `body()` as one record; `len` is at most what `room` told, or an alert's two. */
export function send(kind: Content, len: u32): void {
  const header = end();
  const sealed: bool = outgoing.armed != 0 && kind != Content.ChangeCipherSpec;
  const fragment = sealed ? len + EXPANSION_BYTES : len;
  store<u8>(header, sealed ? Content.ApplicationData : kind);
  bytes.store16be(header + 1, LEGACY_VERSION);
  bytes.store16be(header + 3, fragment);
  if (sealed) protect(header, kind, len);
  queue.left += HEADER_BYTES + fragment;
}

/** Seal a record in place. CT: lengths leak. */
function protect(header: usize, kind: u32, len: u32): void {
  const nonce = scratch.take(suite.IV_BYTES);
  nextNonce(nonce, outgoing);
  store<u8>(header + HEADER_BYTES + len, kind);
  suite.seal(outgoing.key(), nonce, header, HEADER_BYTES, header + HEADER_BYTES, len + 1);
  scratch.release(nonce);
}

/** Move up to `max` bytes for the peer to `out`; returns how many. */
export function drain(out: usize, max: u32): u32 {
  return queue.move(out, max);
}

/** True if bytes for the peer are queued. */
export function queued(): bool {
  return queue.left != 0;
}
