/** The reach of a token: all devices, or those with its label, from the time when they got it. */
import type { ServerKeys } from "./keys.ts";
import { isSealed } from "./seal.ts";
import type { Store } from "./store/store.ts";

/** Return the time since when a token with this label reaches a device, 0 without a label; undefined if it does not. */
export async function since(
  { store, keys }: { readonly store: Store; readonly keys: ServerKeys },
  label: string | null,
  device: Uint8Array,
): Promise<number | undefined> {
  if (label === null) return 0;
  const query = store.read.selectFrom("labels").selectAll().where("device", "=", device).where("label", "=", label);
  const row = await query.executeTakeFirst();
  // A label that a writer of the database inserted gives no right.
  return row !== undefined && isSealed(keys.seal, "labels", row) ? row.since : undefined;
}
