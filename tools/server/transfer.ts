/**
 * Transfer a device to another owner: one label takes the place of another. A token with the old label reaches the device no more, one with
 * the new label what the device sends from now on. Commands that wait were the old owner's, and are withdrawn.
 */
import { hex } from "../wire/bytes.ts";
import type { Desk } from "./decisions.ts";
import * as log from "./log.ts";
import * as profile from "./profile.ts";
import * as withdrawal from "./withdrawal.ts";

/** The action of the log that transfers a device. */
export const TRANSFER = "transfer";

export interface Transfer {
  readonly from: string;
  readonly to: string;
  readonly reason: string;
}

/** Transfer a device, and return the number of withdrawn commands. It must have the label `from`, and not `to`. */
export function transfer(
  desk: Desk,
  id: Uint8Array,
  { from, to, reason }: Transfer,
  actor: string,
): Promise<number | "unknown" | "impossible"> {
  const { store, keys, clock } = desk;
  return withdrawal.inParts<"unknown" | "impossible">((withdrawn) =>
    store.write(async (tx) => {
      const device = await store.locked(tx.selectFrom("devices").selectAll().where("id", "=", id)).executeTakeFirst();
      if (device === undefined) return { result: "unknown" };
      const before = (await profile.of(tx, [id])).get(hex(id)) ?? profile.EMPTY;
      if (!before.labels.includes(from) || before.labels.includes(to)) return { result: "impossible" };
      const now = clock();
      const { counters, isPart } = await withdrawal.waiting(tx, keys, device, now);
      if (counters.length > 0) await log.append(store, keys, tx, now, withdrawal.entry(id, counters, actor, reason));
      const result = withdrawn + counters.length;
      if (isPart) return { result, isPart };
      const detail = { from, to, reason };
      await log.append(store, keys, tx, now, { action: TRANSFER, actor, device: id, detail });
      const labels = before.labels.map((one) => (one === from ? to : one));
      await profile.change(tx, desk, id, before, { labels }, actor);
      return { result };
    }),
  );
}
