/**
 * Search the database for rows that were altered, removed or inserted by a writer without the server's key: check every seal,
 * every device's signature and chain, the log, and that these agree.
 */
import { existsSync } from "node:fs";
import { Trouble } from "../trouble.ts";
import { equal, fromHex, hex } from "../wire/bytes.ts";
import * as ed25519 from "../wire/ed25519.ts";
import { hash, id as keyId } from "../wire/key.ts";
import * as messages from "../wire/messages.ts";
import { NO_HEAD, type Head } from "../wire/messages.ts";
import { open, verify } from "../wire/sign1.ts";
import * as keyFile from "./keys.ts";
import * as log from "./log.ts";
import { isSealed, type Sealed } from "./seal.ts";
import type { AuditRow, DeviceRow, DeviceState, ReportRow } from "./store/schema.ts";
import { Store } from "./store/store.ts";

const PAGE = 500;

export interface Finding {
  readonly table: string;
  readonly row: string;
  readonly what: string;
}

export interface Audited {
  readonly devices: number;
  readonly reports: number;
  readonly entries: number;
  readonly findings: readonly Finding[];
}

/** Rows that must exist according to the log. */
interface Told {
  readonly states: Map<string, DeviceState>;
  readonly forks: Map<string, number>;
  readonly downlinks: Map<string, number>;
  /** Replaced keys and their successors. */
  readonly successors: Map<string, string>;
  /** The same of keys that are not known. */
  readonly orphans: Map<string, string>;
  readonly endedTokens: Map<string, number>;
  tokens: number;
  claims: number;
  invitations: number;
}

class Auditor {
  readonly findings: Finding[] = [];
  reports = 0;
  private readonly store: Store;
  private readonly keys: keyFile.ServerKeys;

  constructor(store: Store, keys: keyFile.ServerKeys) {
    this.store = store;
    this.keys = keys;
  }

  found(table: string, row: string, what: string): void {
    this.findings.push({ table, row, what });
  }

  sealed(table: Sealed, name: string, row: object & { seal: Uint8Array }): void {
    if (!isSealed(this.keys.seal, table, row)) this.found(table, name, "altered or inserted: its seal does not fit");
  }

  /**
   * Find the key of each entry. The key in use signed the last change of the key, which names the key before, and so on: no other
   * file is needed.
   */
  private async signers(): Promise<(seq: number) => ed25519.VerifyKey | undefined> {
    const changes = await log.switches(this.store.read);
    let to = hex(this.keys.signing.publicKey);
    for (const change of changes.toReversed()) {
      if (change.to !== to) this.found("audit", String(change.seq), "altered or inserted: it changes to another key");
      to = change.from;
    }
    const first = { seq: 0, to: changes[0]?.from ?? to };
    const keys = [first, ...changes].map((one) => ({
      seq: one.seq,
      key: ed25519.importKey(fromHex(one.to) ?? new Uint8Array(0)),
    }));
    return (seq) => keys.findLast((one) => one.seq <= seq)!.key;
  }

  /** Walk the log and collect its statements. */
  async log(): Promise<{ told: Told; entries: number }> {
    const told: Told = {
      states: new Map(),
      forks: new Map(),
      downlinks: new Map(),
      successors: new Map(),
      orphans: new Map(),
      endedTokens: new Map(),
      tokens: 0,
      claims: 0,
      invitations: 0,
    };
    const keyAt = await this.signers();
    let seq = 0;
    let prev: Uint8Array = log.START;
    for (;;) {
      const page = await this.store.read
        .selectFrom("audit")
        .selectAll()
        .where("seq", ">", seq)
        .orderBy("seq")
        .limit(PAGE)
        .execute();
      for (const row of page) {
        if (row.seq !== seq + 1) this.found("audit", String(seq + 1), "removed: the next entry is not the one after");
        if (!equal(row.prev, prev))
          this.found("audit", String(row.seq), "altered: it does not follow the entry before");
        if (!equal(log.entryHash(row), row.hash))
          this.found("audit", String(row.seq), "altered: its hash does not fit");
        const key = keyAt(row.seq);
        if (key === undefined || !ed25519.verifyWith(row.signature, key, log.signedBytes(row.hash))) {
          this.found("audit", String(row.seq), "altered or inserted: its signature does not fit");
        }
        gather(told, row);
        [seq, prev] = [row.seq, row.hash];
      }
      if (page.length < PAGE) break;
    }
    const [head, ...more] = await this.store.read.selectFrom("audit_head").selectAll().orderBy("id").execute();
    if (more.length > 0) this.found("audit_head", "", "inserted: there is more than one");
    if (head === undefined) this.found("audit_head", "1", "removed");
    else {
      this.sealed("audit_head", "1", head);
      if (head.seq !== seq || !equal(head.hash, prev))
        this.found("audit", String(head.seq), "removed or inserted: the log does not end where it ended");
    }
    return { told, entries: seq };
  }

  /** Walk all devices, each with its chain. */
  async devices(told: Told): Promise<number> {
    const missing = new Set(told.states.keys());
    const rows = await this.store.read.selectFrom("devices").selectAll().execute();
    for (const row of rows) {
      const name = hex(row.id);
      missing.delete(name);
      this.sealed("devices", name, row);
      if (!equal(keyId(row.key), row.id))
        this.found("devices", name, "altered: its key is not the one its id is made from");
      const state = told.states.get(name);
      if (state === undefined) this.found("devices", name, "inserted: the log knows nothing of it");
      else if (state !== row.state) this.found("devices", name, `altered: the log says it is ${state}`);
      await this.chain(row);
      await this.downlinks(row, told.downlinks.get(name) ?? 0);
      await this.evidence(row, told.forks.get(name) ?? 0);
    }
    for (const name of missing) this.found("devices", name, "removed: the log says it enrolled");
    await this.handovers(rows, told.successors);
    await this.orphans(told.orphans);
    await this.strays(rows);
    return rows.length;
  }

  private async chain(device: DeviceRow): Promise<void> {
    const key = ed25519.importKey(device.key);
    const name = hex(device.id);
    let head: Head = NO_HEAD;
    let [count, after] = [0, -1];
    for (;;) {
      const page: ReportRow[] = await this.store.read
        .selectFrom("reports")
        .selectAll()
        .where("device", "=", device.id)
        .where("counter", ">", after)
        .orderBy("counter")
        .limit(PAGE)
        .execute();
      for (const row of page) {
        head = this.report(row, device, key, head);
        [count, after] = [count + 1, row.counter];
      }
      if (page.length < PAGE) break;
    }
    this.reports += count;
    if (count !== device.report_count) {
      this.found("reports", name, `removed or inserted: there are ${count} reports, and were ${device.report_count}`);
    }
    if (head.counter !== device.head_counter || !equal(head.hash, device.head_hash)) {
      this.found(
        "reports",
        name,
        `removed or altered: the chain ends at ${head.counter}, and ended at ${device.head_counter}`,
      );
    }
  }

  /** Check one stored report, and return the head it makes. */
  private report(row: ReportRow, device: DeviceRow, key: ed25519.VerifyKey | undefined, head: Head): Head {
    const name = `${hex(device.id)}/${row.counter}`;
    this.sealed("reports", name, row);
    const own = hash(row.message);
    if (!equal(own, row.hash)) this.found("reports", name, "altered: its hash does not fit");
    try {
      const message = open(row.message);
      const claims = messages.readStoredReport(message);
      if (!equal(message.kid, device.id) || key === undefined || !verify(message, key)) {
        this.found("reports", name, "altered or inserted: the device did not sign it");
      }
      if (claims.counter !== row.counter)
        this.found("reports", name, `reordered: it says its counter is ${claims.counter}`);
      if (!equal(claims.prev, head.hash))
        this.found("reports", name, "removed: it does not follow the report before it");
    } catch (error) {
      this.found("reports", name, `altered: ${(error as Error).message}`);
    }
    return { counter: row.counter, hash: own };
  }

  private async downlinks(device: DeviceRow, told: number): Promise<void> {
    const rows = await this.store.read.selectFrom("downlinks").selectAll().where("device", "=", device.id).execute();
    for (const row of rows) this.sealed("downlinks", `${hex(device.id)}/${row.counter}`, row);
    if (rows.length !== told)
      this.found("downlinks", hex(device.id), `removed or inserted: there are ${rows.length}, the log says ${told}`);
  }

  private async evidence(device: DeviceRow, told: number): Promise<void> {
    const rows = await this.store.read.selectFrom("evidence").selectAll().where("device", "=", device.id).execute();
    for (const row of rows) {
      this.sealed("evidence", hex(row.id), row);
      if (!equal(hash(row.message), row.id)) this.found("evidence", hex(row.id), "altered: its hash does not fit");
    }
    if (rows.length !== told)
      this.found("evidence", hex(device.id), `removed or inserted: there is ${rows.length}, the log says ${told}`);
  }

  /** Check that each key that was replaced signed so itself, and that devices, handovers and log agree on it. */
  private async handovers(devices: readonly DeviceRow[], told: ReadonlyMap<string, string>): Promise<void> {
    const rows = await this.store.read.selectFrom("handovers").selectAll().execute();
    const known = new Map(devices.map((row) => [hex(row.id), row]));
    for (const row of rows) {
      const name = hex(row.device);
      this.sealed("handovers", name, row);
      if (told.get(name) !== hex(row.successor))
        this.found("handovers", name, "altered or inserted: the log does not say so");
      try {
        const message = open(row.message);
        const key = ed25519.importKey(known.get(name)?.key ?? new Uint8Array(0));
        if (hex(message.kid) !== name || key === undefined || !verify(message, key))
          this.found("handovers", name, "altered or inserted: the device did not sign it");
        if (!equal(messages.readStoredHandover(message).successor, row.successor))
          this.found("handovers", name, "altered: it names another successor");
      } catch (error) {
        this.found("handovers", name, `altered: ${(error as Error).message}`);
      }
    }
    if (rows.length !== told.size)
      this.found("handovers", "", `removed or inserted: there are ${rows.length}, the log says ${told.size}`);
    for (const { id, successor } of devices) {
      const named = successor === null ? undefined : hex(successor);
      if (named !== told.get(hex(id)))
        this.found("devices", hex(id), `altered: its successor is ${named ?? "nobody"}, the log says otherwise`);
    }
  }

  /** Check the handovers by keys that are not known. */
  private async orphans(told: ReadonlyMap<string, string>): Promise<void> {
    const rows = await this.store.read.selectFrom("orphans").selectAll().execute();
    for (const row of rows) {
      const name = hex(row.device);
      this.sealed("orphans", name, row);
      if (told.get(name) !== hex(row.successor))
        this.found("orphans", name, "altered or inserted: the log does not say so");
    }
    if (rows.length !== told.size)
      this.found("orphans", "", `removed or inserted: there are ${rows.length}, the log says ${told.size}`);
  }

  /** Find rows of devices that are not there. */
  private async strays(devices: readonly DeviceRow[]): Promise<void> {
    const known = new Set(devices.map((row) => hex(row.id)));
    for (const table of ["reports", "downlinks", "evidence", "handovers"] as const) {
      const rows = await this.store.read.selectFrom(table).select("device").distinct().execute();
      for (const row of rows)
        if (!known.has(hex(row.device)))
          this.found(table, hex(row.device), "inserted or left over: there is no such device");
    }
  }

  /** Check the rows that grant rights or record deliveries: claims, invitations, tokens, deliveries, leases. */
  async rights(told: Told): Promise<void> {
    const claims = await this.store.read.selectFrom("claims").selectAll().execute();
    const users = new Map<string, string | null>();
    for (const row of claims) {
      this.sealed("claims", hex(row.hash), row);
      users.set(hex(row.hash), row.used_by === null ? null : hex(row.used_by));
    }
    const claimed = await this.store.read
      .selectFrom("devices")
      .select(["id", "claim"])
      .where("claim", "is not", null)
      .execute();
    for (const { id, claim } of claimed) {
      if (users.get(hex(claim!)) !== hex(id))
        this.found("claims", hex(claim!), `altered: device ${hex(id)} came with it`);
    }
    const invitations = await this.store.read.selectFrom("invitations").selectAll().execute();
    for (const row of invitations) this.sealed("invitations", hex(row.device), row);
    const tokens = await this.store.read.selectFrom("tokens").selectAll().execute();
    const ended = new Map<string, number>();
    for (const row of tokens) {
      this.sealed("tokens", row.name, row);
      if (row.revoked_at !== null) ended.set(row.name, (ended.get(row.name) ?? 0) + 1);
    }
    for (const [name, count] of told.endedTokens) {
      if ((ended.get(name) ?? 0) < count) this.found("tokens", name, "altered: the log says it was ended");
    }
    // A row of these that is gone leads to something being told again, and to nothing else.
    for (const row of await this.store.read.selectFrom("deliveries").selectAll().execute())
      this.sealed("deliveries", hex(row.stream), row);
    for (const row of await this.store.read.selectFrom("leases").selectAll().execute())
      this.sealed("leases", row.name, row);
    const counts = { claims: claims.length, invitations: invitations.length, tokens: tokens.length };
    for (const table of ["claims", "invitations", "tokens"] as const) {
      if (counts[table] !== told[table])
        this.found(table, "", `removed or inserted: there are ${counts[table]}, the log says ${told[table]}`);
    }
  }
}

function add(map: Map<string, number>, name: string, count = 1): void {
  map.set(name, (map.get(name) ?? 0) + count);
}

/** Collect the statement of a log entry. The hash finds an altered entry; here it must only do no harm. */
function gather(told: Told, row: AuditRow): void {
  const device = row.device === null ? "" : hex(row.device);
  const detail = parsed(row.detail);
  const states: Record<string, DeviceState> = {
    enrol: "active",
    restore: "active",
    suspend: "suspended",
    revoke: "revoked",
    leave: "revoked",
    rotate: "replaced",
  };
  const state = states[row.action];
  if (state !== undefined) told.states.set(device, state);
  if (row.action === "orphan") told.orphans.set(device, String(detail["successor"]));
  else if (row.action === "enrol" || row.action === "refuse-handover") told.orphans.delete(device);
  if (row.action === "rotate") told.successors.set(device, String(detail["successor"]));
  else if (row.action === "fork") add(told.forks, device);
  else if (row.action === "downlink") add(told.downlinks, device);
  else if (row.action === "token") told.tokens++;
  else if (row.action === "claims") told.claims += Number(detail["count"]);
  else if (row.action === "invite") told.invitations += Number(detail["added"]);
  else if (row.action === "end-token") add(told.endedTokens, String(detail["name"]), Number(detail["count"]));
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** Audit an open database. */
export async function audit(store: Store, keys: keyFile.ServerKeys): Promise<Audited> {
  const auditor = new Auditor(store, keys);
  const { told, entries } = await auditor.log();
  const devices = await auditor.devices(told);
  await auditor.rights(told);
  return { devices, reports: auditor.reports, entries, findings: auditor.findings };
}

/** Audit the database that `where` names with the server's key in a file. */
export async function auditDatabase(where: string, key: string): Promise<Audited> {
  if (!existsSync(key))
    throw new Trouble(`${key} is not there`, "give the server's key with --key: without it, seals cannot be checked");
  const keys = keyFile.load(key);
  const store = await Store.open(where);
  try {
    return await audit(store, keys);
  } finally {
    await store.close();
  }
}
