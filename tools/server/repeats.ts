/**
 * Requests that a client may repeat when it does not know whether they arrived (Idempotency-Key of
 * draft-ietf-httpapi-idempotency-key-header-07): the decision is made once, and its answer is given again.
 */
import { createHash, createHmac } from "node:crypto";
import { equal } from "../wire/bytes.ts";
import type { ServerKeys } from "./keys.ts";
import { isSealed, sealed } from "./seal.ts";
import type { Tx } from "./store/store.ts";

/** How long an answer is given again. */
export const KEPT_MS = 24 * 3_600_000;

/** A request with a key of its client. */
export interface Repeatable {
  /** The hash of token and key: tokens do not share keys. */
  readonly id: Uint8Array;
  /** The hash of the request itself. */
  readonly request: Uint8Array;
}

/** Name a request: by the hash of its token, its key, and its contents. */
export function named(token: Uint8Array, key: string, contents: unknown): Repeatable {
  const id = createHash("sha256").update(token).update(key).digest();
  const request = createHash("sha256").update(JSON.stringify(contents)).digest();
  return { id: new Uint8Array(id), request: new Uint8Array(request) };
}

/** The key is that of another request. */
export const OTHER = "other";

/**
 * Decide once in a transaction. A repetition gets the first result and the first time. A result that `isDone` rejects is not kept: the
 * client may try again with the same key. Without a request it decides each time.
 */
export async function once<T extends number | string>(
  tx: Tx,
  { keys, clock }: { readonly keys: ServerKeys; readonly clock: () => number },
  asked: Repeatable | undefined,
  isDone: (result: T) => boolean,
  decide: (at: number) => Promise<T>,
): Promise<{ readonly result: T; readonly at: number } | typeof OTHER> {
  const at = clock();
  if (asked === undefined) return { result: await decide(at), at };
  const { id, request } = asked;
  await tx
    .deleteFrom("repeats")
    .where("id", "=", id)
    .where("at", "<", at - KEPT_MS)
    .execute();
  const empty = sealed(keys.seal, "repeats", { id, request, result: "", at });
  // A second transaction with the same key waits here for the end of the first.
  const added = await tx
    .insertInto("repeats")
    .values(empty)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  if (added.numInsertedOrUpdatedRows === 0n) {
    const row = await tx.selectFrom("repeats").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
    if (!isSealed(keys.seal, "repeats", row) || !equal(row.request, request)) return OTHER;
    return { result: JSON.parse(row.result) as T, at: row.at };
  }
  const result = await decide(at);
  if (isDone(result)) {
    const kept = sealed(keys.seal, "repeats", { id, request, result: JSON.stringify(result), at });
    await tx.updateTable("repeats").set(kept).where("id", "=", id).execute();
  } else await tx.deleteFrom("repeats").where("id", "=", id).execute();
  return { result, at };
}

/** Make a secret that a repetition of the request makes again, so that the database need not keep it. */
export function secret(keys: ServerKeys, { id }: Repeatable, at: number, index: number, length: number): Uint8Array {
  const mac = createHmac("sha256", keys.order).update("claim").update(id).update(`${at}/${index}`).digest();
  return new Uint8Array(mac.subarray(0, length));
}
