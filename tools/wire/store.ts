/**
 * A dump of a device's store read: the pages after the factory page, a log of records each (`assembly/app/store.ts` draws it).
 * Written from the format, not from the firmware: what the two do not agree on, the tests find.
 */
import { checksum } from "./crc32c.ts";

/** Names of the kinds of record, by their number. */
const KINDS = ["key", "seed", "counter", "boots", "faults", "command", "time", undefined, "epitaph", "successor"];

const MAGIC = 0x53474c32;
const HEAD_BYTES = 16;
/** What everything is filled up to. */
const UNIT_BYTES = 8;
const RECORD_HEAD_BYTES = 8;
const BLANK = 0xffff_ffff;
const PAGE_LEAST = 512;
const PAGE_MOST = 128 * 1024;
const PAGES_LEAST = 3;

export interface StoreRecord {
  readonly kind: number;
  /** `kind N` for one that has no name here. */
  readonly name: string;
  /** Empty: the record before is removed. A view of the dump. */
  readonly data: Uint8Array;
}

export interface StorePage {
  /** Where it lies: 1 is the first after the factory page. */
  readonly index: number;
  /** Rises by one with each page taken into use. */
  readonly number: number;
  readonly records: readonly StoreRecord[];
  /** What follows the last record that is whole. */
  readonly rest: "blank" | "full" | "damaged";
}

export interface StoreDump {
  readonly pageBytes: number;
  readonly factoryPage: Uint8Array;
  /** The pages with a valid head, the newest first: it is the one in use. */
  readonly pages: readonly StorePage[];
  /** What counts: the last record of each kind in the page in use. */
  readonly live: ReadonlyMap<string, Uint8Array>;
}

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The number in a page's head; undefined if there is no valid one. */
function headNumber(page: Uint8Array): number | undefined {
  if (page.length < HEAD_BYTES) return undefined;
  const words = view(page);
  const sound = words.getUint32(0, true) === MAGIC && words.getUint32(8, true) === checksum(page.subarray(0, 8));
  return sound ? words.getUint32(4, true) : undefined;
}

/** The page size of a dump: the largest that all heads in it agree with. Undefined if it holds none. */
export function pageBytesOf(dump: Uint8Array): number | undefined {
  const heads: number[] = [];
  for (let at = PAGE_LEAST; at + HEAD_BYTES <= dump.length; at += PAGE_LEAST) {
    if (headNumber(dump.subarray(at, at + HEAD_BYTES)) !== undefined) heads.push(at);
  }
  if (heads.length === 0) return undefined;
  for (let bytes = PAGE_MOST; bytes > PAGE_LEAST; bytes /= 2) {
    const holds = bytes * PAGES_LEAST <= dump.length || heads.length * bytes < dump.length;
    if (holds && heads.every((at) => at % bytes === 0)) return bytes;
  }
  return PAGE_LEAST;
}

/** Read the records of one page, up to the first that is not whole. */
function records(page: Uint8Array): Pick<StorePage, "records" | "rest"> {
  const words = view(page);
  const found: StoreRecord[] = [];
  let at = HEAD_BYTES;
  while (page.length - at >= RECORD_HEAD_BYTES) {
    if (words.getUint32(at, true) === BLANK) {
      const rest = page.subarray(at).every((byte) => byte === 0xff) ? "blank" : "damaged";
      return { records: found, rest };
    }
    const kind = words.getUint8(at);
    const length = words.getUint16(at + 2, true);
    const size = RECORD_HEAD_BYTES + Math.ceil(length / UNIT_BYTES) * UNIT_BYTES;
    if (words.getUint8(at + 1) !== 0xff || size > page.length - at) return { records: found, rest: "damaged" };
    const data = page.subarray(at + RECORD_HEAD_BYTES, at + RECORD_HEAD_BYTES + length);
    if (words.getUint32(at + 4, true) !== checksum(data, checksum(page.subarray(at, at + 4))))
      return { records: found, rest: "damaged" };
    found.push({ kind, name: KINDS[kind] ?? `kind ${kind}`, data });
    at += size;
  }
  return { records: found, rest: "full" };
}

/** Read a dump with pages of this size. */
export function read(dump: Uint8Array, pageBytes: number): StoreDump {
  const pages: StorePage[] = [];
  for (let index = 1; (index + 1) * pageBytes <= dump.length; index++) {
    const page = dump.subarray(index * pageBytes, (index + 1) * pageBytes);
    const number = headNumber(page);
    if (number !== undefined) pages.push({ index, number, ...records(page) });
  }
  pages.sort((a, b) => b.number - a.number);
  const live = new Map<string, Uint8Array>();
  for (const { name, data } of pages[0]?.records ?? []) {
    if (data.length > 0) live.set(name, data);
    else live.delete(name);
  }
  return { pageBytes, factoryPage: dump.subarray(0, pageBytes), pages, live };
}
