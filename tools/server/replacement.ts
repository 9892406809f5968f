/**
 * Replace a dead board: a new device, with a key of its own, takes over its name, labels and history. Both identities stay. An operator
 * says so, in the log; the dead board signed nothing, so its key is revoked for good.
 */
import { equal, hex } from "../wire/bytes.ts";
import type { Desk } from "./decisions.ts";
import * as log from "./log.ts";
import * as profile from "./profile.ts";
import { sealed } from "./seal.ts";

/** The action of the log that replaces a board. */
export const REPLACE = "replace-board";

/** Put `by` in the place of a device. `by` must be active and new in this role; the device must not be replaced already. */
export function replace(
  { store, keys, clock }: Desk,
  id: Uint8Array,
  by: Uint8Array,
  actor: string,
  reason: string,
): Promise<"done" | "unknown" | "impossible"> {
  return store.write(async (tx) => {
    const query = tx.selectFrom("devices").selectAll().where("id", "in", [id, by]).orderBy("id");
    const rows = await store.locked(query).execute();
    const [old, fresh] = [id, by].map((one) => rows.find((row) => equal(row.id, one)));
    if (old === undefined || fresh === undefined) return "unknown";
    const taken = await tx
      .selectFrom("replacements")
      .select("device")
      .where((eb) => eb.or([eb("device", "in", [id, by]), eb("successor", "=", by)]))
      .execute();
    const inherits = tx.selectFrom("handovers").select("device").where("successor", "=", by);
    const isTaken = taken.length > 0 || (await inherits.executeTakeFirst()) !== undefined;
    if (equal(id, by) || isTaken || fresh.state !== "active" || old.state === "replaced") return "impossible";
    const revoked = sealed(keys.seal, "devices", { ...old, state: "revoked" as const });
    await tx.updateTable("devices").set(revoked).where("id", "=", id).execute();
    await profile.move(tx, keys, id, by);
    const row = sealed(keys.seal, "replacements", { device: id, successor: by, at: clock() });
    await tx.insertInto("replacements").values(row).execute();
    const detail = { successor: hex(by), reason };
    await log.append(store, keys, tx, clock(), { action: REPLACE, actor, device: id, detail });
    return "done";
  });
}
