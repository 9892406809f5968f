/** The audit's third part: the rows that grant rights or record deliveries. */
import { hex } from "../wire/bytes.ts";
import type { Search } from "./audit_findings.ts";
import type { Told } from "./audit_log.ts";
import * as letters from "./dead_letters.ts";

/** Check the rows that grant rights or record deliveries: claims, invitations, tokens, deliveries, dead letters, leases. */
export async function checkRights(search: Search, told: Told): Promise<void> {
  const claims = await search.db.selectFrom("claims").selectAll().execute();
  const users = new Map<string, string | null>();
  for (const row of claims) {
    search.sealed("claims", hex(row.hash), row);
    if (told.withdrawn.has(hex(row.hash)) !== (row.withdrawn_at !== null))
      search.found("claims", hex(row.hash), "altered: the log says otherwise about its withdrawal");
    users.set(hex(row.hash), row.used_by === null ? null : hex(row.used_by));
  }
  const claimed = await search.db
    .selectFrom("devices")
    .select(["id", "claim"])
    .where("claim", "is not", null)
    .execute();
  for (const { id, claim } of claimed) {
    if (users.get(hex(claim!)) !== hex(id))
      search.found("claims", hex(claim!), `altered: device ${hex(id)} came with it`);
  }
  const invitations = await search.db.selectFrom("invitations").selectAll().execute();
  for (const row of invitations) search.sealed("invitations", hex(row.device), row);
  const tokens = await search.db.selectFrom("tokens").selectAll().execute();
  const ended = new Map<string, number>();
  for (const row of tokens) {
    search.sealed("tokens", row.name, row);
    if (row.revoked_at !== null) ended.set(row.name, (ended.get(row.name) ?? 0) + 1);
  }
  for (const [name, count] of told.endedTokens) {
    if ((ended.get(name) ?? 0) < count) search.found("tokens", name, "altered: the log says it was ended");
  }
  for (const row of await search.db.selectFrom("token_uses").selectAll().execute())
    search.sealed("token_uses", hex(row.hash), row);
  for (const row of await search.db.selectFrom("repeats").selectAll().execute())
    search.sealed("repeats", hex(row.id), row);
  // A row of these that is gone leads to something being told again, and to nothing else.
  for (const row of await search.db.selectFrom("deliveries").selectAll().execute())
    search.sealed("deliveries", hex(row.stream), row);
  await checkLetters(search, told);
  for (const row of await search.db.selectFrom("leases").selectAll().execute()) search.sealed("leases", row.name, row);
  const counts = { claims: claims.length, invitations: invitations.length, tokens: tokens.length };
  for (const table of ["claims", "invitations", "tokens"] as const) {
    if (counts[table] !== told[table])
      search.found(table, "", `removed or inserted: there are ${counts[table]}, the log says ${told[table]}`);
  }
}

/** Check the dead letters: those that the log names, without the reports that left the database. */
async function checkLetters(search: Search, { letters: told, bases }: Told): Promise<void> {
  const rows = await search.db.selectFrom("dead_letters").selectAll().execute();
  const found = new Set(rows.map(letters.idOf));
  for (const row of rows) {
    search.sealed("dead_letters", letters.idOf(row), row);
    if (!told.has(letters.idOf(row)))
      search.found("dead_letters", letters.idOf(row), "inserted: the log has no such entry");
  }
  for (const id of told) {
    const [device, position] = id.split("/");
    const hasLeft = Number(position) <= (bases.get(device!)?.counter ?? 0);
    if (!hasLeft && !found.has(id)) search.found("dead_letters", id, "removed: the log says that it was set aside");
  }
}
