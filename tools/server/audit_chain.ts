/** The audit of one chain: every report of a device, from the one after its base to its head. */
import { equal, hex } from "../wire/bytes.ts";
import { PAGE, type Search } from "./audit_findings.ts";
import type { Finding } from "./audit_state.ts";
import { NO_LEAF, absent } from "./audit_tree.ts";
import type { Base } from "./base.ts";
import type { DeviceRow, ReportRow } from "./store/schema.ts";

/**
 * Check the chain of a device, whose reports up to the counter `numbered` are leaves of the tree. Return the number of its reports. Findings are noted with the
 * last report of each page, so that an audit can continue there.
 */
export async function checkChain(search: Search, device: DeviceRow, base: Base, numbered: number): Promise<number> {
  const name = hex(device.id);
  let at = search.state?.after(name, base) ?? base;
  for (;;) {
    const rows: ReportRow[] = await search.db
      .selectFrom("reports")
      .selectAll()
      .where("device", "=", device.id)
      // A report with a counter below the base was inserted: it is found as one that does not follow.
      .where("counter", ">", at === base ? -1 : at.counter)
      .orderBy("counter")
      .limit(PAGE)
      .execute();
    if (rows.length === 0) break;
    const page = { sealKey: search.keys.seal, device: device.id, key: device.key, head: at, rows };
    const { head, found, leaves } = await search.pool.check(page);
    const findings = found.map(([row, what]): Finding => ({ table: "reports", row, what }));
    const named = rows
      .filter((row) => row.counter <= numbered)
      .map((row, i) => ({ name: `${name}/${row.counter}`, leaf: leaves[i]! }));
    for (const row of await absent(search, named)) findings.push({ table: "reports", row, what: NO_LEAF });
    at = { ...head, count: at.count + rows.length };
    search.note(name, at, findings, rows.length);
    if (rows.length < PAGE) break;
  }
  if (at.count !== device.report_count) {
    search.found(
      "reports",
      name,
      `removed or inserted: there are ${at.count} reports with those that left, and were ${device.report_count}`,
    );
  }
  if (at.counter !== device.head_counter || !equal(at.hash, device.head_hash)) {
    search.found(
      "reports",
      name,
      `removed or altered: the chain ends at ${at.counter}, and ended at ${device.head_counter}`,
    );
  }
  return at.count - base.count;
}
