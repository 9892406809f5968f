/**
 * The numbers of a device's reports over a range of time, for a plot: of each key the lowest and the highest in each of a few hundred parts of the
 * range, so that no extreme is lost.
 */
import { setImmediate as turn } from "node:timers/promises";
import * as messages from "../wire/messages.ts";
import { open } from "../wire/sign1.ts";
import { numbers } from "./page/reading.js";
import type { ReportRow } from "./store/schema.ts";
import type { Store } from "./store/store.ts";

/** Parts of a range: a plot is about twice as many pixels wide. */
const PARTS = 400;
/** Keys of one answer, at most. */
const KEYS_MAX = 32;
/** Reports that are read for one answer, at most: the newest of the range. */
export const REPORTS_MAX = 200_000;
/** Reports of one statement: other queries of the thread come between two. */
const SLICE = 500;

type Point = readonly [at: number, value: number];

/** The extremes of one part, each with its time. */
interface Extremes {
  low: Point;
  high: Point;
}

export interface Range {
  /** The first time, in ms since 1970. */
  readonly since: number;
  /** The time after the last. */
  readonly until: number;
}

export interface Series {
  /** Reports that were read. */
  readonly reports: number;
  /** False if the range has more than REPORTS_MAX. */
  readonly isWhole: boolean;
  readonly series: readonly { readonly key: string; readonly points: readonly Point[] }[];
}

/** Read the series of a device. Bounds: KEYS_MAX times twice PARTS points, REPORTS_MAX reports read. */
export async function of(store: Store, device: Uint8Array, { since, until }: Range): Promise<Series> {
  const [oldest] = await slice(store, device, "asc", undefined, 1);
  const [newest] = await slice(store, device, "desc", undefined, 1);
  const first = Math.max(since, oldest?.received_at ?? 0);
  const last = Math.min(until, (newest?.received_at ?? 0) + 1);
  const partMs = Math.max(1, Math.ceil((last - first) / PARTS));
  const keys = new Map<string, Map<number, Extremes>>();
  let [reports, before] = [0, undefined as number | undefined];
  while (reports < REPORTS_MAX) {
    const rows = await slice(store, device, "desc", before, SLICE);
    before = rows.at(-1)?.counter;
    for (const row of rows) {
      // The clock of the server may have gone back: reports before this one can be newer.
      if (row.received_at < since || row.received_at >= until) continue;
      reports++;
      add(keys, row, Math.min(PARTS - 1, Math.floor((row.received_at - first) / partMs)));
    }
    if (rows.length < SLICE || rows.at(-1)!.received_at < since - STEP_MS)
      return { reports, isWhole: true, series: listed(keys) };
    await turn();
  }
  return { reports, isWhole: false, series: listed(keys) };
}

/** How far times may go back from one report to the next. */
const STEP_MS = 3_600_000;

function slice(
  { read }: Store,
  device: Uint8Array,
  way: "asc" | "desc",
  before: number | undefined,
  limit: number,
): Promise<Pick<ReportRow, "counter" | "received_at" | "message">[]> {
  let query = read.selectFrom("reports").select(["counter", "received_at", "message"]).where("device", "=", device);
  if (before !== undefined) query = query.where("counter", "<", before);
  return query.orderBy("counter", way).limit(limit).execute();
}

function add(
  keys: Map<string, Map<number, Extremes>>,
  { received_at: at, message }: Pick<ReportRow, "received_at" | "message">,
  part: number,
): void {
  for (const [key, value] of numbers(messages.readStoredReport(open(message)).data)) {
    const parts = keys.get(key) ?? new Map<number, Extremes>();
    if (parts.size === 0 && keys.size >= KEYS_MAX) continue;
    keys.set(key, parts);
    const point: Point = [at, value];
    const known = parts.get(part);
    if (known === undefined) parts.set(part, { low: point, high: point });
    else if (value < known.low[1]) known.low = point;
    else if (value > known.high[1]) known.high = point;
  }
}

/** List the series by key, each from the oldest point. */
function listed(keys: ReadonlyMap<string, ReadonlyMap<number, Extremes>>): Series["series"] {
  return [...keys]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, parts]) => {
      const points = [...parts.values()].flatMap(({ low, high }) => (low === high ? [low] : [low, high]));
      return { key, points: points.toSorted(([a], [b]) => a - b) };
    });
}
