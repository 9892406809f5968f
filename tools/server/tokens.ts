/** Tokens of operators: shown once when they are made, kept as a hash. */
import { createHash, randomBytes } from "node:crypto";
import type { ServerKeys } from "./keys.ts";
import * as log from "./log.ts";
import { isSealed, sealed } from "./seal.ts";
import type { Store } from "./store/store.ts";

/** Scopes of tokens: each includes the ones before it. */
export const SCOPES = ["read", "operate", "admin"] as const;
export type Scope = (typeof SCOPES)[number];

const PREFIX = "signet_";
const SECRET_BYTES = 24;

function hashOf(token: string): Uint8Array {
  return new Uint8Array(createHash("sha256").update(token).digest());
}

export interface Bearer {
  readonly name: string;
  readonly scope: Scope;
}

/** Make a token and return it: this once. */
export async function make(
  store: Store,
  keys: ServerKeys,
  name: string,
  scope: Scope,
  actor: string,
  now: number,
): Promise<string> {
  const token = PREFIX + randomBytes(SECRET_BYTES).toString("base64url");
  await store.write(async (tx) => {
    const row = sealed(keys.seal, "tokens", { hash: hashOf(token), name, scope, created_at: now, revoked_at: null });
    await tx.insertInto("tokens").values(row).execute();
    await log.append(store, keys, tx, now, { action: "token", actor, detail: { name, scope } });
  });
  return token;
}

/** Find the row of a valid token, or undefined. A row without the server's seal is no token. */
export async function bearer(store: Store, keys: ServerKeys, token: string): Promise<Bearer | undefined> {
  if (!token.startsWith(PREFIX)) return undefined;
  // Looked up by its hash: timing tells about the hash of a guess, which is of no use.
  const row = await store.read.selectFrom("tokens").selectAll().where("hash", "=", hashOf(token)).executeTakeFirst();
  if (row === undefined || row.revoked_at !== null || !isSealed(keys.seal, "tokens", row)) return undefined;
  return { name: row.name, scope: row.scope as Scope };
}

/** Tell whether a scope includes another. */
export function includes(scope: Scope, needed: Scope): boolean {
  return SCOPES.indexOf(scope) >= SCOPES.indexOf(needed);
}
