// Longer than 400 lines: the records on flash and their repair share one layout.
/**
 * Records in flash that survive restarts, power cuts and bit rot. Each record is replaced as a whole or not at all.
 *
 * The pages after the factory page form a ring. Two of them are in use: a pair with the same number that holds the same
 * bytes, so each record exists twice, on different pages. Records are appended to both, and the last one of a kind counts.
 * When the pair is full, the next page is erased, the live records and the new one are copied to it, and then its head is
 * written: from then on it is in use. The page after it becomes its copy. So each turn of the ring erases each page once,
 * and a cut at any moment leaves the old or the new value.
 *
 *     page    head    magic u32, number u32
 *                     version u8, flags u8, generation u16, CRC-32C of these 12 bytes
 *                     two marks of 8 bytes, erased and later 0: the pair is complete (first page only); it was replaced
 *             records, one after the other; the last 8 bytes of a page stay erased
 *     record  kind u8, 0xff, length u16; CRC-32C of these and the data; data, padded
 *
 * Numbers are little-endian. Everything is padded with 0xff to units of 8 bytes, the largest unit that a chip here programs
 * at once, and no unit is programmed twice: flash with an error-correcting code takes each only once. Every word is read
 * back after it is programmed. A page that does not hold it is passed over.
 *
 * Damage. Opening reads both pages and steps over what is not whole. A record that is damaged on one page is read from the
 * other; the first `put` then moves everything to fresh pages, which repairs it. No page is erased while it holds the only
 * whole copy of a live record. If a record is damaged on both pages, older pages are searched, and the numbers that must
 * not go back are raised by more than was lost. A pair that is marked as replaced never counts again: if its successors are
 * lost, opening fails.
 *
 * Identity. The flags say which of Key and Successor the page holds: these are what a device must not replace or forget.
 * They are written with the head only, so both pages have them from the beginning. The generation changes with each change
 * of them; a page of another generation is never a source for them. If the flags name a record that no page holds, or no
 * head is whole on pages that were written, opening fails and nothing is written. Only pages that are erased, or the first
 * page of all, cut before it was complete, count as a device that never had a key.
 *
 * Version 2 (one page in use, head of magic, number, CRC-32C and padding, no mark) is read, and replaced by the first `put`.
 *
 * CT: kinds and lengths leak; data do not.
 */
import { COUNTER_BLOCK, STORE_LIVE_PERCENT } from "../config";
import { Status } from "../lib/status";
import * as bytes from "../lib/bytes";
import * as crc32c from "../lib/crc32c";
import * as scratch from "../lib/scratch";
import * as flash from "../port/flash";
import { Record } from "./facts";

if (STORE_LIVE_PERCENT == 0 || STORE_LIVE_PERCENT > 90)
  ERROR("STORE_LIVE_PERCENT must be 1 to 90: the rest of a page is room to append");
if (COUNTER_BLOCK == 0 || COUNTER_BLOCK > 65536)
  ERROR("COUNTER_BLOCK must be 1 to 65536: each start skips up to one block of the counters");

const KINDS: u32 = 14;
/** Key and Successor: a change of them writes fresh pages. */
const IDENTITY: u32 = (1 << Record.Key) | (1 << Record.Successor);
/** Numbers that older pages may supply if both copies are lost. */
const LASTING: u32 = (1 << Record.Counter) | (1 << Record.Boots) | (1 << Record.Command) | (1 << Record.Time);

/** The version of the format, in each page's head. */
const VERSION: u32 = 3;
const MAGIC: u32 = 0x53474c33;
const VERSION_2: u32 = 2;
const MAGIC_2: u32 = 0x53474c32;
const UNIT_BYTES: u32 = 8;
const HEAD_BYTES: u32 = 16;
/** The marks follow the head. */
const COMPLETE: u32 = HEAD_BYTES;
const REPLACED: u32 = COMPLETE + UNIT_BYTES;
const RECORDS: u32 = REPLACED + UNIT_BYTES;
/** Stays erased at the end of a page: a burst of up to 64 bits damages records of one page, or the next page's head. */
const GUARD_BYTES: u32 = UNIT_BYTES;
const RECORD_HEAD_BYTES: u32 = 8;
const PIECE_BYTES: u32 = 32;
const BLANK: u32 = 0xffffffff;
const NOWHERE: u32 = 0;

/** Flags of a page: it holds a Key; it holds a Successor; it is the second page of its pair. */
const HAS_KEY: u32 = 1;
const HAS_SUCCESSOR: u32 = 2;
const IS_SECOND: u32 = 4;


@unmanaged
class Log {
  /** Start of the pair's pages; 0, which is the factory page, if there is none. */
  first: u32;
  second: u32;
  /** Fields of the pair's heads. */
  version: u32;
  number: u32;
  flags: u32;
  generation: u32;
  /** Offset of the next record, and the end of the room for records: `at` if nothing may be added. */
  at: u32;
  end: u32;
  /** The pair is incomplete or damaged: the next `put` writes fresh pages. */
  uneven: u32;
}

const log = changetype<Log>(memory.data(offsetof<Log>(), 4));
/** Start of the live record of each kind; NOWHERE if there is none. */
const index: usize = memory.data(KINDS * 4, 4);
const piece: usize = memory.data(PIECE_BYTES, 4);
const head: usize = memory.data(HEAD_BYTES, 4);
/** A number to be put, and one to be raised on its way to another page. */
const single: usize = memory.data(4, 4);
const raised: usize = memory.data(4, 4);
/** Damaged places that `open` found, and units of 8 bytes that were lost on both pages. */
let damages: u32 = 0;
let lostUnits: u32 = 0;

/**
 * Find the pair in use; writes nothing. Absent: there is none, and the first `put` begins one. Storage: the board has too
 * few pages. Malformed: a key was stored here and cannot be read; Unexpected: a later version wrote the store. After
 * these two nothing may be put.
 */
export function open(): Status {
  if (flash.pages() < 3) return Status.Storage;
  return find();
}

/**
 * Number of damaged places that `open` found: copies that differ, pages without their head. The first `put` repairs them.
 */
export function damaged(): u32 {
  return damages;
}

/** True if this store holds a key. */
export function hasKey(): bool {
  return ((present() | identity()) & IDENTITY) != 0;
}

/** Copy the record of `kind` to `out`; returns its length, Absent, or TooLong if it has more than `max` bytes. */
export function get(out: usize, max: u32, kind: Record): i32 {
  const at = whole(kind);
  if (at == NOWHERE) return Status.Absent;
  const len = lengthAt(at);
  if (len > max) return Status.TooLong;
  flash.read(out, at + RECORD_HEAD_BYTES, len);
  return len;
}

/** Copy the first `len` bytes of the record of `kind` to `out`: Ok, or Absent if there are not so many. */
export function first(out: usize, len: u32, kind: Record): Status {
  const at = whole(kind);
  if (at == NOWHERE || lengthAt(at) < len) return Status.Absent;
  flash.read(out, at + RECORD_HEAD_BYTES, len);
  return Status.Ok;
}

/**
 * Return the record of `kind` as a number; `otherwise` if there is none. Where records were lost, Counter and Boots are above
 * all their possible values.
 */
export function getNumber(kind: Record, otherwise: u32): u32 {
  let margin: u32 = 0;
  if (kind == Record.Counter) margin = lostUnits * COUNTER_BLOCK;
  if (kind == Record.Boots) margin = lostUnits;
  const at = whole(kind);
  if (at == NOWHERE || lengthAt(at) != 4) return otherwise + margin;
  flash.read(piece, at + RECORD_HEAD_BYTES, 4);
  return load<u32>(piece) + margin;
}

/**
 * Replace the record of `kind` by `len` bytes; a length of 0 removes it. TooLong: the live records would leave no room to
 * work with, and the old record stands; Storage: no pages take it, and the old or the new record stands.
 */
export function put(kind: Record, data: usize, len: u32): Status {
  const room = flash.pageBytes() - RECORDS - GUARD_BYTES;
  if (liveBytes(kind) + recordBytes(len) > (room * STORE_LIVE_PERCENT) / 100) return Status.TooLong;
  const moves = log.first == 0 || log.uneven || ((1 << kind) & IDENTITY) != 0;
  if (!moves && recordBytes(len) <= log.end - log.at && append(kind, data, len)) return Status.Ok;
  return turn(kind, data, len);
}

/** Replace the record of `kind` by a number. */
export function putNumber(kind: Record, value: u32): Status {
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


@inline
function pageOf(at: u32): u32 {
  return at & ~(flash.pageBytes() - 1);
}

function lengthAt(at: u32): u32 {
  flash.read(piece, at, 4);
  return <u32>load<u16>(piece, 2);
}

/** Return the size of the whole record at `at`; 0 if there is none. Its kind and length are in `piece`. */
function sizeAt(at: u32): u32 {
  flash.read(piece, at, RECORD_HEAD_BYTES);
  const len = <u32>load<u16>(piece, 2);
  const left = pageOf(at) + flash.pageBytes() - at;
  if (load<u8>(piece) >= KINDS || load<u8>(piece, 1) != 0xff || recordBytes(len) > left) return 0;
  const sum = load<u32>(piece, 4);
  const crc = checksumAt(at, len);
  flash.read(piece, at, 4);
  return crc == sum ? recordBytes(len) : 0;
}

/** True if the whole record at `at` is one of `kind`. */
function holds(at: u32, kind: u32): bool {
  return at != NOWHERE && sizeAt(at) != 0 && <u32>load<u8>(piece) == kind;
}

/** Return the place of the record at `at` in the other page of the pair; NOWHERE if it has none. */
function twin(at: u32): u32 {
  const page = pageOf(at);
  if (log.second == 0 || (page != log.first && page != log.second)) return NOWHERE;
  return at - page + (page == log.first ? log.second : log.first);
}

/** Return the start of a whole copy of the live record of `kind`; NOWHERE if there is none. */
function whole(kind: u32): u32 {
  const at = place(kind);
  if (at == NOWHERE || holds(at, kind)) return at;
  return holds(twin(at), kind) ? twin(at) : NOWHERE;
}

/** Bytes of the live records, without the one of `kind`. */
function liveBytes(kind: u32): u32 {
  let sum: u32 = 0;
  for (let i: u32 = 0; i < KINDS; i++) {
    const at = i == kind ? NOWHERE : whole(i);
    if (at != NOWHERE) sum += recordBytes(lengthAt(at));
  }
  return sum;
}

/** Read the head of `page` to `head`; returns its version, 0 if it is not whole. */
function versionOf(page: u32): u32 {
  flash.read(head, page, HEAD_BYTES);
  const magic = load<u32>(head);
  if (magic == MAGIC && load<u32>(head, 12) == crc32c.sum(head, 12)) return <u32>load<u8>(head, 8);
  if (magic != MAGIC_2 || load<u32>(head, 8) != crc32c.sum(head, 8)) return 0;
  store<u32>(head, VERSION_2, 8);
  return VERSION_2;
}

/** Set a mark, unless something stands there. */
function mark(at: u32): bool {
  if (!isBlank(at, UNIT_BYTES)) return true;
  memory.fill(piece, 0, UNIT_BYTES);
  return program(at, piece, UNIT_BYTES);
}

/** True if each page of the pair is marked as replaced by another pair: then that one is lost. */
function isReplaced(): bool {
  if (log.version != VERSION || !isFilled(log.first + REPLACED, UNIT_BYTES, 0)) return false;
  return log.second == 0 || isFilled(log.second + REPLACED, UNIT_BYTES, 0);
}

/** Find the pair in use and index its records. */
function find(): Status {
  memory.fill(index, 0, KINDS * 4);
  memory.fill(changetype<usize>(log), 0, offsetof<Log>());
  damages = 0;
  lostUnits = 0;
  const pageBytes = flash.pageBytes();
  for (let page = pageBytes; page < flash.pages() * pageBytes; page += pageBytes) {
    const version = versionOf(page);
    if (version > VERSION) return Status.Unexpected;
    if (version < max(log.version, VERSION_2)) continue;
    const number = load<u32>(head, 4);
    if (version == log.version && number < log.number) continue;
    if (version != log.version || number != log.number) log.first = log.second = 0;
    log.version = version;
    log.number = number;
    log.flags = <u32>load<u8>(head, 9);
    log.generation = <u32>load<u16>(head, 10);
    if (log.flags & IS_SECOND) log.second = page;
    else log.first = page;
  }
  if (log.version == 0) return isNew() ? Status.Absent : Status.Malformed;
  pair();
  if (isReplaced()) return Status.Malformed;
  scan();
  if (log.version == VERSION && (lostUnits != 0 || missing() != 0)) search();
  return missing() != 0 ? Status.Malformed : Status.Ok;
}

/** Distinguish a pair that lost a page from one that is not complete yet, or never had two. */
function pair(): void {
  if (log.first != 0 && log.second != 0) return;
  log.uneven = 1;
  if (log.first == 0 || (log.version == VERSION && !isBlank(log.first + COMPLETE, UNIT_BYTES))) damages++;
  if (log.first == 0) {
    log.first = log.second;
    log.second = 0;
  }
}

/** The records of the identity that the flags name, a bit each. */
function identity(): u32 {
  return (log.flags & HAS_KEY ? 1 << Record.Key : 0) | (log.flags & HAS_SUCCESSOR ? 1 << Record.Successor : 0);
}

/** The lost records of the identity, a bit each. Version 2 has no flags: its lost record may have been the key. */
function missing(): u32 {
  const unnamed: u32 = log.version == VERSION_2 && lostUnits != 0 ? 1 << Record.Key : 0;
  return (identity() | unnamed) & ~present();
}

/** The kinds that have a live record, a bit each. */
function present(): u32 {
  let kinds: u32 = 0;
  for (let kind: u32 = 0; kind < KINDS; kind++) if (place(kind) != NOWHERE) kinds |= 1 << kind;
  return kinds;
}

/** Index the records of the pair: each from the page that holds it whole. */
function scan(): void {
  const end = flash.pageBytes() - GUARD_BYTES;
  let at = log.version == VERSION ? RECORDS : HEAD_BYTES;
  // Units since the last whole record that are not blank, on each page.
  let inFirst: u32 = 0;
  let inSecond: u32 = 0;
  log.at = at;
  while (at < end) {
    const first = log.first + at;
    const second = log.second != 0 ? log.second + at : first;
    const sizeInFirst = sizeAt(first);
    const sizeInSecond = second == first ? sizeInFirst : sizeAt(second);
    if ((sizeInFirst | sizeInSecond) == 0) {
      inFirst += u32(!isBlank(first, UNIT_BYTES));
      inSecond += u32(!isBlank(second, UNIT_BYTES));
      at += UNIT_BYTES;
      continue;
    }
    if (at != log.at) lose((at - log.at) / UNIT_BYTES);
    if (sizeInFirst != sizeInSecond) differ(sizeInFirst == 0 ? first : second);
    adopt(sizeInFirst != 0 ? first : second);
    inFirst = 0;
    inSecond = 0;
    at += max(sizeInFirst, sizeInSecond);
    log.at = at;
  }
  log.end = end;
  if ((inFirst | inSecond) != 0) endEarly(inFirst, inSecond);
}

/** Take the whole record at `at` as the live one of its kind. */
function adopt(at: u32): void {
  const len = lengthAt(at);
  setPlace(<u32>load<u8>(piece), len != 0 ? at : NOWHERE);
}

/** One page has a record that the other lacks at `at`: damaged, or cut before it was written there. */
function differ(at: u32): void {
  log.uneven = 1;
  if (!isBlank(at, UNIT_BYTES)) damages++;
}

/** No page has a whole record in `units` units that were written. */
function lose(units: u32): void {
  log.uneven = 1;
  damages++;
  lostUnits += units;
}

/**
 * The rest of the page after the last record is not blank: nothing may be added. If only the first page has it, from the
 * beginning, it is a torn write; on both pages, or on a page without its copy, a record may be lost.
 */
function endEarly(inFirst: u32, inSecond: u32): void {
  log.end = log.at;
  if (log.version == VERSION && inFirst != 0 && inSecond != 0) lose(max(inFirst, inSecond));
  else if (log.version == VERSION && (inSecond != 0 || isBlank(log.first + log.at, UNIT_BYTES))) damages++;
}

/** Search older pages for records that the pair lost, the newest first; for the identity, only those of its generation. */
function search(): void {
  const pageBytes = flash.pageBytes();
  for (let number = older(log.number); number != 0; number = older(number)) {
    const wanted = (LASTING | identity()) & ~present();
    for (let page = pageBytes; page < flash.pages() * pageBytes; page += pageBytes) {
      if (versionOf(page) != VERSION || load<u32>(head, 4) != number) continue;
      supply(page, <u32>load<u16>(head, 10) == log.generation ? wanted : wanted & ~IDENTITY);
    }
  }
}

/** The highest number below `number` that a page has; 0 if there is none. */
function older(number: u32): u32 {
  const pageBytes = flash.pageBytes();
  let best: u32 = 0;
  for (let page = pageBytes; page < flash.pages() * pageBytes; page += pageBytes) {
    if (versionOf(page) == VERSION && load<u32>(head, 4) < number) best = max(best, load<u32>(head, 4));
  }
  return best;
}

/** Index the last whole record in `page` of each kind in `wanted`; all that followed them may be lost. */
function supply(page: u32, wanted: u32): void {
  const pageBytes = flash.pageBytes();
  for (let at = RECORDS; at < pageBytes;) {
    const size = sizeAt(page + at);
    if (size != 0 && (1 << (<u32>load<u8>(piece))) & wanted) {
      adopt(page + at);
      log.uneven = 1;
      lostUnits = max(lostUnits, pageBytes / UNIT_BYTES);
    }
    at += max(size, UNIT_BYTES);
  }
}

/**
 * True if no key was ever stored here: all pages are blank, or one was begun and no key is in it. Memory that was never
 * programmed reads as zeros where a chip or an emulator erases to zero: none of our pages is filled with them.
 */
function isNew(): bool {
  const pageBytes = flash.pageBytes();
  let written: u32 = 0;
  for (let page = pageBytes; page < flash.pages() * pageBytes; page += pageBytes) {
    if (isFilled(page, pageBytes, BLANK) || isFilled(page, pageBytes, 0)) continue;
    written++;
    for (let at = page; at < page + pageBytes; at += UNIT_BYTES) if (holds(at, Record.Key)) return false;
  }
  return written < 2;
}

function isBlank(at: u32, len: u32): bool {
  return isFilled(at, len, BLANK);
}

function isFilled(at: u32, len: u32, word: u32): bool {
  for (const end = at + len; at < end; at += 4) {
    flash.read(piece, at, 4);
    if (load<u32>(piece) != word) return false;
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

/** Add a record to the pages in use, which have room for it. On false nothing more may be added to them. */
function append(kind: u32, data: usize, len: u32): bool {
  const at = log.at;
  log.at += recordBytes(len);
  const good = write(log.first + at, kind, data, len) && (log.second == 0 || write(log.second + at, kind, data, len));
  if (good) setPlace(kind, len != 0 ? log.first + at : NOWHERE);
  else log.end = log.at;
  return good;
}

/** Write a record at `at`. */
function write(at: u32, kind: u32, data: usize, len: u32): bool {
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
  return good;
}

/** Program whole units and read them back. */
function program(at: u32, data: usize, len: u32): bool {
  if (flash.program(at, data, len) != 0) return false;
  const check = scratch.take(len);
  flash.read(check, at, len);
  const good = bytes.same(check, data, len);
  scratch.release(check);
  return good;
}

/** Copy `len` bytes of whole units from one page to another. */
function transfer(to: u32, from: u32, len: u32): bool {
  let good = true;
  for (let done: u32 = 0; good && done < len;) {
    const taken = min(len - done, PIECE_BYTES);
    flash.read(piece, from + done, taken);
    good = program(to + done, piece, taken);
    done += taken;
  }
  bytes.wipe(piece, PIECE_BYTES);
  return good;
}

/** The page after `page` in the ring. */
function after(page: u32): u32 {
  const pageBytes = flash.pageBytes();
  return page == (flash.pages() - 1) * pageBytes ? pageBytes : page + pageBytes;
}

/** Take the next good pages of the ring into use, with all live records and this new one. */
function turn(kind: u32, data: usize, len: u32): Status {
  const marked = log.version == VERSION;
  const first = log.first;
  const second = log.second;
  let page = second != 0 ? second : first;
  for (let tries = flash.pages() - 1; tries > 0; tries--) {
    page = after(page);
    if (!isSpare(page)) continue;
    if (flash.erase(page) == 0 && fill(page, kind, data, len)) {
      if (mirror() != Status.Ok) return Status.Storage;
      return !marked || (replace(first) && replace(second)) ? Status.Ok : Status.Storage;
    }
    const status = find();
    if (status != Status.Ok && status != Status.Absent) break;
  }
  return Status.Storage;
}

/** Mark a page of the pair before as replaced, unless it is already in use again. */
function replace(page: u32): bool {
  return page == 0 || page == log.first || page == log.second || mark(page + REPLACED);
}

/** Point the index at copies outside `page`. False: that is the only page that has some live record whole. */
function isSpare(page: u32): bool {
  for (let kind: u32 = 0; kind < KINDS; kind++) {
    let at = place(kind);
    if (at == NOWHERE) continue;
    if (pageOf(at) == page || !holds(at, kind)) at = twin(at);
    if (!holds(at, kind) || pageOf(at) == page) return false;
    setPlace(kind, at);
  }
  return true;
}

/** Write the live records but the one of `kind`, the new one, and last the head, to an erased page. */
function fill(page: u32, kind: u32, data: usize, len: u32): bool {
  log.first = page;
  log.second = 0;
  log.at = RECORDS;
  log.end = flash.pageBytes() - GUARD_BYTES;
  for (let i: u32 = 0; i < KINDS; i++) {
    if (i != kind && !carry(i)) return false;
  }
  lostUnits = 0;
  setPlace(kind, NOWHERE);
  if (len != 0 && !append(kind, data, len)) return false;
  log.version = VERSION;
  log.number++;
  if ((1 << kind) & IDENTITY) log.generation++;
  log.flags = (place(Record.Key) != NOWHERE ? HAS_KEY : 0) | (place(Record.Successor) != NOWHERE ? HAS_SUCCESSOR : 0);
  return writeHead(page, 0);
}

/** Copy the live record of `kind`, if there is one, to the page being filled; raise a number above its lost values. */
function carry(kind: u32): bool {
  const from = place(kind);
  if (lostUnits != 0 && (kind == Record.Counter || kind == Record.Boots)) {
    store<u32>(raised, getNumber(kind, 0));
    return append(kind, raised, 4);
  }
  if (from == NOWHERE) return true;
  const size = recordBytes(lengthAt(from));
  const to = log.first + log.at;
  log.at += size;
  setPlace(kind, to);
  return transfer(to, from, size);
}

/** Write the head of `page`: from then on it is in use. */
function writeHead(page: u32, role: u32): bool {
  store<u32>(head, MAGIC);
  store<u32>(head, log.number, 4);
  store<u32>(head, VERSION | ((log.flags | role) << 8) | (log.generation << 16), 8);
  store<u32>(head, crc32c.sum(head, 12), 12);
  return program(page, head, HEAD_BYTES);
}

/** Make the next good page the copy of the one in use. */
function mirror(): Status {
  log.uneven = 1;
  for (let page = after(log.first); page != log.first; page = after(page)) {
    if (flash.erase(page) != 0 || !transfer(page + RECORDS, log.first + RECORDS, log.at - RECORDS)) continue;
    if (!writeHead(page, IS_SECOND)) continue;
    log.second = page;
    log.uneven = 0;
    return mark(log.first + COMPLETE) ? Status.Ok : Status.Storage;
  }
  return Status.Storage;
}
