/** The audit's comparison with a kept checkpoint: a database that was put back as a whole, with its log, is found by nothing else. */
import { Trouble } from "../trouble.ts";
import { equal, hex } from "../wire/bytes.ts";
import type { Search } from "./audit_findings.ts";
import * as bases from "./base.ts";
import * as checkpoint from "./checkpoint.ts";
import * as log from "./log.ts";
import * as tree from "./tree.ts";

/** Check that the database continues a kept checkpoint. Throws Trouble if the file is no checkpoint of this server. */
export async function checkCheckpoint(search: Search, file: string): Promise<void> {
  const kept = checkpoint.readFile(file, await log.signers(search.db, search.keys));
  const when = `of ${new Date(kept.at).toISOString()}`;
  const entry = await search.db.selectFrom("audit").select("hash").where("seq", "=", kept.seq).executeTakeFirst();
  if (!equal(entry?.hash ?? log.START, kept.log))
    search.found("audit", String(kept.seq), `put back or removed: the checkpoint ${when} has another entry`);
  if (kept.tree !== undefined && !(await hasTree(search, kept.tree)))
    search.found("tree", String(kept.tree.size), `put back or altered: the checkpoint ${when} has another tree`);
  for (const head of kept.heads ?? []) {
    const what = await contradiction(search, head);
    if (what !== undefined)
      search.found("reports", hex(head.device), `put back or removed: the checkpoint ${when} ${what}`);
  }
}

/** True if the tree of the database begins with the tree of a kept checkpoint. */
async function hasTree({ db, keys }: Search, { size, root }: { size: number; root: Uint8Array }): Promise<boolean> {
  try {
    if ((await tree.size(keys.seal, db)) < size) return false;
    return equal(await checkpoint.treeRoot(keys.seal, db, size), root);
  } catch (error) {
    if (error instanceof Trouble) return false;
    throw error;
  }
}

/** Tell how the database contradicts a head of a kept checkpoint; undefined if it continues it. */
async function contradiction(search: Search, head: checkpoint.HeadOf): Promise<string | undefined> {
  const { device, counter } = head;
  const row = await search.db
    .selectFrom("devices")
    .select(["head_counter", "head_hash"])
    .where("id", "=", device)
    .executeTakeFirst();
  if (row === undefined) return "has the device";
  const now = { counter: row.head_counter, hash: row.head_hash };
  if (now.counter < counter) return `has report ${counter}, and the chain ends at ${now.counter}`;
  const base = await bases.of(search.db, device);
  // The log has the archived ones, and it continues the checkpoint's.
  if (counter < base.counter || counter === 0 || [now, base].some((one) => bases.isAt(one, head))) return undefined;
  const query = search.db.selectFrom("reports").select("hash").where("device", "=", device);
  const stored = await query.where("counter", "=", counter).executeTakeFirst();
  return stored !== undefined && equal(stored.hash, head.hash) ? undefined : `has another report ${counter}`;
}
