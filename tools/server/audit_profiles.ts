/** The fourth part of the audit: profiles of devices. Labels give rights, so a missing one counts as well. */
import { hex } from "../wire/bytes.ts";
import type { Search } from "./audit_findings.ts";
import * as profile from "./profile.ts";
import { REPLACE } from "./replacement.ts";
import type { AuditRow } from "./store/schema.ts";

/** The profiles that the log tells of, by device. */
export type Profiles = Map<string, profile.Profile>;

/** Collect what an entry of the log says about profiles. */
export function gatherProfile(
  told: Profiles,
  { action, device }: AuditRow,
  detail: Readonly<Record<string, unknown>>,
): void {
  const id = device === null ? "" : hex(device);
  const before = told.get(id);
  if (action === profile.DESCRIBE) {
    told.set(id, { ...profile.EMPTY, ...before, ...profile.changeOf(detail) });
  } else if ((action === "rotate" || action === REPLACE) && before !== undefined) {
    told.delete(id);
    told.set(String(detail["successor"]), before);
  }
}

/** Compare the stored profiles with those of the log, and check their seals. */
export async function checkProfiles(search: Search, told: Profiles): Promise<void> {
  const profiles = await search.db.selectFrom("profiles").selectAll().execute();
  const labels = await search.db.selectFrom("labels").selectAll().execute();
  for (const row of profiles) search.sealed("profiles", hex(row.device), row);
  for (const row of labels) search.sealed("labels", `${hex(row.device)}/${row.label}`, row);
  const [rows, own] = [new Map(profiles.map((row) => [hex(row.device), row])), profile.byDevice(labels)];
  for (const id of new Set([...told.keys(), ...rows.keys(), ...own.keys()])) {
    const { name, note, labels: wanted } = told.get(id) ?? profile.EMPTY;
    const row = rows.get(id);
    if (name !== (row?.name ?? "") || note !== (row?.note ?? ""))
      search.found("profiles", id, "altered, removed or inserted: the log says otherwise");
    if ((own.get(id) ?? []).join() !== wanted.join())
      search.found("labels", id, "removed or inserted: the log says otherwise");
  }
}

/** Compare the boards that were replaced with those of the log, and check their seals. */
export async function checkReplacements(search: Search, told: ReadonlyMap<string, string>): Promise<void> {
  const rows = await search.db.selectFrom("replacements").selectAll().execute();
  const found = new Map(rows.map((row) => [hex(row.device), hex(row.successor)]));
  for (const row of rows) search.sealed("replacements", hex(row.device), row);
  for (const name of new Set([...found.keys(), ...told.keys()]))
    if (found.get(name) !== told.get(name))
      search.found("replacements", name, "altered, removed or inserted: the log says otherwise");
}
