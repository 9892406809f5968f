import { REASONS } from "../facts/protocol.ts";
import { Reason, type ReasonName } from "../wire/messages.ts";
import type { DeviceState } from "./store/schema.ts";

/** The HTTP status of each refusal, from the protocol's table: where that has two, the last. */
export const STATUS = Object.fromEntries(
  Object.entries(REASONS).map(([name, [, , status]]) => [name, Number(status.slice(-3))]),
) as Readonly<Record<ReasonName, number>>;

/** Why a device that is not active is refused. */
export function refusalOf(state: Exclude<DeviceState, "active">): "suspended" | "revoked" {
  return state === "suspended" ? "suspended" : "revoked";
}

/** Number of refusals since the start, by reason. */
export type Refusals = Record<ReasonName, number>;

/** Begin a count of refusals. */
export function none(): Refusals {
  return Object.fromEntries(Object.keys(Reason).map((name) => [name, 0])) as Refusals;
}

/** One refusal, as it is remembered. */
export interface RefusalEntry {
  /** The device that the message names, if any. For `bad-signature` it is not the sender. */
  readonly device: string | null;
  readonly asked: string;
  readonly reason: ReasonName;
  readonly at: number;
}

/** Many refusals in a short time for one device, or for all unknown devices together (null). */
export interface Burst {
  readonly device: string | null;
  /** The reason of the refusal that started the burst. */
  readonly reason: ReasonName;
  readonly from: number;
  until: number;
  count: number;
}

interface Tally {
  readonly counts: Refusals;
  readonly recent: RefusalEntry[];
  /** Start of the window, by the wall clock and by the monotonic one. */
  window: { readonly from: number; readonly began: number; count: number };
  burst: Burst | undefined;
  /** When the last refusal of the burst was, by the clock that never steps. */
  burstAt: number;
}

const DEVICES_MAX = 1000;
const RECENT_MAX = 20;
const BURSTS_MAX = 100;
const BURST_MS = 60_000;

/** Refusals in a minute that make a burst: for one device, and for all unknown devices together. */
export const BURST_OF_DEVICE = 20;
export const BURST_OF_NOBODY = 200;

/**
 * Recent refusals by device: in memory, bounded, lost at the end of the process. Refusals for unknown devices share one record
 * (key null), so they cannot evict known ones.
 */
export class RecentRefusals {
  /** Bursts, the oldest first. */
  readonly bursts: Burst[] = [];
  private readonly records = new Map<string | null, Tally>();

  /** Record a refusal at `ticks` of a monotonic clock. Return true if it starts a burst. */
  note(device: string | null, entry: RefusalEntry, ticks: number): boolean {
    const record = this.records.get(device) ?? begin(entry.at, ticks);
    // A map keeps the order of insertion: the device that was not refused for longest goes first.
    this.records.delete(device);
    this.records.set(device, record);
    if (this.records.size > DEVICES_MAX) this.records.delete(this.records.keys().next().value!);
    record.counts[entry.reason]++;
    record.recent.push(entry);
    if (record.recent.length > RECENT_MAX) record.recent.shift();
    return this.burst(record, device, entry, ticks);
  }

  private burst(record: Tally, device: string | null, { reason, at }: RefusalEntry, ticks: number): boolean {
    if (ticks - record.window.began > BURST_MS) record.window = { from: at, began: ticks, count: 0 };
    record.window.count++;
    if (record.burst !== undefined && ticks - record.burstAt <= BURST_MS) {
      record.burst.count++;
      record.burst.until = at;
      record.burstAt = ticks;
      return false;
    }
    const { from, count } = record.window;
    if (count !== (device === null ? BURST_OF_NOBODY : BURST_OF_DEVICE)) return false;
    record.burst = { device, reason, from, until: at, count };
    record.burstAt = ticks;
    this.bursts.push(record.burst);
    if (this.bursts.length > BURSTS_MAX) this.bursts.shift();
    return true;
  }

  /**
   * Return the refusals for a device, or for all unknown devices (null): counts by reason, and entries, newest first.
   */
  of(device: string | null): { counts: Partial<Refusals>; recent: readonly RefusalEntry[] } {
    const record = this.records.get(device);
    if (record === undefined) return { counts: {}, recent: [] };
    const given = Object.entries(record.counts).filter(([, count]) => count > 0);
    return { counts: Object.fromEntries(given), recent: record.recent.toReversed() };
  }
}

function begin(at: number, ticks: number): Tally {
  const window = { from: at, began: ticks, count: 0 };
  return { counts: none(), recent: [], window, burst: undefined, burstAt: ticks };
}
