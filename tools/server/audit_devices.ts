/** The audit's second part: every device with its chain, its downlinks, the proofs against it, and its handover. */
import { equal, hex } from "../wire/bytes.ts";
import * as ed25519 from "../wire/ed25519.ts";
import { hash, id as keyId } from "../wire/key.ts";
import * as messages from "../wire/messages.ts";
import { open, verify } from "../wire/sign1.ts";
import { checkChain } from "./audit_chain.ts";
import { NO_BASE, isAt, type Base } from "./base.ts";
import type { Search } from "./audit_findings.ts";
import type { Told } from "./audit_log.ts";
import type { DeviceRow } from "./store/schema.ts";

/** Walk all devices, each with its chain. `numbered` has the last counter of each that is a leaf of the tree. */
export async function checkDevices(
  search: Search,
  told: Told,
  numbered: ReadonlyMap<string, number>,
): Promise<{ devices: number; reports: number }> {
  let reports = 0;
  const starts = await checkBases(search, told.bases);
  const missing = new Set(told.states.keys());
  const rows = await search.db.selectFrom("devices").selectAll().execute();
  const parts = rows.map(() => search.part());
  const one = async (row: DeviceRow, part: Search): Promise<void> => {
    const name = hex(row.id);
    missing.delete(name);
    part.sealed("devices", name, row);
    if (!equal(keyId(row.key), row.id)) part.found("devices", name, "altered: its id is not the thumbprint of its key");
    const state = told.states.get(name);
    if (state === undefined) part.found("devices", name, "inserted: the log has no entry for it");
    else if (state !== row.state) part.found("devices", name, `altered: in the log it is ${state}`);
    const count = await checkChain(part, row, starts.get(name) ?? NO_BASE, numbered.get(name) ?? 0);
    reports += count;
    await downlinks(part, row, told.downlinks.get(name) ?? 0, told.withdrawn);
    await evidence(part, row, told.forks.get(name) ?? 0);
  };
  // Several chains at a time, so that each thread has a page to check.
  const next = rows.entries();
  const walk = async (): Promise<void> => {
    for (const [i, row] of next) await one(row, parts[i]!);
  };
  // All end before an error goes on: they share the connection.
  const ends = await Promise.allSettled(Array.from({ length: search.pool.width }, walk));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  for (const { findings } of parts) search.findings.push(...findings);
  for (const name of missing) search.found("devices", name, "removed: the log has its enrolment");
  await handovers(search, rows, told.successors);
  await orphans(search, told.orphans);
  await strays(search, rows);
  return { devices: rows.length, reports };
}

/** Check that rows and log agree on the bases, and return them. */
async function checkBases(search: Search, told: ReadonlyMap<string, Base>): Promise<Map<string, Base>> {
  const rows = await search.db.selectFrom("bases").selectAll().execute();
  const found = new Map<string, Base>(rows.map((row) => [hex(row.device), row]));
  for (const row of rows) {
    const name = hex(row.device);
    search.sealed("bases", name, row);
    const said = told.get(name);
    if (said === undefined || !isAt(said, row) || said.count !== row.count)
      search.found("bases", name, "altered or inserted: the log has no such entry");
  }
  for (const name of told.keys())
    if (!found.has(name)) search.found("bases", name, "removed: the log says that reports left");
  return found;
}

async function downlinks(
  search: Search,
  device: DeviceRow,
  told: number,
  withdrawn: ReadonlySet<string>,
): Promise<void> {
  const rows = await search.db.selectFrom("downlinks").selectAll().where("device", "=", device.id).execute();
  for (const row of rows) {
    const name = `${hex(device.id)}/${row.counter}`;
    search.sealed("downlinks", name, row);
    if (withdrawn.has(name) !== (row.withdrawn_at !== null))
      search.found("downlinks", name, "altered: the log says otherwise about its withdrawal");
  }
  if (rows.length !== told)
    search.found("downlinks", hex(device.id), `removed or inserted: there are ${rows.length}, the log says ${told}`);
}

async function evidence(search: Search, device: DeviceRow, told: number): Promise<void> {
  const rows = await search.db.selectFrom("evidence").selectAll().where("device", "=", device.id).execute();
  for (const row of rows) {
    search.sealed("evidence", hex(row.id), row);
    if (!equal(hash(row.message), row.id)) search.found("evidence", hex(row.id), "altered: its hash is wrong");
  }
  if (rows.length !== told)
    search.found("evidence", hex(device.id), `removed or inserted: there is ${rows.length}, the log says ${told}`);
}

/** Check that each key that was replaced signed so itself, and that devices, handovers and log agree on it. */
async function handovers(
  search: Search,
  devices: readonly DeviceRow[],
  told: ReadonlyMap<string, string>,
): Promise<void> {
  const rows = await search.db.selectFrom("handovers").selectAll().execute();
  const known = new Map(devices.map((row) => [hex(row.id), row]));
  for (const row of rows) {
    const name = hex(row.device);
    search.sealed("handovers", name, row);
    if (told.get(name) !== hex(row.successor))
      search.found("handovers", name, "altered or inserted: the log has no such entry");
    try {
      const message = open(row.message);
      const key = ed25519.importKey(known.get(name)?.key ?? new Uint8Array(0));
      if (hex(message.kid) !== name || key === undefined || !verify(message, key))
        search.found("handovers", name, "altered or inserted: the device did not sign it");
      if (!equal(messages.readStoredHandover(message).successor, row.successor))
        search.found("handovers", name, "altered: it names another successor");
    } catch (error) {
      search.found("handovers", name, `altered: ${(error as Error).message}`);
    }
  }
  if (rows.length !== told.size)
    search.found("handovers", "", `removed or inserted: there are ${rows.length}, the log says ${told.size}`);
  for (const { id, successor } of devices) {
    const named = successor === null ? undefined : hex(successor);
    if (named !== told.get(hex(id)))
      search.found("devices", hex(id), `altered: its successor is ${named ?? "none"}, but not in the log`);
  }
}

/** Check the handovers by keys that are not known. */
async function orphans(search: Search, told: ReadonlyMap<string, string>): Promise<void> {
  const rows = await search.db.selectFrom("orphans").selectAll().execute();
  for (const row of rows) {
    const name = hex(row.device);
    search.sealed("orphans", name, row);
    if (told.get(name) !== hex(row.successor))
      search.found("orphans", name, "altered or inserted: the log has no such entry");
  }
  if (rows.length !== told.size)
    search.found("orphans", "", `removed or inserted: there are ${rows.length}, the log says ${told.size}`);
}

/** Find rows of devices that are not there. */
async function strays(search: Search, devices: readonly DeviceRow[]): Promise<void> {
  const known = new Set(devices.map((row) => hex(row.id)));
  for (const table of ["reports", "bases", "downlinks", "evidence", "handovers"] as const) {
    const rows = await search.db.selectFrom(table).select("device").distinct().execute();
    for (const row of rows)
      if (!known.has(hex(row.device)))
        search.found(table, hex(row.device), "inserted or left over: there is no such device");
  }
}
