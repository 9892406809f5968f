/**
 * A protected record that is longer than the buffer, opened in pieces (RFC 8446 §5.2): servers that honour neither max_fragment_length nor record_size_limit send
 * their certificates in one record. `record` moves the bytes; this file has what stays between two pieces, and the order of the work:
 *
 *     a piece        its ciphertext joins the tag's sum, then it is decrypted; EncryptedExtensions, CertificateRequest and Certificate are read
 *     a fault in it  is kept: from then on nothing is decrypted, only the sum goes on
 *     the last one   the tag is compared first: bad_record_mac, else the fault that was kept, else the rest is decrypted
 *
 * Until the tag was compared no alert tells what was read, no message behind the Certificate is handled, and the evidence of the record is missing, without which there are no
 * application keys. `tests/tls/wide.test.ts` holds it.
 */
import * as bytes from "../lib/bytes";
import * as scratch from "../lib/scratch";
import * as words from "../lib/words";
import { Alert } from "./alert";
import * as evidence from "./evidence";
import * as suite from "./suite";

/** Most bytes of a protected record: 2^14 of content, the inner type, the tag (§5.2). */
export const MOST_BYTES: u32 = 16384 + 1 + suite.TAG_BYTES;
/** Least bytes of the last piece: some content, the inner type, the tag. So no tag is split. */
const LAST_BYTES: u32 = 2 + suite.TAG_BYTES;
/** Pieces but the last have whole blocks of every cipher. */
const BLOCK_BYTES: u32 = 64;


@unmanaged
class Wide {
  /** A record is being opened in pieces. */
  active: u32;
  /** Such a record may come. */
  allowed: u32;
  /** Bytes of the record behind the piece at hand, and bytes of its text before it. */
  rest: u32;
  done: u32;
  /** The fault that is kept until the tag was compared. */
  verdict: Alert;
  /** Records of this connection whose tag was not compared, and the bytes that were off in tags. */
  off: u32;
}


@lazy
const wide = changetype<Wide>(memory.data(offsetof<Wide>(), 4));

/** The nonce of the record, and the tag's sum so far. */
@lazy
export const nonce = memory.data(suite.IV_BYTES, 4);


@lazy
const sum = memory.data(suite.SUM_BYTES, 4);

/** End a connection: wipe what stays between two pieces, and open no further record in pieces. */
export function wipe(): void {
  wide.allowed = 0;
  wide.off = 0;
  end();
}

/** End with a record. */
function end(): void {
  wide.active = 0;
  wide.done = 0;
  wide.verdict = Alert.None;
  bytes.wipe(nonce, suite.IV_BYTES);
  bytes.wipe(sum, suite.SUM_BYTES);
}

/** Open records in pieces from now on: a Certificate is expected. */
export function allow(): void {
  wide.allowed = 1;
}

/** Open no further record in pieces. */
export function forbid(): void {
  wide.allowed = 0;
}

/** Take note that the server agreed to a limit for its records. RecordOverflow if it did so in a record beyond it. */
export function bound(): Alert {
  forbid();
  return wide.active ? Alert.RecordOverflow : Alert.None;
}

/** Return the bound for the fragment of a protected record that is not opened whole. */
export function most(narrow: u32): u32 {
  return wide.allowed ? MOST_BYTES : narrow;
}

/** Begin with a record of `len` bytes, whose nonce is in `nonce`. Its evidence is missing until its tag was compared. */
export function begin(len: u32): void {
  wide.off++;
  prove(0);
  wide.active = 1;
  wide.verdict = Alert.None;
  wide.rest = len;
  wide.done = 0;
  bytes.wipe(sum, suite.SUM_BYTES);
}

/** Set down what the check of a record found: 0 if nothing was off. A tag that was missing before stays missing. */
export function prove(off: u32): void {
  evidence.add(evidence.Proof.Record, wide.off | off);
}

/** True while the tag of a record was not compared. */
export function active(): bool {
  return wide.active != 0;
}

/** True if a fault is kept. */
export function doomed(): bool {
  return wide.active != 0 && wide.verdict != Alert.None;
}

/** Keep the first fault that was found in the record. */
export function doom(verdict: Alert): void {
  if (wide.verdict == Alert.None) wide.verdict = verdict;
}

/** Begin with the next piece; returns its size, at most `room`. 0: it does not fit. */
export function next(room: u32): u32 {
  const size = wide.rest <= room ? wide.rest : min<u32>(room, wide.rest - LAST_BYTES) & ~(BLOCK_BYTES - 1);
  wide.rest -= size;
  return size;
}

/**
 * Open the piece of `len` bytes at `text` in place, aligned to a word. `header` is the record's. After the last piece, which ends with the tag, the record is no longer active.
 *
 * CT: lengths and the verdict leak.
 */
export function open(key: usize, header: usize, headerLen: u32, text: usize, len: u32): Alert {
  const isLast = wide.rest == 0;
  const textLen = isLast ? len - suite.TAG_BYTES : len;
  const done = wide.done;
  suite.absorb(sum, key, nonce, header, headerLen, text, textLen, done);
  wide.done = done + textLen;
  if (!isLast) {
    if (wide.verdict == Alert.None) suite.xor(text, key, nonce, textLen, done);
    return Alert.None;
  }
  const tag = text + textLen;
  const expected = scratch.take(suite.TAG_BYTES);
  suite.tag(expected, sum, key, nonce, headerLen, wide.done);
  const off = words.difference(expected, tag, suite.TAG_BYTES);
  wide.off += words.distance(expected, tag, suite.TAG_BYTES) - 1;
  prove(0);
  scratch.release(expected);
  const verdict = off ? Alert.BadRecordMac : wide.verdict;
  if (verdict == Alert.None) suite.xor(text, key, nonce, textLen, done);
  end();
  return verdict;
}
