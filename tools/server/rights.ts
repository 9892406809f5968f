/** Lists of what was given to devices: the claims with which they may enrol, and their commands. */
import { hex } from "../wire/bytes.ts";
import * as messages from "../wire/messages.ts";
import { open } from "../wire/sign1.ts";
import type { ClaimRow } from "./store/schema.ts";
import type { Store } from "./store/store.ts";

export const CLAIM_STATES = ["open", "used", "expired", "withdrawn"] as const;
type ClaimState = (typeof CLAIM_STATES)[number];

export interface ClaimsAsked {
  readonly limit: number;
  readonly now: number;
  readonly state?: ClaimState | undefined;
  /** Where the page before ended: time and hash. */
  readonly cursor?: string | undefined;
}

export interface ClaimView {
  /** The hash of the claim. */
  readonly id: string;
  readonly note: string;
  readonly state: ClaimState;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly usedBy: string | null;
  readonly usedAt: number | null;
  readonly withdrawnAt: number | null;
}

export interface Claims {
  readonly claims: readonly ClaimView[];
  /** The cursor of the next page; null at the end. */
  readonly next: string | null;
}

function stateOf(row: ClaimRow, now: number): ClaimState {
  if (row.used_by !== null) return "used";
  if (row.withdrawn_at !== null) return "withdrawn";
  return row.expires_at < now ? "expired" : "open";
}

/** List claims, the newest first. */
export async function claims(store: Store, { limit, now, state, cursor }: ClaimsAsked): Promise<Claims> {
  let query = store.read.selectFrom("claims").selectAll();
  if (state === "used") query = query.where("used_by", "is not", null);
  else if (state !== undefined) query = query.where("used_by", "is", null);
  if (state === "withdrawn") query = query.where("withdrawn_at", "is not", null);
  else if (state === "open" || state === "expired")
    query = query.where("withdrawn_at", "is", null).where("expires_at", state === "open" ? ">=" : "<", now);
  if (cursor !== undefined) {
    const [at, hash] = cursor.split("-");
    query = query.where(({ eb, refTuple, tuple }) =>
      eb(refTuple("created_at", "hash"), "<", tuple(Number(at), Buffer.from(hash!, "hex"))),
    );
  }
  const rows = await query.orderBy("created_at", "desc").orderBy("hash", "desc").limit(limit).execute();
  const last = rows.length < limit ? undefined : rows.at(-1);
  return {
    claims: rows.map((row) => ({
      id: hex(row.hash),
      note: row.note,
      state: stateOf(row, now),
      createdAt: row.created_at,
      expiresAt: row.expires_at,
      usedBy: row.used_by === null ? null : hex(row.used_by),
      usedAt: row.used_at,
      withdrawnAt: row.withdrawn_at,
    })),
    next: last === undefined ? null : `${last.created_at}-${hex(last.hash)}`,
  };
}

export interface CommandsAsked {
  readonly limit: number;
  readonly now: number;
  /** Include only commands made since then. */
  readonly since: number;
  /** Include only commands with a lower counter. */
  readonly before?: number | undefined;
}

export interface CommandView {
  readonly counter: number;
  /** True for an order to rotate the key; its data is secret. */
  readonly isOrder: boolean;
  readonly data: string | null;
  /** `obeyed`: this one or a later one. `past`: the device is past it, and did not say that it obeyed. */
  readonly state: "waiting" | "obeyed" | "past" | "expired" | "withdrawn";
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** List the commands of a device, the newest first. */
export async function commands(
  store: Store,
  device: Uint8Array,
  { limit, now, since, before }: CommandsAsked,
): Promise<CommandView[]> {
  const of = await store.find(device);
  let query = store.read.selectFrom("downlinks").selectAll().where("device", "=", device);
  if (since > 0) query = query.where("created_at", ">=", since);
  if (before !== undefined) query = query.where("counter", "<", before);
  const rows = await query.orderBy("counter", "desc").limit(limit).execute();
  return rows.map((row) => {
    const { data, order } = messages.readDownlink(open(row.message));
    const stateOf = (): CommandView["state"] => {
      const { acknowledged, passed } = of!;
      if (row.withdrawn_at !== null && row.counter !== acknowledged) return "withdrawn";
      if (row.counter <= acknowledged) return "obeyed";
      if (row.counter <= passed) return "past";
      return row.expires_at <= now ? "expired" : "waiting";
    };
    return {
      counter: row.counter,
      isOrder: order !== undefined,
      data: order === undefined ? hex(data) : null,
      state: stateOf(),
      createdAt: row.created_at,
      expiresAt: row.expires_at,
    };
  });
}
