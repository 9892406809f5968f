import type { Enrol } from "../wire/messages.ts";
import { equal } from "../wire/bytes.ts";
import { hash } from "../wire/key.ts";
import { isSealed, sealed } from "./seal.ts";
import type { ClaimRow, DeviceRow } from "./store/schema.ts";
import type { Store, Tx } from "./store/store.ts";

export const POLICIES = ["open", "allowlist", "claim"] as const;

/**
 * The rule for new devices: `open` admits all (for development), `allowlist` the ids from the factory, `claim` devices with a
 * one-time claim.
 */
export type Policy = (typeof POLICIES)[number];

/** Why a device that signs correctly is not let in. */
export type Denial =
  | "not on the list"
  | "no claim"
  | "unknown claim"
  | "expired claim"
  | "withdrawn claim"
  | "claim of another device"
  | "another claim";

export type Admission = { readonly claim: Uint8Array | null } | { readonly denied: Denial };

/** Decide whether a key that is not registered yet may be. A claim is used up in the same transaction. */
export async function admit(
  policy: Policy,
  store: Store,
  sealKey: Uint8Array,
  tx: Tx,
  id: Uint8Array,
  enrol: Enrol,
  now: number,
): Promise<Admission> {
  if (policy === "open") return { claim: null };
  if (policy === "allowlist") {
    const invited = await tx.selectFrom("invitations").selectAll().where("device", "=", id).executeTakeFirst();
    // A row without the server's seal admits no device.
    const holds = invited !== undefined && isSealed(sealKey, "invitations", invited);
    return holds ? { claim: null } : { denied: "not on the list" };
  }
  if (enrol.claim === undefined) return { denied: "no claim" };
  const claimHash = hash(enrol.claim);
  const query = tx.selectFrom("claims").selectAll().where("hash", "=", claimHash);
  const row = await store.locked(query).executeTakeFirst();
  if (row === undefined || !isSealed(sealKey, "claims", row)) return { denied: "unknown claim" };
  if (row.used_by !== null) return { denied: "claim of another device" };
  if (row.withdrawn_at !== null) return { denied: "withdrawn claim" };
  if (row.expires_at < now) return { denied: "expired claim" };
  const used: ClaimRow = sealed(sealKey, "claims", { ...row, used_by: id, used_at: now });
  await tx.updateTable("claims").set(used).where("hash", "=", claimHash).execute();
  return { claim: claimHash };
}

/**
 * List contradictions between an enrolment and the registration of its key: a weak source of randomness, or copying, can give
 * two devices one key.
 */
export function contradictions(known: DeviceRow, enrol: Enrol, model: string): ("another board" | "another claim")[] {
  const isOtherClaim = known.claim !== null && enrol.claim !== undefined && !equal(hash(enrol.claim), known.claim);
  return [
    ...(known.model === model ? [] : (["another board"] as const)),
    ...(isOtherClaim ? (["another claim"] as const) : []),
  ];
}
