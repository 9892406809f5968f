/**
 * What a device must not forget: small records over the flash port, each replaced as a whole or not at all.
 *
 * The pages after the factory page form a ring. Exactly one is in use: the one with the newest valid head. Records are
 * appended to it, and the last one of a kind counts. When it is full, the next page is erased, the live records are copied
 * to it, the new one is added, and only then its head is written: until the head is whole, the old page is the one in
 * use. So each turn of the ring erases each page once, and a cut at any moment leaves the old or the new value.
 *
 *     page    head: magic, number, CRC-32C of both, filled up   the number rises by one with each page taken into use
 *             records, one after the other
 *     record  kind u8, 0xff, length u16; CRC-32C of these and the data; data, filled up
 *
 * Numbers are little-endian. Everything is filled up with 0xff to units of 8 bytes, the most that a chip here programs at once, and no unit
 * is programmed twice: flash with an error-correcting code takes each only once. What follows the first record that is not whole is not trusted to be blank: the page then
 * counts as full. Every word is read back after it is programmed; a page that does not hold it is passed over.
 *
 * CT: kinds and lengths leak; data do not.
 */
import { STORE_LIVE_PERCENT } from "../config";
import { Status } from "../lib/status";
import * as bytes from "../lib/bytes";
import * as crc32c from "../lib/crc32c";
import * as flash from "../port/flash";

/** The kinds of record. The values are stored: they never change, and 7 is none. */
export const enum Kind {
  /** The secret 32 bytes of the device's key. */
  Key = 0,
  /** 32 bytes for the next start's random generator. */
  Seed = 1,
  /** The highest report counter that may have been used, u32. */
  Counter = 2,
  /** How often the device has started, u32. */
  Boots = 3,
  /** How many starts in a row ended in a fault, u32. */
  Faults = 4,
  /** Counter of the last command acted upon, u32. */
  Command = 5,
  /** The newest time that the server has told, seconds since 1970, u32. */
  Time = 6,
  /** What ended an earlier life, and is not reported yet. */
  Epitaph = 8,
  /** The secret 32 bytes of the key that is to take over, then the `handover` by which it does. */
  Successor = 9,
}
const KINDS: u32 = 10;

const MAGIC: u32 = 0x53474c32;
const UNIT_BYTES: u32 = 8;
const PAGE_HEAD_BYTES: u32 = 16;
const RECORD_HEAD_BYTES: u32 = 8;
const PIECE_BYTES: u32 = 32;
const BLANK: u32 = 0xffffffff;
const NOWHERE: u32 = 0;


@unmanaged
class Log {
  /** Start of the page in use; 0, which is the factory page, before the first. */
  page: u32;
  number: u32;
  /** Where the next record goes. */
  at: u32;
  /** End of the page in use, or `at` if nothing may be added. */
  end: u32;
}

const log = changetype<Log>(memory.data(offsetof<Log>(), 4));
/** Where the live record of each kind starts; NOWHERE if there is none. */
const index: usize = memory.data(KINDS * 4, 4);
const piece: usize = memory.data(PIECE_BYTES, 4);
const check: usize = memory.data(PIECE_BYTES, 4);
const head: usize = memory.data(PAGE_HEAD_BYTES, 4);
/** A number to be put. */
const single: usize = memory.data(4, 4);

/** Find the page in use. Absent: there is none, and the first `put` begins one; Storage: the board has too few pages. */
export function open(): Status {
  memory.fill(index, 0, KINDS * 4);
  log.page = 0;
  log.number = 0;
  log.at = 0;
  log.end = 0;
  if (flash.pages() < 3) return Status.Storage;
  const pageBytes = flash.pageBytes();
  for (let i: u32 = 1; i < flash.pages(); i++) {
    const at = i * pageBytes;
    flash.read(head, at, PAGE_HEAD_BYTES);
    if (load<u32>(head) != MAGIC || load<u32>(head, 8) != crc32c.sum(head, 8)) continue;
    const number = load<u32>(head, 4);
    if (log.page != 0 && number < log.number) continue;
    log.page = at;
    log.number = number;
  }
  if (log.page == 0) return Status.Absent;
  scan();
  return Status.Ok;
}

/** Copy the record of `kind` to `out`; returns its length, Absent, or TooLong if it has more than `max` bytes. */
export function get(out: usize, max: u32, kind: Kind): i32 {
  const at = place(kind);
  if (at == NOWHERE) return Status.Absent;
  const len = lengthAt(at);
  if (len > max) return Status.TooLong;
  flash.read(out, at + RECORD_HEAD_BYTES, len);
  return len;
}

/** The record of `kind` as a number; `otherwise` if there is none. */
export function getNumber(kind: Kind, otherwise: u32): u32 {
  const at = place(kind);
  if (at == NOWHERE || lengthAt(at) != 4) return otherwise;
  flash.read(piece, at + RECORD_HEAD_BYTES, 4);
  return load<u32>(piece);
}

/**
 * Replace the record of `kind` by `len` bytes; a length of 0 removes it. TooLong: the live records would leave no room to
 * work with; Storage: no page takes it. The old record then still stands.
 */
export function put(kind: Kind, data: usize, len: u32): Status {
  const room = flash.pageBytes() - PAGE_HEAD_BYTES;
  if (liveBytes(kind) + recordBytes(len) > (room * STORE_LIVE_PERCENT) / 100) return Status.TooLong;
  if (log.page != 0 && recordBytes(len) <= log.end - log.at && append(kind, data, len)) {
    return Status.Ok;
  }
  return turn(kind, data, len);
}

/** Replace the record of `kind` by a number. */
export function putNumber(kind: Kind, value: u32): Status {
  store<u32>(single, value);
  return put(kind, single, 4);
}


@inline
function place(kind: u32): u32 {
  return load<u32>(index + kind * 4);
}


@inline
function setPlace(kind: u32, at: u32): void {
  store<u32>(index + kind * 4, at);
}

/** Bytes of a record with `len` bytes of data. */
@inline
function recordBytes(len: u32): u32 {
  return RECORD_HEAD_BYTES + ((len + UNIT_BYTES - 1) & ~(UNIT_BYTES - 1));
}

function lengthAt(at: u32): u32 {
  flash.read(piece, at, 4);
  return <u32>load<u16>(piece, 2);
}

/** Bytes of the live records, without the one of `kind`. */
function liveBytes(kind: u32): u32 {
  let sum: u32 = 0;
  for (let i: u32 = 0; i < KINDS; i++) {
    if (i != kind && place(i) != NOWHERE) sum += recordBytes(lengthAt(place(i)));
  }
  return sum;
}

/** Index the records of the page in use, up to the first that is not whole. */
function scan(): void {
  log.at = log.page + PAGE_HEAD_BYTES;
  log.end = log.page + flash.pageBytes();
  while (log.end - log.at >= RECORD_HEAD_BYTES) {
    flash.read(head, log.at, RECORD_HEAD_BYTES);
    if (load<u32>(head) == BLANK) break;
    const kind = <u32>load<u8>(head);
    const len = <u32>load<u16>(head, 2);
    const fits = recordBytes(len) <= log.end - log.at;
    if (kind >= KINDS || !fits || load<u32>(head, 4) != checksumAt(log.at, len)) {
      log.end = log.at;
      return;
    }
    setPlace(kind, len ? log.at : NOWHERE);
    log.at += recordBytes(len);
  }
  if (!isBlank(log.at, log.end)) log.end = log.at;
}

function isBlank(from: u32, to: u32): boolean {
  for (let at = from; at < to; at += 4) {
    flash.read(piece, at, 4);
    if (load<u32>(piece) != BLANK) return false;
  }
  return true;
}

/** The checksum that the record at `at` with `len` bytes of data should have. */
function checksumAt(at: u32, len: u32): u32 {
  flash.read(piece, at, 4);
  let crc = fold(crc32c.START, piece, 4);
  for (let done: u32 = 0; done < len;) {
    const taken = min(len - done, PIECE_BYTES);
    flash.read(piece, at + RECORD_HEAD_BYTES + done, taken);
    crc = fold(crc, piece, taken);
    done += taken;
  }
  bytes.wipe(piece, PIECE_BYTES);
  return ~crc;
}

function fold(crc: u32, data: usize, len: u32): u32 {
  for (let i: u32 = 0; i < len; i++) crc = crc32c.step(crc, load<u8>(data + i));
  return crc;
}

/** Add a record to the page in use, which has room for it. On false nothing more may be added to this page. */
function append(kind: u32, data: usize, len: u32): boolean {
  const at = log.at;
  log.at += recordBytes(len);
  store<u32>(head, kind | 0xff00 | (len << 16));
  store<u32>(head, ~fold(fold(crc32c.START, head, 4), data, len), 4);
  let good = program(at, head, RECORD_HEAD_BYTES);
  for (let done: u32 = 0; good && done < len;) {
    const taken = min(len - done, PIECE_BYTES);
    memory.fill(piece, 0xff, PIECE_BYTES);
    bytes.copy(piece, data + done, taken);
    good = program(at + RECORD_HEAD_BYTES + done, piece, (taken + UNIT_BYTES - 1) & ~(UNIT_BYTES - 1));
    done += taken;
  }
  bytes.wipe(piece, PIECE_BYTES);
  if (good) setPlace(kind, len ? at : NOWHERE);
  else log.end = log.at;
  return good;
}

/** Program whole units and read them back. */
function program(at: u32, data: usize, len: u32): boolean {
  if (flash.program(at, data, len) != 0) return false;
  flash.read(check, at, len);
  const good = bytes.same(check, data, len);
  bytes.wipe(check, len);
  return good;
}

/** Take the next good page of the ring into use, with all live records and this new one. */
function turn(kind: u32, data: usize, len: u32): Status {
  const old = log.page;
  const pageBytes = flash.pageBytes();
  const last = (flash.pages() - 1) * pageBytes;
  let page = old;
  for (let tries = flash.pages() - 1; tries > 0; tries--) {
    page = page == last ? pageBytes : page + pageBytes;
    if (page == old) continue;
    if (flash.erase(page) == 0 && fill(page, kind, data, len)) return Status.Ok;
    open();
  }
  return Status.Storage;
}

/** Write the live records but the one of `kind`, the new one, and last the head, to an erased page. */
function fill(page: u32, kind: u32, data: usize, len: u32): boolean {
  const number = log.number + 1;
  log.page = page;
  log.at = page + PAGE_HEAD_BYTES;
  log.end = page + flash.pageBytes();
  for (let i: u32 = 0; i < KINDS; i++) {
    if (i == kind || place(i) == NOWHERE) continue;
    if (!copy(i)) return false;
  }
  setPlace(kind, NOWHERE);
  if (len != 0 && !append(kind, data, len)) return false;
  store<u32>(head, MAGIC);
  store<u32>(head, number, 4);
  store<u32>(head, crc32c.sum(head, 8), 8);
  store<u32>(head, BLANK, 12);
  log.number = number;
  return program(page, head, PAGE_HEAD_BYTES);
}

/** Copy the live record of `kind` from the page before to the page being filled. */
function copy(kind: u32): boolean {
  const from = place(kind);
  const len = recordBytes(lengthAt(from));
  const to = log.at;
  let good = true;
  for (let done: u32 = 0; good && done < len;) {
    const taken = min(len - done, PIECE_BYTES);
    flash.read(piece, from + done, taken);
    good = program(to + done, piece, taken);
    done += taken;
  }
  bytes.wipe(piece, PIECE_BYTES);
  log.at += len;
  setPlace(kind, to);
  return good;
}
