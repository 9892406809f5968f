/**
 * Sessions: each is the time from one `enrolled` to the next. A session is 16 bytes: its epoch (big-endian), 4 bytes of a MAC,
 * and the first 8 of the hash of the enrolment that it answers. The server recognises its own sessions without a row; if the
 * row is missing, the database is older than the device.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { concat, equal, hex } from "../wire/bytes.ts";
import { SESSION_ABOUT_BYTES, SESSION_MAX } from "../wire/messages.ts";
import type { DeviceRow } from "./store/schema.ts";

const EPOCH_BYTES = 4;
const MAC_BYTES = 4;
const EPOCH_MAX = 2 ** 32 - 1;

/**
 * Maximum step of the epoch by a device's claim. A holder of the server's key can give a device a session of any epoch; the
 * number of enrolments between a backup and its restoration is smaller than this.
 */
const EPOCH_STEP = 2 ** 16;

/** A sign that an enrolment does not come from the device that reported last. */
export type Doubt =
  /** It names a session that was given, or a report that was stored, after this database was written: a backup was put back. */
  | "gap"
  /** It does not know the last session in which a report was stored: its flash went back, or another holder of its key reported. */
  | "went-back"
  /** The same of a device that did not restart since its own last receipt: two hold its key. */
  | "two-lives"
  | "another board"
  | "another claim";

function mac(key: Uint8Array, device: Uint8Array, epochBytes: Uint8Array, about: Uint8Array): Uint8Array {
  return createHmac("sha256", key).update(device).update(epochBytes).update(about).digest().subarray(0, MAC_BYTES);
}

/** Make a session of `epoch` for a device, in answer to the enrolment with the hash `about`. */
export function make(key: Uint8Array, device: Uint8Array, epoch: number, about: Uint8Array): Uint8Array {
  const number = Buffer.alloc(EPOCH_BYTES);
  number.writeUInt32BE(epoch);
  const answered = about.subarray(0, SESSION_ABOUT_BYTES);
  return concat(number, mac(key, device, number, answered), answered);
}

/** The epoch of a session that this server gave to this device; undefined if it gave it none like that. */
export function epochOf(key: Uint8Array, device: Uint8Array, session: Uint8Array | undefined): number | undefined {
  if (session?.length !== SESSION_MAX) return undefined;
  const number = session.subarray(0, EPOCH_BYTES);
  const answered = session.subarray(EPOCH_BYTES + MAC_BYTES);
  const given = session.subarray(EPOCH_BYTES, EPOCH_BYTES + MAC_BYTES);
  return timingSafeEqual(given, mac(key, device, number, answered)) ? epoch(session) : undefined;
}

function epoch(session: Uint8Array): number {
  return Buffer.from(session.buffer, session.byteOffset, session.length).readUInt32BE();
}

/** Tell whether a report was stored in the device's session. */
export function isConfirmed({ session, confirmed }: Pick<DeviceRow, "session" | "confirmed">): boolean {
  return session !== null && confirmed !== null && equal(session, confirmed);
}

/** The state of a device's sessions. */
export type Known = Pick<DeviceRow, "epoch" | "session" | "confirmed" | "doubt">;

/**
 * The last report with a receipt that a device names which did not restart since: stored in the session that it names, or beyond all that is stored.
 */
export type NamedHead = "stored" | "beyond" | undefined;

/**
 * Compare an enrolment with the last session: `named` is the session in the enrolment, `namedEpoch` its epoch if this server
 * made it.
 *
 * A device stores its session before its first report in it, and each session's epoch is higher than that of the session named
 * before. So a device that names an older session than the last with a stored report did not send that report, or lost its
 * stored session.
 */
export function doubt(
  known: Known,
  named: Uint8Array | undefined,
  namedEpoch: number | undefined,
  head: NamedHead,
): Doubt[] {
  const isNewer = namedEpoch !== undefined && namedEpoch > known.epoch;
  const isGap = isNewer || head === "beyond" || entries(known).some(([, ...doubts]) => doubts.includes("gap"));
  return [...(isGap ? (["gap"] as const) : []), ...(isNewer ? [] : doubtLife(known, named, namedEpoch, head))];
}

function doubtLife(
  known: Known,
  named: Uint8Array | undefined,
  namedEpoch: number | undefined,
  head: NamedHead,
): ("went-back" | "two-lives")[] {
  const { confirmed } = known;
  if (confirmed === null || (named !== undefined && equal(named, confirmed))) return [];
  if (namedEpoch !== undefined && namedEpoch > epoch(confirmed)) return inherited(known, named!);
  // Only a session of this server proves anything: a device can also have lost its own, or name one of a key that was replaced.
  return namedEpoch !== undefined && head === "stored" ? ["two-lives"] : ["went-back"];
}

/** The doubt about a later session in which no report was stored: its first report may have been lost. */
function inherited(known: Known, named: Uint8Array): ("went-back" | "two-lives")[] {
  const kept = entries(known);
  const found = kept.find(([session]) => session === hex(named));
  if (found === undefined) return kept.length < ENTRIES_MAX ? [] : ["went-back"];
  const [, ...doubts] = found;
  return doubts.filter((one) => one === "went-back" || one === "two-lives");
}

/** The epoch after `known` and, within its step, after `named`. */
export function nextEpoch(known: number, named: number | undefined): number {
  const last = named !== undefined && named > known && named - known <= EPOCH_STEP ? named : known;
  return Math.min(last + 1, EPOCH_MAX);
}

/** A session without a stored report, and its doubts. */
type Entry = readonly [session: string, ...doubts: Doubt[]];

/** Doubted sessions that a row keeps. A device that names one which was dropped is doubted as one whose flash went back. */
const ENTRIES_MAX = 16;

function entries({ doubt: text }: Pick<DeviceRow, "doubt">): readonly Entry[] {
  return text === null ? [] : (JSON.parse(text) as Entry[]);
}

/** Add the doubts about a new session to those of earlier ones. The next stored report deletes them. */
export function written(
  before: Pick<DeviceRow, "doubt">,
  session: Uint8Array,
  doubts: readonly Doubt[],
): DeviceRow["doubt"] {
  const all = [...entries(before), ...(doubts.length === 0 ? [] : [[hex(session), ...doubts]])];
  return all.length === 0 ? null : JSON.stringify(all.slice(-ENTRIES_MAX));
}

/** Return the doubts about a device's session. There are none once it has a stored report. */
export function doubtsOf(row: Pick<DeviceRow, "session" | "doubt">): readonly Doubt[] {
  if (row.session === null) return [];
  const name = hex(row.session);
  const [, ...doubts] = entries(row).find(([session]) => session === name) ?? [name];
  return doubts;
}
