/** The audit's first part: walk the log, and collect its statements about the rows that must exist. */
import { equal, fromHex, hex } from "../wire/bytes.ts";
import * as ed25519 from "../wire/ed25519.ts";
import { gatherAlarms, type Alarms } from "./audit_alarms.ts";
import { PAGE, type Search } from "./audit_findings.ts";
import { gatherProfile, type Profiles } from "./audit_profiles.ts";
import type { Base, Range } from "./base.ts";
import * as letters from "./dead_letters.ts";
import * as log from "./log.ts";
import { REPLACE } from "./replacement.ts";
import type { AuditRow, DeviceState } from "./store/schema.ts";
import { WITHDRAW, WITHDRAW_CLAIM } from "./withdrawal.ts";

/** Rows that must exist according to the log. */
export interface Told {
  readonly states: Map<string, DeviceState>;
  readonly forks: Map<string, number>;
  readonly downlinks: Map<string, number>;
  /** Replaced keys and their successors. */
  readonly successors: Map<string, string>;
  /** The same of keys that are not known. */
  readonly orphans: Map<string, string>;
  readonly endedTokens: Map<string, number>;
  /** Hashes of claims, and commands as device/counter. */
  readonly withdrawn: Set<string>;
  /** Dead boards and those in their place. */
  readonly replacements: Map<string, string>;
  readonly profiles: Profiles;
  readonly alarms: Alarms;
  readonly bases: Map<string, Base>;
  readonly erased: Map<string, Range[]>;
  /** The items that were set aside, by their ids. */
  readonly letters: Set<string>;
  tokens: number;
  claims: number;
  invitations: number;
}

/**
 * Find the key of each entry. The key in use signed the last change of the key, which names the key before, and so on: no other
 * file is needed.
 */
async function signers(search: Search): Promise<(seq: number) => ed25519.VerifyKey | undefined> {
  const changes = await log.switches(search.db);
  let to = hex(search.keys.signing.publicKey);
  for (const change of changes.toReversed()) {
    if (change.to !== to)
      search.found("audit", String(change.seq), "altered or inserted: its next key is not the next entry's");
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
export async function readLog(search: Search): Promise<{ told: Told; entries: number }> {
  const told: Told = {
    states: new Map(),
    forks: new Map(),
    downlinks: new Map(),
    successors: new Map(),
    orphans: new Map(),
    endedTokens: new Map(),
    withdrawn: new Set(),
    replacements: new Map(),
    profiles: new Map(),
    alarms: { rules: new Set(), acknowledged: new Set() },
    bases: new Map(),
    erased: new Map(),
    letters: new Set(),
    tokens: 0,
    claims: 0,
    invitations: 0,
  };
  const keyAt = await signers(search);
  let seq = 0;
  let prev: Uint8Array = log.START;
  for (;;) {
    const page = await search.db
      .selectFrom("audit")
      .selectAll()
      .where("seq", ">", seq)
      .orderBy("seq")
      .limit(PAGE)
      .execute();
    for (const row of page) {
      if (row.seq !== seq + 1) search.found("audit", String(seq + 1), "removed: the following entry is missing");
      if (!equal(row.prev, prev))
        search.found("audit", String(row.seq), "altered: it does not follow the entry before");
      if (!equal(log.entryHash(row), row.hash)) search.found("audit", String(row.seq), "altered: its hash is wrong");
      const key = keyAt(row.seq);
      if (key === undefined || !ed25519.verifyWith(row.signature, key, log.signedBytes(row.hash))) {
        search.found("audit", String(row.seq), "altered or inserted: its signature is wrong");
      }
      gather(told, row);
      [seq, prev] = [row.seq, row.hash];
    }
    if (page.length < PAGE) break;
  }
  const [head, ...more] = await search.db.selectFrom("audit_head").selectAll().orderBy("id").execute();
  if (more.length > 0) search.found("audit_head", "", "inserted: there is more than one");
  if (head === undefined) search.found("audit_head", "1", "removed");
  else {
    search.sealed("audit_head", "1", head);
    if (head.seq !== seq || !equal(head.hash, prev))
      search.found("audit", String(head.seq), "removed or inserted: the log does not end at its last entry");
  }
  return { told, entries: seq };
}

function add(map: Map<string, number>, name: string, count = 1): void {
  map.set(name, (map.get(name) ?? 0) + count);
}

/** Collect the statement of a log entry. The hash finds an altered entry; here it must only do no harm. */
function gather(told: Told, row: AuditRow): void {
  const device = row.device === null ? "" : hex(row.device);
  const detail = parsed(row.detail);
  if (row.action === REPLACE) told.replacements.set(device, String(detail["successor"]));
  gatherProfile(told.profiles, row, detail);
  gatherAlarms(told.alarms, row, detail);
  if (row.action === letters.SET_ASIDE) told.letters.add(String(detail["item"]));
  else if (letters.ENDS.includes(row.action)) told.letters.delete(String(detail["item"]));
  const states: Record<string, DeviceState> = {
    enrol: "active",
    restore: "active",
    suspend: "suspended",
    revoke: "revoked",
    leave: "revoked",
    [REPLACE]: "revoked",
    rotate: "replaced",
  };
  const state = states[row.action];
  if (state !== undefined) told.states.set(device, state);
  if (row.action === "orphan") told.orphans.set(device, String(detail["successor"]));
  else if (row.action === "enrol" || row.action === "refuse-handover") told.orphans.delete(device);
  if (row.action === WITHDRAW_CLAIM) told.withdrawn.add(String(detail["claim"]));
  if (row.action === WITHDRAW)
    for (const counter of String(detail["counters"]).split(",")) told.withdrawn.add(`${device}/${counter}`);
  if (row.action === "rotate") told.successors.set(device, String(detail["successor"]));
  else if (row.action === "fork") add(told.forks, device);
  else if (row.action === "downlink") add(told.downlinks, device);
  else if (row.action === "token") told.tokens++;
  else if (row.action === "claims") told.claims += Number(detail["count"]);
  else if (row.action === "invite") told.invitations += Number(detail["added"]);
  else if (row.action === "archive" || row.action === "erase") {
    const to = baseIn(detail);
    told.bases.set(device, to);
    const range = { after: Number(detail["after"]), from: undefined, to };
    if (row.action === "erase") told.erased.set(device, [...(told.erased.get(device) ?? []), range]);
  } else if (row.action === log.ERASED) {
    told.erased.set(device, told.erased.get(device) ?? []);
    add(told.forks, device, -Number(detail["evidence"]));
    add(told.downlinks, device, -Number(detail["downlinks"]));
  } else if (row.action === "end-token") add(told.endedTokens, String(detail["name"]), Number(detail["count"]));
}

function baseIn({ counter, hash, count }: Record<string, unknown>): Base {
  return { counter: Number(counter), hash: fromHex(String(hash)) ?? new Uint8Array(0), count: Number(count) };
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}
