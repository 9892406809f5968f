/** The views for operators: rows as JSON, each with its message as bytes, so that anyone can verify it. */
import { hex } from "../wire/bytes.ts";
import * as messages from "../wire/messages.ts";
import * as outages from "../wire/outage.ts";
import { open } from "../wire/sign1.ts";
import { STATES, type AuditRow, type DeviceState, type ReportRow } from "./store/schema.ts";
import type { Store } from "./store/store.ts";

export interface ReportView {
  readonly device: string;
  readonly counter: number;
  readonly receivedAt: number;
  readonly data: string;
  /** The data as text, where it is text. */
  readonly text: string | null;
  readonly epitaph: string | null;
  /** Number of damaged records of its store that the device repaired. */
  readonly damaged: number | null;
  /** The last fault of its link before the report, and a sentence that tells it. */
  readonly outage: (outages.Outage & { readonly text: string }) | null;
  /** The hash of the report that the device sent before. */
  readonly prev: string;
  readonly hash: string;
  readonly message: string;
}

/** Show a report. Data and epitaph are read out of the signed message: there is no second copy to disagree. */
export function reportView(row: ReportRow): ReportView {
  const { data, epitaph, damaged, outage, prev } = messages.readStoredReport(open(row.message));
  return {
    device: hex(row.device),
    counter: row.counter,
    receivedAt: row.received_at,
    data: hex(data),
    text: asText(data),
    epitaph: epitaph === undefined ? null : hex(epitaph),
    damaged: damaged ?? null,
    outage: outage === undefined ? null : outageView(outages.read(outage)),
    prev: hex(prev),
    hash: hex(row.hash),
    message: hex(row.message),
  };
}

function outageView(outage: outages.Outage): ReportView["outage"] {
  return { ...outage, text: outages.inWords(outage) };
}

function asText(bytes: Uint8Array): string | null {
  const text = Buffer.from(bytes).toString("latin1");
  return /^[\x20-\x7e]+$/.test(text) ? text : null;
}

export interface Page {
  readonly limit: number;
  /** Include only entries since then, in ms since 1970. */
  readonly since?: number | undefined;
}

export interface Totals {
  readonly devices: Readonly<Record<DeviceState, number>>;
  /** Stored reports of all devices. */
  readonly reports: number;
}

/**
 * Count the devices in each state, and the reports of all; only those with the label `within`, if there is one. Bounds: reads every
 * row of `devices`, and none of `reports`.
 */
export async function totals(store: Store, within: string | null = null): Promise<Totals> {
  let query = store.read
    .selectFrom("devices as d")
    .select(({ fn }) => ["d.state", fn.countAll().as("devices"), fn.sum("d.report_count").as("reports")])
    .groupBy("d.state");
  if (within !== null)
    query = query.innerJoin("labels as l", (join) => join.onRef("l.device", "=", "d.id").on("l.label", "=", within));
  const rows = await query.execute();
  const counted = new Map(rows.map((row) => [row.state, Number(row.devices)]));
  return {
    devices: Object.fromEntries(STATES.map((state) => [state, counted.get(state) ?? 0])) as Totals["devices"],
    reports: rows.reduce((sum, row) => sum + Number(row.reports), 0),
  };
}

/** Measured in the database, for metrics. */
export interface Measured {
  readonly bytes: number;
  /** Alarms that are not acknowledged, by action of the log. */
  readonly open: Readonly<Record<string, number>>;
  /** Devices about which rules have an alarm, by kind of rule. */
  readonly raised: Readonly<Record<string, number>>;
  /** Items that the receiver of the webhook refused. */
  readonly letters: number;
}

export interface ReportsPage extends Page {
  readonly until?: number | undefined;
  readonly after?: number | undefined;
}

/** List the reports of a device in the order of its chain: those after a counter, or the newest. */
export async function reports(
  store: Store,
  id: Uint8Array,
  { limit, since, until, after }: ReportsPage,
): Promise<ReportView[]> {
  let query = store.read.selectFrom("reports").selectAll().where("device", "=", id).limit(limit);
  if (since !== undefined) query = query.where("received_at", ">=", since);
  if (until !== undefined) query = query.where("received_at", "<", until);
  if (after !== undefined) query = query.where("counter", ">", after);
  const rows = await query.orderBy("counter", after === undefined ? "desc" : "asc").execute();
  return (after === undefined ? rows.toReversed() : rows).map(reportView);
}

export interface EntryView {
  readonly seq: number;
  readonly at: number;
  readonly action: string;
  readonly actor: string;
  readonly device: string | null;
  readonly detail: unknown;
}

/** Show an entry of the audit log. */
export function entryView(row: AuditRow): EntryView {
  return {
    seq: row.seq,
    at: row.at,
    action: row.action,
    actor: row.actor,
    device: row.device === null ? null : hex(row.device),
    detail: JSON.parse(row.detail) as unknown,
  };
}

/** List entries of the audit log, the newest first. */
export async function entries(store: Store, limit: number): Promise<object[]> {
  const rows = await store.read.selectFrom("audit").selectAll().orderBy("seq", "desc").limit(limit).execute();
  return rows.map(entryView);
}

/** List entries of the audit log after one, in their order. */
export async function entriesAfter(store: Store, seq: number, limit: number): Promise<EntryView[]> {
  const rows = await store.read.selectFrom("audit").selectAll().where("seq", ">", seq).orderBy("seq").limit(limit);
  return (await rows.execute()).map(entryView);
}

/** The positions of the webhook in the chains of devices with reports that were not posted, those that waited longest first. */
export function undelivered(store: Store, limit: number): Promise<UndeliveredRow[]> {
  return store.read
    .selectFrom("devices as d")
    .leftJoin("deliveries as p", "p.stream", "d.id")
    .select(["d.id as stream", "p.position as position", "p.seal as seal"])
    .where((eb) => eb("d.head_counter", ">", eb.fn.coalesce("p.position", eb.lit(0))))
    .orderBy("d.last_seen")
    .limit(limit)
    .execute();
}

export interface UndeliveredRow {
  readonly stream: Uint8Array;
  /** Null for a device of which nothing was posted yet. */
  readonly position: number | null;
  readonly seal: Uint8Array | null;
}
