/** Evidence for and against one device alone holding its key: found, kept, and acted on. */
import { equal, hex } from "../wire/bytes.ts";
import type { Sign1 } from "../wire/sign1.ts";
import * as bases from "./base.ts";
import * as chain from "./chain.ts";
import type { Gate } from "./gate.ts";
import * as log from "./log.ts";
import { sealed } from "./seal.ts";
import type { Doubt } from "./session.ts";
import type { DeviceRow } from "./store/schema.ts";
import type { Tx } from "./store/store.ts";

/** A report whose signature was verified. */
export interface Seen extends chain.Link {
  readonly message: Sign1;
}

/** Find the stored report of the device's session that contradicts a report. */
export async function contradiction(
  tx: Tx,
  device: DeviceRow,
  report: Seen,
): Promise<ReturnType<typeof chain.contradicted>> {
  const stored = tx.selectFrom("reports").select(["hash", "counter", "epoch"]).where("device", "=", device.id);
  const same = await stored.where("counter", "=", report.counter).executeTakeFirst();
  const found = chain.contradicted(report, device.epoch, same, undefined);
  if (found !== undefined) return found;
  const parent = await predecessor(tx, device.id, report, await bases.of(tx, device.id));
  if (parent === undefined) return undefined;
  const sibling = await stored.where("counter", ">", parent).orderBy("counter").limit(1).executeTakeFirst();
  return chain.contradicted(report, device.epoch, undefined, sibling);
}

/**
 * The counter of a report's predecessor, which may be the base of the chain; undefined if it is not stored. A report that follows an archived one proves
 * nothing: its sibling is not here.
 */
async function predecessor(
  tx: Tx,
  device: Uint8Array,
  { counter, prev }: chain.Link,
  base: bases.Base,
): Promise<number | undefined> {
  if (equal(prev, base.hash)) return base.counter;
  // The index of the hash is the only one that this query can use.
  const query = tx.selectFrom("reports").select(["device", "counter"]).where("hash", "=", prev.slice());
  return (await query.execute()).find((row) => equal(row.device, device) && row.counter < counter)?.counter;
}

/**
 * Keep a report as proof that two hold its key, once, and store the device's row, suspended if that is wanted. Returns the alarm to tell, undefined if
 * it was told before or too many were.
 */
export async function keep(
  tx: Tx,
  gate: Gate,
  device: DeviceRow,
  report: Seen,
  kind: chain.Proof,
  rival: Uint8Array,
): Promise<string | undefined> {
  const { store, keys, clock, suspendForks } = gate.options;
  const now = clock();
  const state = suspendForks ? ("suspended" as const) : device.state;
  const after = sealed(keys.seal, "devices", { ...device, state });
  await tx.updateTable("devices").set(after).where("id", "=", device.id).execute();
  if (!suspendForks && !gate.mayAlarm(device.id)) return undefined;
  const row = {
    id: report.hash,
    device: device.id,
    kind,
    message: report.message.bytes.slice(),
    rival,
    received_at: now,
  };
  const { numInsertedOrUpdatedRows: added } = await tx
    .insertInto("evidence")
    .values(sealed(keys.seal, "evidence", row))
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  if (added === 0n) return undefined;
  const detail = { kind, counter: report.counter };
  await log.append(store, keys, tx, now, { action: "fork", actor: "server", device: device.id, detail });
  if (suspendForks)
    await log.append(store, keys, tx, now, { action: "suspend", actor: "server", device: device.id, detail });
  return `fork: ${kind}`;
}

const WENT_BACK =
  "went back: it does not know its last session. Its flash was restored or lost pages, or another party has its key";

/** The alarm for a message signed with a replaced key. */
export const REPLACED =
  "replaced, but still in use: its flash was restored, or another party has its key and rotated it";

/** Log the doubts about a session as its first report, `counter`, is stored. Returns the alarms to tell. */
export async function confirm(
  tx: Tx,
  gate: Gate,
  device: DeviceRow,
  doubts: readonly Doubt[],
  counter: number,
): Promise<string[]> {
  const { store, keys, clock } = gate.options;
  const now = clock();
  const alarms: string[] = [];
  for (const doubt of doubts) {
    if (doubt === "gap") {
      const entry = log.gap(device.id, device.head_counter, counter);
      await log.append(store, keys, tx, now, entry);
      alarms.push(`gap: the database is older than the device, at most ${entry.detail!["most"]} reports are missing`);
      continue;
    }
    const what = doubt === "went-back" ? WENT_BACK : `duplicate key: ${doubt}`;
    await gate.logAlarm(tx, now, device.id, what);
    alarms.push(what);
  }
  return alarms;
}

/** The alarm for an acknowledgement of a downlink that this server did not send. */
export function foreignCommand(counter: number): string {
  return `acknowledges command ${counter}, which this server did not send: the database is an older copy, or another party has a server key`;
}

/** Tell of alarms about a device, after the commit. */
export function tell(gate: Gate, device: Uint8Array, alarms: readonly string[]): void {
  for (const what of alarms) gate.alarm(hex(device), what);
}
