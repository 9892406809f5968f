/** The fifth part of the audit: rules of alarms, and acknowledgements. A missing rule raises no alarm, and so counts. */
import { hex } from "../wire/bytes.ts";
import { ACKNOWLEDGE } from "./alarms.ts";
import type { Search } from "./audit_findings.ts";
import { END_RULE, MAKE_RULE } from "./rules.ts";
import type { AuditRow } from "./store/schema.ts";

/** The names of rules and the entries that were acknowledged, according to the log. */
export interface Alarms {
  readonly rules: Set<string>;
  readonly acknowledged: Set<string>;
}

/** Collect what an entry of the log says about alarms. */
export function gatherAlarms(told: Alarms, { action }: AuditRow, detail: Readonly<Record<string, unknown>>): void {
  if (action === MAKE_RULE) told.rules.add(String(detail["name"]));
  else if (action === END_RULE) told.rules.delete(String(detail["name"]));
  else if (action === ACKNOWLEDGE) told.acknowledged.add(String(detail["seq"]));
}

/** Check the rows about alarms. A missing alarm is raised again, and missing damage counts from zero, so they are no findings. */
export async function checkAlarms(search: Search, told: Alarms): Promise<void> {
  const { db } = search;
  const found = { rules: new Set<string>(), acknowledged: new Set<string>() };
  for (const row of await db.selectFrom("rules").selectAll().execute()) {
    search.sealed("rules", row.name, row);
    found.rules.add(row.name);
  }
  for (const row of await db.selectFrom("acknowledged").selectAll().execute()) {
    search.sealed("acknowledged", String(row.seq), row);
    found.acknowledged.add(String(row.seq));
  }
  for (const row of await db.selectFrom("raised").selectAll().execute())
    search.sealed("raised", `${row.rule}/${hex(row.device)}`, row);
  for (const row of await db.selectFrom("damage").selectAll().execute()) search.sealed("damage", hex(row.device), row);
  for (const table of ["rules", "acknowledged"] as const)
    for (const name of new Set([...found[table], ...told[table]]))
      if (found[table].has(name) !== told[table].has(name))
        search.found(table, name, "removed or inserted: the log says otherwise");
}
