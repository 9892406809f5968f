/**
 * A dump of a device's store read: the pages after the factory page, a log of records each (`assembly/device/store.ts` draws it).
 * Written from the format, not from the firmware: what the two do not agree on, the tests find.
 */
import { RECORDS } from "../facts/device.ts";
import { names } from "../facts/table.ts";
import { checksum } from "./crc32c.ts";

/** Names of the kinds of record, by their number. */
const KINDS = names(RECORDS);

/** The version that this program reads; a later one is recognised, and not read. */
const VERSION = 3;
const MAGIC = 0x53474c33;
const MAGIC_2 = 0x53474c32;
const HEAD_BYTES = 16;
/** The records after the head since version 3: a mark that the pair is complete, and one that it was replaced. */
const MARKS_BYTES = 16;
const COMPLETE_MARK = 16;
const REPLACED_MARK = 24;
/** Bytes at the end of a page that are not used, since version 3. */
const GUARD_BYTES = 8;
/** Everything is padded to a multiple of this. */
const UNIT_BYTES = 8;
const RECORD_HEAD_BYTES = 8;
const PAGE_LEAST = 512;
const PAGE_MOST = 128 * 1024;
const PAGES_LEAST = 3;

const HAS_KEY = 1;
const HAS_SUCCESSOR = 2;
const IS_SECOND = 4;

export interface StoreRecord {
  /** Offset in its page. */
  readonly at: number;
  readonly kind: number;
  /** `kind N` for one that has no name here. */
  readonly name: string;
  /** Empty: the record before is removed. A view of the dump. */
  readonly data: Uint8Array;
}

export interface StorePage {
  /** Its place: 1 is the first page after the factory page. */
  readonly index: number;
  readonly version: number;
  /** The same on both pages of a pair; rises by one with each pair taken into use. */
  readonly number: number;
  readonly isSecond: boolean;
  /** The first page of a pair whose second was written too. */
  readonly isComplete: boolean;
  /** The identity that it holds by its head, a bit each: key, successor. Version 2 does not say: 0. */
  readonly holds: number;
  /** Changes with each change of the identity. */
  readonly generation: number;
  /** Another pair took its place, and holds what is newer. */
  readonly isReplaced: boolean;
  readonly records: readonly StoreRecord[];
  /** Other contents of the page: none, or bytes that are no whole record. */
  readonly rest: "blank" | "damaged";
}

export interface StoreDump {
  readonly pageBytes: number;
  readonly factoryPage: Uint8Array;
  /** The pages with a valid head, the newest first. */
  readonly pages: readonly StorePage[];
  /** Those in use: two that hold the same, if nothing is damaged. */
  readonly pair: readonly StorePage[];
  /** The valid records: the last of each kind, from the page that has it whole. */
  readonly live: ReadonlyMap<string, Uint8Array>;
  /** Places at which the pair is not whole. */
  readonly damaged: number;
  readonly state: "empty" | "no key yet" | "in use" | "identity lost" | "later version";
}

type Head = Pick<StorePage, "version" | "number" | "isSecond" | "isComplete" | "holds" | "generation" | "isReplaced">;

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** True if all bytes have this value. */
function isFilled(bytes: Uint8Array, value: number): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== value) return false;
  return true;
}

const isBlank = (bytes: Uint8Array): boolean => isFilled(bytes, 0xff);

/** A page's head; undefined if there is no valid one. */
function headOf(page: Uint8Array): Head | undefined {
  if (page.length < HEAD_BYTES) return undefined;
  const words = view(page);
  const magic = words.getUint32(0, true);
  const number = words.getUint32(4, true);
  if (magic === MAGIC && words.getUint32(12, true) === checksum(page.subarray(0, 12))) {
    const flags = words.getUint8(9);
    const mark = (at: number): Uint8Array => page.subarray(at, at + UNIT_BYTES);
    return {
      version: words.getUint8(8),
      number,
      isSecond: (flags & IS_SECOND) !== 0,
      isComplete: !isBlank(mark(COMPLETE_MARK)),
      holds: flags & (HAS_KEY | HAS_SUCCESSOR),
      generation: words.getUint16(10, true),
      isReplaced: isFilled(mark(REPLACED_MARK), 0),
    };
  }
  const isOld = magic === MAGIC_2 && words.getUint32(8, true) === checksum(page.subarray(0, 8));
  const old = { isSecond: false, isComplete: false, holds: 0, generation: 0, isReplaced: false };
  return isOld ? { version: 2, number, ...old } : undefined;
}

/** The page size of a dump: the largest that all heads in it agree with. Undefined if it holds none. */
export function pageBytesOf(dump: Uint8Array): number | undefined {
  const heads: number[] = [];
  for (let at = PAGE_LEAST; at + HEAD_BYTES <= dump.length; at += PAGE_LEAST) {
    if (headOf(dump.subarray(at, at + HEAD_BYTES)) !== undefined) heads.push(at);
  }
  if (heads.length === 0) return undefined;
  for (let bytes = PAGE_MOST; bytes > PAGE_LEAST; bytes /= 2) {
    const holds = bytes * PAGES_LEAST <= dump.length || heads.length * bytes < dump.length;
    if (holds && heads.every((at) => at % bytes === 0)) return bytes;
  }
  return PAGE_LEAST;
}

/** The whole record at an offset of a page; undefined if there is none. */
function recordAt(page: Uint8Array, at: number): StoreRecord | undefined {
  const words = view(page);
  const kind = words.getUint8(at);
  const length = words.getUint16(at + 2, true);
  const start = at + RECORD_HEAD_BYTES;
  if (words.getUint8(at + 1) !== 0xff || start + length > page.length) return undefined;
  const data = page.subarray(start, start + length);
  if (words.getUint32(at + 4, true) !== checksum(data, checksum(page.subarray(at, at + 4)))) return undefined;
  return { at, kind, name: KINDS.get(kind) ?? `kind ${kind}`, data };
}

/** Read the records of one page; what is not whole is stepped over. */
function records(page: Uint8Array, from: number): Pick<StorePage, "records" | "rest"> {
  const found: StoreRecord[] = [];
  let rest: StorePage["rest"] = "blank";
  for (let at = from; at + RECORD_HEAD_BYTES <= page.length;) {
    if (page[at] === 0xff && isBlank(page.subarray(at))) break;
    const record = recordAt(page, at);
    if (record) found.push(record);
    else if (!isBlank(page.subarray(at, at + UNIT_BYTES))) rest = "damaged";
    at += record ? RECORD_HEAD_BYTES + Math.ceil(record.data.length / UNIT_BYTES) * UNIT_BYTES : UNIT_BYTES;
  }
  return { records: found, rest };
}

/** Read what follows a page's head, by its version. */
function logOf(page: Uint8Array, version: number): Pick<StorePage, "records" | "rest"> {
  if (version > VERSION) return { records: [], rest: "blank" };
  if (version < VERSION) return records(page, HEAD_BYTES);
  return records(page.subarray(0, page.length - GUARD_BYTES), HEAD_BYTES + MARKS_BYTES);
}

/** The records of a pair in their order: each from the page that has it whole. */
function merged(pair: readonly StorePage[]): StoreRecord[] {
  const at = new Map(pair.toReversed().flatMap((page) => page.records.map((record) => [record.at, record])));
  return [...at.values()].toSorted((a, b) => a.at - b.at);
}

/**
 * Count the records that are not whole on one page of the pair, pages with other bytes, and a page that was there and is
 * missing. A part that a power cut left unwritten is not damaged: a blank place, or the second page.
 */
function damagesOf(
  pair: readonly StorePage[],
  all: readonly StoreRecord[],
  unitAt: (page: number, at: number) => Uint8Array,
): number {
  const [newest] = pair;
  if (newest === undefined || newest.version !== VERSION) return 0;
  const lacking = pair.flatMap((page) =>
    all.filter(({ at }) => !page.records.some((record) => record.at === at) && !isBlank(unitAt(page.index, at))),
  );
  const tails = pair.filter((page) => page.rest === "damaged" && page.records.length === all.length);
  const isMissing = pair.length === 1 && (newest.isSecond || newest.isComplete);
  return lacking.length + tails.length + Number(isMissing);
}

function stateOf(
  dump: Pick<StoreDump, "pages" | "pair" | "live">,
  bytes: Uint8Array,
  pageBytes: number,
): StoreDump["state"] {
  const [newest] = dump.pair;
  if (dump.pages.some(({ version }) => version > VERSION)) return "later version";
  if (newest === undefined) return isWritten(bytes, pageBytes) ? "identity lost" : "empty";
  if (dump.pair.every((page) => page.isReplaced)) return "identity lost";
  const named = [newest.holds & HAS_KEY ? "key" : "", newest.holds & HAS_SUCCESSOR ? "successor" : ""];
  if (named.some((name) => name !== "" && !dump.live.has(name))) return "identity lost";
  return dump.live.has("key") ? "in use" : "no key yet";
}

/** True if more than one page holds something that is not a fill of one value: more than a first start that was cut. */
function isWritten(dump: Uint8Array, pageBytes: number): boolean {
  let written = 0;
  for (let at = pageBytes; at + pageBytes <= dump.length; at += pageBytes) {
    const page = dump.subarray(at, at + pageBytes);
    if (isBlank(page) || isFilled(page, 0)) continue;
    written += records(page, 0).records.some(({ name }) => name === "key") ? 2 : 1;
  }
  return written > 1;
}

/** Read a dump with pages of this size. */
export function read(dump: Uint8Array, pageBytes: number): StoreDump {
  const pages: StorePage[] = [];
  for (let index = 1; (index + 1) * pageBytes <= dump.length; index++) {
    const page = dump.subarray(index * pageBytes, (index + 1) * pageBytes);
    const head = headOf(page);
    if (head === undefined) continue;
    pages.push({ index, ...head, ...logOf(page, head.version) });
  }
  pages.sort((a, b) => b.version - a.version || b.number - a.number || Number(a.isSecond) - Number(b.isSecond));
  const pair = pages.filter(({ version, number }) => version === pages[0]!.version && number === pages[0]!.number);
  const all = merged(pair);
  const live = new Map<string, Uint8Array>();
  for (const { name, data } of all) {
    if (data.length > 0) live.set(name, data);
    else live.delete(name);
  }
  const factoryPage = dump.subarray(0, pageBytes);
  const damaged = damagesOf(pair, all, (page, at) => dump.subarray(page * pageBytes + at).subarray(0, UNIT_BYTES));
  const state = stateOf({ pages, pair, live }, dump, pageBytes);
  return { pageBytes, factoryPage, pages, pair, live, damaged, state };
}
