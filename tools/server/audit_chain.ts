/** The audit of one chain: every report of a device, from the one after its base to its head. */
import { equal, hex } from "../wire/bytes.ts";
import * as ed25519 from "../wire/ed25519.ts";
import { hash } from "../wire/key.ts";
import * as messages from "../wire/messages.ts";
import type { Head } from "../wire/messages.ts";
import { open, verify } from "../wire/sign1.ts";
import { PAGE, type Search } from "./audit_findings.ts";
import { checkAreLeaves } from "./audit_tree.ts";
import type { Base } from "./base.ts";
import * as merkle from "./merkle.ts";
import type { DeviceRow, ReportRow } from "./store/schema.ts";

/** Check the chain of a device, whose reports up to the counter `numbered` are leaves of the tree. Return the number of its reports. */
export async function checkChain(search: Search, device: DeviceRow, base: Base, numbered: number): Promise<number> {
  const key = ed25519.importKey(device.key);
  const name = hex(device.id);
  let head: Head = base;
  let [count, after] = [base.count, -1];
  for (;;) {
    const page: ReportRow[] = await search.db
      .selectFrom("reports")
      .selectAll()
      .where("device", "=", device.id)
      .where("counter", ">", after)
      .orderBy("counter")
      .limit(PAGE)
      .execute();
    for (const row of page) {
      head = checkReport(search, row, device, key, head);
      [count, after] = [count + 1, row.counter];
    }
    const leaves = page.filter((row) => row.counter <= numbered);
    await checkAreLeaves(
      search,
      "reports",
      leaves.map((row) => ({ name: `${name}/${row.counter}`, leaf: merkle.leaf(row.message) })),
    );
    search.tell(page.length);
    if (page.length < PAGE) break;
  }
  if (count !== device.report_count) {
    search.found(
      "reports",
      name,
      `removed or inserted: there are ${count} reports with those that left, and were ${device.report_count}`,
    );
  }
  if (head.counter !== device.head_counter || !equal(head.hash, device.head_hash)) {
    search.found(
      "reports",
      name,
      `removed or altered: the chain ends at ${head.counter}, and ended at ${device.head_counter}`,
    );
  }
  return count - base.count;
}

/** Check one stored report, and return the head it makes. */
function checkReport(
  search: Search,
  row: ReportRow,
  device: DeviceRow,
  key: ed25519.VerifyKey | undefined,
  head: Head,
): Head {
  const name = `${hex(device.id)}/${row.counter}`;
  search.sealed("reports", name, row);
  const own = hash(row.message);
  if (!equal(own, row.hash)) search.found("reports", name, "altered: its hash is wrong");
  try {
    const message = open(row.message);
    const claims = messages.readStoredReport(message);
    if (!equal(message.kid, device.id) || key === undefined || !verify(message, key)) {
      search.found("reports", name, "altered or inserted: the device did not sign it");
    }
    if (claims.counter !== row.counter)
      search.found("reports", name, `reordered: it says its counter is ${claims.counter}`);
    if (!equal(claims.prev, head.hash))
      search.found("reports", name, "removed: it does not follow the report before it");
  } catch (error) {
    search.found("reports", name, `altered: ${(error as Error).message}`);
  }
  return { counter: row.counter, hash: own };
}
