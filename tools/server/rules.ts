/** Rules that raise alarms about active devices: silent for too long, firmware too old, flash damaged. */
import { sql, type RawBuilder } from "kysely";
import type { Desk } from "./decisions.ts";
import type { ServerKeys } from "./keys.ts";
import * as log from "./log.ts";
import { sealed } from "./seal.ts";
import type { RuleRow } from "./store/schema.ts";
import type { Store, Tx } from "./store/store.ts";

/** The kinds of rules. */
export const KINDS = ["silent", "outdated", "damaged"] as const;
export type Kind = (typeof KINDS)[number];

/** Rules at a time. */
export const RULES_MAX = 50;
/** The least time of silence: a device may report every minute. */
export const SILENT_MIN_MS = 60_000;
/** Devices of one rule that are found at a time, to raise or to clear. */
const DUE_MAX = 500;
/** Above any count of damaged records that is shown. */
const DAMAGE_MAX = 2 ** 40;

/** The actions of the log that make and end a rule. */
export const MAKE_RULE = "rule";
export const END_RULE = "end-rule";

export interface Rule {
  readonly name: string;
  readonly kind: Kind;
  /** Milliseconds of silence, a version, or a number of damaged records. */
  readonly value: string;
  readonly label: string | null;
}

/** List the rules by name. */
export async function list(store: Store): Promise<(Rule & { readonly createdAt: number })[]> {
  const rows = await store.read.selectFrom("rules").selectAll().orderBy("name").execute();
  return rows.map(({ name, kind, value, label, created_at }) => ({
    name,
    kind: kind as Kind,
    value,
    label,
    createdAt: created_at,
  }));
}

/** Count the devices about which rules have an alarm, by kind. */
export async function countRaised({ read }: Store): Promise<Record<Kind, number>> {
  const query = read.selectFrom("raised as r").innerJoin("rules as o", "o.name", "r.rule").groupBy("o.kind");
  const rows = await query.select(({ fn }) => ["o.kind", fn.countAll().as("devices")]).execute();
  const counted = new Map(rows.map(({ kind, devices }) => [kind, Number(devices)]));
  return Object.fromEntries(KINDS.map((kind) => [kind, counted.get(kind) ?? 0])) as Record<Kind, number>;
}

/** Make a rule. */
export function make({ store, keys, clock }: Desk, rule: Rule, actor: string): Promise<"made" | "known" | "full"> {
  return store.write(async (tx) => {
    await store.locked(tx.selectFrom("audit_head").selectAll()).execute();
    const rows = await tx.selectFrom("rules").select("name").execute();
    if (rows.some(({ name }) => name === rule.name)) return "known";
    if (rows.length >= RULES_MAX) return "full";
    const row = sealed(keys.seal, "rules", { ...rule, created_at: clock() });
    await tx.insertInto("rules").values(row).execute();
    const { label, ...detail } = rule;
    const entry = { action: MAKE_RULE, actor, detail: { ...detail, ...(label !== null && { label }) } };
    await log.append(store, keys, tx, clock(), entry);
    return "made";
  });
}

/** End a rule, and return if there was one. */
export function end({ store, keys, clock }: Desk, name: string, actor: string): Promise<boolean> {
  return store.write(async (tx) => {
    const query = tx.selectFrom("rules").select("name").where("name", "=", name);
    if ((await store.locked(query).executeTakeFirst()) === undefined) return false;
    await tx.deleteFrom("raised").where("rule", "=", name).execute();
    await tx.deleteFrom("rules").where("name", "=", name).execute();
    await log.append(store, keys, tx, clock(), { action: END_RULE, actor, detail: { name } });
    return true;
  });
}

/** Count damaged records that a device reported. */
export async function noteDamage(
  tx: Tx,
  keys: ServerKeys,
  device: Uint8Array,
  records: number,
  now: number,
): Promise<void> {
  const before = await tx.selectFrom("damage").select("count").where("device", "=", device).executeTakeFirst();
  const count = Math.min((before?.count ?? 0) + records, DAMAGE_MAX);
  const row = sealed(keys.seal, "damage", { device, count, at: now });
  await tx
    .insertInto("damage")
    .values(row)
    .onConflict((conflict) => conflict.column("device").doUpdateSet(row))
    .execute();
}

/** Compare two versions: their numbers first; then a pre-release ("1.2-rc1") is older than its release. Negative if `a` is older. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => {
    const [core = "", ...rest] = text.replace(/\+.*$/, "").split("-");
    return {
      numbers: core.split(".").map((part) => Number.parseInt(part.replace(/^\D+/, ""), 10) || 0),
      rest: rest.join("-"),
    };
  });
  for (let i = 0; i < Math.max(left!.numbers.length, right!.numbers.length); i++) {
    const difference = (left!.numbers[i] ?? 0) - (right!.numbers[i] ?? 0);
    if (difference !== 0) return difference;
  }
  if (left!.rest === right!.rest) return 0;
  if (left!.rest === "" || right!.rest === "") return left!.rest === "" ? 1 : -1;
  return left!.rest < right!.rest ? -1 : 1;
}

/** The devices of a rule whose alarm begins or ends. */
export interface Due {
  readonly raise: readonly { readonly device: Uint8Array; readonly what: string }[];
  readonly clear: readonly { readonly device: Uint8Array; readonly seq: number }[];
}

/** The condition of a rule on a device `d`. */
async function condition(store: Store, rule: RuleRow, now: number): Promise<RawBuilder<boolean>> {
  const { kind, value, label } = rule;
  const labelled =
    label === null ? sql`` : sql` and exists (select 1 from labels l where l.device = d.id and l.label = ${label})`;
  const active = sql`d.state = 'active'${labelled}`;
  if (kind === "silent") return sql`(${active} and d.last_seen < ${now - Number(value)})`;
  if (kind === "damaged")
    return sql`(${active} and exists (select 1 from damage g where g.device = d.id and g.count >= ${Number(value)}))`;
  const versions = await store.read.selectFrom("devices").select("version").distinct().execute();
  const older = versions.map(({ version }) => version).filter((version) => compareVersions(version, value) < 0);
  return older.length === 0 ? sql`(1 = 0)` : sql`(${active} and d.version in (${sql.join(older)}))`;
}

/** Write what an alarm of a rule is about. */
function what({ kind, value }: RuleRow, version: string): string {
  if (kind === "silent") return `silent: not heard of for ${Math.round(Number(value) / 60_000)} minutes`;
  if (kind === "damaged") return `damaged: it repaired ${value} or more records of its flash`;
  return `outdated: firmware ${version} is older than ${value}`;
}

/** Find the devices that meet a rule without an alarm, and those with an alarm that do not meet it any more. Bounds: DUE_MAX of each. */
export async function due(store: Store, rule: RuleRow, now: number): Promise<Due> {
  const meets = await condition(store, rule, now);
  const fresh = await sql<{
    device: Uint8Array;
    version: string;
  }>`select d.id as device, d.version as version from devices d
    where ${meets} and not exists (select 1 from raised r where r.rule = ${rule.name} and r.device = d.id)
    limit ${sql.lit(DUE_MAX)}`.execute(store.read);
  const over = await sql<{ device: Uint8Array; seq: number }>`select r.device as device, r.seq as seq from raised r
    join devices d on d.id = r.device where r.rule = ${rule.name} and not ${meets} limit ${sql.lit(DUE_MAX)}`.execute(
    store.read,
  );
  return { raise: fresh.rows.map(({ device, version }) => ({ device, what: what(rule, version) })), clear: over.rows };
}
