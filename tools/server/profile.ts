/** The profile of a device: a name, a note, and labels. People write it; the device neither sends nor reads it. */
import { hex } from "../wire/bytes.ts";
import type { Desk } from "./decisions.ts";
import type { ServerKeys } from "./keys.ts";
import * as log from "./log.ts";
import { sealed } from "./seal.ts";
import type { LabelRow } from "./store/schema.ts";
import type { Store, Tx } from "./store/store.ts";

/** Labels of one device, at most. */
export const LABELS_MAX = 16;
/** Characters of a name, at most. */
export const NAME_MAX = 100;
/** Characters of a note, at most. */
export const NOTE_MAX = 1000;

/** The action of the log that describes a device. */
export const DESCRIBE = "describe";

export interface Profile {
  readonly name: string;
  readonly note: string;
  /** In alphabetical order. */
  readonly labels: readonly string[];
}

export const EMPTY: Profile = { name: "", note: "", labels: [] };

/** The parts of a profile that change; the others stay. */
export type Change = Partial<Profile>;

/** Find the profiles of devices, by id in hexadecimal. A device without one is not in the map. */
export async function of(db: Store["read"], devices: readonly Uint8Array[]): Promise<Map<string, Profile>> {
  const found = new Map<string, Profile>();
  if (devices.length === 0) return found;
  const rows = await db.selectFrom("profiles").selectAll().where("device", "in", devices).execute();
  for (const { device, name, note } of rows) found.set(hex(device), { name, note, labels: [] });
  const labels = await db.selectFrom("labels").selectAll().where("device", "in", devices).execute();
  for (const [id, own] of byDevice(labels)) found.set(id, { ...(found.get(id) ?? EMPTY), labels: own });
  return found;
}

/** The labels of each device, in alphabetical order. A database sorts by the rules of its locale, and this by code units. */
export function byDevice(rows: readonly LabelRow[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { device, label } of rows) {
    const id = hex(device);
    found.set(id, [...(found.get(id) ?? []), label].toSorted());
  }
  return found;
}

/** Change the profile of a device, in the log too. Undefined if there is no such device. */
export function describe(desk: Desk, id: Uint8Array, wanted: Change, actor: string): Promise<Profile | undefined> {
  const { store } = desk;
  return store.write(async (tx) => {
    const query = tx.selectFrom("devices").select("id").where("id", "=", id);
    if ((await store.locked(query).executeTakeFirst()) === undefined) return undefined;
    const before = (await of(tx, [id])).get(hex(id)) ?? EMPTY;
    return change(tx, desk, id, before, wanted, actor);
  });
}

/** Change the profile of a device whose row is locked, in the log too. */
export async function change(
  tx: Tx,
  { store, keys, clock }: Desk,
  id: Uint8Array,
  before: Profile,
  wanted: Change,
  actor: string,
): Promise<Profile> {
  const labels = [...new Set(wanted.labels ?? before.labels)].toSorted();
  const after = { ...before, ...wanted, labels };
  const detail = changed(before, after);
  if (Object.keys(detail).length === 0) return after;
  await put(tx, keys, id, after, clock());
  await log.append(store, keys, tx, clock(), { action: DESCRIBE, actor, device: id, detail });
  return after;
}

/** The parts of a profile that differ from those before, as the log has them. */
function changed(before: Profile, after: Profile): Record<string, string> {
  const [was, is] = [before, after].map((one) => ({ ...one, labels: one.labels.join() }));
  return Object.fromEntries(Object.entries(is!).filter(([name, value]) => was![name as keyof Profile] !== value));
}

/** Read the change of a profile from the entry of the log that `change` wrote. */
export function changeOf(detail: Readonly<Record<string, unknown>>): Change {
  const { name, note, labels } = detail;
  return {
    ...(name !== undefined && { name: String(name) }),
    ...(note !== undefined && { note: String(note) }),
    ...(labels !== undefined && {
      labels: String(labels)
        .split(",")
        .filter((label) => label !== ""),
    }),
  };
}

async function put(tx: Tx, keys: ServerKeys, device: Uint8Array, profile: Profile, now: number): Promise<void> {
  const { name, note, labels } = profile;
  const row = sealed(keys.seal, "profiles", { device, name, note, changed_at: now });
  await tx
    .insertInto("profiles")
    .values(row)
    .onConflict((conflict) => conflict.column("device").doUpdateSet(row))
    .execute();
  const stored = await tx.selectFrom("labels").select("label").where("device", "=", device).execute();
  const known = new Set(stored.map(({ label }) => label));
  for (const label of known)
    if (!labels.includes(label))
      await tx.deleteFrom("labels").where("device", "=", device).where("label", "=", label).execute();
  const fresh = labels.filter((label) => !known.has(label));
  if (fresh.length === 0) return;
  const rows = fresh.map((label) => sealed(keys.seal, "labels", { device, label, since: now }));
  await tx.insertInto("labels").values(rows).execute();
}

/** Move the profile of a device to the one that takes its place. Its labels keep their times. The entry in the log is the caller's. */
export async function move(tx: Tx, keys: ServerKeys, from: Uint8Array, to: Uint8Array): Promise<void> {
  const profile = await tx.selectFrom("profiles").selectAll().where("device", "=", from).executeTakeFirst();
  if (profile === undefined) return;
  const labels = await tx.selectFrom("labels").selectAll().where("device", "=", from).execute();
  for (const table of ["profiles", "labels"] as const) {
    await tx.deleteFrom(table).where("device", "=", to).execute();
    await tx.deleteFrom(table).where("device", "=", from).execute();
  }
  await tx
    .insertInto("profiles")
    .values(sealed(keys.seal, "profiles", { ...profile, device: to }))
    .execute();
  if (labels.length === 0) return;
  const rows = labels.map((row): LabelRow => sealed(keys.seal, "labels", { ...row, device: to }));
  await tx.insertInto("labels").values(rows).execute();
}
