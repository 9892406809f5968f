/** The history of a device across its boards and keys: each was replaced by the next, by an operator or by its own handover. */
import { hex } from "../wire/bytes.ts";
import { reports, type ReportView } from "./queries.ts";
import type { Store } from "./store/store.ts";

/** Predecessors that are followed, at most. */
const STEPS_MAX = 100;

export interface History {
  /** From the first to the one asked for. `how` tells what ended it: null for the last. */
  readonly devices: readonly {
    readonly id: string;
    readonly how: "board" | "key" | null;
    readonly at: number | null;
  }[];
  /** The newest reports of all of them, the oldest first. */
  readonly reports: readonly ReportView[];
}

/** Find the device whose place another one took. */
async function before(
  { read }: Store,
  id: Uint8Array,
): Promise<{ id: Uint8Array; how: "board" | "key"; at: number } | undefined> {
  const board = await read.selectFrom("replacements").selectAll().where("successor", "=", id).executeTakeFirst();
  if (board !== undefined) return { id: board.device, how: "board", at: board.at };
  const query = read.selectFrom("handovers").select(["device", "received_at"]).where("successor", "=", id);
  const key = await query.executeTakeFirst();
  return key && { id: key.device, how: "key", at: key.received_at };
}

/** List the history of a device from `since`. Bounds: STEPS_MAX devices, `limit` reports. */
export async function of(store: Store, id: Uint8Array, limit: number, since = 0): Promise<History> {
  const devices: History["devices"][number][] = [{ id: hex(id), how: null, at: null }];
  let found = await reports(store, id, { limit, since });
  let at = await before(store, id);
  for (let steps = 1; at !== undefined && at.at >= since && steps < STEPS_MAX; steps++) {
    devices.unshift({ id: hex(at.id), how: at.how, at: at.at });
    const left = limit - found.length;
    if (left > 0) found = [...(await reports(store, at.id, { limit: left, since })), ...found];
    at = await before(store, at.id);
  }
  return { devices, reports: found };
}
