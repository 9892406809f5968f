/** Tokens of operators: shown once when they are made, kept as a hash. */
import { createHash, randomBytes } from "node:crypto";
import type { ServerKeys } from "./keys.ts";
import * as log from "./log.ts";
import { isSealed, sealed } from "./seal.ts";
import type { TokenRow } from "./store/schema.ts";
import type { Store } from "./store/store.ts";

/** Scopes of tokens: each includes the ones before it. */
export const SCOPES = ["authorize", "read", "operate", "admin"] as const;
export type Scope = (typeof SCOPES)[number];

/** Characters of a name, at most. */
export const NAME_MAX = 100;

const PREFIX = "signet_";
const SECRET_BYTES = 24;

function hashOf(token: string): Uint8Array {
  return new Uint8Array(createHash("sha256").update(token).digest());
}

/** The rights of a token. `label` is null for one that reaches all devices. */
export interface Rights {
  readonly name: string;
  readonly scope: Scope;
  readonly label: string | null;
}

export interface Bearer extends Rights {
  readonly hash: Uint8Array;
}

/** The rights of a new token. `expiresAt` is null for a token without an end. */
export interface Grant extends Rights {
  readonly expiresAt: number | null;
}

/** Make a token and return it. Only its hash is stored. */
export async function make(
  store: Store,
  keys: ServerKeys,
  { name, scope, label, expiresAt }: Grant,
  actor: string,
  now: number,
): Promise<string> {
  const token = PREFIX + randomBytes(SECRET_BYTES).toString("base64url");
  const made = { hash: hashOf(token), name, scope, label, created_at: now, revoked_at: null, expires_at: expiresAt };
  await store.write(async (tx) => {
    await tx
      .insertInto("tokens")
      .values(sealed(keys.seal, "tokens", made))
      .execute();
    const detail = { name, scope, ...(label !== null && { label }), ...(expiresAt !== null && { expiresAt }) };
    await log.append(store, keys, tx, now, { action: "token", actor, detail });
  });
  return token;
}

function isValid(row: TokenRow, keys: ServerKeys, now: number): boolean {
  const isOver = row.revoked_at !== null || (row.expires_at !== null && row.expires_at <= now);
  return !isOver && isSealed(keys.seal, "tokens", row);
}

/** Find the holder of a token. Undefined if the token is unknown, ended or expired, or its row was not written by the server. */
export async function bearer(store: Store, keys: ServerKeys, token: string, now: number): Promise<Bearer | undefined> {
  if (!token.startsWith(PREFIX)) return undefined;
  // Looked up by its hash: timing tells about the hash of a guess, which is of no use.
  const row = await store.read.selectFrom("tokens").selectAll().where("hash", "=", hashOf(token)).executeTakeFirst();
  if (row === undefined || !isValid(row, keys, now)) return undefined;
  return { name: row.name, scope: row.scope as Scope, label: row.label, hash: row.hash };
}

/** A token as an operator sees it: never the token itself. */
export interface TokenView extends Rights {
  readonly createdAt: number;
  /** Null if it was not used yet. */
  readonly usedAt: number | null;
  readonly expiresAt: number | null;
  readonly endedAt: number | null;
  readonly isValid: boolean;
}

/** List all tokens, the oldest first. */
export async function list(store: Store, keys: ServerKeys, now: number): Promise<TokenView[]> {
  const rows = await store.read
    .selectFrom("tokens as t")
    .leftJoin("token_uses as u", "u.hash", "t.hash")
    .selectAll("t")
    .select("u.at as used_at")
    .orderBy("t.created_at")
    .orderBy("t.hash")
    .execute();
  return rows.map((row) => ({
    name: row.name,
    scope: row.scope as Scope,
    label: row.label,
    createdAt: row.created_at,
    usedAt: row.used_at,
    expiresAt: row.expires_at,
    endedAt: row.revoked_at,
    isValid: isValid(row, keys, now),
  }));
}

/** Tell whether a scope includes another. */
export function includes(scope: Scope, needed: Scope): boolean {
  return SCOPES.indexOf(scope) >= SCOPES.indexOf(needed);
}
